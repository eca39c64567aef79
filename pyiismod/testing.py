"""What the pytest plugin does, without pytest: which modules a test is about, what it did wrong, what a failure shows.

The harness records, the test asks, the failure explains.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyiismod.errors import PyiismodError, UsageError
from pyiismod.module import Module
from pyiismod.response import Response
from pyiismod.rules import NOTE, RULES
from pyiismod.server import Server
from pyiismod.streaming import ResponseStream
from pyiismod.trace import Violation

if TYPE_CHECKING:
    from pyiismod.asyncstreaming import AsyncResponseStream

__all__ = ["Watched", "differences", "find_module", "sections", "violations"]

_SHOWN = 4000
"""Characters of a body, and lines of a timeline, that a failure shows at most."""


class Watched(Server):
    """A server that remembers for the report.

    Attributes:
        last: the last response; one that was taken as a stream has no body here.
        allow: ids of rules that may be broken.
    """

    def __init__(self, *, allow: Iterable[str] = (), **options: Any) -> None:
        self.last: Response | ResponseStream | AsyncResponseStream | None = None
        self.allow = frozenset(allow)
        if unknown := sorted(self.allow - RULES.keys()):
            raise UsageError(f"There is no rule {', '.join(unknown)}.", hint=f"There are {', '.join(sorted(RULES))}.")
        super().__init__(**options)

    def request(self, method: str, url: str, **options: Any) -> Response:
        """As of :class:`~pyiismod.Server`."""
        __tracebackhide__ = True
        self.last = None
        self.last = response = super().request(method, url, **options)
        return response

    def stream(self, method: str, url: str, **options: Any) -> ResponseStream:
        """As of :class:`~pyiismod.Server`."""
        self.last = stream = super().stream(method, url, **options)
        return stream

    def astream(self, method: str, url: str, **options: Any) -> AsyncResponseStream:
        """As of :class:`~pyiismod.Server`."""
        self.last = stream = super().astream(method, url, **options)
        return stream

    def load_all(self, paths: Iterable[Path]) -> Module:
        """Load modules in order and return the first.

        Raises:
            LoadError, ModuleError: as of :meth:`~pyiismod.Server.load`.
        """
        first, *_ = [self.load(path) for path in paths]
        return first


def find_module(name: str, folders: Iterable[Path]) -> Path:
    """Return the DLL of that name in the first of some folders that has it; an absolute path as it is.

    Raises:
        UsageError: there is none.
    """
    tried = dict.fromkeys(folder / name for folder in folders)
    for path in tried:
        if path.is_file():
            return path
    places = ", ".join(str(path) for path in tried)
    raise UsageError(f"There is no module {name}.", hint=f"Build it first; it was looked for at {places}.")


def violations(server: Watched) -> list[Violation]:
    """Return what the modules did against rules that the test does not allow; notes do not count."""
    return [v for v in server.trace.violations if v.rule.id not in server.allow and v.rule.severity != NOTE]


def sections(server: Watched) -> Iterator[tuple[str, str]]:
    """Yield (title, text) of everything that explains a failure; nothing for what there is nothing of."""
    from pyiismod.report.plain import plain
    from pyiismod.report.response import body_note, body_text, head_lines
    from pyiismod.report.timeline import timeline_trees
    from pyiismod.report.values import visible

    if (last := server.last) is not None:
        if isinstance(last, Response):
            body = body_text(last)
            shown = body_note(last, "it is in response.content") if body is None else body[:_SHOWN]
        else:
            shown = "(its body was taken as a stream)"
        yield "response", "\n".join([*head_lines(last), "", shown])
    if trees := timeline_trees(server.trace[-_SHOWN:], refused=server.refused):
        yield "timeline", plain(*trees)
    if debug := server.trace.output:
        yield "OutputDebugString", visible(debug)
    if printed := server.output:
        yield "printed", visible(printed)
    if refused := dict.fromkeys(server.refused):
        yield "calls that the host does not serve", "\n".join(refused)
    if broken := server.trace.violations:
        yield "violations", "\n".join(map(explained, broken))


def explained(violation: Violation) -> str:
    """Return a violation with what comes of it and what fixes it."""
    rule, event = violation.rule, violation.event
    where = " ".join(filter(None, (event.module, "post" if event.post else "", event.notification)))
    return f"{rule.id} {rule.name}: {violation}\n  in:  {where}\n  why: {rule.why}\n  fix: {rule.fix}"


def failure_text(error: PyiismodError) -> str:
    """Return what is known about an error."""
    from pyiismod.report.failure import failure
    from pyiismod.report.plain import plain

    return plain(failure(error))


def differences(left: Response, right: Response) -> list[str]:
    """Return in lines what a client would see different."""
    found = []
    for what in ("status", "substatus", "reason", "connection", "interim"):
        if (one := getattr(left, what)) != (other := getattr(right, what)):
            found.append(f"{what}: {one!r} != {other!r}")
    names = dict.fromkeys(name.lower() for each in (left, right) for name in each.headers)
    for name in names:
        one, other = left.headers.get_list(name), right.headers.get_list(name)
        if one != other and name != "date":
            found.append(f"header {name}: {_lines(one)} != {_lines(other)}")
    if not found and left.headers.lines() != right.headers.lines() and left.content == right.content:
        found.append("the headers are the same, in another order")
    if left.content != right.content:
        found.append(f"body: {len(left.content)} bytes != {len(right.content)} bytes, {_first(left, right)}")
    return found


def _lines(values: list[str]) -> str:
    return ", ".join(map(repr, values)) or "(none)"


def _first(left: Response, right: Response) -> str:
    pairs = enumerate(zip_longest(left.content, right.content))
    place = next(place for place, (one, other) in pairs if one != other)
    start = max(0, place - 10)
    around = (repr(each.content[start : place + 20])[1:] for each in (left, right))
    return f"first at byte {place}: " + " != ".join(around)
