"""What a module does when it runs: :func:`probe` makes a :class:`Probe`, the document of ``pyiismod probe --json``.

The module is loaded into a confined worker and asked what an ordinary visitor would ask, then the same with one thing
changed at a time. What changes in the answer is the module's doing, unless it changes without the module, too: so the
same requests also go to a server that has none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from time import monotonic
from typing import Final

import msgspec

from pyiismod.errors import ModuleError
from pyiismod.inspection.bodies import Bodies
from pyiismod.inspection.code.decoder import Decoder
from pyiismod.inspection.handlers import Handler, live_handlers
from pyiismod.inspection.inspector import Inspection, inspect_module
from pyiismod.inspection.mapped import Mapped
from pyiismod.inspection.reader import read_file
from pyiismod.module import Module
from pyiismod.probing.ask import Answer, Change, Request, ask, differences
from pyiismod.probing.interest import Interest, interests
from pyiismod.probing.sandbox import Sandbox
from pyiismod.probing.variations import VISITOR, clues, variations
from pyiismod.server import Server
from pyiismod.trace import TraceEvent

__all__ = ["Probe", "Reaction", "probe"]

_COMMAND_SECONDS: Final = 10.0
_MOST_FAILURES: Final = 8


class Confined(msgspec.Struct, frozen=True):
    """What was kept from the module, and what was not."""

    tool: str
    confined: tuple[str, ...]
    unconfined: tuple[str, ...]


class Registered(msgspec.Struct, frozen=True, rename={"global_": "global"}):
    """What RegisterModule asked for."""

    request: tuple[str, ...]
    post: tuple[str, ...]
    global_: tuple[str, ...]
    priorities: dict[str, str]


class Live(msgspec.Struct, frozen=True):
    """A real object of the module: ``kind`` as in an inspection, ``vtable`` its RVA, negative outside of the file."""

    kind: str
    vtable: int
    handlers: tuple[Handler, ...]

    @property
    def overridden(self) -> tuple[str, ...]:
        """Names of the handlers that are the module's own."""
        return tuple(handler.name for handler in self.handlers if handler.overridden)


class Reaction(msgspec.Struct, frozen=True):
    """One input that changes the answer, against the plain visitor's."""

    group: str
    input: str
    request: Request
    changes: tuple[Change, ...]
    visible: bool
    """Whether a client can tell; otherwise only the calls into the host differ."""


class Probe(msgspec.Struct, frozen=True):
    """One probe.

    Attributes:
        outcome: of loading it, a plain visit and unloading it: ``"completed"``, ``"crashed"``, ``"hung"`` or
            ``"load_failed"``; ``error`` says why.
        plain: what the plain visitor gets: status, reason, headers; and ``calls``, notifications and calls as text.
        acts_on_plain: how that differs from the answer without the module.
        asked: what it asked for, per notification, over all requests.
        reactions: the inputs that change the answer, those first that a client can tell.
        tried: requests that were sent, by group.
        unsteady: what differs between two plain visits, and is left out of comparisons.
        failures: requests at which it crashed or hung.
        violations: broken rules, each once. ``refused``: calls that the host does not serve.
        output: what it printed. ``files``: files that were written while it ran.
        complete: whether all requests were sent: time, or too many failures, may have ended it early.
    """

    module: str
    sandbox: Confined
    outcome: str
    error: dict[str, object] | None = None
    registration: Registered | None = None
    live: tuple[Live, ...] = ()
    plain: dict[str, object] | None = None
    acts_on_plain: tuple[Change, ...] = ()
    asked: tuple[Interest, ...] = ()
    reactions: tuple[Reaction, ...] = ()
    tried: dict[str, int] = {}
    unsteady: tuple[str, ...] = ()
    failures: tuple[Reaction, ...] = ()
    violations: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    output: str = ""
    files: tuple[str, ...] = ()
    complete: bool = True

    @property
    def failed(self) -> bool:
        """Whether the module failed: it did not load, or crashed or hung at a request."""
        return self.outcome != "completed" or bool(self.failures)

    def as_dict(self) -> dict[str, object]:
        """Return the document of ``pyiismod probe --json``; bytes are Base64."""
        found: dict[str, object] = msgspec.to_builtins(self)
        return found


def probe(module: Path, *, seconds: float = 60.0, megabytes: int = 1024, unconfined: bool = False) -> Probe:
    """Run a module in a throwaway worker and find out what it reacts to.

    Args:
        module: the DLL.
        seconds: after which no more requests are sent.
        megabytes: memory that the worker may have.
        unconfined: go on where the network cannot be taken from it.

    Raises:
        InvalidImage: the file is no PE file.
        RuntimeProblem: there is nothing to run it with.
        UsageError: this system cannot confine it.
    """
    inspection = inspect_module(module)
    with Sandbox(megabytes=megabytes, unconfined=unconfined) as sandbox:
        return _Run(inspection, module, sandbox, seconds).carry_out()


class _Run:
    """One probe under way."""

    def __init__(self, inspection: Inspection, module: Path, sandbox: Sandbox, seconds: float) -> None:
        self._inspection = inspection
        self._module = module
        self._sandbox = sandbox
        self._ends = monotonic() + seconds
        self._events: list[TraceEvent] = []
        self._reactions: list[Reaction] = []
        self._failures: list[Reaction] = []
        self._tried: dict[str, int] = {}
        self._answers: list[tuple[str, Request, Answer]] = []
        self._complete = True
        self._seen: set[tuple[str, str, str]] = set()

    def carry_out(self) -> Probe:
        """Load it, ask it, unload it; then ask a server without it what it has answered otherwise."""
        confinement = self._sandbox.confinement
        confined = Confined(confinement.tool, tuple(confinement.confined), tuple(confinement.unconfined))
        copy = self._sandbox.copy(self._module)
        server = self._sandbox.server(timeout=_COMMAND_SECONDS, show_vtables=True)
        plain_without = ask(server, VISITOR)  # no module is there yet
        self._sandbox.remember()
        try:
            loaded = server.load(copy)
        except ModuleError as error:
            server.close()
            said = _of_the_original(error.as_dict(), copy, self._module)
            return Probe(str(self._module), confined, error.outcome, said, output=server.output)
        plain, again = self._ask(server, VISITOR, "visitor"), self._ask(server, VISITOR, "visitor")
        unsteady = tuple(change.what for change in differences(plain, again))
        if plain.outcome != "completed":
            self._failures.append(_reaction("visitor", VISITOR, plain_without, plain, unsteady))
        else:
            self._vary(server, plain, unsteady)
        end = None
        try:
            server.close()
        except ModuleError as error:
            end = error
        files = tuple(self._sandbox.changed_files())
        self._compare_all(plain, plain_without, unsteady)
        return Probe(
            module=str(self._module),
            sandbox=confined,
            outcome=end.outcome if end else plain.outcome,
            error=end.as_dict() if end else None,
            registration=_registration(loaded),
            live=self._live(server.trace),
            plain={
                "status": plain.status,
                "reason": plain.reason,
                "headers": [list(pair) for pair in plain.headers],
                "outcome": plain.outcome,
                "error": plain.error,
                "calls": list(plain.calls),
            },
            acts_on_plain=tuple(change for change in differences(plain_without, plain) if change.what != "calls"),
            asked=interests(self._events),
            reactions=tuple(sorted(self._reactions, key=lambda reaction: not reaction.visible)),
            tried=self._tried,
            unsteady=unsteady,
            failures=tuple(self._failures),
            violations=tuple(dict.fromkeys(f"{v.rule.id}: {v}" for v in server.trace.violations)),
            refused=tuple(dict.fromkeys(server.refused)),
            output=server.output[-4000:],
            files=files,
            complete=self._complete,
        )

    def _vary(self, server: Server, plain: Answer, unsteady: tuple[str, ...]) -> None:
        """Send every variation; what is asked for on the way is varied as well, once."""
        sent: set[Request] = set()
        for _ in range(2):
            for group, request in variations(clues(self._inspection, self._module, interests(self._events))):
                if request in sent:
                    continue
                if monotonic() > self._ends or len(self._failures) >= _MOST_FAILURES:
                    self._complete = False
                    return
                sent.add(request)
                answer = self._ask(server, request, group)
                if answer.outcome == "completed":
                    self._answers.append((group, request, msgspec.structs.replace(answer, trace=None)))
                else:
                    self._failures.append(_reaction(group, request, plain, answer, unsteady))

    def _compare_all(self, plain: Answer, plain_without: Answer, unsteady: tuple[str, ...]) -> None:
        """Ask a server without the module for whatever differs from the plain answer."""
        posted = next(((request, answer) for _, request, answer in self._answers if request.name == "POST"), None)
        with self._sandbox.server(timeout=_COMMAND_SECONDS, record=False) as control:
            for group, request, answer in self._answers:
                base, base_without = plain, plain_without
                if group == "body" and posted:
                    base, base_without = posted[1], ask(control, posted[0])
                if differences(base, answer, unsteady):
                    without = ask(control, request)
                    self._compare(group, request, (base, answer), (base_without, without), unsteady)

    def _compare(
        self,
        group: str,
        request: Request,
        with_module: tuple[Answer, Answer],
        without: tuple[Answer, Answer],
        unsteady: tuple[str, ...],
    ) -> None:
        """Note what changed, unless the same change comes without the module.

        An answer that is the plain one, although it would be another without the module, was changed as well: a
        rewriter serves the ordinary page at a URL of its own.
        """
        (plain, answer), (plain_without, answer_without) = with_module, without
        changes = differences(plain, answer, unsteady)
        own = {(change.what, change.after) for change in differences(plain_without, answer_without)}
        changes = [change for change in changes if (change.what, change.after) not in own]
        acts = {change.what for change in differences(plain_without, plain)}
        if answer.seen_by_client() == answer_without.seen_by_client() and acts <= {"calls"}:
            changes = [change for change in changes if change.what == "calls"]
        if [change.what for change in changes] == ["calls"]:
            told = differences(answer_without, answer)
            changes += [change for change in told if change.what != "calls" and change.what not in acts]
        if changes:
            visible = any(change.what != "calls" for change in changes)
            self._reactions.append(Reaction(group, request.name, request, tuple(changes), visible))

    def _ask(self, server: Server, request: Request, group: str) -> Answer:
        self._tried[group] = self._tried.get(group, 0) + 1
        answer = ask(server, request)
        for event in answer.trace or ():
            if event.event == "call":
                key = (event.notification or "", event.method, repr(event.args))
                if key not in self._seen:
                    self._seen.add(key)
                    self._events.append(event)
        return answer

    def _live(self, events: Iterable[TraceEvent]) -> tuple[Live, ...]:
        """Return the objects whose vtables the timeline tells, each once."""
        image, data = read_file(self._module)
        mapped = Mapped(image, data)
        bodies = Bodies(mapped, Decoder(mapped))
        found: dict[tuple[str, int], Live] = {}
        for event in events:
            for name, kind in (("module", "module"), ("global_module", "global"), ("factory", "factory")):
                table = event.args.get(name) if event.event == "phase" else None
                if isinstance(table, dict):
                    key = kind, int(table["vtable"])
                    if key not in found:
                        found[key] = Live(*key, live_handlers(bodies, kind, [int(rva) for rva in table["slots"]]))
        return tuple(found.values())


def _reaction(group: str, request: Request, plain: Answer, answer: Answer, unsteady: tuple[str, ...]) -> Reaction:
    return Reaction(group, request.name, request, tuple(differences(plain, answer, unsteady)), True)


def _of_the_original(error: dict[str, object], copy: Path, module: Path) -> dict[str, object]:
    """Return an error with the paths of the module in the place of those of its copy."""
    text = json.dumps(error)
    for ours, theirs in ((copy, module), (copy.parent, module.parent)):
        text = text.replace(json.dumps(str(ours))[1:-1], json.dumps(str(theirs))[1:-1])
    found: dict[str, object] = json.loads(text)
    return found


def _registration(module: Module) -> Registered:
    asked = module.registration
    return Registered(
        asked.request_notifications, asked.post_notifications, asked.global_notifications, dict(asked.priorities)
    )
