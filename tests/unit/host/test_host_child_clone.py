"""What a clone has in common with its parent, and what not (section 5.1, CloneContext)."""

from __future__ import annotations

from typing import Any

import pytest
from childcall import (
    BASICS,
    HEADERS,
    NO_DAV,
    NO_PRECONDITION,
    VARIABLES,
    VARY_BY,
    body,
    clone,
    execute,
    header,
    is_child,
    set_url,
    url_of,
    write,
)
from nativecall import (
    CONTINUE,
    FINISH,
    INVALID_INDEX,
    INVALID_PARAMETER,
    NULL,
    Host,
    Native,
    address,
    make,
    raw_of,
    read_body,
    request_of,
    response_of,
    text,
    variable,
    wide,
)

from pyiismod.abi.cache import IHttpCachePolicy2
from pyiismod.abi.context import IHttpContext4
from pyiismod.host._abi import ffi


def test_clone_refuses_flags_it_does_not_know_and_null(in_parent: Any) -> None:
    def parent(context: Native) -> int:
        out = ffi.new("void **", ffi.cast("void *", 7))
        assert context.CloneContext(0x80, out) == INVALID_PARAMETER
        assert context.CloneContext(1, NULL) == INVALID_PARAMETER
        assert address(out[0]) == 7
        return FINISH

    in_parent(parent)


def test_clone_of_nothing_is_get_of_the_root(in_parent: Any) -> None:
    def parent(context: Native) -> int:
        child = clone(context, 0)
        assert ffi.string(request_of(child).GetHttpMethod()) == b"GET"
        assert url_of(child) == "/"
        assert header(child, b"X-Mine") is None
        assert request_of(child).GetRemainingEntityBytes() == 0
        assert child.ReleaseClonedContext() == 0
        return FINISH

    in_parent(parent, method="POST", target="/a?b", headers=[("X-Mine", "1")], body=b"data")


def test_clone_of_the_basics_as_they_are_by_now(in_parent: Any) -> None:
    def parent(context: Native) -> int:
        set_url(context, b"/new?q=2")
        assert request_of(context).SetHttpMethod(text(b"PROPFIND")) == 0
        child = clone(context, BASICS)
        assert ffi.string(request_of(child).GetHttpMethod()) == b"PROPFIND"
        assert url_of(child) == "/new"
        assert variable(child, b"QUERY_STRING")[1] == b"q=2"
        assert header(child, b"X-Mine") is None
        return child.ReleaseClonedContext() or FINISH

    in_parent(parent, target="/old?q=1", headers=[("X-Mine", "1")])


def test_clone_of_headers_is_a_copy(in_parent: Any) -> None:
    def parent(context: Native) -> int:
        assert request_of(context).SetHeader_name(text(b"X-Added"), text(b"2"), 1, 1) == 0
        child = clone(context, HEADERS)
        assert [header(child, name) for name in (b"X-Mine", b"X-Added", b"Cookie")] == [b"1", b"2", b"a=1; b=2"]
        assert request_of(child).SetHeader_name(text(b"X-Mine"), text(b"changed"), 7, 1) == 0
        assert header(context, b"X-Mine") == b"1"
        return child.ReleaseClonedContext() or FINISH

    in_parent(parent, headers=[("X-Mine", "1"), ("Cookie", "a=1"), ("Cookie", "b=2")])


@pytest.mark.parametrize(
    ("flag", "gone"),
    [
        (NO_PRECONDITION, {b"Range", b"If-Match", b"If-Modified-Since", b"If-Range"}),
        (NO_DAV, {b"Depth", b"Destination", b"Translate", b"Lock-Token", b"If"}),
    ],
)
def test_clone_without_some_headers(flag: int, gone: set[bytes], in_parent: Any) -> None:
    names = [b"Range", b"If-Match", b"If-Modified-Since", b"If-Range", b"Depth", b"Destination", b"Translate"]
    names += [b"Lock-Token", b"If", b"Host", b"X-Range", b"Depth-X"]

    def parent(context: Native) -> int:
        child = clone(context, HEADERS | flag)
        assert {name for name in names if header(child, name) is None} == gone
        return child.ReleaseClonedContext() or FINISH

    in_parent(parent, headers=[(name.decode(), "1") for name in names])


def test_there_is_one_body(in_parent: Any) -> None:
    """5.2: who reads takes it from everyone."""

    def parent(context: Native) -> int:
        assert read_body(request_of(context), 2)[1] == b"ab"
        child = clone(context)
        assert raw_of(request_of(child)).pEntityChunks[0].FromMemory.BufferLength == 6
        assert execute(context, child) == (0, 0)
        assert read_body(request_of(context), 9)[1] == b"ef"
        return child.ReleaseClonedContext() or CONTINUE

    def child(context: Native) -> int:
        assert read_body(request_of(context), 2)[1] == b"cd"
        return FINISH

    in_parent(parent, child, method="POST", body=b"abcdef")


def test_what_a_child_inserts_into_the_body_outlives_it(in_parent: Any) -> None:
    """5.2: an inserted buffer is not copied, and must live to the end of the request."""

    def parent(context: Native) -> int:
        child = clone(context)
        assert execute(context, child) == (0, 0)
        assert child.ReleaseClonedContext() == 0
        for _ in range(50):
            ffi.memmove(context.AllocateRequestMemory(16384), b"\xaa" * 16384, 16384)
        assert read_body(request_of(context), 9)[1] == b"inserted"
        return CONTINUE

    def child(context: Native) -> int:
        memory = context.AllocateRequestMemory(8)
        ffi.memmove(memory, b"inserted", 8)
        assert request_of(context).InsertEntityBody(memory, 8) == 0
        return FINISH

    in_parent(parent, child, method="POST", body=b"abc")


def test_clone_of_server_variables(in_parent: Any) -> None:
    def parent(context: Native) -> int:
        assert context.SetServerVariable(text(b"MINE"), wide("1")) == 0
        without, child = clone(context, BASICS), clone(context, BASICS | VARIABLES)
        assert variable(without, b"MINE")[0] == INVALID_INDEX
        assert variable(child, b"MINE")[:2] == (0, b"1")
        assert child.SetServerVariable(text(b"MINE"), wide("2")) == 0
        assert variable(context, b"MINE")[1] == b"1"
        return child.ReleaseClonedContext() or without.ReleaseClonedContext() or FINISH

    in_parent(parent)


def test_inherited_variables(in_parent: Any) -> None:
    """IHttpContext3::InheritServerVariable on the parent, for children to come; on the child, from its parent."""

    def parent(context: Native) -> int:
        for name in (b"MARKED", b"TAKEN", b"KEPT"):
            assert context.SetServerVariable(text(name), wide(name.decode().lower())) == 0
        assert context.InheritServerVariable(text(b"MARKED"), 1) == 0
        assert context.InheritServerVariable(text(b"NONE"), 1) == INVALID_INDEX
        assert context.InheritServerVariable(text(b"NONE"), 0) == 0
        assert context.InheritServerVariable(NULL, 0) == INVALID_PARAMETER
        child = clone(context, BASICS)
        assert child.InheritServerVariable(text(b"TAKEN"), 1) == 0
        assert child.InheritServerVariable(text(b"NONE"), 1) == INVALID_INDEX
        assert execute(context, child) == (0, 0)
        return child.ReleaseClonedContext() or CONTINUE

    def child(context: Native) -> int:
        found = [variable(context, name)[1] for name in (b"MARKED", b"TAKEN", b"KEPT")]
        write(context, b",".join(found))
        return FINISH

    assert body(in_parent(parent, child)) == b"marked,taken,"


def test_clone_of_the_vary_by_of_the_user_cache(in_parent: Any) -> None:
    def policy(context: Native) -> Native:
        return Native(response_of(context).GetCachePolicy(), IHttpCachePolicy2)

    def parent(context: Native) -> int:
        assert policy(context).AppendVaryByHeader(text(b"Accept")) == 0
        assert policy(context).SetVaryByValue(text(b"v")) == 0
        without, child = clone(context, BASICS), clone(context, BASICS | VARY_BY)
        assert not policy(without).GetVaryByHeaders()
        assert ffi.string(policy(child).GetVaryByHeaders()) == b"Accept"
        assert ffi.string(policy(child).GetVaryByValue()) == b"v"
        return child.ReleaseClonedContext() or without.ReleaseClonedContext() or FINISH

    in_parent(parent)


def test_parent_and_root(in_parent: Any) -> None:
    seen: list[tuple[int, int]] = []
    here: list[int] = []

    def nest(context: Native) -> int:
        here.append(address(context.pointer))
        seen.append((address(context.GetParentContext()), address(context.GetRootContext())))
        if len(here) < 3:
            child = clone(context)
            assert execute(context, child)[0] == 0
            assert child.ReleaseClonedContext() == 0
        return FINISH

    in_parent(nest, nest)
    assert seen == [(0, 0), (here[0], here[0]), (here[1], here[0])]


def test_connection_and_process_are_shared(in_parent: Any) -> None:
    def parent(context: Native) -> int:
        child = clone(context)
        for slot in ("GetConnection", "GetSite", "GetApplication"):
            assert child.slot(slot)() == context.slot(slot)()
        for slot in ("GetRequest", "GetResponse", "GetModuleContextContainer", "GetTraceContext"):
            assert child.slot(slot)() != context.slot(slot)()
        mine, theirs = raw_of(request_of(child)), raw_of(request_of(context))
        assert (mine.ConnectionId, mine.RequestId) == (theirs.ConnectionId, theirs.RequestId)
        return child.ReleaseClonedContext() or FINISH

    in_parent(parent)


def test_each_request_has_its_own_module_object(host: Host) -> None:
    """2.2: child requests are separate requests with their own instances."""
    made: list[int] = []
    told: list[int] = []
    names = iter("abc")

    def create(ppModule: Any, allocator: Native) -> int:
        index = len(made)
        name = next(names)

        def begin(pHttpContext: Any, pProvider: Any) -> int:
            context = Native(pHttpContext, IHttpContext4)
            told.append(index)
            if not is_child(context):
                child = clone(context)
                assert execute(context, child)[0] == 0
                assert host.disposed == ["b"]
                assert child.ReleaseClonedContext() == 0
            return CONTINUE

        def dispose() -> None:
            host.disposed.append(name)

        made.append(index)
        ppModule[0] = make("CHttpModule", {"OnBeginRequest": begin, "Dispose": dispose})
        return 0

    host.load("m", {"OnBeginRequest": lambda c, p: CONTINUE}, get_http_module=create)
    host.fire()
    assert (told, host.disposed) == ([0, 1], ["b", "a"])
