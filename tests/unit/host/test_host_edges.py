"""Every argument ends where a page without access begins: one byte read or written too many ends this process."""

from __future__ import annotations

import ctypes
import mmap
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from nativecall import NULL, Host, address, of

from pyiismod.abi.interfaces import INTERFACES
from pyiismod.abi.model import Method, Param
from pyiismod.host._abi import ffi
from pyiismod.host.objects import NativeObject, function_type
from pyiismod.host.providers import SendResponseProvider
from pyiismod.host.registration import RegistrationInfo

PAGE = 65536  # a multiple of every page size there is, and the granularity of VirtualAlloc
PAGE_READWRITE, PAGE_NOACCESS, RESERVE_AND_COMMIT, RELEASE = 0x04, 0x01, 0x3000, 0x8000


class Edge:
    """Readable and writable bytes right before a page that nobody may touch."""

    def __init__(self) -> None:
        if sys.platform == "win32":
            kernel32 = ffi.dlopen("kernel32.dll")
            memory = kernel32.VirtualAlloc(NULL, 2 * PAGE, RESERVE_AND_COMMIT, PAGE_READWRITE)
            self._start = address(memory)
            old = ffi.new("DWORD *")
            assert kernel32.VirtualProtect(ffi.cast("void *", self._start + PAGE), PAGE, PAGE_NOACCESS, old)
            self._free = lambda: kernel32.VirtualFree(memory, 0, RELEASE)
        else:
            libc = ctypes.CDLL(None, use_errno=True)
            pages = mmap.mmap(-1, 2 * PAGE)
            self._start = address(ffi.from_buffer(pages))
            assert libc.mprotect(ctypes.c_void_p(self._start + PAGE), ctypes.c_size_t(PAGE), 0) == 0
            self._free = pages.close
        self._end = self._start + PAGE

    def put(self, data: bytes) -> int:
        """Return the address of ``data``, which is the last before the edge."""
        self._end -= len(data)
        ffi.memmove(ffi.cast("char *", self._end), data, len(data))
        return self._end

    def close(self) -> None:
        self._free()


@pytest.fixture
def edges() -> Iterator[Callable[[bytes], int]]:
    """Return a function that puts each piece of data at an edge of its own."""
    made: list[Edge] = []

    def put(data: bytes) -> int:
        made.append(Edge())
        return made[-1].put(data)

    yield put
    for edge in made:
        edge.close()


def things(host: Host, x: Any) -> list[NativeObject]:
    info = RegistrationInfo("m", 1, host.timeline)
    return [host.iis.server, x.context, x.request, x.response, SendResponseProvider(x, True), info]


def data_for(method: Method, i: int, param: Param, item: Any) -> bytes:
    """Return what a parameter points to: a string that ends at its NUL, or with its length; a struct; a number."""
    following = method.params[i + 1].name if i + 1 < len(method.params) else ""
    sized = following.startswith("cch")
    if item.cname == "char" and param.direction == "in":
        return b"text" if sized else b"text\0"
    if item.cname == "char16_t":
        return "text".encode("utf-16-le") if sized else "text\0".encode("utf-16-le")
    if item.kind == "void" or item.cname in ("char", "unsigned char"):
        return bytes(4)
    return bytes(ffi.sizeof(item) * (param.array or 1))


def number_for(method: Method, param: Param) -> int:
    """Return 4 for every size, so that it is the size of the data; positions and indexes are 0."""
    return 4 if param.name.startswith(("cch", "cb")) else 1 if param.name.startswith("n") else 0


@pytest.mark.parametrize("which", range(6))
def test_no_slot_goes_over_the_edge(which: int, edges: Callable[[bytes], int]) -> None:
    """Lengths are lengths, and what is said of a call in the timeline reads no further than the call."""
    host = Host()
    x = host.open("POST", body=b"some body")
    thing = things(host, x)[which]
    for method in thing.interface.table():
        values: list[Any] = []
        types = ffi.typeof(function_type(method)).args[1:]
        for i, (ctype, param) in enumerate(zip(types, method.params, strict=True)):
            if ctype.kind == "primitive":
                values.append(number_for(method, param))
            elif ctype.kind == "function" or param.type.removesuffix(" *") in INTERFACES:
                values.append(ffi.cast(ctype, 0))
            else:
                values.append(ffi.cast(ctype, edges(data_for(method, i, param, ctype.item))))
        of(thing).slot(method.overload)(*values)
    assert host.timeline.faults == []
    assert thing.timeline.faults == []
    x._end()


def test_data_of_chunks_and_bodies(edges: Callable[[bytes], int]) -> None:
    """A chunk's data, a body that was put back, a buffer that a body is read into: no byte before, none behind."""
    host = Host()
    x = host.open("POST", body=b"0123456789")
    chunk = ffi.cast("HTTP_DATA_CHUNK *", edges(bytes(ffi.sizeof("HTTP_DATA_CHUNK"))))
    chunk.FromMemory.pBuffer = ffi.cast("void *", edges(b"the data"))
    chunk.FromMemory.BufferLength = 8
    assert of(x.response).WriteEntityChunks(chunk, 1, 0, 1, NULL, NULL) == 0
    assert of(x.response).WriteEntityChunkByReference(chunk, 0) == 0
    assert of(x.request).InsertEntityBody(ffi.cast("void *", edges(b"before ")), 7) == 0
    read = b""
    while True:
        buffer = edges(bytes(4))
        got = ffi.new("DWORD *")
        if of(x.request).ReadEntityBody(ffi.cast("void *", buffer), 4, 0, got, NULL) != 0:
            break
        read += ffi.buffer(ffi.cast("char *", buffer), got[0])[:]
    assert read == b"before 0123456789"
    x.finish()
    assert b"".join(x.outgoing.body) == b"the datathe data"
    x._end()


def test_a_buffer_for_a_path_that_just_fits(edges: Callable[[bytes], int]) -> None:
    host = Host(root="C:\\site")
    x = host.open()
    url = ffi.cast("WCHAR *", edges("/a\0".encode("utf-16-le")))
    for room in range(24):
        size = ffi.cast("DWORD *", edges(room.to_bytes(4, "little")))
        buffer = ffi.cast("WCHAR *", edges(b"\xcc" * room))
        assert (of(x.context).MapPath(url, buffer, size) == 0) == (room >= 20)
        assert size[0] == 20
    x._end()
