"""The lives of a module in a check: each is one server, from the load to the end, under conditions of its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pyiismod.checking import leaks
from pyiismod.checking.findings import Node, Skip
from pyiismod.checking.habits import slow_handlers
from pyiismod.checking.options import Options
from pyiismod.checking.report import FAILED, PASSED, SKIPPED, Where
from pyiismod.checking.traffic import BASIC, Shot, behind, beside_another, body_of, drawn, notified, varied
from pyiismod.errors import PyiismodError
from pyiismod.rules.lifetime import GET_MODULE_FAILS
from pyiismod.server import Server
from pyiismod.trace import Trace
from pyiismod.worker.protocol import SHUTDOWNS

if TYPE_CHECKING:
    from pyiismod.checking.engine import Checking

__all__ = ["LIVES", "ordinary", "steps"]

_NEIGHBOUR, _RELOAD, _INLINE, _OVERLAP, _ORDERS, _STRICT, _LEAKS, _LOW_MEMORY, _DRAWN = 2, 2, 2, 2, 5, 4, 5, 6, 7
"""From which level on."""

_NO_LIMIT: Final = 1e9  # seconds
_NEIGHBOURS_DLL: Final = Path(__file__).with_name("neighbour.dll")
_SCHEDULES: Final = ("inline", "early")
_AT_ONCE: Final = 8
_NEVER_RAISED: Final = {
    "RQ_CUSTOM_NOTIFICATION": "no other module here raises it",
    "RQ_READ_ENTITY": "nobody read the body",
}
_HAPPENINGS: Final[dict[str, Callable[[Server], Any]]] = {
    "GL_CONFIGURATION_CHANGE": lambda iis: iis.configuration_changed("MACHINE/WEBROOT"),
    "GL_FILE_CHANGE": lambda iis: iis.file_changed("C:\\inetpub\\wwwroot\\web.config"),
    "GL_HEALTH_CHECK": lambda iis: iis.health_check(),
    "GL_RSCA_QUERY": lambda iis: iis.rsca_query("GetRequests", "0"),
    "GL_APPLICATION_PRELOAD": lambda iis: iis.preload(),
    "GL_SUSPEND_PROCESS": lambda iis: (iis.suspend(), iis.resume()),
}
_AT_THE_END: Final = ("GL_STOP_LISTENING", "GL_APPLICATION_STOP", "GL_CACHE_CLEANUP")


def steps(options: Options) -> int:
    """Return about how many phases there will be."""
    level = options.level
    return 30 + sum((10 * (level >= _INLINE), 7 * (level >= _ORDERS), 20 * (level >= _STRICT), 4 * (level >= _LEAKS)))


class _Life:
    """One server, and what was told in it.

    Args:
        check: the check.
        iis: a server that has the module already; a new one when None.
        settings: of a new server.
    """

    def __init__(self, check: Checking, iis: Server | None = None, **settings: Any) -> None:
        self.check = check
        self.iis = check.server(content_handler=behind, **settings) if iis is None else iis
        self.nodes: list[Node] = []

    def load(self) -> None:
        """Load the module, which has been loaded before."""
        self.iis.load(self.check.path)

    def fire(self, shot: Shot, group: str) -> list[Node] | None:
        """Fire one request as a phase; return its timeline, None when it failed or was not tried."""
        check, before = self.check, len(self.nodes)
        with check.phase(shot.name, group) as seen:
            if check.has_failed_often:
                raise Skip("it has failed the same way twice before")
            response = self.iis.request(shot.method, shot.url, **shot.options)
            nodes = check.observe(response.trace, response.refused, shot.name)
            self.nodes += nodes
            seen.append(f"{response.status} {response.reason}".strip() if response.status else "no response")
            self._confirm_slow(shot, nodes)
            return self.nodes[before:]
        return None

    def _confirm_slow(self, shot: Shot, nodes: list[Node]) -> None:
        """A handler is slow only if it is so thrice: the computer may be busy."""
        check, limit = self.check, self.check.options.slow
        slow = {node.event.method: (rule, text, node) for rule, text, node in slow_handlers(nodes, limit)}
        for _ in range(2):
            if not slow:
                return
            again = self.iis.request(shot.method, shot.url, **shot.options)
            seen = check.observe(again.trace, again.refused, shot.name)
            still = {node.event.method for _, _, node in slow_handlers(seen, limit)}
            slow = {name: found for name, found in slow.items() if name in still}
        for rule, text, node in slow.values():
            check.findings.add(rule, text, check.findings.where(node, shot.name))

    def close(self, name: str, group: str) -> None:
        """End it, as a phase."""
        with self.check.phase(name, group):
            self.end()

    def end(self) -> list[Node]:
        """End the server; return the timeline of its end."""
        before = len(self.iis.trace)
        try:
            self.iis.close()
        finally:
            nodes = self.check.observe(self.iis.trace[before:], (), "unload")
        return nodes


def ordinary(check: Checking, iis: Server) -> None:
    """The first life: every notification once, the varied set, what happens to the process, the end.

    Args:
        check: the check.
        iis: has the module already.
    """
    life = _Life(check, iis)
    found = check.report.registration
    phases = len(check.report.phases)
    names = (*found.request_notifications, *found.post_notifications) if found else ()
    with check.phase("first request", "requests") as seen:
        response = life.iis.request(BASIC.method, BASIC.url)
        life.nodes += check.observe(response.trace, response.refused, "first request")
        seen.append(f"{response.status} {response.reason}".strip())
    for name in dict.fromkeys(names):
        _notification(life, name)
    for shot in varied():
        life.fire(shot, "requests")
    failed = [phase for phase in check.report.phases[phases:] if phase.status == FAILED]
    _objects(check, life)
    _global_events(check, life)
    check.broken = failed[0].name if failed else ""
    _the_end(check, life)


def _notification(life: _Life, name: str) -> None:
    """Fire a request that raises one notification, and see whether the module was told."""
    nodes = life.fire(notified(name), "notifications")
    phases = life.check.report.phases
    if nodes is None or any(node.event.notification == name for node in nodes):
        return
    text = _NEVER_RAISED.get(name, "not told: the request had ended before, or IIS does not raise it here")
    phases[-1] = replace(phases[-1], status=SKIPPED, text=text)


def _objects(check: Checking, life: _Life) -> None:
    """GetHttpModule and Dispose over all requests so far."""
    for name in ("GetHttpModule", "Dispose"):
        calls = [node for node in life.nodes if node.event.event == "phase" and node.event.method == name]
        bad = [node for node in calls if node.event.result not in (None, "S_OK", "S_FALSE")]
        seconds = sum(node.event.us for node in calls) / 1e6
        if any(phase.error and phase.error.details.get("phase") == name for phase in check.report.phases):
            check.add_phase(name, "requests", FAILED, text="see the requests above")
        elif not calls:
            check.add_phase(name, "requests", SKIPPED, text="never called")
        elif bad:
            text = f"{name} returned {bad[0].event.result}, {len(bad)} of {len(calls)} times"
            wanted = check.findings.add(GET_MODULE_FAILS, text, check.findings.where(bad[0], name))
            check.add_phase(name, "requests", FAILED if wanted else SKIPPED, seconds, text)
        else:
            check.add_phase(name, "requests", PASSED, seconds, f"called {len(calls)} times")


def _global_events(check: Checking, life: _Life) -> None:
    found = check.report.registration
    for name in found.global_notifications if found else ():
        if (raise_it := _HAPPENINGS.get(name)) is not None:
            with check.phase(name, "process") as seen:
                before = len(life.iis.trace)
                raise_it(life.iis)
                life.nodes += check.observe(life.iis.trace[before:], (), name)
                seen.append("told")
        elif name not in _AT_THE_END:
            times = sum(node.event.notification == name for node in life.nodes)
            text = f"told {times} times" if times else "nothing here raises it"
            check.add_phase(name, "process", PASSED if times else SKIPPED, text=text)


def _the_end(check: Checking, life: _Life) -> None:
    """Shutdown, Terminate, unload; then a second life in the same process."""
    place, ends = len(check.report.phases), dict[str, float]()
    with check.phase("shutdown", "end") as seen:
        if check.broken:  # it has ended many times; now without a request
            with suppress(PyiismodError):
                life.end()
            life = _Life(check)
            life.load()
        nodes = life.end()
        ends = {node.event.method: node.event.us / 1e6 for node in nodes if node.event.event == "phase"}
        told = dict.fromkeys(node.event.method for node in nodes if node.event.event == "notification")
        seen.append(", ".join(told) or "no global notifications")
    phase = check.report.phases[place]
    if phase.status != PASSED:
        at = phase.error.details.get("phase") if phase.error else None
        for name, its in (("Terminate", "Terminate"), ("unload", "DLL_PROCESS_DETACH")):
            check.add_phase(name, "end", FAILED if its == at else SKIPPED, text="see shutdown")
        return
    nothing = "" if "Terminate" in ends else "nothing is registered"
    check.add_phase("Terminate", "end", seconds=ends.get("Terminate", 0.0), text=nothing)
    check.add_phase("unload", "end", seconds=ends.get("FreeLibrary", 0.0), text="FreeLibrary")
    if check.options.level < _RELOAD:
        return
    with check.phase("reload", "end") as seen:
        second = _Life(check)
        second.load()
        if not check.broken:
            second.iis.request(BASIC.method, BASIC.url)
        second.iis.reload()
        if not check.broken:
            second.iis.request(BASIC.method, BASIC.url)
        seen.append("loaded a second time in one process")
        second.end()


def _unless_broken(check: Checking, level: int) -> bool:
    return check.options.level >= level and not check.broken


def _schedules(check: Checking) -> None:
    """The same requests with completions at other times."""
    if not _unless_broken(check, _INLINE):
        return
    for schedule in _SCHEDULES:
        life = _Life(check, schedule=schedule, end_of_body_is_success=schedule == "inline")
        with check.phase(f"schedule {schedule}", "schedules") as seen:
            life.load()
            for shot in (BASIC, *varied()):
                response = life.iis.request(shot.method, shot.url, **shot.options)
                check.observe(response.trace, response.refused, f"schedule {schedule}: {shot.name}")
            seen.append(f"{1 + len(varied())} requests")
            life.end()


def _neighbours(check: Checking) -> None:
    """Another module before it: one that ends requests, executes a child, and raises what nobody knows."""
    if not _unless_broken(check, _NEIGHBOUR):
        return
    life = _Life(check)
    with check.phase("load beside another module", "requests"):
        life.iis.load(_NEIGHBOURS_DLL)
        life.load()
    for shot in beside_another():
        life.fire(shot, "requests")
    life.close("unload beside another module", "requests")


def _overlap(check: Checking) -> None:
    """Many requests at once."""
    if not _unless_broken(check, _OVERLAP):
        return
    shots = [BASIC, *varied()] * 2
    life = _Life(check)
    with check.phase("overlapping requests", "schedules") as seen:
        life.load()
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            fired = [pool.submit(life.iis.request, shot.method, shot.url, **shot.options) for shot in shots]
        for each, shot in zip(fired, shots, strict=True):
            response = each.result()
            check.observe(response.trace, response.refused, f"overlapping requests: {shot.name}")
        seen.append(f"{len(shots)} requests, {_AT_ONCE} at once")
        life.end()


def _orders(check: Checking) -> None:
    """The orders in which a process may end (1.5; 6, mistake 31): two workers at a time, most of it is their start."""
    if not _unless_broken(check, _ORDERS):
        return
    with ThreadPoolExecutor(2) as pool:
        ended = {order: pool.submit(_end_in, check, order) for order in SHUTDOWNS[1:]}
        for order, end in ended.items():
            with check.phase(f"shutdown {order}", "end"):
                trace, error = end.result()
                check.observe(trace, (), f"shutdown {order}")
                if error is not None:
                    raise error


def _end_in(check: Checking, order: str) -> tuple[Trace, PyiismodError | None]:
    iis, before = check.server(shutdown=order), 0
    try:
        iis.load(check.path)
        iis.request(BASIC.method, BASIC.url)
        before = len(iis.trace)
        iis.close()
    except PyiismodError as error:
        return iis.trace[before:], error
    return iis.trace[before:], None


def _low_memory(check: Checking) -> None:
    """Allocations of request memory fail."""
    if not _unless_broken(check, _LOW_MEMORY):
        return
    life = _Life(check, fail_allocations=True)
    with check.phase("low memory", "memory", low_memory=True) as seen:
        life.load()
        for shot in (BASIC, *varied()):
            response = life.iis.request(shot.method, shot.url, **shot.options)
        seen.append(f"the last request was answered with {response.status}")
        life.end()


def _strict(check: Checking) -> None:
    """The same requests with guard pages around every buffer that IIS hands out."""
    if not _unless_broken(check, _STRICT):
        return
    life = _Life(check, strict=True)
    shots = [BASIC, Shot("POST, read in one piece", "POST", "/", {"content": body_of(2000)}), *varied()]
    with check.phase("strict memory", "memory") as seen:
        life.load()
        for shot in shots:
            response = life.iis.request(shot.method, shot.url, **shot.options)
            check.observe(response.trace, response.refused, f"strict memory: {shot.name}")
        seen.append(f"{len(shots)} requests")
        life.end()


def _drawn(check: Checking) -> None:
    """Requests drawn from the seed."""
    if not _unless_broken(check, _DRAWN):
        return
    life = _Life(check)
    with check.phase("load for drawn requests", "requests"):
        life.load()
    for shot in drawn(check.options.seed, 50 * (check.options.level - _DRAWN + 1)):
        life.fire(shot, "requests")
    life.close("end of drawn requests", "requests")


def _leaks(check: Checking) -> None:
    """Many equal requests: what grows."""
    count = check.options.requests
    if not _unless_broken(check, 1 if count else _LEAKS) or count == 0:
        return
    seconds = _NO_LIMIT if count else leaks.SECONDS[check.options.level]
    count = count or leaks.REQUESTS[check.options.level]
    with check.phase("leaks", "leaks") as seen:
        if check.findings.has_errors:
            raise Skip("errors were found: what comes of them is no leak of its own")
        with check.server(record=False) as iis:
            iis.load(check.path)
            slopes = leaks.measure(iis, count, seconds)
        if slopes[0].requests < min(count, leaks.FEWEST) - leaks.SAMPLES:
            text = f"{slopes[0].requests} requests in {seconds:g} s are too few to tell; --requests sets their number"
            raise Skip(text)
        check.report.slopes += slopes
        for rule, text in leaks.judge(slopes):
            check.findings.add(rule, text, Where(phase="leaks", module=check.path.name))
        seen.append(f"{slopes[0].requests} equal requests")


LIVES: Final[tuple[Callable[[Checking], None], ...]] = (
    _neighbours, _schedules, _overlap, _orders, _strict, _leaks, _low_memory, _drawn,
)  # fmt: skip
"""In this order."""
