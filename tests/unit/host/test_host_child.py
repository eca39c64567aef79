"""Child requests: what a clone has, how it runs, where its response goes, how long it lasts (section 5.1)."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from nativecall import (
    CONTINUE,
    FINISH,
    INVALID_INDEX,
    INVALID_PARAMETER,
    NOT_SUPPORTED,
    NULL,
    PENDING,
    Host,
    Native,
    address,
    chunk,
    hr,
    make,
    raw_of,
    read_body,
    read_wide,
    request_of,
    response_of,
    text,
    variable,
    wide,
)

from pyiismod.abi import constants
from pyiismod.abi.context import IHttpContext4
from pyiismod.abi.user import IHttpUser
from pyiismod.host._abi import ffi
from pyiismod.host.user import Account

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


@pytest.fixture
def in_parent(host: Host) -> Callable[..., Any]:
    """Fire a request whose handler is ``parent``; in child requests it is ``child``."""

    def fire(parent: Handler, child: Handler | None = None, **more: Any) -> Any:
        def handle(context: Native, provider: Native) -> int:
            if is_child(context):
                return child(context) if child is not None else CONTINUE
            return parent(context)

        if not host.iis.modules:
            host.load("both", {"OnExecuteRequestHandler": handle})
        return host.fire(**more)

    return fire


# --- CloneContext


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
        return Native(response_of(context).GetCachePolicy(), __import__("pyiismod.abi.cache").abi.cache.IHttpCachePolicy2)

    def parent(context: Native) -> int:
        assert policy(context).AppendVaryByHeader(text(b"Accept")) == 0
        assert policy(context).SetVaryByValue(text(b"v")) == 0
        without, child = clone(context, BASICS), clone(context, BASICS | VARY_BY)
        assert not policy(without).GetVaryByHeaders()
        assert ffi.string(policy(child).GetVaryByHeaders()) == b"Accept"
        assert ffi.string(policy(child).GetVaryByValue()) == b"v"
        return child.ReleaseClonedContext() or without.ReleaseClonedContext() or FINISH

    in_parent(parent)


# --- who is whose


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


# --- ExecuteRequest


def test_execute_is_always_asynchronous(in_parent: Any) -> None:
    def parent(context: Native) -> int:
        child = clone(context)
        assert context.ExecuteRequest(0, child.pointer, 0, NULL, NULL) == NOT_SUPPORTED
        return child.ReleaseClonedContext() or FINISH

    in_parent(parent)


def test_only_a_clone_of_this_context_and_only_once(in_parent: Any) -> None:
    def parent(context: Native) -> int:
        child = clone(context)
        grandchild = clone(child)
        assert execute(context, grandchild)[0] == NOT_SUPPORTED
        assert execute(context, context)[0] == NOT_SUPPORTED
        assert execute(context, Native(ffi.cast("void *", 8), IHttpContext4))[0] == NOT_SUPPORTED
        assert context.ExecuteRequest(1, NULL, 0, NULL, NULL) == INVALID_PARAMETER
        assert execute(context, child, 0x80)[0] == INVALID_PARAMETER
        assert execute(context, child) == (0, 0)
        assert execute(context, child)[0] == NOT_SUPPORTED
        assert grandchild.ReleaseClonedContext() == 0
        return child.ReleaseClonedContext() or CONTINUE

    in_parent(parent)


def test_ten_levels_and_no_more(in_parent: Any) -> None:
    results: list[int] = []

    def nest(context: Native) -> int:
        child = clone(context)
        results.append(execute(context, child, BUFFER)[0])
        assert child.ReleaseClonedContext() == 0
        return FINISH

    in_parent(nest, nest)
    assert results == [STACK_OVERFLOW, *[0] * 10]


def test_flags_are_those_of_the_child(in_parent: Any) -> None:
    seen: list[int] = []
    flags = IGNORE_POOL | NO_CUSTOM_ERROR | SAME_URL | CACHEABLE

    def parent(context: Native) -> int:
        child = clone(context)
        seen.extend((context.GetExecuteFlags(), child.GetExecuteFlags()))
        assert execute(context, child, flags)[0] == 0
        return child.ReleaseClonedContext() or CONTINUE

    def child(context: Native) -> int:
        seen.append(context.GetExecuteFlags())
        return FINISH

    in_parent(parent, child)
    assert seen == [0, 0, flags]


@pytest.mark.parametrize(("flags", "enabled"), [(0, 0), (CACHEABLE, 1)])
def test_children_are_not_for_the_kernel_cache(flags: int, enabled: int, in_parent: Any) -> None:
    def parent(context: Native) -> int:
        child = clone(context)
        assert execute(context, child, flags)[0] == 0
        return child.ReleaseClonedContext() or CONTINUE

    def child(context: Native) -> int:
        assert response_of(context).GetKernelCacheEnabled() == enabled
        return FINISH

    in_parent(parent, child)


def test_the_whole_pipeline_once_more_below_the_call(host: Host) -> None:
    """5.1: the child starts inline; its lines are deeper than the call that runs it."""

    def handle(context: Native, provider: Native) -> int:
        if not is_child(context):
            child = clone(context)
            assert execute(context, child)[0] == 0
            assert child.ReleaseClonedContext() == 0
        return CONTINUE

    def carry_on(context: Native, provider: Native) -> int:
        return CONTINUE

    host.load(
        "m",
        {"OnBeginRequest": carry_on, "OnExecuteRequestHandler": handle, "OnEndRequest": carry_on},
    )
    host.fire()
    assert at(host, "m.dll") == [
        ("OnBeginRequest", 0),
        ("OnExecuteRequestHandler", 0),
        ("OnBeginRequest", 2),
        ("OnExecuteRequestHandler", 2),
        ("OnEndRequest", 2),
        ("OnEndRequest", 0),
    ]
    assert host.violations == []


def test_a_clone_is_mapped_when_it_runs(host: Host) -> None:
    """3.5 and the reference's sample, which clones in OnMapPath: nothing may be raised before."""
    mapped: list[tuple[str, bool]] = []

    def map_path(context: Native, provider: Native) -> int:
        mapped.append((read_wide(provider.GetUrl()), is_child(context)))
        assert provider.SetPhysicalPath(wide("C:\\x" + mapped[-1][0]), 4 + len(mapped[-1][0])) == 0
        return CONTINUE

    def begin(context: Native, provider: Native) -> int:
        if is_child(context):
            assert read_wide(context.GetPhysicalPath(NULL)) == "C:\\x/b"
            assert variable(context, b"URL")[1] == b"/b"
            assert url_of(context) == "/b"
        else:
            child = clone(context)
            set_url(child, b"/b?q")
            assert mapped == [("/a", False)]
            assert execute(context, child)[0] == 0
            assert child.ReleaseClonedContext() == 0
        return CONTINUE

    host.load("m", {"OnMapPath": map_path, "OnBeginRequest": begin})
    host.fire(target="/a")
    assert mapped == [("/a", False), ("/b", True)]


# --- the response


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


def test_a_child_answers_the_client(host: Host, in_parent: Any) -> None:
    outgoing = in_parent(executing(0), answering)
    assert (outgoing.status, outgoing.reason, body(outgoing)) == (203, "Child", b"child")
    assert "X-Child" in names(outgoing)
    assert "X-Parent" not in names(outgoing)
    assert ("Content-Length", "5") in outgoing.headers
    assert host.violations == []


def test_the_parent_sees_that_headers_were_sent(in_parent: Any) -> None:
    def parent(context: Native) -> int:
        child = clone(context)
        assert context.GetResponseHeadersSent() == 0
        assert execute(context, child)[0] == 0
        assert context.GetResponseHeadersSent() == 1
        return child.ReleaseClonedContext() or CONTINUE

    in_parent(parent, answering)


def test_what_is_written_around_an_answer_is_lost_and_said_so(host: Host, in_parent: Any) -> None:
    outgoing = in_parent(executing(0, before=b"before", after=b"after"), answering)
    assert body(outgoing) == b"child"
    assert host.violations == [
        "the child request has answered: what its parent wrote before is not sent",
        "IHttpResponse::WriteEntityChunks after the end of the response has no effect",
    ]


def test_a_child_after_the_headers_adds_its_body(host: Host, in_parent: Any) -> None:
    def parent(context: Native) -> int:
        write(context, b"before ")
        assert response_of(context).Flush(0, 1, NULL, NULL) == 0
        return executing(0, after=b" after")(context)

    outgoing = in_parent(parent, answering)
    assert (outgoing.status, body(outgoing)) == (200, b"before child after")
    assert [v for v in host.violations if "SetHeader" not in v] == []


def test_no_headers_makes_it_a_part_of_the_parents_response(host: Host, in_parent: Any) -> None:
    def child(context: Native) -> int:
        assert response_of(context).GetHeadersSuppressed() == 1
        return answering(context)

    outgoing = in_parent(executing(NO_HEADERS, before=b"before ", after=b" after"), child)
    assert (outgoing.status, body(outgoing)) == (200, b"before child after")
    assert ("X-Parent" in names(outgoing), "X-Child" in names(outgoing)) == (True, False)
    assert ("Transfer-Encoding", "chunked") in outgoing.headers
    assert host.violations == []


def test_a_buffered_response_goes_to_the_parent(host: Host, in_parent: Any) -> None:
    def child(context: Native) -> int:
        answering(context)
        sent = ffi.new("DWORD *", 7)
        assert response_of(context).Flush(0, 1, sent, NULL) == 0
        assert (sent[0], context.GetResponseHeadersSent()) == (0, 0)
        return FINISH

    def parent(context: Native) -> int:
        assert response_of(context).SetHeader_name(text(b"Set-Cookie"), text(b"p=1"), 3, 0) == 0
        result = executing(BUFFER, before=b"before ", after=b" after")(context)
        assert context.GetResponseHeadersSent() == 0
        assert raw_of_response(context).StatusCode == 203
        return result

    outgoing = in_parent(parent, child)
    assert (outgoing.status, outgoing.reason, body(outgoing)) == (203, "Child", b"before child after")
    assert {"X-Parent", "X-Child"} <= names(outgoing)
    assert [v for n, v in outgoing.headers if n == "Set-Cookie"] == ["p=1", "c=1"]
    assert [v for n, v in outgoing.headers if n == "Server"] == ["Microsoft-IIS/10.0"]
    assert ("Content-Length", "18") in outgoing.headers
    assert host.violations == []


def test_a_buffered_body_alone(in_parent: Any) -> None:
    outgoing = in_parent(executing(BUFFER | NO_HEADERS, before=b"before ", after=b" after"), answering)
    assert (outgoing.status, body(outgoing)) == (200, b"before child after")
    assert "X-Child" not in names(outgoing)


def raw_of_response(context: Native) -> Any:
    return response_of(context).GetRawHttpResponse_mutable()


def test_send_response_is_told_of_children(host: Host) -> None:
    sends: list[tuple[bool, int]] = []

    def send(context: Native, provider: Native) -> int:
        sends.append((is_child(context), provider.GetHeadersBeingSent()))
        return CONTINUE

    def handle(context: Native, provider: Native) -> int:
        if is_child(context):
            return answering(context)
        return executing(NO_HEADERS)(context)

    host.load("m", {"OnSendResponse": send, "OnExecuteRequestHandler": handle})
    host.fire()
    assert sends == [(True, 0), (False, 1), (False, 0)]


def test_a_reset_in_a_child_cuts_the_connection(in_parent: Any) -> None:
    def child(context: Native) -> int:
        response_of(context).ResetConnection()
        return FINISH

    for flags in (0, NO_HEADERS, BUFFER):
        assert in_parent(executing(flags), child).aborted


def test_a_clone_that_has_not_run_cannot_send(host: Host, in_parent: Any) -> None:
    def parent(context: Native) -> int:
        child = clone(context)
        write(child, b"x")
        response_of(child).Flush(0, 0, NULL, NULL)
        return child.ReleaseClonedContext() or FINISH

    assert body(in_parent(parent)) == b""
    assert host.violations == ["a cloned context cannot send before it is executed"]


# --- handlers and users


def test_ignoring_the_current_interceptor(host: Host) -> None:
    """Without a table of handlers the module that executes is not asked again, in the whole chain."""
    ran: list[str] = []

    def outer(context: Native, provider: Native) -> int:
        ran.append("outer")
        return executing(IGNORE_INTERCEPTOR | SAME_URL)(context)

    def inner(context: Native, provider: Native) -> int:
        ran.append("inner")
        if len(ran) == 2:
            return executing(0)(context)
        return CONTINUE

    host.load("outer", {"OnExecuteRequestHandler": outer})
    host.load("inner", {"OnExecuteRequestHandler": inner})
    host.fire()
    assert ran == ["outer", "inner", "inner", "inner"]


def test_ignoring_the_current_handler_of_a_table() -> None:
    ran: list[str] = []
    host = Host(handlers=({"name": "wild", "modules": "wild"}, {"name": "rest", "modules": "rest"}))

    def wild(context: Native, provider: Native) -> int:
        ran.append("wild")
        context.SetRequestHandled()
        return executing(IGNORE_INTERCEPTOR)(context)

    def rest(context: Native, provider: Native) -> int:
        ran.append("rest")
        return FINISH

    host.load("wild", {"OnExecuteRequestHandler": wild})
    host.load("rest", {"OnExecuteRequestHandler": rest})
    host.fire()
    assert ran == ["wild", "rest"]


def user_of(context: Native) -> str:
    user = context.GetUser()
    return read_wide(Native(user, IHttpUser).GetUserName()) if user else "nobody"


def test_a_given_user_replaces_authentication(host: Host) -> None:
    seen: list[str] = []

    def authenticate(context: Native, provider: Native) -> int:
        seen.append(f"authenticate {is_child(context)}")
        return CONTINUE

    def handle(context: Native, provider: Native) -> int:
        seen.append(user_of(context))
        if not is_child(context):
            for user in (context.GetUser(), NULL):
                child = clone(context)
                assert execute(context, child, BUFFER, user)[0] == 0
                assert child.ReleaseClonedContext() == 0
        return FINISH

    methods = {"OnAuthenticateRequest": authenticate, "OnPostAuthenticateRequest": authenticate}
    host.load("m", {**methods, "OnExecuteRequestHandler": handle})
    host.fire(account=Account("me", "secret", "Basic"))
    mine, theirs = ["authenticate False"] * 2, ["authenticate True"] * 2
    assert seen == [*mine, "me", "me", *theirs, "me"]
    assert host.violations == []


def test_a_user_made_by_a_module_is_held_as_long_as_the_child(in_parent: Any) -> None:
    calls: list[str] = []
    slots: dict[str, Callable[..., Any]] = {
        "ReferenceUser": lambda: calls.append("+"),
        "DereferenceUser": lambda: calls.append("-"),
        "GetUserName": lambda: wide("made"),
    }
    user = make("IHttpUser", slots)

    def parent(context: Native) -> int:
        child = clone(context)
        assert execute(context, child, 0, user)[0] == 0
        assert calls == ["+", "made"]
        assert child.ReleaseClonedContext() == 0
        assert calls == ["+", "made", "-"]
        return CONTINUE

    def child(context: Native) -> int:
        calls.append(user_of(context))
        return FINISH

    in_parent(parent, child)


def test_no_user_is_something_else_of_the_hosts(in_parent: Any) -> None:
    def parent(context: Native) -> int:
        child = clone(context)
        assert execute(context, child, 0, context.pointer)[0] == INVALID_PARAMETER
        return child.ReleaseClonedContext() or FINISH

    in_parent(parent)


# --- children that wait


def waiting_host(host: Host, pending: list[Native], seen: list[Any], flags: int = BUFFER) -> None:
    """A child that returns PENDING; a thread resumes it. Its parent returns PENDING and releases when it is told."""
    kept: list[Native] = []

    def begin(context: Native, provider: Native) -> int:
        if is_child(context):
            pending.append(context)
            Thread(target=lambda: context.PostCompletion(3)).start()
            return PENDING
        kept.append(clone(context))
        seen.append(execute(context, kept[0], flags))
        return PENDING

    def completed(context: Native, bit: int, post: int, provider: Native, info: Native) -> int:
        seen.append((is_child(context), info.GetCompletionBytes(), info.GetCompletionStatus()))
        if is_child(context):
            write(context, b"late")
        else:
            assert kept.pop().ReleaseClonedContext() == 0
        return CONTINUE

    host.load("m", {"OnBeginRequest": begin, "OnAsyncCompletion": completed, "OnEndRequest": lambda c, p: CONTINUE})


@pytest.mark.parametrize("schedule", ["threaded", "inline", "early", 1, 2, 3])
def test_the_parent_is_told_when_a_waiting_child_has_ended(schedule: str | int, host: Host) -> None:
    """5.1 and 2.4: the completion arrives at the parent's OnAsyncCompletion, with 0 bytes and S_OK."""
    seen: list[Any] = []
    waiting_host(host, [], seen)
    outgoing = host.fire(schedule=schedule)
    assert seen == [(0, 1), (True, 3, 0), (False, 0, 0)] or (schedule != "threaded" and seen[0] == (True, 3, 0))
    assert seen[-1] == (False, 0, 0) or seen[-1][0] == 0
    assert body(outgoing).endswith(b"late")
    assert host.violations == []
