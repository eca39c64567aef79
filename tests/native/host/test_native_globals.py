"""Global notifications through real modules in a real worker, both ABIs (fact sheet 4 and 1.5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread

import pytest

from pyiismod import ModuleCrashed, ModuleError, ModuleHung, Server
from pyiismod.abi.hresult import E_NOTIMPL

Dll = Callable[[str], Path]
Make = Callable[..., Server]
Load = Callable[..., Server]

APPLICATION = "/LM/W3SVC/1/ROOT"
SITE = "MACHINE/WEBROOT/APPHOST/Default Web Site"
START = [f"ApplicationResolveModules {SITE}", f"ApplicationStart {APPLICATION}"]
REQUEST = ["PreBeginRequest GET", f"ThreadCleanup {APPLICATION}"]


@pytest.fixture(params=["", ".msvc"], ids=["mingw", "msvc"])
def load(request: pytest.FixtureRequest, server: Make, dll: Dll) -> Load:
    """Make a server with modules in this ABI, global_all first; nothing may be a violation or refused."""

    def make(*names: str, **options: object) -> Server:
        iis = server(**options)
        for name in ("global_all", *names):
            iis.load(dll(f"{name}{request.param}"), name=name)
        return iis

    return make


def told(text: str) -> list[str]:
    """Return what global_all wrote."""
    return [line.removeprefix("global_all: ") for line in text.splitlines() if line.startswith("global_all: ")]


def since(iis: Server) -> Iterator[list[str]]:
    """Each step gives what global_all has written since the last one."""
    seen = 0
    while True:
        new, seen = iis.trace[seen:], len(iis.trace)
        yield told(new.output)


def test_a_whole_life(load: Load) -> None:
    """4 and 1.5: start before the first request, PRE_BEGIN before each, the thread afterwards; the end in its order."""
    iis = load()
    news = since(iis)
    iis.get("/")
    assert next(news) == START + REQUEST
    iis.get("/")
    assert next(news) == REQUEST
    iis.close()
    assert next(news) == [
        "StopListening at once",
        f"ApplicationStop {APPLICATION}",
        "CacheCleanup",
        "Terminate",
        "detached",
    ]
    assert (iis.trace.violations, iis.refused) == ((), ())
    event = next(e for e in iis.trace if e.method == "OnGlobalApplicationStart")
    assert (event.event, event.notification, event.interface) == (
        "notification",
        "GL_APPLICATION_START",
        "CGlobalModule",
    )
    assert event.result == "GL_NOTIFICATION_CONTINUE"


@pytest.mark.parametrize(
    ("shutdown", "end"),
    [
        ("stop_listening_twice", ["StopListening at once"] * 2 + ["stop", "CacheCleanup", "Terminate", "detached"]),
        ("no_stop_listening", ["stop", "CacheCleanup", "Terminate", "detached"]),
        ("late_stop_listening", ["stop", "CacheCleanup", "StopListening at once", "Terminate", "detached"]),
        ("cache_cleanup_first", ["StopListening at once", "CacheCleanup", "stop", "Terminate", "detached"]),
        ("detach_first", ["detached at exit", "StopListening at once", "stop", "CacheCleanup", "Terminate"]),
    ],
)
def test_an_end_in_disorder(shutdown: str, end: list[str], load: Load) -> None:
    """1.5: what ANCM has met."""
    iis = load(shutdown=shutdown)
    iis.get("/")
    news = since(iis)
    next(news)
    iis.close()
    assert next(news) == [f"ApplicationStop {APPLICATION}" if line == "stop" else line for line in end]


def test_the_factory_may_end_first(server: Make, dll: Dll) -> None:
    """1.5 and section 6, 31."""
    iis = server(shutdown="factory_first")
    iis.load(dll("both.msvc"))
    iis.close()
    assert iis.trace.output == "both: factory Terminate\nboth: global Terminate\n"


def test_an_application_that_never_started_does_not_stop(load: Load) -> None:
    iis = load()
    iis.close()
    assert told(iis.trace.output) == ["StopListening at once", "CacheCleanup", "Terminate", "detached"]


def test_requests_after_the_end_of_listening(load: Load) -> None:
    """1.5: they can still arrive; the end itself is not told again."""
    iis = load()
    news = since(iis)
    assert told(iis.stop_listening().output) == ["StopListening gracefully"]
    next(news)
    iis.get("/late")
    assert next(news) == START + REQUEST
    iis.close()
    assert "StopListening" not in " ".join(next(news))


@pytest.mark.parametrize(
    ("call", "told_inside"),
    [
        ("config", ["ConfigurationChange MACHINE/WEBROOT"]),
        ("file", ["FileChange C:\\windows\\calls.txt"]),
        ("monitor", ["FileChange C:\\windows\\calls.txt, watched"]),
        ("custom", ["CustomNotification iismod.custom"]),
        ("cache", ["CacheOperation 0 of CALLS"]),
        ("trace", ["TraceEvent CALLED, of a request", "TraceEvent CALLED"]),
        ("quick", ["TraceEvent QuickTrace, of a request"]),
    ],
)
def test_what_a_module_sets_off(call: str, told_inside: list[str], load: Load) -> None:
    """5.4: the notification is raised inside the module's call."""
    iis = load("global_calls")
    response = iis.get(f"/?{call}")
    assert response.text == "done"
    assert told(response.trace.output) == [*START, REQUEST[0], *told_inside, REQUEST[1]]
    inside = [e for e in response.trace.notifications if e.interface == "CGlobalModule" and e.depth > 1]
    assert len(inside) == len(told_inside)
    assert (response.trace.violations, response.refused) == ((), ())


def test_what_a_test_sets_off(load: Load, tmp_path: Path) -> None:
    """4: changes, health, questions, suspension."""
    iis = load()
    assert told(iis.configuration_changed().output) == [f"ConfigurationChange {SITE}"]
    assert told(iis.configuration_changed("MACHINE").output) == ["ConfigurationChange MACHINE"]
    (changed,) = told(iis.file_changed(tmp_path / "web.config").output)
    assert changed.endswith("\\web.config")
    assert told(iis.file_changed("C:\\x").output) == ["FileChange C:\\x"]
    assert told(iis.health_check().output) == ["HealthCheck"]
    answer = iis.rsca_query("Echo", "a, b")
    assert (answer.hresult, answer.data, told(answer.trace.output)) == (0, b"a, b", ["RSCAQuery Echo"])
    assert iis.rsca_query("Unknown")[:2] == (E_NOTIMPL, b"")
    assert told(iis.suspend().output) == ["SuspendProcess"]
    assert told(iis.resume().output) == ["Resume"]
    iis.suspend()
    assert told(iis.get("/").trace.output)[0] == "Resume"
    assert (iis.trace.violations, iis.refused) == ((), ())


@pytest.mark.parametrize("recycled", [False, True])
def test_a_preload(recycled: bool, load: Load) -> None:
    """4: a synthetic request without a connection, before any other; the application starts for it."""
    iis = load("hello")
    (response,) = iis.preload(recycled=recycled)
    assert (response.status, response.text) == (200, "Hello World")
    assert told(response.trace.output) == [
        f"ApplicationPreload {'recycled' if recycled else 'new'}",
        *START,
        "PreBeginRequest GET without connection",
    ]
    assert told(iis.get("/").trace.output) == REQUEST


def test_an_application_is_recycled(load: Load) -> None:
    """1.5: APPLICATION_STOP while the process lives: by RecycleApplication, or on a change of configuration."""
    iis = load("global_calls")
    response = iis.get("/?application")
    assert told(response.trace.output) == [*START, *REQUEST, f"ApplicationStop {APPLICATION}"]
    assert told(iis.get("/").trace.output) == START + REQUEST
    assert told(iis.configuration_changed(restart=True).output)[-1] == f"ApplicationStop {APPLICATION}"
    assert told(iis.get("/").trace.output) == START + REQUEST


@pytest.mark.parametrize(("call", "inside"), [("recycle", []), ("health", ["HealthCheck"])])
def test_a_process_is_recycled(call: str, inside: list[str], load: Load) -> None:
    """5.4: RecycleProcess and ReportUnhealthy: requests drain gracefully, and a new process takes the next one."""
    iis = load("global_calls")
    news = since(iis)
    response = iis.get(f"/?{call}")
    assert response.text == "done"
    assert next(news) == [
        *START,
        REQUEST[0],
        *inside,
        REQUEST[1],
        "StopListening gracefully",
        f"ApplicationStop {APPLICATION}",
        "CacheCleanup",
        "Terminate",
        "detached",
    ]
    iis.get("/")
    assert next(news) == START + REQUEST
    iis.recycle()
    assert next(news)[0] == "StopListening gracefully"
    assert [module.name for module in iis.modules] == ["global_all", "global_calls"]


def test_no_request_is_lost_while_the_process_is_recycled(server: Make, dll: Dll) -> None:
    """1.5: outstanding requests drain; a new worker serves the others."""
    iis = server()
    iis.load(dll("hello.msvc"))
    answers: list[str] = []

    def fire() -> None:
        answers.extend(iis.get("/").text for _ in range(30))

    threads = [Thread(target=fire) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        iis.recycle()
    for thread in threads:
        thread.join()
    assert answers == ["Hello World"] * 120


def test_no_content_is_lost_while_the_process_is_recycled(server: Make, dll: Dll) -> None:
    """1.5: the same for requests whose content and answer flow: the next process gets all of the content."""
    iis = server()
    iis.load(dll("echo.msvc"))
    body = [bytes([i]) * 50_000 for i in range(8)]

    def post() -> bytes:
        return iis.post("/", content=iter(body)).content

    def stream() -> bytes:
        with iis.stream("POST", "/", content=iter(body)) as response:
            return response.read()

    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(send) for _ in range(15) for send in (post, stream) * 2]
        for _ in range(3):
            iis.recycle()
        assert [answer.result()[-400_002:] for answer in answers] == [b"\n\n" + b"".join(body)] * 60


@pytest.mark.parametrize("name", ["global_resolver", "global_resolver.msvc"])
def test_a_module_that_no_configuration_lists(name: str, server: Make, dll: Dll) -> None:
    """4: registered while modules are resolved, it serves requests until the application stops."""
    iis = server()
    iis.load(dll(name), name="global_resolver")
    assert iis.get("/").text == "resolved"
    assert iis.trace.violations == ()
    iis.close()
    assert iis.trace.output == "global_resolver: factory Terminate\nglobal_resolver: global Terminate\n"


@pytest.mark.parametrize(
    ("handler", "bit"),
    [("OnGlobalApplicationStart", "GL_APPLICATION_START"), ("OnGlobalStopListening", "GL_STOP_LISTENING")],
)
@pytest.mark.parametrize(("how", "error"), [("crash", ModuleCrashed), ("hang", ModuleHung)])
def test_a_failure_in_a_global_notification_is_named(
    handler: str, bit: str, how: str, error: type[ModuleError], server: Make, dll: Dll
) -> None:
    """Section 8: a watchdog in every phase; on whatever thread that is."""
    iis = server(timeout=3, environment={"IISMOD_FAIL_IN": handler, "IISMOD_FAIL": how})
    iis.load(dll("global_fails.msvc"))

    def live() -> None:
        iis.get("/")
        iis.close()

    with pytest.raises(error, match=f"{handler} \\({bit}\\)") as caught:
        live()
    assert (caught.value.module, caught.value.notification) == ("global_fails.msvc.dll", handler)
