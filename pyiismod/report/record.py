"""What one run of a module gave, whole or cut short, and the JSON document that says it to programs.

The document is a contract: its members and their names do not change within a major version.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from pyiismod.errors import ModuleError, PyiismodError

if TYPE_CHECKING:
    from pyiismod.module import Module
    from pyiismod.response import Response, Sent
    from pyiismod.server import Server
    from pyiismod.streaming import ResponseStream
    from pyiismod.trace import Trace

__all__ = ["Run"]


class Run(NamedTuple):
    """One run: modules loaded, one request, modules unloaded.

    ``trace``, ``refused`` and ``output`` (what was printed) cover all of that; ``response`` is there also when the
    module failed only afterwards.

    Attributes:
        request: what was asked, when it is known.
        began: when the first event happened, in seconds since 1970 (UTC); 0 when nobody knows.
    """

    modules: Sequence[Module] = ()
    response: Response | None = None
    trace: Trace | None = None
    refused: tuple[str, ...] = ()
    error: PyiismodError | None = None
    output: str = ""
    request: Sent | None = None
    began: float = 0.0

    @classmethod
    def of(cls, source: Run | Response | ResponseStream | Server) -> Run:
        """Return a run from what a test has in its hands.

        Args:
            source: a response or a stream that has ended, with what happened for it; or a server, with everything that
                it remembers.
        """
        if isinstance(source, Run):
            return source
        from pyiismod.response import Response
        from pyiismod.streaming import ResponseStream

        if isinstance(source, ResponseStream):
            return cls((), None, source.trace, source.refused)
        if isinstance(source, Response):
            return cls((), source, source.trace, source.refused, request=source.request)
        return cls(source.modules, None, source.trace, source.refused, None, source.output)

    @property
    def outcome(self) -> str:
        """``"completed"``, ``"crashed"``, ``"hung"`` or ``"load_failed"``: also what never came to load a module."""
        if self.error is None:
            return "completed"
        if isinstance(self.error, ModuleError):
            return self.error.outcome
        return "crashed" if self.modules else "load_failed"

    def as_dict(self) -> dict[str, Any]:
        """Return the document of ``pyiismod run --json`` as JSON values."""
        return {
            "outcome": self.outcome,
            "error": None if self.error is None else self.error.as_dict(),
            "modules": [_module(module) for module in self.modules],
            "response": None if self.response is None else response_document(self.response),
            "trace": [] if self.trace is None else self.trace.as_dicts(),
            "refused": list(self.refused),
        }


def _module(module: Module) -> dict[str, Any]:
    registration = module.registration
    return {
        "name": module.name,
        "path": str(module.path),
        "request_notifications": list(registration.request_notifications),
        "post_notifications": list(registration.post_notifications),
        "global_notifications": list(registration.global_notifications),
        "priorities": dict(registration.priorities),
    }


def response_document(response: Response) -> dict[str, Any]:
    """Return a response as documents have it."""
    return {
        "status": response.status,
        "substatus": response.substatus,
        "reason": response.reason,
        "headers": [list(line) for line in response.headers.lines()],
        "body_base64": b64encode(response.content).decode("ascii"),
    }
