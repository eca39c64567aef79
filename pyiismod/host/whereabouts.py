"""Where a request is: which module's turn it is, on this thread and in the pipeline, and what comes next (2.4, 2.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiismod.abi.notifications import REQUEST_BY_BIT
from pyiismod.host.providers import PROVIDERS, EventProvider
from pyiismod.host.trace import Frame, current

if TYPE_CHECKING:
    from pyiismod.host.exchange import Exchange
    from pyiismod.host.module import ModuleInstance


def caller(exchange: Exchange) -> Frame:
    """Return the frame of a thread that is in no notification: it acts for the module whose turn it is."""
    turn, frame = exchange.driver.turn, Frame(exchange.timeline)
    subscriber, bit, post = turn.step if turn is not None else (None, 0, False)
    if subscriber is not None:
        frame.key, frame.bit, frame.post = subscriber, bit, post
        frame.module, frame.notification = subscriber.key.file, REQUEST_BY_BIT[bit].name
    return frame


def where(exchange: Exchange) -> tuple[str | None, int]:
    """Return the name of the module that this thread acts for and the ``RQ_*`` bit that it is told of, or (None, 0)."""
    told, frame, turn = exchange.told, current(), exchange.driver.turn
    bit = frame.bit if frame is not None and frame.key is not None else turn.step[1] if turn else 0
    return (told.key.name, bit) if told is not None else (None, 0)


def is_last(exchange: Exchange, status: int) -> bool:
    """``GetIsLastNotification`` for the module that this thread is in."""
    turn, told = exchange.driver.turn, exchange.told
    return turn is None or told is None or exchange.machine.is_last(told, turn.step[1], status)


def take_next(exchange: Exchange, status: int) -> tuple[int, bool, ModuleInstance, EventProvider] | None:
    """``GetNextNotification``: advance if the next step is the same module's; the caller then runs it itself."""
    turn, told = exchange.driver.turn, exchange.told
    step = exchange.machine.take_next(told, turn.step[1], status) if turn and told else None
    instance = exchange.instances.get(told.position) if told else None
    if turn is None or step is None or instance is None:
        return None
    turn.step = step
    return step[1], step[2], instance, exchange.provider(PROVIDERS.get(step[1], EventProvider))
