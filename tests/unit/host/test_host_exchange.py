"""One request through modules whose slots are Python functions: order, sends, objects, the end (sections 2 and 3)."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from nativecall import (
    CONTINUE,
    FINISH,
    INVALID_PARAMETER,
    NULL,
    PENDING,
    Host,
    Native,
    address,
    chunk,
    make,
    of,
    request_of,
    response_of,
    text,
)

from pyiismod.abi.notifications import REQUEST
from pyiismod.errors import WorkerError
from pyiismod.host._abi import ffi
from pyiismod.host.context import Context
from pyiismod.host.exchange import Exchange

NAMES = {1: "RQ_NOTIFICATION_PENDING", 2: "RQ_NOTIFICATION_FINISH_REQUEST"}
E_OUTOFMEMORY = 0x8007000E - (1 << 32)
EVENTS = [n for n in REQUEST if n.post_handler]
HANDLERS = [h for n in EVENTS for h in (n.handler, n.post_handler)]


def write(context: Native, data: bytes) -> None:
    assert response_of(context).WriteEntityChunks(chunk(data), 1, 0, 1, NULL, NULL) == 0


def told(host: Host) -> list[str]:
    return [f"{e.module}:{e.method}" for e in host.timeline.events if e.event == "notification"]


def noting(host: Host, name: str, notes: list[str], *methods: str, **load: Any) -> None:
    def note(method: str) -> Callable[[Native, Native], int]:
        def handler(context: Native, provider: Native) -> int:
            notes.append(f"{name}:{method}")
            return CONTINUE

        return handler

    host.load(name, {method: note(method) for method in methods}, **load)


# --- the whole way


def test_every_event_of_two_modules(host: Host) -> None:
    """2.1: all OnX in order, all OnPostX in order, then the next event; the final send comes after all."""
    notes: list[str] = []
    for name in "ab":
        noting(host, name, notes, *HANDLERS, "OnSendResponse")
    outgoing = host.fire()
    expected = [f"{name}:{h}" for n in EVENTS for h in (n.handler, n.post_handler) for name in "ab"]
    assert notes == [*expected, "b:OnSendResponse", "a:OnSendResponse"]
    assert outgoing.status == 404
    assert sorted(host.disposed) == ["a", "b"]


def test_the_timeline_of_a_request(host: Host) -> None:
    def hello(context: Native, provider: Native) -> int:
        write(context, b"hi")
        return FINISH

    host.load("hello", {"OnBeginRequest": hello})
    host.fire()
    lines = [
        (e.depth, e.event, e.module, e.notification, e.interface, e.method, e.result) for e in host.timeline.events
    ]
    bit = "RQ_BEGIN_REQUEST"
    assert lines == [
        (0, "phase", "hello.dll", None, "IHttpModuleFactory", "GetHttpModule", "S_OK"),
        (0, "notification", "hello.dll", bit, "CHttpModule", "OnBeginRequest", "RQ_NOTIFICATION_FINISH_REQUEST"),
        (1, "call", "hello.dll", bit, "IHttpContext", "GetResponse", "IHttpResponse"),
        (1, "call", "hello.dll", bit, "IHttpResponse", "WriteEntityChunks", "S_OK"),
        (0, "phase", "hello.dll", None, "CHttpModule", "Dispose", None),
    ]


def test_a_nested_send_is_nested_in_the_timeline(host: Host) -> None:
    def flush(context: Native, provider: Native) -> int:
        response_of(context).Flush(0, 1, NULL, NULL)
        return FINISH

    host.load("a", {"OnBeginRequest": flush})
    host.load("b", {"OnSendResponse": lambda context, provider: CONTINUE})
    host.fire()
    shown = [(e.depth, e.module, e.method) for e in host.timeline.events if e.event in ("notification", "call")]
    assert shown == [
        (0, "a.dll", "OnBeginRequest"),
        (1, "a.dll", "GetResponse"),
        (1, "a.dll", "Flush"),
        (2, "b.dll", "OnSendResponse"),
        (0, "b.dll", "OnSendResponse"),
    ]


@pytest.mark.parametrize("handler", HANDLERS)
def test_each_handler_is_called_in_its_slot_with_context_and_provider(handler: str, host: Host) -> None:
    seen: list[int] = []

    def look(context: Native, provider: Native) -> int:
        assert address(context.GetRequest()) != 0
        provider.SetErrorStatus(-1)
        seen.append(1)
        return CONTINUE

    host.load("m", {handler: look})
    host.fire()
    assert seen == [1]
    assert host.timeline.refused == []


def test_set_error_status_does_not_change_the_flow(host: Host) -> None:
    """2.1: it records an error and does not by itself set a 500."""
    notes: list[str] = []

    def fail(context: Native, provider: Native) -> int:
        provider.SetErrorStatus(-5)
        context.SetRequestHandled()
        return CONTINUE

    host.load("a", {"OnBeginRequest": fail})
    noting(host, "b", notes, "OnEndRequest")
    assert host.fire().status == 200
    assert notes == ["b:OnEndRequest"]
    assert [e.args for e in host.calls("SetErrorStatus")] == [{"hrError": "0xFFFFFFFB"}]


def test_providers_have_the_interface_of_their_event(host: Host) -> None:
    """The longest table: a module may cast."""

    def authenticate(context: Native, provider: Native) -> int:
        provider.SetUser(NULL)
        return CONTINUE

    def map_handler(context: Native, provider: Native) -> int:
        assert provider.SetScriptName(NULL, 0) == INVALID_PARAMETER
        return CONTINUE

    host.load("m", {"OnAuthenticateRequest": authenticate, "OnMapRequestHandler": map_handler})
    host.fire()
    assert [e.interface for e in host.timeline.events if e.event == "call"] == [
        "IAuthenticationProvider",
        "IMapHandlerProvider",
    ]


def test_finish_ends_early_and_still_sends(host: Host) -> None:
    notes: list[str] = []

    def finish(context: Native, provider: Native) -> int:
        write(context, b"early")
        return FINISH

    host.load("a", {"OnBeginRequest": finish})
    noting(host, "b", notes, *HANDLERS, "OnSendResponse")
    outgoing = host.fire()
    assert notes == ["b:OnLogRequest", "b:OnPostLogRequest", "b:OnEndRequest", "b:OnPostEndRequest", "b:OnSendResponse"]
    assert (outgoing.status, outgoing.body) == (200, [b"early"])


def test_output_written_at_the_very_end_reaches_the_client(host: Host) -> None:
    """2.1: the implicit send comes after LOG_REQUEST and END_REQUEST ("Breaking Changes" item 20)."""

    def last(context: Native, provider: Native) -> int:
        response_of(context).Clear()
        response_of(context).SetStatus(302, text(b"Found"), 0, 0, NULL, 0)
        write(context, b"late")
        return CONTINUE

    host.load("a", {"OnPostEndRequest": last})
    outgoing = host.fire()
    assert (outgoing.status, outgoing.body) == (302, [b"late"])


def test_a_flush_sends_there_and_the_rest_still_runs(host: Host) -> None:
    """2.1: systemweb-adapters #518."""
    notes: list[str] = []

    def flush(context: Native, provider: Native) -> int:
        write(context, b"one")
        assert response_of(context).Flush(0, 1, NULL, NULL) == 0
        context.SetRequestHandled()
        return CONTINUE

    host.load("a", {"OnBeginRequest": flush})
    noting(host, "b", notes, "OnBeginRequest", "OnEndRequest", "OnSendResponse")
    assert host.fire().body == [b"one"]
    assert notes == ["b:OnSendResponse", "b:OnBeginRequest", "b:OnEndRequest", "b:OnSendResponse"]


@pytest.mark.parametrize("status", [3, 77, -1])
def test_a_strange_status_is_a_violation(status: int, host: Host) -> None:
    notes: list[str] = []
    host.load("odd", {"OnBeginRequest": lambda context, provider: status})
    noting(host, "b", notes, "OnBeginRequest")
    host.fire()
    assert notes == ["b:OnBeginRequest"]
    (violation,) = host.violations
    assert f"OnBeginRequest (RQ_BEGIN_REQUEST) of odd.dll returned {status}" in violation


def test_finish_from_log_request_is_a_violation(host: Host) -> None:
    host.load("odd", {"OnLogRequest": lambda context, provider: FINISH})
    host.fire()
    (violation,) = host.violations
    assert "OnLogRequest (RQ_LOG_REQUEST) of odd.dll returned RQ_NOTIFICATION_FINISH_REQUEST" in violation


def test_pending_waits_for_a_thread_of_the_modules_own(host: Host) -> None:
    """2.4: IndicateCompletion goes on, on the caller's thread; the request's own thread waits for the end."""

    def wait(context: Native, provider: Native) -> int:
        Thread(target=context.IndicateCompletion, args=(FINISH,)).start()
        return PENDING

    host.load("wait", {"OnAuthorizeRequest": wait, "OnEndRequest": lambda c, p: CONTINUE})
    host.fire()
    assert told(host) == ["wait.dll:OnAuthorizeRequest", "wait.dll:OnEndRequest"]
    assert host.disposed == ["wait"]
    assert host.violations == []


def test_a_fault_of_the_host_is_not_the_modules(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(x: Exchange) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(Exchange, "told", property(fault))

    def call(context: Native, provider: Native) -> int:
        assert response_of(context).SetStatus(500, NULL, 0, 0, NULL, 0) < 0
        return FINISH

    host.load("m", {"OnBeginRequest": call})
    with pytest.raises(WorkerError, match="ZeroDivisionError") as caught:
        host.fire()
    assert "defect of pyiismod" in caught.value.hint


# --- sends


def sends(host: Host, work: Callable[[Native], None]) -> list[tuple[int, int]]:
    """Return (GetHeadersBeingSent, GetFlags) of each SEND_RESPONSE while ``work`` runs in BEGIN_REQUEST."""
    seen: list[tuple[int, int]] = []

    def begin(context: Native, provider: Native) -> int:
        work(context)
        return FINISH

    def send(context: Native, provider: Native) -> int:
        seen.append((provider.GetHeadersBeingSent(), provider.GetFlags()))
        assert (provider.GetReadyToLogData(), provider.GetLogData()) == (0, NULL)
        return CONTINUE

    host.load("m", {"OnBeginRequest": begin, "OnSendResponse": send})
    host.fire()
    return seen


MORE = 2


def test_send_at_the_end(host: Host) -> None:
    assert sends(host, lambda context: write(context, b"x")) == [(1, 0)]


def test_sends_of_flushes(host: Host) -> None:
    def work(context: Native) -> None:
        for _ in range(2):
            assert response_of(context).Flush(0, 1, NULL, NULL) == 0

    assert sends(host, work) == [(1, MORE), (0, MORE), (0, 0)]


def test_send_of_the_last_flush(host: Host) -> None:
    assert sends(host, lambda context: response_of(context).Flush(0, 0, NULL, NULL)) == [(1, 0)]


def test_sends_without_buffering() -> None:
    def work(context: Native) -> None:
        response_of(context).DisableBuffering()
        write(context, b"a")
        write(context, b"b")

    assert sends(Host(), work) == [(1, MORE), (0, MORE), (0, 0)]


def test_send_of_a_full_buffer() -> None:
    assert sends(Host(response_buffer_limit=3), lambda context: write(context, b"four")) == [(1, MORE), (0, 0)]


def test_headers_are_not_being_sent_when_suppressed(host: Host) -> None:
    assert sends(host, lambda context: response_of(context).SuppressHeaders()) == [(0, 0)]


def test_a_send_module_may_change_everything(host: Host) -> None:
    """3.2: headers while they are being sent, status, and the chunks; it sees the response last when it is first."""

    def begin(context: Native, provider: Native) -> int:
        write(context, b"old body")
        return FINISH

    def replace(context: Native, provider: Native) -> int:
        response = response_of(context)
        assert response.SetStatus(403, text(b"No"), 0, 0, NULL, 0) == 0
        assert response.SetHeader_name(text(b"X-Sent"), text(b"yes"), 3, 1) == 0
        response.GetRawHttpResponse_mutable().EntityChunkCount = 0
        assert response.WriteEntityChunkByReference(data, -1) == 0
        return CONTINUE

    data = chunk(b"new")
    host.load("m", {"OnBeginRequest": begin, "OnSendResponse": replace})
    outgoing = host.fire()
    headers = dict(outgoing.headers)
    assert (outgoing.status, outgoing.body, headers["X-Sent"], headers["Content-Length"]) == (403, [b"new"], "yes", "3")
    assert host.violations == []


def test_a_send_module_may_clear_the_more_data_flag(host: Host) -> None:
    def begin(context: Native, provider: Native) -> int:
        assert response_of(context).Flush(0, 1, NULL, NULL) == 0
        return CONTINUE

    def send(context: Native, provider: Native) -> int:
        provider.SetFlags(0)
        assert provider.SetLogData(NULL) == INVALID_PARAMETER
        return CONTINUE

    host.load("m", {"OnBeginRequest": begin, "OnSendResponse": send})
    outgoing = host.fire()
    assert (outgoing.ended, told(host).count("m.dll:OnSendResponse")) == (True, 1)


@pytest.mark.parametrize("status", [FINISH, PENDING, 9])
def test_any_other_status_from_send_response_is_a_violation(status: int, host: Host) -> None:
    """Section 7: FINISH counts as CONTINUE; 3.1: PENDING is illegal from a nested notification."""
    notes: list[str] = []
    noting(host, "inner", notes, "OnSendResponse")
    host.load("odd", {"OnSendResponse": lambda context, provider: status})
    host.fire()
    assert notes == ["inner:OnSendResponse"]
    assert len(host.violations) == 1
    assert f"OnSendResponse (RQ_SEND_RESPONSE) of odd.dll returned {NAMES.get(status, status)}" in host.violations[0]


def test_a_send_inside_a_send_has_an_end(host: Host) -> None:
    """3.1: a SEND_RESPONSE module that flushes triggers another; for ever, if nobody stops it."""
    depth: list[int] = []

    def send(context: Native, provider: Native) -> int:
        depth.append(1)
        response_of(context).Flush(0, 1, NULL, NULL)
        return CONTINUE

    host.load("m", {"OnSendResponse": send})
    host.fire()
    assert len(depth) == 10
    assert host.violations == ["OnSendResponse sends again, 10 deep: it is not told any more"]


def test_a_send_that_ends_inside_a_send_stays_ended(host: Host) -> None:
    first: list[int] = []

    def begin(context: Native, provider: Native) -> int:
        write(context, b"body")
        assert response_of(context).Flush(0, 1, NULL, NULL) == 0
        return CONTINUE

    def send(context: Native, provider: Native) -> int:
        if not first:
            first.append(1)
            response_of(context).Flush(0, 0, NULL, NULL)
        return CONTINUE

    host.load("m", {"OnBeginRequest": begin, "OnSendResponse": send})
    outgoing = host.fire()
    assert (outgoing.ended, outgoing.body) == (True, [b"body"])
    assert told(host).count("m.dll:OnSendResponse") == 2


# --- module objects


def test_one_object_per_request_made_when_it_is_first_needed(host: Host) -> None:
    """2.2 and section 7: at the first notification; the same object gets all of them; Dispose once."""
    host.load("early", {"OnBeginRequest": lambda c, p: CONTINUE, "OnEndRequest": lambda c, p: CONTINUE})
    host.load("late", {"OnEndRequest": lambda c, p: CONTINUE})
    host.load("never", {"OnReadEntity": lambda c, p: CONTINUE})
    host.fire()
    phases = [(e.module, e.method) for e in host.timeline.events if e.event in ("phase", "notification")]
    assert phases == [
        ("early.dll", "GetHttpModule"),
        ("early.dll", "OnBeginRequest"),
        ("early.dll", "OnEndRequest"),
        ("late.dll", "GetHttpModule"),
        ("late.dll", "OnEndRequest"),
        ("early.dll", "Dispose"),
        ("late.dll", "Dispose"),
    ]


def test_dispose_comes_after_the_last_send_and_before_the_memory_goes(host: Host) -> None:
    """2.2: last notification, final send, Dispose, then the pool; the context still answers in Dispose."""
    order: list[str] = []
    kept: list[Native] = []

    def begin(context: Native, provider: Native) -> int:
        kept.append(context)
        return FINISH

    def create(ppModule: Any, allocator: Native) -> int:
        block = ffi.cast("char *", allocator.AllocateMemory(64))
        ffi.memmove(block, b"object", 6)

        def dispose() -> None:
            assert ffi.buffer(block, 6)[:] == b"object"
            assert kept[0].GetResponseHeadersSent() == 1
            order.append("dispose")

        ppModule[0] = make("CHttpModule", {"OnBeginRequest": begin_slot, "OnSendResponse": send, "Dispose": dispose})
        return 0

    def begin_slot(pHttpContext: Any, pProvider: Any) -> int:
        return begin(Native(pHttpContext, Context.interface), Native(pProvider, Context.interface))

    def send(pHttpContext: Any, pProvider: Any) -> int:
        order.append("send")
        return CONTINUE

    handlers = {"OnBeginRequest": begin, "OnSendResponse": lambda c, p: CONTINUE}
    host.load("m", handlers, get_http_module=create)
    host.fire()
    assert order == ["send", "dispose"]
    assert host.violations == []


def test_the_allocator_is_over_after_get_http_module(host: Host) -> None:
    kept: list[Native] = []

    def create(ppModule: Any, allocator: Native) -> int:
        kept.append(allocator)
        return E_OUTOFMEMORY

    host.load("a", {"OnBeginRequest": lambda c, p: CONTINUE}, get_http_module=create)

    def begin(context: Native, provider: Native) -> int:
        assert kept[0].AllocateMemory(8) == NULL
        return CONTINUE

    host.load("b", {"OnLogRequest": begin})
    host.fire()
    assert host.violations == ["IModuleAllocator::AllocateMemory was called on an IModuleAllocator that has ended"]


@pytest.mark.parametrize(("result", "error"), [(E_OUTOFMEMORY, E_OUTOFMEMORY), (-1, -1)])
def test_a_factory_that_fails_is_a_500(result: int, error: int, host: Host) -> None:
    """2.2 (unconfirmed): 500 with the HRESULT, no Dispose, asked once; LOG and END are no fault of the module."""
    notes: list[str] = []
    asked: list[int] = []

    def create(ppModule: Any, allocator: Native) -> int:
        asked.append(1)
        return result

    handlers = dict.fromkeys(
        ("OnBeginRequest", "OnLogRequest", "OnEndRequest", "OnSendResponse"), lambda c, p: CONTINUE
    )
    host.load("bad", handlers, get_http_module=create)
    noting(host, "good", notes, "OnAuthenticateRequest", "OnLogRequest")
    outgoing = host.fire()
    assert (outgoing.status, outgoing.reason) == (500, "Internal Server Error")
    assert notes == ["good:OnLogRequest"]
    assert (asked, host.disposed, host.violations) == ([1], ["good"], [])


def test_a_factory_that_gives_nothing_with_s_ok_is_a_violation(host: Host) -> None:
    """2.2: crash in real life; flag it."""
    host.load("null", {"OnEndRequest": lambda c, p: CONTINUE}, get_http_module=lambda ppModule, allocator: 0)
    assert host.fire().status == 500
    assert host.disposed == []
    (violation,) = host.violations
    assert "GetHttpModule of null.dll returned S_OK and no module" in violation


def test_a_singleton_serves_many_requests(host: Host) -> None:
    """2.2: the same pointer from many GetHttpModule calls; Dispose does nothing."""
    host.load("one", {"OnBeginRequest": lambda c, p: FINISH})
    for _ in range(3):
        host.fire()
    assert host.disposed == ["one"] * 3


def test_a_module_without_a_factory_takes_no_part(host: Host) -> None:
    module = host.load("gone", {"OnBeginRequest": lambda c, p: FINISH})
    assert module.registration is not None
    module.registration.factory = NULL
    host.iis._replan()
    assert host.fire().status == 404
    assert told(host) == []


def test_late_calls_on_each_object_of_a_request(host: Host) -> None:
    """Section 6, item 2."""
    kept: list[Native] = []

    def keep(context: Native, provider: Native) -> int:
        kept.extend((context, provider, request_of(context), response_of(context)))
        return FINISH

    host.load("m", {"OnBeginRequest": keep})
    host.fire()
    context, provider, request, response = kept

    def late(_: Native, __: Native) -> int:
        assert address(context.GetRequest()) == 0
        provider.SetErrorStatus(1)
        assert request.GetSiteId() == 0
        assert response.SetStatus(200, NULL, 0, 0, NULL, 0) < 0
        return FINISH

    other = Host()
    other.load("late", {"OnBeginRequest": late})
    other.fire()
    assert [v.split(" ")[0] for v in other.violations] == [
        "IHttpContext::GetRequest",
        "IHttpEventProvider::SetErrorStatus",
        "IHttpRequest::GetSiteId",
        "IHttpResponse::SetStatus",
    ]


# --- what IIS itself does


def test_without_content_it_is_a_404(host: Host) -> None:
    outgoing = host.fire()
    assert (outgoing.status, outgoing.substatus, outgoing.reason) == (404, 0, "Not Found")


def test_the_verb_of_a_module_counts_for_the_wire(host: Host) -> None:
    """SetHttpMethod: later stages see the new verb."""

    def begin(context: Native, provider: Native) -> int:
        assert request_of(context).SetHttpMethod(text(b"HEAD")) == 0
        write(context, b"body")
        return FINISH

    host.load("m", {"OnBeginRequest": begin})
    outgoing = host.fire()
    assert (outgoing.body, dict(outgoing.headers)["Content-Length"]) == ([], "4")


def test_objects_of_a_request_do_not_stay_alive(host: Host) -> None:
    from pyiismod.host import objects

    host.load("m", {"OnBeginRequest": lambda c, p: FINISH, "OnSendResponse": lambda c, p: CONTINUE})
    host.fire()
    live = len(objects._live)
    for _ in range(20):
        host.fire()
    assert len(objects._live) == live
    assert of(host.iis.server).IsCommandLineLaunch() == 0
