"""What global notifications are given, provider by provider (fact sheet 4)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from globalcall import CONTINUE, HANDLED, let, load_global, notified
from nativecall import (
    E_NOTIMPL,
    FINISH,
    INVALID_PARAMETER,
    NOT_SUPPORTED,
    NULL,
    Host,
    Native,
    address,
    make,
    of,
    read_wide,
    request_of,
    response_of,
    text,
    wide,
    write_body,
)

from pyiismod.abi.context import IHttpContext4
from pyiismod.abi.file import IHttpFileMonitor
from pyiismod.host._abi import ffi

pytestmark = pytest.mark.usefixtures("pool")

E_INVALIDARG = INVALID_PARAMETER


# --- changes


def test_a_change_of_configuration(host: Host) -> None:
    """4 and section 0: GetChangePath returns the path; NotifyConfigurationChange raises it inside the call."""
    paths: list[str] = []

    def change(provider: Native) -> int:
        paths.append(read_wide(provider.GetChangePath()))
        return CONTINUE

    load_global(host, "g", {"OnGlobalConfigurationChange": change})
    of(host.iis.server).NotifyConfigurationChange(wide("MACHINE/WEBROOT"))
    let(host, "GL_CONFIGURATION_CHANGE")
    let(host, "GL_CONFIGURATION_CHANGE", "MACHINE")
    assert paths == ["MACHINE/WEBROOT", "MACHINE/WEBROOT/APPHOST/Default Web Site", "MACHINE"]


def test_a_change_of_configuration_forgets_what_is_known_of_urls(host: Host) -> None:
    """5.5: iisnode keeps its configuration with the metadata; a context of its own ends when that is read anew."""
    known = host.iis.process.metadata("/")
    let(host, "GL_CONFIGURATION_CHANGE")
    assert host.iis.process.metadata("/") is not known
    known.drop()


def test_a_change_of_a_file(host: Host, tmp_path: Path) -> None:
    """4: GetFileName; GetFileMonitor is the watch that saw it, one notification each; NULL when nobody watches."""
    seen: list[tuple[str, int]] = []

    def change(provider: Native) -> int:
        seen.append((read_wide(provider.GetFileName()), address(provider.GetFileMonitor())))
        return CONTINUE

    load_global(host, "g", {"OnGlobalFileChange": change})
    server, changed = of(host.iis.server), str(tmp_path / "A" / "b.txt")
    server.NotifyFileChange(wide(changed))
    monitors = ffi.new("void *[3]")
    for i, path in enumerate((tmp_path, tmp_path, Path(__file__))):
        assert server.RegisterFileChangeMonitor(wide(str(path)), NULL, monitors + i) == 0
    let(host, "GL_FILE_CHANGE", changed.upper())
    assert seen == [(changed, 0), (changed.upper(), address(monitors[0])), (changed.upper(), address(monitors[1]))]
    for monitor in monitors:
        Native(monitor, IHttpFileMonitor).DereferenceFileMonitor()
    seen.clear()
    let(host, "GL_FILE_CHANGE", changed)
    assert seen == [(changed, 0)]


@pytest.mark.parametrize("graceful", [False, True])
def test_the_end_of_listening(graceful: bool, host: Host) -> None:
    """4: DrainRequestsGracefully is TRUE on recycle and FALSE when IIS stops."""
    seen: list[int] = []
    load_global(host, "g", {"OnGlobalStopListening": lambda p: seen.append(p.DrainRequestsGracefully()) or CONTINUE})
    let(host, "GL_STOP_LISTENING", flag=graceful)
    assert seen == [int(graceful)]


# --- questions


def test_an_answer_in_a_buffer_of_the_host(host: Host) -> None:
    """4: the buffer grows and keeps what it is told to; the answer is what SetResult says."""

    def answer(provider: Native) -> int:
        buffer = ffi.new("BYTE **")
        assert read_wide(provider.GetFunctionName()) == "Name ä"
        assert read_wide(provider.GetFunctionParameters()) == "a,b"
        assert provider.GetOutputBuffer(4, buffer) == 0
        ffi.memmove(buffer[0], b"data", 4)
        assert provider.ResizeOutputBuffer(3, 4, buffer) == E_INVALIDARG
        assert provider.ResizeOutputBuffer(5000, 4, buffer) == 0
        assert ffi.buffer(buffer[0], 4)[:] == b"data"
        ffi.memmove(buffer[0] + 4, b"\0more", 5)
        provider.SetResult(9, 1)
        return CONTINUE

    load_global(host, "g", {"OnGlobalRSCAQuery": answer})
    outcome = let(host, "GL_RSCA_QUERY", "Name ä", "a,b")
    assert (outcome.hresult, outcome.data) == (1, b"data\0more")
    assert host.violations == []


def test_no_answer(host: Host) -> None:
    """4: E_NOTIMPL is the result when nobody sets one, registered or not."""
    assert let(host, "GL_RSCA_QUERY", "Name").hresult == E_NOTIMPL
    load_global(host, "g", {"OnGlobalRSCAQuery": lambda provider: CONTINUE})
    outcome = let(host, "GL_RSCA_QUERY", "Name")
    assert (outcome.hresult, outcome.data) == (E_NOTIMPL, b"")


def test_sizes_that_are_not_there(host: Host) -> None:
    """Bad input: neither copies nor results reach beyond the buffer."""

    def answer(provider: Native) -> int:
        buffer = ffi.new("BYTE **")
        assert provider.GetOutputBuffer(4, NULL) == E_INVALIDARG
        provider.SetResult(1, 0)
        assert provider.GetOutputBuffer(2, buffer) == 0
        ffi.memmove(buffer[0], b"ab", 2)
        assert provider.ResizeOutputBuffer(100, 50, buffer) == 0
        assert ffi.buffer(buffer[0], 2)[:] == b"ab"
        assert provider.GetOutputBuffer(0, buffer) == 0
        provider.SetResult(0xFFFFFFFF, 0)
        return CONTINUE

    load_global(host, "g", {"OnGlobalRSCAQuery": answer})
    outcome = let(host, "GL_RSCA_QUERY", "Name")
    assert (outcome.hresult, outcome.data) == (0, b"")
    assert host.violations == [
        "SetResult claims 1 bytes in a buffer of 0",
        "ResizeOutputBuffer copies 50 bytes of a buffer of 2",
        "SetResult claims 4294967295 bytes in a buffer of 0",
    ]


# --- notifications between modules


def test_a_custom_notification(host: Host) -> None:
    """3.4: the provider is the caller's own, and the status comes back directly."""
    types: list[str] = []
    kind = wide("my.type")

    def custom(provider: Native) -> int:
        types.append(read_wide(provider.QueryNotificationType()))
        return HANDLED

    server = of(host.iis.server)
    mine = make("ICustomNotificationProvider", {"QueryNotificationType": lambda: kind})
    assert server.NotifyCustomNotification(mine) == CONTINUE
    load_global(host, "g", {"OnGlobalCustomNotification": custom})
    assert server.NotifyCustomNotification(mine) == HANDLED
    assert server.NotifyCustomNotification(NULL) == CONTINUE
    assert types == ["my.type"]


def test_an_unhealthy_process_is_checked_and_replaced(host: Host) -> None:
    """4 and 5.4: HEALTH_CHECK is raised by ReportUnhealthy, which then fails the worker."""
    load_global(host, "g", {"OnGlobalHealthCheck": lambda: CONTINUE})
    let(host, "GL_HEALTH_CHECK")
    assert (notified(host), host.iis.occurrences.recycling) == (["g GL_HEALTH_CHECK"], "")
    of(host.iis.server).ReportUnhealthy(wide("tired"), -1)
    assert host.iis.occurrences.recycling == "ReportUnhealthy: tired"
    of(host.iis.server).ReportUnhealthy(NULL, -1)
    of(host.iis.server).RecycleProcess(wide("asked"))
    assert host.iis.occurrences.recycling == "RecycleProcess: asked"


def test_suspension_leaves_callbacks_and_whatever_comes_resumes(host: Host) -> None:
    """4: OnSuspendProcess has an out parameter; Resume is called once on what a module left there."""
    resumed: list[str] = []

    def leave(name: str, status: int) -> Callable[[Any], int]:
        callback = make("IGlobalSuspendProcessCallback", {"Resume": lambda: resumed.append(name) or 0})

        def suspend(pCallback: Any) -> int:
            assert pCallback[0] == NULL
            pCallback[0] = callback
            return status

        return suspend

    load_global(host, "a", {"OnSuspendProcess": leave("a", CONTINUE)})
    load_global(host, "none", {"OnSuspendProcess": lambda pCallback: CONTINUE})
    load_global(host, "b", {"OnSuspendProcess": leave("b", HANDLED)})
    load_global(host, "c", {"OnSuspendProcess": leave("c", CONTINUE)})
    let(host, "GL_SUSPEND_PROCESS", flag=True)
    assert resumed == []
    for wake in (lambda: let(host, "GL_SUSPEND_PROCESS", flag=True), host.fire, lambda: let(host, "GL_HEALTH_CHECK")):
        let(host, "GL_SUSPEND_PROCESS")
        assert resumed == []
        wake()
        assert resumed == ["a", "b"]
        host.fire()
        assert resumed == ["a", "b"]
        resumed.clear()


# --- preload


def test_a_preload_makes_requests_of_its_own(host: Host) -> None:
    """4: CreateContext, then SetUrl, then ExecuteRequest; such a request has no connection (section 6, 23)."""
    seen: list[tuple[str, bool]] = []

    def preload(provider: Native) -> int:
        assert provider.IsProcessRecycled() == 1
        out = ffi.new("void **")
        assert provider.CreateContext(NULL) == INVALID_PARAMETER
        assert provider.ExecuteRequest(NULL, NULL) == INVALID_PARAMETER
        for path in (b"/one", b"/two"):
            assert provider.CreateContext(out) == 0
            context = Native(out[0], IHttpContext4)
            assert request_of(context).SetUrl_a(text(path), len(path), 1) == 0
            assert provider.ExecuteRequest(out[0], NULL) == 0
            assert provider.ExecuteRequest(out[0], NULL) == NOT_SUPPORTED
        return CONTINUE

    def begin(context: Native, provider: Native) -> int:
        seen.append((read_wide(context.GetScriptName(NULL)), context.GetConnection() != NULL))
        write_body(response_of(context), b"warm")
        return FINISH

    load_global(host, "g", {"OnGlobalApplicationPreload": preload, "OnGlobalApplicationStart": lambda p: CONTINUE})
    host.load("r", {"OnBeginRequest": begin})
    outcome = let(host, "GL_APPLICATION_PRELOAD", flag=True)
    assert seen == [("/one", False), ("/two", False)]
    assert [b"".join(response.body) for response in outcome.responses] == [b"warm"] * 2
    assert notified(host) == [
        "g GL_APPLICATION_PRELOAD",
        "g GL_APPLICATION_START",
        "r RQ_BEGIN_REQUEST",
        "r RQ_BEGIN_REQUEST",
    ]
    host.fire()
    assert seen[2] == ("/", True)


def test_a_preload_for_a_user(host: Host) -> None:
    """The module's user is authenticated, and gets back what it lent."""
    calls: list[str] = []
    name, kind = wide("warm"), wide("Custom")
    user = make(
        "IHttpUser",
        {
            "GetUserName": lambda: name,
            "GetAuthenticationType": lambda: kind,
            "ReferenceUser": lambda: calls.append("reference"),
            "DereferenceUser": lambda: calls.append("dereference"),
        },
    )
    users: list[int] = []

    def preload(provider: Native) -> int:
        out = ffi.new("void **")
        assert provider.CreateContext(out) == 0
        assert provider.ExecuteRequest(out[0], user) == 0
        return CONTINUE

    def begin(context: Native, provider: Native) -> int:
        users.append(address(context.GetUser()))
        return FINISH

    load_global(host, "g", {"OnGlobalApplicationPreload": preload})
    host.load("r", {"OnBeginRequest": begin})
    let(host, "GL_APPLICATION_PRELOAD")
    assert users == [address(user)]
    assert calls == ["reference", "dereference"]


def test_a_context_that_is_never_executed_is_a_violation(host: Host) -> None:
    kept: list[Any] = []

    def preload(provider: Native) -> int:
        out = ffi.new("void **")
        assert provider.CreateContext(out) == 0
        kept.append(out[0])
        return CONTINUE

    load_global(host, "g", {"OnGlobalApplicationPreload": preload})
    let(host, "GL_APPLICATION_PRELOAD")
    assert host.violations == ["a context that CreateContext gave was never executed"]
    assert host.iis.application.requests.count == 0
