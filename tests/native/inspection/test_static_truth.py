"""What is read off the files is what happens: masks, priorities, vtables and handlers of every fixture that runs.

One worker loads them one after the other; one that a module ends is replaced. The module object is made by a request.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pyiismod.errors import PyiismodError
from pyiismod.inspection import preflight
from pyiismod.inspection.inspector import Inspection, inspect_module
from pyiismod.module import Module
from pyiismod.request import build
from pyiismod.runtime import Runtime
from pyiismod.worker import protocol
from pyiismod.worker.client import WorkerClient

FIXTURES = Path(__file__).parents[3] / "fixtures"

COMPUTED = {"all_notifications", "order_a", "order_b", "style_xff"}
"""These take their masks, or a priority, from the environment: no file can tell them."""

FORWARDED = {"forwarded_export"}
"""RegisterModule is in another file."""

NEVER_LOADED = {"bad_dllmain_deadlock", "dllmain_throws"}
"""These end the worker before they register, one of them after a long time."""

NOT_FIRED = ("crash_", "bad_never_completes", "bad_swallows_crash", "not_overridden")
"""A request ends the worker of these, so they only register here; ``crash_read`` stands for all of them."""

BY_ENVIRONMENT = {"probe"}
"""Registers what the environment says, as far as it says anything: the file shows the rest."""


class Ran(NamedTuple):
    """One module that ran: the vtables it told, kind → vtable and slots (RVAs)."""

    name: str
    module: Module
    tables: dict[str, dict[str, Any]]


def runnable() -> Iterator[Path]:
    for path in sorted(FIXTURES.glob("*.dll")):
        if path.name.partition(".")[0] not in NEVER_LOADED:
            try:
                preflight(path)
            except PyiismodError:
                continue
            yield path


class Loader:
    """Loads one module after the other into one worker, for as long as that lives."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._worker: WorkerClient | None = None

    def run(self, path: Path) -> Ran | None:
        """Return what a module registered and showed, None if it cannot be loaded."""
        try:
            return self._run(path)
        except PyiismodError:
            self.close()
            return None

    def _run(self, path: Path) -> Ran | None:
        self._worker = worker = self._worker or WorkerClient(self._runtime, timeout=5.0)
        name = path.name.removesuffix(".dll")
        worker.call(protocol.Configure(0, {"show_vtables": True}))
        loaded = worker.call(protocol.Load(0, self._runtime.to_windows(path), name))
        if not isinstance(loaded, protocol.Loaded):
            return None
        tables = dict(_tables(loaded.trace))
        try:
            if not name.startswith(NOT_FIRED) or name == "crash_read":
                fired = worker.call(build("GET", "/", schedule="threaded", record=True, asks=False), deadline=2.0)
                tables |= dict(_tables(getattr(fired, "trace", [])))
            worker.call(protocol.Unload(0))
        except PyiismodError:  # how it ends is not what is asked here
            self.close()
        return Ran(name, Module(name, path, loaded), tables)

    def close(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            with suppress(PyiismodError):
                worker.close()


def _tables(events: list[protocol.TraceEvent]) -> Iterator[tuple[str, dict[str, Any]]]:
    for event in events:
        for name in ("factory", "global_module", "module"):
            if event.event == "phase" and isinstance(event.args.get(name), dict):
                yield name, event.args[name]


@pytest.fixture(scope="module")
def ran(windows: Runtime) -> Iterator[dict[str, Ran]]:
    loader = Loader(windows)
    yield {path.name: found for path in runnable() if (found := loader.run(path))}
    loader.close()


@pytest.fixture(scope="module")
def inspected(ran: dict[str, Ran]) -> dict[str, Inspection]:
    return {name: inspect_module(FIXTURES / name) for name in ran}


def _source(name: str) -> str:
    return name.partition(".")[0]


def test_most_fixtures_take_part(ran: dict[str, Ran]) -> None:
    assert len(ran) > 200
    assert sum("module" in each.tables for each in ran.values()) > 130
    assert sum("global_module" in each.tables for each in ran.values()) > 10


@pytest.mark.timeout(240)
def test_masks_and_priorities(ran: dict[str, Ran], inspected: dict[str, Inspection]) -> None:
    wrong, computed = {}, set()
    for name, each in ran.items():
        found, truth = inspected[name].registration.notifications, each.module.registration
        if _source(name) in FORWARDED | BY_ENVIRONMENT:
            continue
        if None in (found.request, found.post, found.global_) or "?" in found.priorities.values():
            computed.add(_source(name))
            continue
        static = set(found.request), set(found.post), set(found.global_), found.priorities
        told = (
            set(truth.request_notifications),
            set(truth.post_notifications),
            set(truth.global_notifications),
            truth.priorities,
        )
        if static != told:
            wrong[name] = static, told
    assert wrong == {}
    assert computed == COMPUTED


def test_vtables_and_handlers(ran: dict[str, Ran], inspected: dict[str, Inspection]) -> None:
    """The vtable of the real object is the one that was found, slot by slot, by the way that claims it."""
    kinds = {"factory": "factory", "global_module": "global", "module": "module"}
    wrong, compared = {}, 0
    for name, each in ran.items():
        if _source(name) in FORWARDED:
            continue
        for told, table in each.tables.items():
            classes = [c for c in inspected[name].classes if c.kind == kinds[told] and "registration" in c.found_by]
            match = next((c for c in classes if c.vtable == table["vtable"]), None)
            slots = match and [handler.rva for handler in match.handlers][: len(table["slots"])]
            if not slots or slots != table["slots"][: len(slots)]:
                wrong[f"{name} {told}"] = (hex(table["vtable"]), [hex(c.vtable) for c in classes])
            compared += 1
    assert wrong == {}
    assert compared > 400
