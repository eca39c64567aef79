"""Memory that modules lend to a request by pointer: it has to be there when it is needed (fact sheet 5.2, 5.3).

``WriteEntityChunkByReference`` and ``InsertEntityBody`` keep the pointer. What can be seen of memory that goes too
early: a block of the heap that is freed, and a variable on the stack of a call that has returned.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyiismod.host._abi import ffi
from pyiismod.host.evidence import Block, block_at, is_on_this_stack, native_stack
from pyiismod.host.trace import Frame, Timeline, current
from pyiismod.rules.body import BODY_MEMORY_GONE

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Lent"]


class Lent:
    """What one request was lent.

    Args:
        timeline: of the request.

    Attributes:
        anything: whether it was lent anything.
    """

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self.anything = False
        self._known: dict[int, tuple[str, Frame, list[str], Callable[[], str | None]]] = {}

    def add(self, pointer: Any, call: str) -> None:
        """A module lends the memory at ``pointer``."""
        frame = current()
        if not pointer or frame is None:
            return
        if is_on_this_stack(pointer):
            gone = _on_stack(frame)
        elif (block := block_at(pointer)) is not None:
            gone = _in_heap(block)
        else:
            return
        self._known[int(ffi.cast("uintptr_t", pointer))] = call, frame, native_stack(), gone
        self.anything = True

    def is_gone(self, pointer: Any) -> bool:
        """Return whether lent memory is gone, now that it is needed; note it, once."""
        if pointer is None:
            return False
        address = int(ffi.cast("uintptr_t", pointer))
        known = self._known.get(address)
        if known is None or (what := known[3]()) is None:
            return False
        call, frame, stack, _ = self._known.pop(address)
        self._timeline.blame(frame, BODY_MEMORY_GONE, f"the memory that {call} was given {what}", stack)
        return True


def _on_stack(frame: Frame) -> Callable[[], str | None]:
    return lambda: "was on the stack of a call that has returned" if frame.has_returned else None


def _in_heap(block: Block) -> Callable[[], str | None]:
    return lambda: "has been freed" if block.is_freed else None
