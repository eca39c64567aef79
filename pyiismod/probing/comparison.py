"""Two builds of a module side by side: :func:`compare` makes a :class:`Comparison`, the document of ``diff --json``.

Three views, each of which can be empty: what the files say (:mod:`pyiismod.inspection`), what they register, and how
they answer the same requests. What differs by itself between two runs of the *old* build is left out, and timings are
told but never count as a difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Final

import msgspec

from pyiismod.errors import ModuleError
from pyiismod.inspection.inspector import Inspection, inspect_module
from pyiismod.module import Module
from pyiismod.probing.ask import Answer, Change, Request, ask, differences
from pyiismod.probing.sandbox import Sandbox
from pyiismod.probing.variations import VISITOR, Clues, clues, variations
from pyiismod.replay.files import read
from pyiismod.server import Server

__all__ = ["Comparison", "compare"]

_SECONDS: Final = 10.0
_MOST_FAILURES: Final = 5
"""Requests at which a build may crash or hang before no more are sent to it."""
_ROUNDS: Final = 3
"""Times that each request is sent to each build, so that timings and unsteady answers can be told."""


class Difference(msgspec.Struct, frozen=True):
    """The changes at one request."""

    request: str
    changes: tuple[Change, ...]


class Timing(msgspec.Struct, frozen=True):
    """Milliseconds in the notifications, the median over all requests."""

    old: float
    new: float


class Comparison(msgspec.Struct, frozen=True):
    """What differs.

    Attributes:
        static: of the files, without what differs in any two builds (hashes, addresses, sizes).
        registration: notifications, priorities and the outcome of loading.
        behaviour: per request.
        requests: how many were sent to each.
        sandbox: what confined them: ``"bubblewrap"``, ``"unshare"`` or ``"none"``.
        unsteady: requests whose answers differ by themselves, and in what.
        compared: of the requests, those that both builds were sent: one that fails often is sent no more.
    """

    old: str
    new: str
    static: tuple[Change, ...]
    registration: tuple[Change, ...]
    behaviour: tuple[Difference, ...]
    requests: int
    compared: int
    timing: Timing | None
    unsteady: dict[str, tuple[str, ...]]
    sandbox: str

    @property
    def differs(self) -> bool:
        """Whether there is any difference."""
        return bool(self.static or self.registration or self.behaviour)

    def as_dict(self) -> dict[str, object]:
        """Return the document of ``pyiismod diff --json``."""
        return {"differs": self.differs, **msgspec.to_builtins(self)}


def compare(
    old: Path, new: Path, files: Iterable[Path] = (), *, megabytes: int = 1024, unconfined: bool = False
) -> Comparison:
    """Compare two builds.

    Args:
        old, new: their DLLs.
        files: HAR or ``.http`` files with the requests to send; the built-in set when there are none.
        megabytes: memory that a worker may have.
        unconfined: go on where the network cannot be taken from them.

    Raises:
        InvalidImage: one is no PE file.
        RuntimeProblem: there is nothing to run them with.
        UsageError: a file of requests cannot be read, or this system cannot confine the modules.
    """
    before, after = inspect_module(old), inspect_module(new)
    requests = [
        Request(recorded.place, recorded.method, recorded.url, recorded.headers, recorded.content or b"")
        for file in files
        for recorded in read(file)
    ]
    requests = requests or list(_built_in((before, old), (after, new)))
    with Sandbox(megabytes=megabytes, unconfined=unconfined) as sandbox:
        first, second = (_run(sandbox, module, requests) for module in (old, new))
        tool = sandbox.confinement.tool
    unsteady = {name: what for name, answers in first.answers.items() if (what := tuple(_own_changes(answers)))}
    found = []
    for request in requests:
        ours, theirs = first.answers.get(request.name), second.answers.get(request.name)
        if ours and theirs:
            changes = differences(ours[0], theirs[0], unsteady.get(request.name, ()))
            if changes:
                found.append(Difference(request.name, tuple(changes)))
    return Comparison(
        old=str(old),
        new=str(new),
        static=tuple(_static(before, after)),
        registration=tuple(_changes(first.registered, second.registered)),
        behaviour=tuple(found),
        requests=len(requests),
        compared=sum(name in second.answers for name in first.answers),
        timing=_timing(first.answers, second.answers),
        unsteady=unsteady,
        sandbox=tool,
    )


def _built_in(*modules: tuple[Inspection, Path]) -> Iterator[Request]:
    """Yield the probe's requests, with the texts of both files."""
    found = [clues(inspection, path, ()) for inspection, path in modules]
    together = Clues(
        {name: values for each in found for name, values in each.headers.items()},
        cookies=_all(each.cookies for each in found),
        values=_all(each.values for each in found),
        paths=_all(each.paths for each in found),
        reads_body=True,
    )
    seen: set[str] = set()
    yield VISITOR
    for _, request in variations(together):
        if request.name not in seen:
            seen.add(request.name)
            yield request


def _all(groups: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for group in groups for text in group))


class _Ran(msgspec.Struct, frozen=True):
    """What came of one build."""

    registered: dict[str, str]
    answers: dict[str, list[Answer]]


def _run(sandbox: Sandbox, module: Path, requests: Sequence[Request]) -> _Ran:
    answers: dict[str, list[Answer]] = {}
    server = sandbox.server(timeout=_SECONDS)
    try:
        loaded = server.load(sandbox.copy(module), name="module")
    except ModuleError as error:
        server.close()
        return _Ran({"loading": f"{error.outcome}: {type(error).__name__}"}, {})
    registered = _registered(loaded)
    failures: set[str] = set()
    for _ in range(_ROUNDS):
        for request in requests:
            if request.name not in failures and len(failures) < _MOST_FAILURES:
                answer = ask(server, request)
                if answer.outcome != "completed":
                    failures.add(request.name)
                plain = msgspec.structs.replace(answer, trace=None, error=_kind(answer))
                answers.setdefault(request.name, []).append(plain)
    registered["unloading"] = _close(server)
    return _Ran(registered, answers)


def _close(server: Server) -> str:
    try:
        server.close()
    except ModuleError as error:
        return f"{error.outcome}: {type(error).__name__}"
    return "completed"


def _kind(answer: Answer) -> str:
    """Return the message of a failure without addresses, which differ between any two builds."""
    return answer.error.partition(":")[0].split(" in ", 1)[-1]


def _registered(module: Module) -> dict[str, str]:
    found = module.registration
    masks = {
        "request": found.request_notifications,
        "post": found.post_notifications,
        "global": found.global_notifications,
    }
    return {
        "loading": "completed",
        **{name: ", ".join(names) or "(none)" for name, names in masks.items()},
        **{f"priority of {name}": alias for name, alias in found.priorities.items()},
    }


def _own_changes(answers: Sequence[Answer]) -> dict[str, None]:
    return dict.fromkeys(change.what for other in answers[1:] for change in differences(answers[0], other))


def _timing(old: dict[str, list[Answer]], new: dict[str, list[Answer]]) -> Timing | None:
    times = [
        [answer.milliseconds for group in answers.values() for answer in group if answer.outcome == "completed"]
        for answers in (old, new)
    ]
    return Timing(*(round(median(each), 3) for each in times)) if all(times) else None


def _changes(old: dict[str, str], new: dict[str, str]) -> Iterator[Change]:
    for name in dict.fromkeys((*old, *new)):
        before, after = old.get(name, "(absent)"), new.get(name, "(absent)")
        if before != after:
            yield Change(name, before, after)


def _static(old: Inspection, new: Inspection) -> Iterator[Change]:
    """Yield what a reader of two builds wants to know of their files."""
    yield from _changes(_facts(old), _facts(new))
    for what, before, after in (
        ("imports", _imports(old), _imports(new)),
        ("capabilities", {c.name for c in old.capabilities}, {c.name for c in new.capabilities}),
        ("texts", {f"{t.tag}: {t.text}" for t in old.strings}, {f"{t.tag}: {t.text}" for t in new.strings}),
        ("findings", {f"{f.id}: {f.text}" for f in old.findings}, {f"{f.id}: {f.text}" for f in new.findings}),
    ):
        if before != after:
            gone, added = sorted(before - after), sorted(after - before)
            yield Change(what, "; ".join(gone[:20]) or "(nothing)", "; ".join(added[:20]) or "(nothing)")


def _facts(found: Inspection) -> dict[str, str]:
    signature = found.verdict.identity.signature
    masks = found.registration.notifications
    return {
        "verdict": found.verdict.text,
        "signer": signature.signer if signature else "(unsigned)",
        "version": found.version_info.get("FileVersion", "(none)"),
        "C run-time": found.needs.crt.text,
        "linker": found.needs.linker,
        "handlers": ", ".join((*found.handlers.request, *found.handlers.global_)) or "(none)",
        **{f"static {n}": _names(names) for n, names in zip(("request", "post", "global"), _masks(masks), strict=True)},
        "static priorities": ", ".join(f"{name} {alias}" for name, alias in masks.priorities.items()) or "(none)",
        "mitigations": ", ".join(each.name for each in found.mitigations if each.on) or "(none)",
    }


def _masks(masks: object) -> tuple[tuple[str, ...] | None, ...]:
    return tuple(getattr(masks, name) for name in ("request", "post", "global_"))


def _names(names: tuple[str, ...] | None) -> str:
    return "(computed)" if names is None else ", ".join(names) or "(none)"


def _imports(found: Inspection) -> set[str]:
    return {f"{need.dll}!{function}" for need in found.needs.dlls for function in need.functions}
