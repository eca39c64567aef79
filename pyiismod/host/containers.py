"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/ihttpmodulecontextcontainer-interface

What modules keep with a request, a connection, a site, … (fact sheet 5.9). The first to set a context wins. The
container owns it, and calls ``CleanupStoredContext`` exactly once, when its own owner dies: in the order in which the
contexts were set. Contexts that a module sets while that goes on are refused.
"""

from __future__ import annotations

from _thread import allocate_lock
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

from pyiismod.abi.stored_context import (
    IDispensedHttpModuleContextContainer,
    IHttpConnectionModuleContextContainer,
    IHttpConnectionStoredContext,
    IHttpModuleContextContainer,
    INamedContextContainer,
)
from pyiismod.host._abi import ffi
from pyiismod.host.errors import ERROR_ALREADY_ASSIGNED, ERROR_INVALID_PARAMETER, S_OK
from pyiismod.host.evidence import COUNTS, Block, block_at
from pyiismod.host.native import address, slots_of
from pyiismod.host.objects import NativeObject
from pyiismod.host.trace import Frame, Timeline, current
from pyiismod.rules.lifetime import (
    CONTEXT_CLEANED_BY_MODULE,
    CONTEXT_SET_TWICE,
    CONTEXT_SET_WHILE_CLEANED,
    FOREIGN_MODULE_ID,
)

ModuleFile = Callable[[int], str | None]
"""Tells the DLL of a module id; None for an id that no loaded module has."""

_lock = allocate_lock()  # one for all containers: making one costs more under Wine than a request may
_CONTEXT = slots_of(IHttpConnectionStoredContext)  # the table of a plain stored context is a prefix of it


class _Stored(NamedTuple):
    pointer: Any
    file: str
    block: Block | None
    by: str | None
    hears_of_disconnect: bool = False


def _setter() -> str | None:
    frame = current()
    return frame.module if frame is not None else None


class Container(NativeObject):
    """What all containers do; their interfaces differ in what the key is.

    Args:
        timeline: as long-lived as the owner.

    Attributes:
        is_open: until it is cleaned up.
        is_of_request: whether one request has it to itself, so that a second context cannot come of a race.
    """

    def __init__(self, timeline: Timeline) -> None:
        super().__init__(timeline)
        self._stored: dict[Hashable, _Stored] = {}
        self.is_open = True
        self.is_of_request = False

    def _get(self, key: Hashable) -> Any:
        stored = self._stored.get(key)
        return ffi.NULL if stored is None else stored.pointer

    def _set(self, key: Hashable, stored: _Stored) -> int:
        with _lock:
            is_open = self.is_open
            first = self._stored.setdefault(key, stored) if is_open else stored
            is_first = first is stored
        if is_open:
            if not is_first and self.is_of_request and first.by == stored.by:
                self.timeline.violation(
                    CONTEXT_SET_TWICE, "a stored context was set where this request has one already"
                )
            COUNTS["kept"] += is_first
            return S_OK if is_first else ERROR_ALREADY_ASSIGNED
        self.timeline.violation(
            CONTEXT_SET_WHILE_CLEANED, "a stored context was set while its container is cleaned up: it would leak"
        )
        return ERROR_INVALID_PARAMETER

    def clean(self, timeline: Timeline) -> None:
        """The owner dies: clean every context up, and end the container. Idempotent."""
        with _lock:
            self.is_open, stored, self._stored = False, list(self._stored.values()), {}
        for each in stored:
            COUNTS["cleaned"] += 1
            if each.block is not None and each.block.is_freed:
                text = f"a stored context of {each.file} was freed before IIS cleaned it up: it would be freed twice"
                timeline.blame(Frame(timeline, each.file), CONTEXT_CLEANED_BY_MODULE, text, [])
            else:
                _CONTEXT["CleanupStoredContext"].call(timeline, each.file, each.pointer)
        self.end()


class ModuleContextContainer(Container, IHttpModuleContextContainer):
    """Contexts by module id. A module knows only its own id; another one is a violation, and works all the same.

    Args:
        timeline: as long-lived as the owner.
        file_of: tells the DLL of a module id.
    """

    def __init__(self, timeline: Timeline, file_of: ModuleFile) -> None:
        super().__init__(timeline)
        self._file_of = file_of

    def GetModuleContext(self, moduleId: Any) -> Any:
        key = address(moduleId)
        self._file(key, "GetModuleContext")
        return self._get(key)

    def SetModuleContext(self, ppStoredContext: Any, moduleId: Any) -> int:
        return self._store("SetModuleContext", ppStoredContext, moduleId, False)

    def _store(self, method: str, pointer: Any, module_id: Any, hears_of_disconnect: bool) -> int:
        key = address(module_id)
        if not pointer or not key:
            return ERROR_INVALID_PARAMETER
        return self._set(
            key, _Stored(pointer, self._file(key, method), block_at(pointer), _setter(), hears_of_disconnect)
        )

    def _file(self, key: int, method: str) -> str:
        frame, file = current(), self._file_of(key)
        if file is None:
            self.timeline.violation(
                FOREIGN_MODULE_ID, f"{method} was called with the module id {key:#x}, which no module has"
            )
        elif frame is not None and frame.module and frame.module != file:
            self.timeline.violation(FOREIGN_MODULE_ID, f"{frame.module} called {method} with the module id of {file}")
        return file or ""


class ConnectionContextContainer(ModuleContextContainer, IHttpConnectionModuleContextContainer):
    """Contexts of a connection: those set by ``SetConnectionModuleContext`` also hear of the disconnect.

    One module has one context, whichever way it was set (unconfirmed).
    """

    def GetConnectionModuleContext(self, moduleId: Any) -> Any:
        key = address(moduleId)
        self._file(key, "GetConnectionModuleContext")
        stored = self._stored.get(key)
        return stored.pointer if stored is not None and stored.hears_of_disconnect else ffi.NULL

    def SetConnectionModuleContext(self, ppStoredContext: Any, moduleId: Any) -> int:
        return self._store("SetConnectionModuleContext", ppStoredContext, moduleId, True)

    def notify_disconnect(self, timeline: Timeline) -> None:
        """The client has gone."""
        with _lock:
            stored = [each for each in self._stored.values() if each.hears_of_disconnect]
        for each in stored:
            _CONTEXT["NotifyDisconnect"].call(timeline, each.file, each.pointer)


class DispensedContainer(ModuleContextContainer, IDispensedHttpModuleContextContainer):
    """A container that a module asked for and releases."""

    def ReleaseContainer(self) -> None:
        self.clean(self.timeline)


class NamedContextContainer(Container, INamedContextContainer):
    """Contexts by name; names are compared as they are (unconfirmed)."""

    def GetNamedContext(self, szName: Any) -> Any:
        return self._get(str(ffi.string(szName))) if szName else ffi.NULL

    def SetNamedContext(self, ppStoredContext: Any, szName: Any) -> int:
        if not ppStoredContext or not szName:
            return ERROR_INVALID_PARAMETER
        frame = current()
        file = frame.module if frame is not None and frame.module else ""
        return self._set(str(ffi.string(szName)), _Stored(ppStoredContext, file, block_at(ppStoredContext), _setter()))
