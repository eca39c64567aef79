"""Module objects from GetHttpModule to Dispose (fact sheet 2.2), and what is used after its end (section 6)."""

from __future__ import annotations

from typing import Any

import pytest
from nativecall import (
    CONTINUE,
    FINISH,
    NULL,
    Host,
    Native,
    address,
    make,
    noting,
    request_of,
    response_of,
    told,
)

from pyiismod.host._abi import ffi
from pyiismod.host.context import Context

E_OUTOFMEMORY = 0x8007000E - (1 << 32)


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
    host.iis.replan()
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
