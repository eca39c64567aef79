"""Any bytes give an ``Image`` or an ``InvalidImage``: mutated PE files, made-up counts, the pre-flight on top."""

from __future__ import annotations

import json
import struct
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pe_writer import ARM64, X64, X86, Exported, Pe

from pyiismod.errors import InvalidImage, LoadError
from pyiismod.inspection import Image, explain_missing, import_closure, preflight, read_image

pytestmark = pytest.mark.unit

SEEDS = tuple(
    Pe(
        machine=machine,
        exports=["RegisterModule", Exported("Other", forwarder="other.Thing"), Exported(None)],
        imports={"KERNEL32.dll": ["Sleep", 5], "helper.dll": ["Help"]},
        delay_imports={"late.dll": ["Later"]},
        version={"CompanyName": "A", "FileVersion": "1"},
        pdb="a.pdb",
        clr_flags=clr,
        chpe=True,
    ).build()
    for machine, clr in ((X64, None), (X86, 1), (ARM64, 0x10))
)
SIZE = min(map(len, SEEDS))
INTERESTING = st.sampled_from([0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x1000, 0x1010])
PATCHES = st.lists(
    st.tuples(
        st.one_of(st.integers(0x3C, 0x1B0), st.integers(0x400, SIZE - 4)),
        st.one_of(INTERESTING, st.integers(0, 0xFFFFFFFF)),
        st.sampled_from("BHI"),
    ),
    min_size=1,
    max_size=8,
)


def outcome(action: Callable[..., object], *arguments: object) -> object:
    """Return what ``action`` returns or the ``LoadError`` that it raises; nothing else may come out."""
    try:
        return action(*arguments)
    except LoadError as error:
        assert_whole(error)
        return error


def assert_whole(error: LoadError) -> None:
    assert error.hint
    assert error.details["kind"]
    assert json.dumps(error.as_dict())


def survives(path: Path) -> None:
    image = outcome(read_image, path)
    if isinstance(image, Image):
        outcome(preflight, path)
        closure = import_closure(image)
        outcome(explain_missing, closure, list(closure.wanted()), {}, [])
    else:
        assert type(image) is InvalidImage


@pytest.fixture(scope="module")
def file():
    with tempfile.TemporaryDirectory() as directory:
        yield Path(directory) / "module.dll"


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.sampled_from(SEEDS), patches=PATCHES)
def test_patched_pe_files(file: Path, seed: bytes, patches: list[tuple[int, int, str]]) -> None:
    data = bytearray(seed)
    for offset, value, code in patches:
        size = struct.calcsize(code)
        struct.pack_into(f"<{code}", data, offset, value & ((1 << 8 * size) - 1))
    file.write_bytes(data)
    survives(file)


@settings(max_examples=100, deadline=None)
@given(seed=st.sampled_from(SEEDS), length=st.integers(0, SIZE), tail=st.binary(max_size=64))
def test_cut_pe_files(file: Path, seed: bytes, length: int, tail: bytes) -> None:
    file.write_bytes(seed[:length] + tail)
    survives(file)


@settings(max_examples=100, deadline=None)
@given(data=st.one_of(st.binary(max_size=300), st.binary(max_size=300).map(lambda data: b"MZ" + data)))
def test_any_bytes(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    survives(file)


def exports_in_a_sea_of_letters(count: int) -> bytes:
    """A file whose ``count`` exports all forward to, and are named by, one string of four megabytes."""
    data = bytearray(Pe(exports=[f"f{index:05}" for index in range(count)]).build())
    sea = b"A" * (4 << 20)
    start = 0x1010
    functions, names = struct.unpack_from("<II", data, 0x400 + 0x10 + 28)
    base = 0x1000 + len(data) - 0x400
    for index in range(count):
        struct.pack_into("<I", data, functions - 0x1000 + 0x400 + 4 * index, base + index)
        struct.pack_into("<I", data, names - 0x1000 + 0x400 + 4 * index, base + index)
    data += sea
    struct.pack_into("<II", data, 0x98 + 112, start, len(data))  # the directory covers all: every export is a forwarder
    table = 0x98 + 112 + 128
    for field in (8, 16):
        struct.pack_into("<I", data, table + field, len(data) - 0x400)
    return bytes(data)


def test_overlapping_strings_do_not_multiply(file: Path) -> None:
    file.write_bytes(exports_in_a_sea_of_letters(20_000))
    tracemalloc.start()
    try:
        image = read_image(file)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert any("names take more than" in problem for problem in image.problems)
    assert peak < 100 << 20


@pytest.mark.parametrize(("field", "count"), [(20, 0xFFFFFFFF), (24, 0xFFFFFFFF), (20, 0x20000), (24, 0xFFFF)])
def test_claimed_export_counts(file: Path, field: int, count: int) -> None:
    data = bytearray(Pe().build())
    struct.pack_into("<I", data, 0x400 + 0x10 + field, count)
    file.write_bytes(data)
    assert any(problem.startswith("the export table cannot be read") for problem in read_image(file).problems)


def test_resource_directory_that_contains_itself(file: Path) -> None:
    data = bytearray(Pe(exports=(), version={"A": "b"}).build())
    root = struct.unpack_from("<I", data, 0x98 + 112 + 16)[0] - 0x1000 + 0x400
    struct.pack_into("<I", data, root + 20, 0x80000000)
    file.write_bytes(data)
    assert dict(read_image(file).version_info) == {}


def test_companions_that_need_each_other(file: Path) -> None:
    file.write_bytes(Pe(imports={"other.dll": ["x"]}).build())
    other = file.with_name("other.dll")
    other.write_bytes(Pe(imports={"MODULE.dll": ["y"], "other.dll": ["z"]}).build())
    assert sorted(import_closure(file).images) == ["module.dll", "other.dll"]
    other.unlink()
