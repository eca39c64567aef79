"""What tests of child requests share: a module that clones, executes and answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nativecall import (
    FINISH,
    NULL,
    Host,
    Native,
    chunk,
    hr,
    raw_of,
    read_wide,
    request_of,
    response_of,
    text,
)

from pyiismod.abi.context import IHttpContext4
from pyiismod.abi.user import IHttpUser
from pyiismod.host._abi import ffi

BASICS, HEADERS, ENTITY, NO_PRECONDITION, NO_DAV, VARY_BY, VARIABLES = (1 << n for n in range(7))
NO_HEADERS, IGNORE_INTERCEPTOR, IGNORE_POOL, NO_CUSTOM_ERROR, SAME_URL, BUFFER, CACHEABLE = (1 << n for n in range(7))
STACK_OVERFLOW = hr(1001)
ALL = BASICS | HEADERS | ENTITY

Handler = Callable[..., int]


def clone(context: Native, flags: int = ALL) -> Native:
    out = ffi.new("void **")
    assert context.CloneContext(flags, out) == 0
    return Native(out[0], IHttpContext4)


def execute(context: Native, child: Native, flags: int = 0, user: Any = NULL) -> tuple[int, int]:
    """Return (HRESULT, whether a completion follows)."""
    pending = ffi.new("BOOL *", 7)
    return context.ExecuteRequest(1, child.pointer, flags, user, pending), pending[0]


def is_child(context: Native) -> bool:
    return bool(context.GetParentContext())


def url_of(context: Native) -> str:
    cooked = raw_of(request_of(context)).CookedUrl
    return ffi.buffer(ffi.cast("char *", cooked.pAbsPath), cooked.AbsPathLength)[:].decode("utf-16-le")


def set_url(context: Native, url: bytes) -> None:
    assert request_of(context).SetUrl_a(text(url), len(url), 1) == 0


def write(context: Native, data: bytes) -> None:
    assert response_of(context).WriteEntityChunks(chunk(data), 1, 0, 1, NULL, NULL) == 0


def header(context: Native, name: bytes) -> bytes | None:
    found = request_of(context).GetHeader_name(text(name), NULL)
    return ffi.string(found) if found else None


def body(outgoing: Any) -> bytes:
    return b"".join(outgoing.body)


def at(host: Host, module: str) -> list[tuple[str, int]]:
    """Return (method, depth) of a module's notifications."""
    return [(e.method, e.depth) for e in host.timeline.events if e.event == "notification" and e.module == module]


def executing(flags: int, before: bytes = b"", after: bytes = b"") -> Handler:
    def parent(context: Native) -> int:
        assert response_of(context).SetHeader_name(text(b"X-Parent"), text(b"1"), 1, 1) == 0
        if before:
            write(context, before)
        child = clone(context)
        assert execute(context, child, flags) == (0, 0)
        if after:
            write(context, after)
        return child.ReleaseClonedContext() or FINISH

    return parent


def answering(context: Native) -> int:
    response = response_of(context)
    assert response.SetStatus(203, text(b"Child"), 0, 0, NULL, 0) == 0
    assert response.SetHeader_name(text(b"X-Child"), text(b"1"), 1, 1) == 0
    assert response.SetHeader_name(text(b"Set-Cookie"), text(b"c=1"), 3, 0) == 0
    write(context, b"child")
    return FINISH


def names(outgoing: Any) -> set[str]:
    return {name for name, _ in outgoing.headers}


def raw_of_response(context: Native) -> Any:
    return response_of(context).GetRawHttpResponse_mutable()


def user_of(context: Native) -> str:
    user = context.GetUser()
    return read_wide(Native(user, IHttpUser).GetUserName()) if user else "nobody"
