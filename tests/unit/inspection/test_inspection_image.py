"""What ``read_image`` says about files: synthetic ones field by field, the committed fixtures against pefile."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pefile
import pytest
from pe_writer import ARM64, X64, X86, Exported, Pe

from pyiismod.errors import InvalidImage, LoadError, ManagedAssembly, MissingEntryPoint, WrongArchitecture
from pyiismod.inspection import Export, Image, preflight, read_image

pytestmark = pytest.mark.unit

FIXTURES = Path(__file__).parents[3] / "fixtures"
MANIFEST = tomllib.loads((FIXTURES / "MANIFEST.toml").read_text("utf-8"))["fixtures"]
ONE_OF_EACH_SHAPE = {(made["abi"], *made["exports"]): name for name, made in MANIFEST.items()}.values()
ODD = ("com_user.dll", "com_user.msvc.dll", "tls_callback.dll", "companion_user.msvc.dll", "hello.msvc.dll")


@pytest.fixture
def read(tmp_path: Path):
    def build_and_read(pe: Pe) -> Image:
        path = tmp_path / "module.dll"
        path.write_bytes(pe.build())
        return read_image(path)

    return build_and_read


def test_headers(read, tmp_path: Path) -> None:
    image = read(Pe(timestamp=0x12345678))
    data = (tmp_path / "module.dll").read_bytes()
    assert (image.size, image.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert (image.path, image.timestamp, image.subsystem) == (tmp_path / "module.dll", 0x12345678, 2)
    assert image.is_dll
    assert image.is_64
    assert not image.is_managed
    assert image.headers.linker_version == (14, 30)
    assert image.headers.image_base == 0x180000000
    assert image.headers.size_of_image == 0x2000
    assert image.headers.dll_characteristics == 0x160
    assert [(s.name, s.rva, s.offset, s.is_executable) for s in image.headers.sections] == [
        (".text", 0x1000, 0x400, True)
    ]
    assert image.problems == ()


def test_headers_of_32_bit(read) -> None:
    image = read(Pe(machine=X86))
    assert (image.is_64, image.headers.image_base, image.architecture) == (False, 0x10000000, "x86")
    assert image.export("RegisterModule") is not None


@pytest.mark.parametrize(
    ("pe", "architecture"),
    [
        (Pe(machine=X64), "x64"),
        (Pe(machine=X64, chpe=True), "ARM64EC"),
        (Pe(machine=ARM64), "ARM64"),
        (Pe(machine=ARM64, chpe=True), "ARM64X"),
        (Pe(machine=0xA641), "ARM64EC"),
        (Pe(machine=0x4242), "machine 0x4242"),
    ],
)
def test_architecture(read, pe: Pe, architecture: str) -> None:
    assert read(pe).architecture == architecture


def test_exports(read) -> None:
    image = read(
        Pe(name="inner.dll", exports=["B", Exported(None), Exported("A", forwarder="other.Thing"), "odd name;="])
    )
    assert image.export_name == "inner.dll"
    assert [(e.name, e.ordinal, e.forwarder) for e in image.exports] == [
        ("A", 3, "other.Thing"),
        ("B", 1, None),
        ("odd name;=", 4, None),
        (None, 2, None),
    ]
    assert image.export("B") == Export("B", 1, 0x1000)
    assert image.export("b") is None


@pytest.mark.parametrize("machine", [X64, X86])
def test_imports_are_merged_without_case(read, machine: int) -> None:
    image = read(
        Pe(
            machine=machine,
            imports={
                "KERNEL32.dll": ["Sleep", "Beep"],
                "kernel32.DLL": ["Sleep", "CreateFileW"],
                "WS2_32.dll": [115, 23],
            },
            delay_imports={"late.dll": ["?x@@YAXXZ", 7]},
        )
    )
    assert dict(image.imports) == {"KERNEL32.dll": ("Sleep", "Beep", "CreateFileW"), "WS2_32.dll": (115, 23)}
    assert dict(image.delay_imports) == {"late.dll": ("?x@@YAXXZ", 7)}


def test_records_cannot_be_changed(read) -> None:
    image = read(Pe(imports={"a.dll": ["x"]}))
    with pytest.raises(AttributeError):
        image.size = 1
    with pytest.raises(TypeError):
        image.imports["b.dll"] = ()


def test_version_info_and_pdb(read) -> None:
    strings = {"CompanyName": "Größe & Co", "ProductVersion": "1.2 beta", "Empty": "", "FileDescription": "x" * 300}
    image = read(Pe(version=strings, pdb="C:\\bäu\\module.pdb"))
    assert image.version_info["FixedFileVersion"] == "1.2.3.4"
    assert {key: image.version_info.get(key, "") for key in strings} == strings
    assert image.pdb_path == "C:\\bäu\\module.pdb"


def test_clr(read) -> None:
    image = read(Pe(clr_flags=0x10, clr_runtime="v2.0.50727"))
    assert image.is_managed
    assert image.is_mixed
    assert image.clr is not None
    assert image.clr.runtime == "v2.0.50727"
    assert not read(Pe(clr_flags=1)).is_mixed
    assert not read(Pe(clr_flags=4)).is_mixed
    assert not read(Pe(clr_flags=0, clr_native_header=0x1000)).is_mixed


def test_damaged_tables_are_told_and_the_rest_is_read(tmp_path: Path) -> None:
    data = bytearray(Pe(pdb="a.pdb", version={"A": "b"}, clr_flags=1, chpe=True).build())
    directories = 0x98 + 112
    for index in (0, 2, 6, 10, 14):
        data[directories + 8 * index : directories + 8 * index + 4] = b"\0\0\x70\0"
    (tmp_path / "bad.dll").write_bytes(data)
    image = read_image(tmp_path / "bad.dll")
    assert [problem.partition(" cannot")[0] for problem in image.problems] == [
        "the export table",
        "the CLR header",
        "the load configuration",
        "the version resource",
        "the debug directory",
    ]
    assert image.architecture == "x64"
    assert image.exports == ()


def test_import_is_cheap() -> None:
    code = (
        "import sys, pyiismod.inspection; print([m for m in ('pefile', 'rich', 'typer', 'cffi') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "[]\n"


@pytest.mark.parametrize("name", sorted({*ONE_OF_EACH_SHAPE, *ODD}))
def test_fixture_agrees_with_pefile(name: str) -> None:
    path = FIXTURES / name
    image = read_image(path)
    assert image.problems == ()
    with pefile.PE(str(path), fast_load=True) as pe:
        pe.parse_data_directories([0, 1])  # exports and imports
        exports = getattr(pe, "DIRECTORY_ENTRY_EXPORT", None)
        theirs = (
            {(s.name and s.name.decode(), s.ordinal, s.address, s.forwarder) for s in exports.symbols}
            if exports
            else set()
        )
        assert {(e.name, e.ordinal, e.rva, e.forwarder and e.forwarder.encode()) for e in image.exports} == theirs
        dlls = {entry.dll.decode().lower() for entry in getattr(pe, "DIRECTORY_ENTRY_IMPORT", [])}
        assert {dll.lower() for dll in image.imports} == dlls
        assert image.machine == pe.FILE_HEADER.Machine
        assert image.sha256 == MANIFEST[name]["sha256"]


BAD_FIXTURES: dict[str, tuple[type[LoadError], str]] = {
    "no_export": (MissingEntryPoint, "no_export"),
    "mangled_export": (MissingEntryPoint, "mangled"),
    "decorated_export": (MissingEntryPoint, "decorated"),
    "isapi_export": (MissingEntryPoint, "isapi_extension"),
    "isapi_filter": (MissingEntryPoint, "isapi_filter"),
    "companion": (MissingEntryPoint, "no_export"),
    "companion_broken": (MissingEntryPoint, "no_export"),
    "managed": (ManagedAssembly, "managed"),
    "hello.x86": (WrongArchitecture, "architecture"),
    "hello.arm64": (WrongArchitecture, "architecture"),
    "both.x86": (WrongArchitecture, "architecture"),
    "priorities.x86": (WrongArchitecture, "architecture"),
    "style_waf.arm64": (WrongArchitecture, "architecture"),
}


@pytest.mark.parametrize("name", sorted(MANIFEST))
def test_preflight_of_fixtures(name: str) -> None:
    stem = name.removesuffix(".dll").removesuffix(".msvc")
    if stem in BAD_FIXTURES:
        kind, reason = BAD_FIXTURES[stem]
        with pytest.raises(kind) as caught:
            preflight(FIXTURES / name)
        assert caught.value.details["kind"] == reason
    else:
        assert preflight(FIXTURES / name).architecture == "x64"


def test_all_bad_fixtures_are_there() -> None:
    stems = {name.removesuffix(".dll").removesuffix(".msvc") for name in MANIFEST}
    assert BAD_FIXTURES.keys() <= stems


@pytest.mark.parametrize("length", [0, 1, 2, 63, 64, 200, 1000, 4000])
def test_truncated_fixture(tmp_path: Path, length: int) -> None:
    whole = (FIXTURES / "hello.dll").read_bytes()
    (tmp_path / "cut.dll").write_bytes(whole[:length])
    with pytest.raises(InvalidImage, match=r"truncated|empty|text"):
        preflight(tmp_path / "cut.dll")
