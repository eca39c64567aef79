"""The phases of a check, in the order of a module's life.

    file PE architecture export imports load RegisterModule registration     before any request
    GetHttpModule, notifications, varied requests, Dispose, global events     one life, in one worker
    shutdown Terminate unload, reload                                         its end, and a second life
    schedules, overlap, shutdown orders, strict memory, leaks, low memory,    lives of their own, by level
    drawn requests

A crash, a hang or an exit is a finding; the check goes on with a fresh worker. What fails twice at one place is not
tried a third time, and lives that build on ordinary requests are skipped when those already fail.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

from pyiismod.checking import lives, static
from pyiismod.checking.blame import phase_of, rule_of, where_of
from pyiismod.checking.findings import Findings, Node, Skip, tree
from pyiismod.checking.habits import habits
from pyiismod.checking.options import Options
from pyiismod.checking.report import FAILED, PASSED, SKIPPED, Phase, Report, Where
from pyiismod.checking.traffic import behind
from pyiismod.errors import ModuleError, PyiismodError, RuntimeProblem, UsageError
from pyiismod.rules import registration
from pyiismod.rules.rule import Rule
from pyiismod.server import Server
from pyiismod.trace import Trace

__all__ = ["Checking", "Progress", "check"]

Progress = Callable[[str, int, int], None]
"""Is told of each step before it begins: its name, how many are done, and how many there may be."""

_LOADING = ("imports", "load", "RegisterModule")
_LIFE = ("registration", "GetHttpModule", "Dispose", "shutdown", "Terminate", "unload")


def check(path: str | os.PathLike[str], options: Options | None = None, *, progress: Progress | None = None) -> Report:
    """Run a module through its whole life and say what it does wrong.

    Args:
        path: the DLL.
        options: how; what is usual when None.
        progress: is told of each step.

    Returns:
        phases, findings and measurements; whatever the module does is in there, not raised.

    Raises:
        RuntimeProblem: there is nothing to run it with.
        UsageError: it cannot be checked so.
    """
    run = Checking(Path(path), options or Options(), progress or (lambda name, done, total: None))
    started = perf_counter()
    run.run()
    run.report.findings = run.findings.all()
    run.report.seconds = perf_counter() - started
    return run.report


class Checking:
    """One check on its way.

    Args:
        path: the DLL.
        options: how.
        progress: is told of each step.

    Attributes:
        report: what is known so far.
        findings: what was found so far.
        broken: why ordinary requests fail, if they do.
    """

    def __init__(self, path: Path, options: Options, progress: Progress) -> None:
        self.path = path
        self.options = options
        self.report = Report(path=path, level=options.level, seed=options.seed)
        self.findings = Findings(options, path.name)
        self.broken = ""
        self._progress = progress
        self._done, self._total = 0, 1
        self._failures: dict[tuple[str | None, str | None], int] = {}

    def run(self) -> None:
        """Go through all phases."""
        self._total = len(static.STATIC) + 1 + len(_LOADING) + lives.steps(self.options)
        if not self._read():
            return
        iis = self.server(content_handler=behind)
        if not self._load_first(iis):
            return
        lives.ordinary(self, iis)
        for life in lives.LIVES:
            self._failures = {}
            life(self)

    # --- phases

    @contextmanager
    def phase(self, name: str, group: str, *, low_memory: bool = False) -> Iterator[list[str]]:
        """One phase: passed when its block ends, failed when that raises an error, skipped when that raises Skip.

        It yields a list for what was seen, as text.
        """
        self._progress(name, self._done, max(self._total, self._done + 1))
        self._done += 1
        started, seen, error, status = perf_counter(), list[str](), None, PASSED
        try:
            yield seen
        except Skip as skip:
            status, seen = SKIPPED, [str(skip)]
        except (RuntimeProblem, UsageError):
            raise
        except PyiismodError as problem:
            rule = rule_of(problem, low_memory=low_memory)
            if self._blame(problem, rule, name):
                status, error, seen = FAILED, problem, [problem.message]
            else:
                status, seen = SKIPPED, [f"{rule.id if rule else ''} is not looked for: {problem.message}"]
            key = (problem.details.get("notification"), problem.details.get("phase"))
            self._failures[key] = self._failures.get(key, 0) + 1
        seconds = perf_counter() - started
        self.add_phase(name, group, status, seconds, "; ".join(seen), error)

    def add_phase(
        self,
        name: str,
        group: str,
        status: str = PASSED,
        seconds: float = 0.0,
        text: str = "",
        error: PyiismodError | None = None,
    ) -> None:
        """Note a phase that is over."""
        self.report.phases.append(Phase(name=name, group=group, status=status, seconds=seconds, text=text, error=error))

    def _blame(self, problem: PyiismodError, rule: Rule | None, phase: str) -> bool:
        if rule is None:
            return True
        details = {"error": problem.as_dict()}
        return self.findings.add(rule, problem.message, where_of(problem, phase, self.path.name), **details)

    @property
    def has_failed_often(self) -> bool:
        """Whether the same thing has failed twice: a third time would tell nothing new."""
        return any(count > 1 for count in self._failures.values())

    # --- observations

    def observe(self, trace: Trace, refused: tuple[str, ...], phase: str) -> list[Node]:
        """Take in what a timeline shows; return it as nodes."""
        nodes = tree(trace)
        self.findings.take(nodes, phase)
        for rule, text, node in habits(nodes, self.path.name):
            self.findings.add(rule, text, self.findings.where(node, phase))
        self.report.refused += [name for name in dict.fromkeys(refused) if name not in self.report.refused]
        return nodes

    def server(self, **settings: Any) -> Server:
        """Return a server for a life of the module."""
        return Server(timeout=self.options.timeout, **settings)

    # --- before any request

    def _read(self) -> bool:
        with self.phase("file", "load") as seen:
            image = self.report.image = static.read(self.path)
            seen.append(f"{image.size:,} bytes")
        image = self.report.image
        if image is None:
            self._skip([name for name, _ in static.STATIC] + [*_LOADING, *_LIFE], "file")
            return False
        for i, (name, judge) in enumerate(static.STATIC):
            with self.phase(name, "load") as seen:
                seen.append(judge(image))
            if self.report.phases[-1].status != PASSED:
                self._skip([later for later, _ in static.STATIC[i + 1 :]] + [*_LOADING, *_LIFE], name)
                return False
        self.report.imports = static.imports_of(image)
        self._judge_imports()
        if static.is_gnu(image):
            self.report.notes.append(
                "Built with the GNU toolchain, whose C++ ABI has overloaded virtual methods in another order: with "
                "Microsoft's httpserv.h it calls wrong slots in a real IIS. It is right only with interfaces in slot "
                "order, as iismod/httpserv.h has them; calls that show the mistake are IM008."
            )
        return True

    def _judge_imports(self) -> None:
        by_kind = {
            "debug_crt": registration.DEBUG_RUNTIME,
            "vcredist": registration.NEEDS_REDISTRIBUTABLE,
        }
        for each in self.report.imports:
            if (rule := by_kind.get(each.kind)) is not None and not each.delayed:
                text = f"It imports {each.dll}, {each.text}."
                self.findings.add(rule, text, Where(phase="imports", module=self.path.name, call=each.dll))

    def _load_first(self, iis: Server) -> bool:
        """Load it for the first time; on failure, note in which phase."""
        started = perf_counter()
        self._progress("load", self._done, self._total)
        try:
            module = iis.load(self.path)
        except (RuntimeProblem, UsageError):
            raise
        except PyiismodError as problem:
            self._load_failed(problem, perf_counter() - started, iis)
            return False
        self._done += len(_LOADING)
        took = {e.method: e.us / 1e6 for e in module.trace if e.event == "phase"}
        text = "; ".join([static.words(self.report.imports), *module.warnings])
        took_before = max(0.0, perf_counter() - started - sum(took.values()))
        self.add_phase("imports", "load", seconds=took_before, text=text)
        self.add_phase("load", "load", seconds=took.get("LoadLibrary", 0.0), text="LoadLibrary and DllMain")
        self.add_phase("RegisterModule", "load", seconds=took.get("RegisterModule", 0.0), text="S_OK")
        self.report.notes += module.warnings
        self.report.registration = module.registration
        self.observe(module.trace, module.refused, "RegisterModule")
        self._registered()
        return True

    def _load_failed(self, problem: PyiismodError, seconds: float, iis: Server) -> None:
        at = phase_of(problem) if isinstance(problem, ModuleError) else "load"
        at = at if at in _LOADING else "load"
        for name in _LOADING[: _LOADING.index(at)]:
            self.add_phase(name, "load", text=static.words(self.report.imports) if name == "imports" else "")
        rule = rule_of(problem)
        wanted = self._blame(problem, rule, at)
        if at == "RegisterModule":
            self.observe(iis.trace, iis.refused, at)
        self.add_phase(at, "load", FAILED if wanted else SKIPPED, seconds, problem.message, problem if wanted else None)
        self._skip([*_LOADING[_LOADING.index(at) + 1 :], *_LIFE], at)

    def _skip(self, names: list[str], because: str) -> None:
        for name in names:
            self.add_phase(name, "load", SKIPPED, text=f"because {because} failed")

    def _registered(self) -> None:
        """The registration phase: what it asks for, in words."""
        found = self.report.registration
        if found is None:
            return
        parts = [
            f"{label}{', '.join(names)}"
            for label, names in (
                ("", found.request_notifications),
                ("post ", found.post_notifications),
                ("global ", found.global_notifications),
            )
            if names
        ]
        self.add_phase("registration", "load", text="; ".join(parts) or "nothing")
        if "RQ_SEND_RESPONSE" in found.priorities:
            self.report.notes.append(
                f"SEND_RESPONSE has priority {found.priorities['RQ_SEND_RESPONSE']}: it runs in reverse, so FIRST is "
                "told last and LAST first."
            )
