"""Who is told of global notifications, in which order, and when (fact sheet 4, 1.3, 1.5)."""

from __future__ import annotations

from threading import Thread
from time import sleep
from typing import Any

import pytest
from globalcall import BITS, CONTINUE, HANDLED, let, load_global, notified
from nativecall import FINISH, NULL, Host, Native, of, read_wide, request_of, text, wide

from pyiismod.abi.application import IHttpApplication
from pyiismod.abi.context import IHttpContext4
from pyiismod.host._abi import ffi

GL_HEALTH_CHECK = 0x20


pytestmark = pytest.mark.usefixtures("pool")


def every(status: int = CONTINUE) -> dict[str, Any]:
    """Return a handler for each notification."""
    return {method: lambda *_: status for method in BITS}


# --- order


def test_the_alias_decides_then_the_order_of_registration(host: Host) -> None:
    """1.3: FIRST, HIGH, MEDIUM, LOW, LAST; MEDIUM without one; first come, first told among equals."""
    for name, alias in (("a", "LAST"), ("b", ""), ("c", "LOW"), ("d", "HIGH"), ("e", "MEDIUM"), ("f", "FIRST")):
        load_global(
            host,
            name,
            {"OnGlobalHealthCheck": lambda: CONTINUE},
            priorities=[(GL_HEALTH_CHECK, alias)] if alias else (),
        )
    let(host, "GL_HEALTH_CHECK")
    assert notified(host) == [f"{name} GL_HEALTH_CHECK" for name in "fdbeca"]


def test_handled_is_the_end(host: Host) -> None:
    """4: no further module gets this one; the next notification starts afresh."""
    load_global(host, "a", {"OnGlobalHealthCheck": lambda: CONTINUE})
    load_global(host, "b", {"OnGlobalHealthCheck": lambda: HANDLED})
    load_global(host, "c", {"OnGlobalHealthCheck": lambda: CONTINUE})
    for _ in range(2):
        let(host, "GL_HEALTH_CHECK")
    assert notified(host) == ["a GL_HEALTH_CHECK", "b GL_HEALTH_CHECK"] * 2
    event = next(e for e in host.timeline.events if e.module == "b.dll")
    assert (event.interface, event.method) == ("CGlobalModule", "OnGlobalHealthCheck")
    assert event.result == "GL_NOTIFICATION_HANDLED"


@pytest.mark.parametrize("status", [2, 77, -1])
def test_an_unknown_status_counts_as_continue(status: int, host: Host) -> None:
    load_global(host, "odd", {"OnGlobalHealthCheck": lambda: status})
    load_global(host, "next", {"OnGlobalHealthCheck": lambda: CONTINUE})
    let(host, "GL_HEALTH_CHECK")
    assert notified(host)[-1] == "next GL_HEALTH_CHECK"
    assert host.violations == [
        f"OnGlobalHealthCheck (GL_HEALTH_CHECK) of odd.dll returned {status}; it counts as CONTINUE"
    ]


def test_only_registered_bits_are_ever_read(host: Host) -> None:
    """Section 0: a vtable of an older header ends early. Behind this one's two slots there is nothing to call."""
    table = ffi.new("uintptr_t[4]")
    called: list[int] = []
    stop = ffi.callback("CGlobalModule_OnGlobalStopListening", lambda this, provider: called.append(0) or CONTINUE)
    cleanup = ffi.callback("CGlobalModule_OnGlobalCacheCleanup", lambda this: called.append(1) or CONTINUE)
    table[0], table[1] = (int(ffi.cast("uintptr_t", each)) for each in (stop, cleanup))
    thing = ffi.new("uintptr_t[1]", [int(ffi.cast("uintptr_t", table))])
    module = load_global(host, "old", {})
    assert module.registration is not None
    module.registration.global_module, module.registration.global_mask = ffi.cast("void *", thing), 0x2 | 0x4
    host.iis.replan()
    for notification in ("GL_HEALTH_CHECK", "GL_SUSPEND_PROCESS", "GL_APPLICATION_PRELOAD", "GL_STOP_LISTENING"):
        let(host, notification)
    host.fire()
    host.iis.global_modules.tell(0x4, host.timeline)
    assert called == [0, 1]


@pytest.mark.parametrize(("version", "preload", "suspend"), [("7.0", 0, 0), ("7.5", 1, 0), ("8.5", 1, 1)])
def test_an_older_iis_does_not_raise_what_a_newer_one_brought(version: str, preload: int, suspend: int) -> None:
    """4: preload since 7.5, suspension since 8.5."""
    host = Host(iis_version=version)
    load_global(host, "m", every())
    let(host, "GL_APPLICATION_PRELOAD")
    let(host, "GL_SUSPEND_PROCESS")
    told = [name for name in notified(host) if "PRELOAD" in name or "SUSPEND" in name]
    assert told == ["m GL_APPLICATION_PRELOAD"] * preload + ["m GL_SUSPEND_PROCESS"] * suspend


# --- requests


def test_around_the_first_request_and_the_second(host: Host) -> None:
    """4: resolve, start, PRE_BEGIN before BEGIN_REQUEST; the thread is cleaned up afterwards; a second is started."""
    load_global(host, "g", {m: h for m, h in every().items() if m != "OnGlobalCacheOperation"})
    host.load("r", {"OnBeginRequest": lambda context, provider: FINISH})
    start = ["g GL_APPLICATION_RESOLVE_MODULES", "g GL_APPLICATION_START"]
    request = ["g GL_PRE_BEGIN_REQUEST", "r RQ_BEGIN_REQUEST", "g GL_THREAD_CLEANUP"]
    host.fire()
    assert notified(host) == start + request
    host.fire()
    assert notified(host) == request


def test_the_context_before_the_beginning(host: Host) -> None:
    """4 and 5.2: PRE_BEGIN_REQUEST gives the context, and SetUrl still counts there; MAP_PATH comes later."""
    seen: list[str] = []

    def pre_begin(provider: Native) -> int:
        context = Native(provider.GetHttpContext(), IHttpContext4)
        seen.append(read_wide(context.GetScriptName(NULL)))
        assert request_of(context).SetUrl_a(text(b"/other"), 6, 1) == 0
        return HANDLED

    def map_path(context: Native, provider: Native) -> int:
        seen.append(read_wide(provider.GetUrl()))
        return CONTINUE

    def begin(context: Native, provider: Native) -> int:
        seen.append(read_wide(context.GetScriptName(NULL)))
        return FINISH

    load_global(host, "g", {"OnGlobalPreBeginRequest": pre_begin})
    load_global(host, "late", {"OnGlobalPreBeginRequest": lambda provider: CONTINUE})
    host.load("r", {"OnMapPath": map_path, "OnBeginRequest": begin})
    host.fire(target="/first")
    assert seen[0] == "/first"
    assert set(seen[1:]) == {"/other"}
    assert "late GL_PRE_BEGIN_REQUEST" not in notified(host)


def test_application_providers(host: Host) -> None:
    """4: start, stop and thread clean-up have the application."""
    seen: list[str] = []

    def note(provider: Native) -> int:
        application = Native(provider.GetApplication(), IHttpApplication)
        assert provider.SetErrorStatus(-1) is None
        seen.append(read_wide(application.GetApplicationId()))
        return CONTINUE

    handlers = ("OnGlobalApplicationStart", "OnGlobalApplicationStop", "OnGlobalThreadCleanup")
    load_global(host, "g", dict.fromkeys(handlers, note))
    host.fire()
    host.iis.unload(host.timeline)
    assert seen == ["/LM/W3SVC/1/ROOT"] * 3
    assert notified(host) == [
        "g GL_APPLICATION_START",
        "g GL_THREAD_CLEANUP",
        "g GL_APPLICATION_STOP",
    ]


def test_requests_wait_until_the_application_has_started(host: Host) -> None:
    """4: before its first request runs."""
    order: list[str] = []

    def start(provider: Native) -> int:
        order.append("start")
        others = [Thread(target=host.fire) for _ in range(3)]
        for other in others:
            other.start()
        threads.extend(others)
        others[0].join(0.05)
        order.append("started")
        return CONTINUE

    def begin(context: Native, provider: Native) -> int:
        order.append("request")
        return FINISH

    threads: list[Thread] = []
    load_global(host, "g", {"OnGlobalApplicationStart": start})
    host.load("r", {"OnBeginRequest": begin})
    host.fire()
    for thread in threads:
        thread.join()
    assert order == ["start", "started", *["request"] * 4]


def test_a_recycled_application_stops_when_its_last_request_has_left(host: Host) -> None:
    """1.5: APPLICATION_STOP may come on a change of configuration while the process lives; the next request starts."""
    applications: list[int] = []

    def begin(context: Native, provider: Native) -> int:
        applications.append(int(ffi.cast("uintptr_t", context.GetApplication())))
        path = Native(context.GetApplication(), IHttpApplication).GetAppConfigPath()
        of(host.iis.server).RecycleApplication(wide("MACHINE/WEBROOT/APPHOST/Another"))
        of(host.iis.server).RecycleApplication(path)
        return FINISH

    load_global(host, "g", {m: lambda p: CONTINUE for m in ("OnGlobalApplicationStart", "OnGlobalApplicationStop")})
    host.load("r", {"OnBeginRequest": begin})
    cycle = ["g GL_APPLICATION_START", "r RQ_BEGIN_REQUEST", "g GL_APPLICATION_STOP"]
    for _ in range(2):
        host.fire()
        assert notified(host) == cycle
    assert len(applications) == 2


def test_an_idle_application_stops_at_once(host: Host) -> None:
    load_global(host, "g", {"OnGlobalApplicationStop": lambda p: CONTINUE})
    let(host, "GL_CONFIGURATION_CHANGE", flag=True)
    assert notified(host) == []
    host.fire()
    let(host, "GL_CONFIGURATION_CHANGE", flag=True)
    let(host, "GL_CONFIGURATION_CHANGE", flag=True)
    assert notified(host) == ["g GL_APPLICATION_STOP"]


# --- the end


def test_stop_listening_is_never_concurrent(host: Host) -> None:
    """1.5: more than once perhaps, but never at the same time; on a thread of the pool."""
    inside: list[int] = []
    most: list[int] = []

    def stop(provider: Native) -> int:
        inside.append(1)
        most.append(len(inside))
        sleep(0.002)
        inside.pop()
        return CONTINUE

    load_global(host, "g", {"OnGlobalStopListening": stop})
    threads = [Thread(target=let, args=(host, "GL_STOP_LISTENING")) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 8
