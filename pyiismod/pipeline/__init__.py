"""The request pipeline as pure rules: who is told, in which order, and what a returned status does.

It knows neither cffi nor DLLs: what happens at each step is asked of a :class:`~pyiismod.pipeline.driver.Dispatcher`.
The rules are those of sections 1.3, 2.1 and 2.3 of the fact sheet.
"""

from __future__ import annotations

from pyiismod.pipeline.driver import WAITING, Completion, Dispatcher, Driver, Turn
from pyiismod.pipeline.machine import CONTINUE, FINISH_REQUEST, NEVER_SKIPPED, PENDING, Machine
from pyiismod.pipeline.order import ALIASES, DEFAULT_ALIAS, Plan, Step, Subscriber

__all__ = [
    "ALIASES",
    "CONTINUE",
    "DEFAULT_ALIAS",
    "FINISH_REQUEST",
    "NEVER_SKIPPED",
    "PENDING",
    "WAITING",
    "Completion",
    "Dispatcher",
    "Driver",
    "Machine",
    "Plan",
    "Step",
    "Subscriber",
    "Turn",
]
