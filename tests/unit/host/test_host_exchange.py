"""One request through modules whose slots are Python functions: events, order, statuses (fact sheet 2.1, 2.3)."""

from __future__ import annotations

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
    noting,
    of,
    read_wide,
    request_of,
    response_of,
    text,
    told,
    wide,
    write_to,
)

from pyiismod.abi.notifications import REQUEST
from pyiismod.errors import WorkerError
from pyiismod.host.exchange import Exchange

EVENTS = [n for n in REQUEST if n.post_handler]
HANDLERS = [h for n in EVENTS for h in (n.handler, n.post_handler)]


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
        write_to(context, b"hi")
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
        write_to(context, b"early")
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
        write_to(context, b"late")
        return CONTINUE

    host.load("a", {"OnPostEndRequest": last})
    outgoing = host.fire()
    assert (outgoing.status, outgoing.body) == (302, [b"late"])


def test_a_flush_sends_there_and_the_rest_still_runs(host: Host) -> None:
    """2.1: systemweb-adapters #518."""
    notes: list[str] = []

    def flush(context: Native, provider: Native) -> int:
        write_to(context, b"one")
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


# --- what IIS itself does


def test_without_content_it_is_a_404(host: Host) -> None:
    outgoing = host.fire()
    assert (outgoing.status, outgoing.substatus, outgoing.reason) == (404, 0, "Not Found")


def test_the_verb_of_a_module_counts_for_the_wire(host: Host) -> None:
    """SetHttpMethod: later stages see the new verb."""

    def begin(context: Native, provider: Native) -> int:
        assert request_of(context).SetHttpMethod(text(b"HEAD")) == 0
        write_to(context, b"body")
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


def test_a_defect_of_ours_between_the_events_still_ends_the_request(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(x: Exchange, bit: int) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(Exchange, "_core", broken)
    host.load("m", {"OnBeginRequest": lambda c, p: CONTINUE})
    with pytest.raises(ZeroDivisionError):
        host.fire()
    assert host.disposed == ["m"]


def test_the_path_is_there_when_a_module_hears_of_its_mapping(host: Host) -> None:
    """3.5: MAP_PATH may come before BEGIN_REQUEST; the context answers all the same."""
    found: list[str] = []

    def map_path(context: Native, provider: Native) -> int:
        found.append(read_wide(context.GetPhysicalPath(NULL)))
        assert provider.SetPhysicalPath(wide("C:\\other"), 8) == 0
        return CONTINUE

    def begin(context: Native, provider: Native) -> int:
        found.append(read_wide(context.GetPhysicalPath(NULL)))
        return CONTINUE

    host.load("m", {"OnMapPath": map_path, "OnBeginRequest": begin})
    host.fire(target="/a.txt")
    assert found == ["C:\\inetpub\\wwwroot\\a.txt", "C:\\other"]
