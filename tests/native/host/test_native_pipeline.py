"""Which handler of which real module runs when, and what its status does. Docstrings name the fact sheet's section."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pyiismod import ModuleHung, Server
from pyiismod.abi.notifications import REQUEST

Dll = Callable[[str], Path]
Make = Callable[..., Server]

EVENTS = [n for n in REQUEST if n.post_handler]
HANDLERS = [h for n in EVENTS for h in (n.handler, n.post_handler)]
NAMES = [str(h).removeprefix("On") for h in HANDLERS]
LAST = NAMES[NAMES.index("LogRequest") :]


def order(header: str) -> list[str]:
    return header.split(", ")


@pytest.fixture
def two(server: Make, dll: Dll) -> Callable[..., Server]:
    """Load order_a and order_b as ``IISMOD_ORDER_A`` and ``…_B`` say: "EVENTS,POST,PRIORITY"."""

    def load(a: str, b: str, *, swapped: bool = False) -> Server:
        iis = server(environment={"IISMOD_ORDER_A": a, "IISMOD_ORDER_B": b})
        for name in ("order_b", "order_a") if swapped else ("order_a", "order_b"):
            iis.load(dll(f"{name}.msvc"))
        return iis

    return load


@pytest.mark.parametrize("name", ["all_notifications", "all_notifications.msvc"])
def test_every_handler_in_its_slot(name: str, server: Make, dll: Dll) -> None:
    """2.1: all deterministic events with their post halves, then the final send."""
    iis = server()
    iis.load(dll(name))
    response = iis.get("/")
    seen = [each for each in order(response.headers["X-Order"]) if each != "all:MapPath"]
    assert seen == [f"all:{n}" for n in (*NAMES, "SendResponse")]
    told = [(e.method, e.notification, e.post) for e in response.trace.notifications]
    expected = [(h, n.name, h == n.post_handler) for n in EVENTS for h in (n.handler, n.post_handler)]
    assert told[-1] == ("OnSendResponse", "RQ_SEND_RESPONSE", False)
    nested = ("OnMapPath", "OnReadEntity", "OnCustomRequestNotification")
    assert [each for each in told[:-1] if each[0] not in nested] == expected
    assert response.trace.violations == ()


def test_two_modules_take_turns(two: Callable[..., Server]) -> None:
    """2.1: all OnX in the order of <modules>, then all OnPostX, then the next event."""
    told = order(two("FFF,FFF", "FFF,FFF").get("/").headers["X-Order"])
    assert told == [f"{module}:{name}" for name in NAMES for module in "ab"]


def test_the_order_of_loading_is_the_order_of_modules(two: Callable[..., Server]) -> None:
    """1.3: ties by position in <modules>."""
    assert order(two("1", "1", swapped=True).get("/").headers["X-Order"]) == ["b:BeginRequest", "a:BeginRequest"]


@pytest.mark.parametrize(("a", "b"), [("LAST", "FIRST"), ("LOW", "MEDIUM"), ("MEDIUM", "HIGH"), ("HIGH", "FIRST")])
def test_priorities(a: str, b: str, two: Callable[..., Server]) -> None:
    """1.3: the alias decides first; EXECUTE_REQUEST_HANDLER ignores it; SEND_RESPONSE is inverted twice."""
    told = order(two(f"20000083,0,{a}", f"20000083,0,{b}").get("/").headers["X-Order"])
    assert told == [
        "b:BeginRequest",
        "a:BeginRequest",
        "b:AuthenticateRequest",
        "a:AuthenticateRequest",
        "a:ExecuteRequestHandler",
        "b:ExecuteRequestHandler",
        "a:SendResponse",
        "b:SendResponse",
    ]


def test_send_response_from_bottom_to_top(two: Callable[..., Server]) -> None:
    """1.3: equal priorities, and the <modules> order walked backwards."""
    assert order(two("20000000", "20000000").get("/").headers["X-Order"]) == ["b:SendResponse", "a:SendResponse"]


@pytest.mark.parametrize("name", ["priorities", "priorities.msvc"])
def test_priorities_as_registered(name: str, server: Make, dll: Dll) -> None:
    """1.2: a mask of several bits, a global event, post halves through IHttpModuleRegistrationInfo2."""
    assert server().load(dll(name)).registration.priorities == {
        "RQ_BEGIN_REQUEST": "FIRST",
        "RQ_AUTHENTICATE_REQUEST": "HIGH",
        "RQ_AUTHORIZE_REQUEST": "HIGH",
        "RQ_SEND_RESPONSE": "LAST",
        "RQ_END_REQUEST": "LOW",
        "post RQ_END_REQUEST": "FIRST",
        "GL_APPLICATION_START": "HIGH",
    }


def test_finish_from_every_event(server: Make, dll: Dll) -> None:
    """2.3: what is left of the event, its post half and all between are skipped; LOG, END and the send still run."""
    iis = server()
    iis.load(dll("finish.msvc"))
    for name in NAMES:
        response = iis.get(f"/?{name}")
        before = NAMES[: NAMES.index(name) + 1]
        rest = NAMES[len(before) :] if name in LAST else LAST
        assert order(response.headers["X-Order"]) == [*before, *rest, "SendResponse"], name
        violations = [v.split(" (")[0] for v in response.trace.violations]
        assert violations == ([f"On{name}"] if name in LAST else [])


def test_finish_from_send_response_counts_as_continue(server: Make, dll: Dll) -> None:
    """Section 7."""
    iis = server()
    iis.load(dll("finish.msvc"))
    response = iis.get("/?SendResponse")
    assert order(response.headers["X-Order"]) == [*NAMES, "SendResponse"]
    assert [v.split(" (")[0] for v in response.trace.violations] == ["OnSendResponse"]


def test_a_module_that_never_began_still_gets_the_end(server: Make, dll: Dll) -> None:
    """2.3: END_REQUEST without BEGIN_REQUEST; section 6, item 21."""
    iis = server(environment={"IISMOD_ORDER_A": "C01,0"})
    iis.load(dll("hello.msvc"))
    iis.load(dll("order_a.msvc"))
    response = iis.get("/")
    assert response.text == "Hello World"
    assert order(response.headers["X-Order"]) == ["a:LogRequest", "a:EndRequest"]


@pytest.mark.parametrize("name", ["bad_status", "bad_status.msvc"])
def test_a_status_that_is_none(name: str, server: Make, dll: Dll) -> None:
    """2.3 (unconfirmed): reported, and treated as CONTINUE."""
    iis = server(environment={"IISMOD_ORDER_A": "2"})
    iis.load(dll(name))
    iis.load(dll("order_a"))
    response = iis.get("/")
    assert response.headers["X-Order"] == "a:AuthenticateRequest"
    assert 77 in [e.result for e in response.trace.notifications]
    (violation,) = response.trace.violations
    assert f"OnBeginRequest (RQ_BEGIN_REQUEST) of {name}.dll returned 77" in violation


@pytest.mark.parametrize("name", ["get_module_fails", "get_module_fails.msvc"])
def test_a_factory_that_fails(name: str, server: Make, dll: Dll) -> None:
    """2.2 (unconfirmed): 500, nothing of the module is called, the next request asks again."""
    iis = server()
    iis.load(dll(name))
    for _ in range(2):
        response = iis.get("/")
        assert (response.status, response.reason) == (500, "Internal Server Error")
        assert [(e.method, e.result) for e in response.trace] == [("GetHttpModule", "E_OUTOFMEMORY")]


@pytest.mark.parametrize("name", ["null_module", "null_module.msvc"])
def test_a_factory_that_gives_nothing_with_s_ok(name: str, server: Make, dll: Dll) -> None:
    """2.2: a crash in real life; flagged."""
    iis = server()
    iis.load(dll(name))
    response = iis.get("/")
    assert response.status == 500
    (violation,) = response.trace.violations
    assert "returned S_OK and no module" in violation


def test_pending_that_nothing_completes(server: Make, dll: Dll) -> None:
    """2.4: a named failure at the deadline; the server lives on with a fresh worker."""
    iis = server(timeout=5)
    iis.load(dll("style_async.msvc"))
    with pytest.raises(ModuleHung, match="RQ_NOTIFICATION_PENDING from OnExecuteRequestHandler") as caught:
        iis.get("/?never")
    assert caught.value.notification == "OnExecuteRequestHandler"
    assert iis.get("/?post").status == 200


@pytest.mark.parametrize("name", ["style_async", "style_async.msvc"])
@pytest.mark.parametrize("how", ["inline", "post", "indicate"])
@pytest.mark.parametrize("schedule", ["threaded", "inline", "early", 7])
def test_pending_that_the_module_completes(schedule: str | int, how: str, name: str, server: Make, dll: Dll) -> None:
    """2.4: PostCompletion and IndicateCompletion, from the handler and from a thread of the module's own."""
    iis = server()
    iis.load(dll(name))
    response = iis.request("GET", f"/?{how}", schedule=schedule)
    expected = "indicated" if how == "indicate" else f"completed {7 if how == 'inline' else 42} bytes"
    assert (response.status, response.text.partition(",")[0]) == (200, expected)
    assert response.trace.violations == ()


def test_streaming(server: Make, dll: Dll) -> None:
    """2.1: a flush fires SEND_RESPONSE there and the rest still runs; 5.3: late changes have no effect."""
    iis = server(environment={"IISMOD_ORDER_A": "20000800"})
    iis.load(dll("flush_early.msvc"))
    iis.load(dll("order_a.msvc"))
    response = iis.get("/")
    assert (response.status, response.text) == (200, "one two three")
    assert "X-Late" not in response.headers
    assert response.headers["Transfer-Encoding"] == "chunked"
    told = [e.method for e in response.trace.notifications]
    assert told == [
        "OnBeginRequest",
        "OnSendResponse",
        "OnSendResponse",
        "OnExecuteRequestHandler",
        "OnSendResponse",
        "OnEndRequest",
        "OnSendResponse",
    ]
    late = [v for v in response.trace.violations if "SetStatus" in v or "SetHeader" in v]
    assert len(late) == len(response.trace.violations) >= 2


@pytest.mark.parametrize(("count", "reason"), [(65534, "OK"), (70000, "Failed at 65534")])
def test_the_limit_of_chunks(count: int, reason: str, server: Make, dll: Dll) -> None:
    """5.3: 65534 chunks, then ERROR_ARITHMETIC_OVERFLOW."""
    iis = server()
    iis.load(dll("many_chunks.msvc"))
    response = iis.get(f"/?{count}")
    assert (response.reason, len(response.content)) == (reason, 65534)
    assert set(response.content) == {ord("x")}


@pytest.mark.parametrize("name", ["bad_late_context", "bad_late_context.msvc"])
def test_a_context_used_in_the_next_request(name: str, server: Make, dll: Dll) -> None:
    """Section 6, item 2: named, not followed."""
    iis = server()
    iis.load(dll(name))
    assert iis.get("/").trace.violations == ()
    second = iis.get("/")
    assert second.text == "kept"
    assert second.trace.violations == ("IHttpContext::GetResponse was called on an IHttpContext4 that has ended",)


@pytest.mark.parametrize("name", ["style_xff", "style_xff.msvc"])
@pytest.mark.parametrize(("priority", "is_late"), [("HIGH", True), ("FIRST", True), ("MEDIUM", False), ("LAST", False)])
def test_log_data(priority: str, is_late: bool, name: str, server: Make, dll: Dll) -> None:
    """3.2: there is log data on the last send only, and only for modules that are told late: with HIGH or FIRST."""
    iis = server(environment={"IISMOD_XFF_PRIORITY": priority})
    iis.load(dll("flush_early"))
    iis.load(dll(name))
    response = iis.get("/path?q=1", headers={"X-Forwarded-For": "203.0.113.9", "User-Agent": "me"})
    told = [event.args["text"] for event in response.trace if event.event == "output" and event.module == f"{name}.dll"]
    assert set(told[:-1]) == {"ready 0, more 1"}
    assert told[-1] == f"ready {int(is_late)}, more 0"
    expected = {"ClientIp": "203.0.113.9", "Method": "GET", "UriStem": "/path", "UriQuery": "q=1", "UserAgent": "me"}
    assert {key: response.log.get(key) for key in expected} == (expected if is_late else dict.fromkeys(expected))
    if is_late:
        assert (response.log["ServerPort"], response.log["ProtocolStatus"]) == (80, response.status)
        assert iis.get("/").log["ClientIp"] == "127.0.0.1"
        with iis.stream("GET", "/", headers={"X-Forwarded-For": "203.0.113.8"}) as streamed:
            streamed.read()
        assert streamed.log["ClientIp"] == "203.0.113.8"
