"""Memory, variables, URLs, bodies and the timeline against plain models."""

from __future__ import annotations

from itertools import pairwise
from typing import Any
from urllib.parse import quote

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from nativecall import (
    HANDLE_EOF,
    INVALID_PARAMETER,
    NULL,
    Host,
    address,
    chunk,
    of,
    read_body,
    sent_body,
    text,
    units,
    variable,
    wide,
    wide_variable,
    write_body,
)

from pyiismod.host._abi import ffi
from pyiismod.host.describe import LONGEST
from pyiismod.host.memory import RequestPool

sizes = st.lists(st.one_of(st.integers(0, 64), st.integers(0, 70_000)), max_size=60)


@given(sizes)
def test_blocks_are_aligned_and_apart(wanted: list[int]) -> None:
    """Blocks hold C++ objects with SSE members: 16 bytes of alignment, as a Windows heap gives."""
    pool = RequestPool()
    blocks = [(pool.allocate(size), size) for size in wanted]
    for i, (block, size) in enumerate(blocks):
        assert address(block) % 16 == 0
        ffi.memmove(block, bytes([i % 251]) * size, size)
    for i, (block, size) in enumerate(blocks):
        assert ffi.buffer(block, size)[:] == bytes([i % 251]) * size
    spans = sorted((address(block), address(block) + max(size, 1)) for block, size in blocks)
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))
    assert pool.used >= sum(wanted)


@given(st.lists(st.one_of(st.binary(max_size=300), st.text(max_size=300)), max_size=30))
def test_strings_are_private_writable_and_terminated(values: list[bytes | str]) -> None:
    """Section 8: modules write into the strings they are given."""
    pool = RequestPool()
    handed: list[tuple[Any, bytes]] = []
    for value in values:
        expected = value + b"\0" if isinstance(value, bytes) else value.encode("utf-16-le") + b"\0\0"
        handed.append((pool.data(value) if isinstance(value, bytes) else pool.wide(value), expected))
    for pointer, expected in handed:
        assert ffi.buffer(ffi.cast("char *", pointer), len(expected))[:] == expected
    for i, (pointer, expected) in enumerate(handed):
        ffi.memmove(pointer, b"\xee" * len(expected), len(expected))
        for later, untouched in handed[i + 1 :]:
            assert ffi.buffer(ffi.cast("char *", later), len(untouched))[:] == untouched


@given(
    st.binary(min_size=1, max_size=30).filter(lambda b: b"\0" not in b),
    st.text(max_size=40).filter(lambda t: "\0" not in t),
)
def test_own_variables_round_trip(name: bytes, value: str) -> None:
    """ANCM keeps flags in custom variables; the name is case-insensitive, the value is copied."""
    host = Host()
    x = host.open()
    context, memory = of(x.context), wide(value)
    assert context.SetServerVariable(text(name), memory) == 0
    if value:
        ffi.memmove(ffi.cast("char *", memory), b"\xee\xee", 2)
    assert wide_variable(context, name) == (0, value, len(value.encode("utf-16-le")) // 2)
    assert wide_variable(context, name.swapcase())[1] == value
    assert context.SetServerVariable(text(name), wide("other")) == 0
    assert variable(context, name) == (0, b"other", 5)
    x._end()
    assert host.timeline.faults == []


paths = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0?#%\\/."), min_size=1, max_size=20)


@given(path=paths, query=st.text(st.sampled_from("ab=&%20"), max_size=10), port=st.sampled_from(["", ":8080"]))
def test_cooked_url_lengths_are_bytes_into_one_string(path: str, query: str, port: str) -> None:
    """5.11: all lengths are bytes without NUL; the parts point into pFullUrl; only the last is terminated."""

    host = Host()
    x = host.open(target=f"/{quote(path)}" + (f"?{query}" if query else ""), authority=f"example.org{port}")
    cooked = of(x.request).GetRawHttpRequest_mutable().CookedUrl
    full = f"http://example.org{port or ':80'}/{path}" + (f"?{query}" if query else "")
    assert units(cooked.pFullUrl, cooked.FullUrlLength) == full
    assert ffi.cast("uint16_t *", cooked.pFullUrl)[cooked.FullUrlLength // 2] == 0
    assert units(cooked.pHost, cooked.HostLength) == f"example.org{port or ':80'}"
    assert units(cooked.pAbsPath, cooked.AbsPathLength) == f"/{path}"
    if query:
        assert units(cooked.pQueryString, cooked.QueryStringLength) == f"?{query}"
        assert address(cooked.pQueryString) == address(cooked.pAbsPath) + cooked.AbsPathLength
    else:
        assert (cooked.pQueryString, cooked.QueryStringLength) == (NULL, 0)
    assert address(cooked.pAbsPath) == address(cooked.pHost) + cooked.HostLength
    start, end = address(cooked.pFullUrl), address(cooked.pFullUrl) + cooked.FullUrlLength
    assert start < address(cooked.pHost) < address(cooked.pAbsPath) < end
    x._end()


@given(
    body=st.binary(max_size=200),
    ahead=st.integers(0, 60),
    steps=st.lists(st.one_of(st.integers(1, 70), st.binary(min_size=1, max_size=30)), max_size=20),
)
def test_reads_and_inserts_against_a_model(body: bytes, ahead: int, steps: list[int | bytes]) -> None:
    """5.2: a read takes from everyone after; what is inserted comes before the rest. Short reads are normal."""
    host = Host(upload_read_ahead=ahead)
    x = host.open("POST", body=body)
    native, rest, keep = of(x.request), body, []
    for step in steps:
        if isinstance(step, bytes):
            keep.append(memory := ffi.new("char[]", step))
            assert native.InsertEntityBody(memory, len(step)) == 0
            rest = step + rest
        else:
            result, got, _ = read_body(native, step)
            assert result == (0 if rest else HANDLE_EOF)
            assert len(got) <= step
            assert bool(got) == bool(rest)
            assert rest.startswith(got)
            rest = rest[len(got) :]
        assert native.GetRemainingEntityBytes() == len(rest)
    x._end()
    assert host.timeline.faults == []


@given(st.lists(st.one_of(st.binary(max_size=20), st.tuples(st.integers(-2, 6), st.binary(max_size=20))), max_size=20))
def test_writes_and_inserts_against_a_model(steps: list[bytes | tuple[int, bytes]]) -> None:
    """By reference: position 0 is the front, -1 the end, no copy; others (unconfirmed) are places in the list."""
    host = Host()
    x = host.open()
    native, parts, keep = of(x.response), [], []
    for step in steps:
        if isinstance(step, bytes):
            assert write_body(native, step)[0] == 0
            parts.append(step)
        else:
            position, data = step
            keep.append(mine := chunk(data))
            fits = -1 <= position <= len(parts)
            assert native.WriteEntityChunkByReference(mine, position) == (0 if fits else INVALID_PARAMETER)
            if fits:
                ffi.memmove(mine.FromMemory.pBuffer, data[::-1], len(data))
                parts.insert(len(parts) if position == -1 else position, data[::-1])
    assert sent_body(x) == b"".join(parts)
    x._end()
    assert host.timeline.faults == []


@given(st.text(st.characters(), max_size=20), st.binary(max_size=20))
def test_everything_fits_into_a_message(wide_value: str, narrow_value: bytes) -> None:
    """A lone surrogate in an argument must not make the reply unsendable."""
    host = Host()
    x = host.open()
    of(x.context).SetServerVariable(text(narrow_value), wide(wide_value + "\ud83d"))
    of(x.context).SetServerVariable(text(b"X"), wide("x" * (LONGEST - 1) + "😀"))
    of(x.response).SetErrorDescription(wide("\udc00" + wide_value), 1, 0)
    of(x.response).SetHeader_name(text(narrow_value), text(narrow_value), len(narrow_value), 1)
    for event in x.timeline.events:
        msgspec.msgpack.encode([event.args, event.result])
        msgspec.json.encode([event.args, event.result])
    x._end()
