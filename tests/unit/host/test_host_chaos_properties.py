"""A module nobody wrote: any slots in any order, with any arguments that do not point into nowhere.

Whatever it does, the host must not crash, must have no fault of its own, and must give an answer that can be sent.
"""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st
from nativecall import CONTINUE, FINISH, NULL, Host, Native, chunk, request_of, response_of, text, wide

from pyiismod.abi.context import IHttpContext4
from pyiismod.abi.interfaces import INTERFACES
from pyiismod.abi.model import Method, Param
from pyiismod.abi.request import IHttpRequest4
from pyiismod.abi.response import IHttpResponse4
from pyiismod.abi.server import IHttpServer3
from pyiismod.host._abi import ffi
from pyiismod.host.objects import function_type
from pyiismod.worker.engine import _told

ROOM = 256
"""Bytes behind every pointer that is no string."""

TEXTS = ["", "a", "Server", "Set-Cookie", "Content-Length", "/a?b=%20", "../..", "ü你😀", "a\r\nb", "x" * 300, "\ud800"]
NUMBERS = [0, 1, 2, 3, 14, 26, 27, 41, 200, 204, 304, 404, 999, 65534, 65535, 0x7FFFFFFF, 0xFFFFFFFF]
CHUNKS = [(b"", None, 0), (b"data", None, 0), (None, 5, 0), (None, None, 0), (b"x", None, 1), (b"y" * 100, 50, 0)]
OBJECTS = {"server": IHttpServer3, "context": IHttpContext4, "request": IHttpRequest4, "response": IHttpResponse4}
CALLS = [
    (name, method)
    for name, interface in OBJECTS.items()
    for method in interface.table()
    if method.name != "IndicateCompletion"  # the request ends inside it, and with it the memory that is edited here
]

pick = st.integers(0, 1 << 16)
call = st.tuples(st.sampled_from(CALLS), st.lists(pick, min_size=10, max_size=10))
edit = st.tuples(st.just(("raw", None)), st.lists(pick, min_size=10, max_size=10))
steps = st.lists(st.one_of(call, call, call, edit), max_size=25)


class Chaos:
    """Carries out steps; keeps what it handed over until the request is gone."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.keep: list[Any] = []

    def run(self, todo: list[Any], context: Native) -> None:
        objects = {
            "server": Native(self.host.iis.server.pointer, IHttpServer3),
            "context": context,
            "request": request_of(context),
            "response": response_of(context),
        }
        for (name, method), seeds in todo:
            if method is None:
                self.edit(objects["response"].GetRawHttpResponse_mutable(), seeds)
            else:
                objects[name].slot(method.overload)(*self.arguments(method, seeds))

    def edit(self, raw: Any, seeds: list[int]) -> None:
        """What a module may do to the struct itself: less of everything, another status, an array of its own."""
        raw.StatusCode = NUMBERS[seeds[0] % len(NUMBERS)] & 0xFFFF
        raw.EntityChunkCount = min(raw.EntityChunkCount, seeds[1] % 4)
        raw.Headers.UnknownHeaderCount = min(raw.Headers.UnknownHeaderCount, seeds[2] % 4)
        if seeds[3] % 3 == 0:
            raw.pEntityChunks, raw.EntityChunkCount = self.chunks(seeds), seeds[4] % 3
        if seeds[5] % 3 == 0:
            raw.pReason, raw.ReasonLength = NULL, 0
        if seeds[6] % 5 == 0:
            raw.pEntityChunks = NULL

    def arguments(self, method: Method, seeds: list[int]) -> list[Any]:
        values: list[Any] = []
        length = 0
        types = ffi.typeof(function_type(method)).args[1:]
        for ctype, param, seed in zip(types, method.params, seeds, strict=False):
            if ctype.kind == "primitive":
                values.append(int(ffi.cast(ctype, number(param, seed, length))))
            elif seed % 5 == 0 or ctype.kind == "function" or is_of_a_module(param):
                values.append(ffi.cast(ctype, 0))
                length = 0
            elif ctype.item.cname in ("char", "char16_t") and param.direction == "in":
                value = TEXTS[seed % len(TEXTS)]
                narrow = value.encode("utf-8", "surrogatepass")
                is_narrow = ctype.item.cname == "char"
                length = len(narrow if is_narrow else value)
                values.append(self.kept(text(narrow) if is_narrow else wide(value)))
            elif ctype.item.cname == "struct HTTP_DATA_CHUNK":
                values.append(self.chunks(seeds))
            else:
                values.append(ffi.cast(ctype, self.kept(ffi.new("char[]", ROOM * 4))))
        return values

    def chunks(self, seeds: list[int]) -> Any:
        array = self.kept(ffi.new("HTTP_DATA_CHUNK[]", 3))
        for entry, seed in zip(array, seeds, strict=False):
            ffi.memmove(ffi.addressof(entry), self.kept(chunk(*CHUNKS[seed % len(CHUNKS)])), ffi.sizeof(entry))
        return array

    def kept(self, thing: Any) -> Any:
        self.keep.append(thing)
        return thing


def is_of_a_module(param: Param) -> bool:
    """Whether the host calls back into what it is given here: a garbage object would crash IIS as well."""
    declared = INTERFACES.get(param.type.rstrip(" *"))
    return declared is not None and declared.implemented_by != "host"


def number(param: Param, seed: int, length: int) -> int:
    """Return an odd number; a size no larger than what it is the size of, or one that must be refused unread."""
    if param.name.startswith("cch"):
        return seed % (length + 1)
    if param.name.startswith("cb") and param.name != "cbAllocation":
        return seed % (ROOM + 1)
    if param.name == "nChunks":
        return (0, 1, 2, 3, 65535, 0xFFFFFFFF)[seed % 6]
    return NUMBERS[seed % len(NUMBERS)]


@settings(max_examples=100)
@given(begin=steps, send=steps, end=steps, finish=st.booleans())
@example(begin=[], send=[(("response", IHttpResponse4.table()[18]), [1] * 10)], end=[], finish=True)
def test_whatever_a_module_calls(begin: list[Any], send: list[Any], end: list[Any], finish: bool) -> None:
    host = Host(response_buffer_limit=200)
    chaos = Chaos(host)

    def on(todo: list[Any], status: int) -> Any:
        def handler(context: Native, provider: Native) -> int:
            chaos.run(todo, context)
            return status

        return handler

    handlers = {
        "OnBeginRequest": on(begin, FINISH if finish else CONTINUE),
        "OnSendResponse": on(send, CONTINUE),
        "OnPostEndRequest": on(end, CONTINUE),
    }
    host.load("chaos", handlers)
    outgoing = host.fire("POST", "/a?b", headers=[("Host", "localhost")], body=b"0123456789" * 10)
    assert host.timeline.faults == []
    reply = [outgoing.status, outgoing.substatus, outgoing.reason, outgoing.headers, outgoing.body]
    msgspec.msgpack.encode([reply, *_told(host.timeline)])
