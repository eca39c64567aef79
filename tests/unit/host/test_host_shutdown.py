"""The end of a process in every order, and modules that live with the application only (fact sheet 1.5 and 4)."""

from __future__ import annotations

from threading import Event, Thread
from typing import Any

import pytest
from globalcall import CONTINUE, let, load_global, notified
from nativecall import (
    ALREADY_EXISTS,
    FILE_NOT_FOUND,
    FINISH,
    INVALID_PARAMETER,
    NULL,
    Host,
    Native,
    make,
    wide,
)

from pyiismod.host._abi import ffi
from pyiismod.host.applicationlife import Gone
from pyiismod.host.settings import SHUTDOWNS
from pyiismod.host.shutdown import ORDERS

pytestmark = pytest.mark.usefixtures("pool")

BEGIN, READ_ENTITY = 0x1, 0x40000000
STOP, LEAVE, CLEANUP = "GL_STOP_LISTENING", "GL_APPLICATION_STOP", "GL_CACHE_CLEANUP"
ENDS = {
    "normal": [STOP, LEAVE, CLEANUP],
    "stop_listening_twice": [STOP, STOP, LEAVE, CLEANUP],
    "no_stop_listening": [LEAVE, CLEANUP],
    "late_stop_listening": [LEAVE, CLEANUP, STOP],
    "cache_cleanup_first": [STOP, CLEANUP, LEAVE],
    "factory_first": [STOP, LEAVE, CLEANUP],
    "detach_first": [STOP, LEAVE, CLEANUP],
}


def ending(host: Host, ends: list[str], name: str = "g") -> None:
    """Load a module that hears of the end, and has a factory."""

    def note(notification: str) -> Any:
        return lambda *_: ends.append(f"{name} {notification}") or CONTINUE

    handlers = {
        "OnGlobalStopListening": note(STOP),
        "OnGlobalApplicationStop": note(LEAVE),
        "OnGlobalCacheCleanup": note(CLEANUP),
    }
    factory = make("IHttpModuleFactory", {"Terminate": lambda: ends.append(f"{name} factory")})
    load_global(host, name, handlers, factory=factory, mask=READ_ENTITY, ends=ends)


def test_all_orders_have_names() -> None:
    assert tuple(ORDERS) == SHUTDOWNS == tuple(ENDS)
    with pytest.raises(ValueError, match="unknown shutdown 'sudden'; known are normal, "):
        Host(shutdown="sudden")


@pytest.mark.parametrize("order", ENDS)
def test_the_end(order: str) -> None:
    """1.5: the global module's Terminate comes before the factory's, both once, after all notifications."""
    host, ends = Host(shutdown=order), list[str]()
    ending(host, ends)
    host.iis.application.enter(host.timeline)
    host.iis.application.leave(host.timeline)
    host.iis.unload(host.timeline)
    last = ["g factory", "g global"] if order == "factory_first" else ["g global", "g factory"]
    assert ends == [f"g {name}" for name in ENDS[order]] + last
    host.iis.unload(host.timeline)
    assert len(ends) == len(ENDS[order]) + 2


def test_modules_end_last_loaded_first(host: Host) -> None:
    """Unconfirmed (1.5); and an application that never started does not stop."""
    ends: list[str] = []
    ending(host, ends, "a")
    ending(host, ends, "b")
    host.iis.unload(host.timeline)
    assert ends == [
        *(f"{name} {told}" for told in (STOP, CLEANUP) for name in "ab"),
        *("b global", "b factory", "a global", "a factory"),
    ]


def test_an_end_of_listening_that_was_told_is_not_told_again(host: Host) -> None:
    """1.5; and requests may still come after it."""
    ends: list[str] = []
    ending(host, ends)
    host.load("r", {"OnBeginRequest": lambda context, provider: FINISH})
    let(host, STOP)
    ends.clear()
    host.fire()
    assert "r RQ_BEGIN_REQUEST" in notified(host)
    host.iis.unload(host.timeline)
    assert f"g {STOP}" not in ends


def test_requests_drain_before_the_application_stops(host: Host) -> None:
    """1.5: outstanding requests drain after STOP_LISTENING; what comes later is not let in."""
    order: list[str] = []
    inside, go = Event(), Event()

    def begin(context: Native, provider: Native) -> int:
        inside.set()
        assert go.wait(30)
        order.append("request")
        return FINISH

    def stop(provider: Native) -> int:
        order.append("stop listening")
        go.set()
        return CONTINUE

    handlers = {"OnGlobalStopListening": stop, "OnGlobalApplicationStop": lambda p: order.append("stop") or CONTINUE}
    load_global(host, "g", handlers)
    host.load("r", {"OnBeginRequest": begin})
    thread = Thread(target=host.fire)
    thread.start()
    assert inside.wait(30)
    host.iis.unload(host.timeline)
    thread.join()
    assert order == ["stop listening", "request", "stop"]
    with pytest.raises(Gone):
        host.fire()


# --- modules that are registered while the application's modules are resolved


def resolving(host: Host, ends: list[str], register: Any) -> None:
    def resolve(provider: Native) -> int:
        register(provider)
        return CONTINUE

    load_global(host, "parent", {"OnGlobalApplicationResolveModules": resolve}, ends=ends)


def factory_of(ends: list[str], name: str, order: list[str]) -> Any:
    def begin(context: Any, provider: Any) -> int:
        order.append(name)
        return CONTINUE

    instance = make("CHttpModule", {"OnBeginRequest": begin, "Dispose": lambda: None})

    def create(ppModule: Any, allocator: Any) -> int:
        ppModule[0] = instance
        return 0

    return make("IHttpModuleFactory", {"GetHttpModule": create, "Terminate": lambda: ends.append(f"{name} factory")})


def register(
    provider: Native, parent: int, factory: Any, name: str | None, condition: str = "", mask: int = BEGIN
) -> int:
    texts = [wide(name) if name is not None else NULL, wide("Some.Type"), wide(condition) if condition else NULL]
    return provider.RegisterModule(ffi.cast("void *", parent), factory, *texts, mask, 0)


def test_resolved_modules_take_part_in_requests(host: Host) -> None:
    """4: after those of <modules>, by priority; until the application stops, which ends their factories."""
    ends: list[str] = []
    order: list[str] = []

    def resolve(provider: Native) -> None:
        assert provider.GetApplication() != NULL
        for name in ("late", "early", "never"):
            condition = "bitness32" if name == "never" else "bitness64,integratedMode"
            assert register(provider, 1, factory_of(ends, name, order), name, condition) == 0
        priority = provider.SetPriorityForRequestNotification
        assert priority(wide("early"), BEGIN, wide("FIRST")) == 0
        assert priority(wide("early"), BEGIN, wide("SOON")) == INVALID_PARAMETER
        assert priority(wide("nobody"), BEGIN, wide("FIRST")) == INVALID_PARAMETER
        assert priority(NULL, BEGIN, wide("FIRST")) == INVALID_PARAMETER

    resolving(host, ends, resolve)
    host.load("own", {"OnBeginRequest": lambda c, p: order.append("own") or CONTINUE})
    host.fire()
    host.fire()
    assert order == ["early", "own", "late"] * 2
    assert [e.module for e in host.timeline.events if e.notification == "RQ_BEGIN_REQUEST"] == [
        "parent.dll",
        "own.dll",
        "parent.dll",
    ]
    host.iis.application.recycle(host.timeline)
    assert ends == ["late factory", "early factory"]
    ends.clear()
    host.fire()
    assert order == ["early", "own", "late"] * 3
    host.iis.unload(host.timeline)
    assert ends == ["late factory", "early factory", "parent global"]


def test_a_registration_that_is_refused(host: Host) -> None:
    """4: ERROR_FILE_NOT_FOUND for an unknown parent, ERROR_INVALID_PARAMETER for what is missing."""
    results: list[int] = []
    order: list[str] = []

    def resolve(provider: Native) -> None:
        factory = factory_of([], "x", order)
        results.append(register(provider, 99, factory, "x"))
        results.append(register(provider, 0, factory, "x"))
        results.append(register(provider, 1, NULL, "x"))
        results.append(register(provider, 1, factory, None))
        results.append(register(provider, 1, factory, "parent"))
        results.append(register(provider, 1, factory, "x", mask=READ_ENTITY))
        results.append(register(provider, 1, factory, "x"))

    resolving(host, [], resolve)
    host.fire()
    assert results == [
        FILE_NOT_FOUND,
        INVALID_PARAMETER,
        INVALID_PARAMETER,
        INVALID_PARAMETER,
        ALREADY_EXISTS,
        0,
        ALREADY_EXISTS,
    ]
    assert order == []


def test_one_factory_for_several_modules_ends_once(host: Host) -> None:
    """1.5: exactly once; a factory that RegisterModule had too ends with its module."""
    ends: list[str] = []
    order: list[str] = []
    own, shared = factory_of(ends, "own", order), factory_of(ends, "shared", order)

    def resolve(provider: Native) -> int:
        for name, factory in (("a", shared), ("b", shared), ("c", own)):
            assert register(provider, 1, factory, name) == 0
        return CONTINUE

    load_global(host, "g", {"OnGlobalApplicationResolveModules": resolve}, factory=own, mask=BEGIN, ends=ends)
    host.fire()
    assert order == ["own", "shared", "shared", "own"]
    host.iis.unload(host.timeline)
    assert ends == ["shared factory", "g global", "own factory"]


def test_a_module_that_comes_later_sees_the_application_start(host: Host) -> None:
    """Ours: IIS loads all modules first; here a load recycles the application."""
    load_global(host, "a", {m: lambda p: CONTINUE for m in ("OnGlobalApplicationStart", "OnGlobalApplicationStop")})
    host.fire()
    host.iis.application.recycle(host.timeline)
    load_global(host, "b", {"OnGlobalApplicationStart": lambda p: CONTINUE})
    assert notified(host) == ["a GL_APPLICATION_START", "a GL_APPLICATION_STOP"]
    host.fire()
    assert notified(host) == ["a GL_APPLICATION_START", "b GL_APPLICATION_START"]
