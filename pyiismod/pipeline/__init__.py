"""The request pipeline as pure rules: who is told, in which order, and what a returned status does.

It knows neither cffi nor DLLs: what happens at each step is asked of a :class:`~pyiismod.pipeline.machine.Dispatcher`.
The rules are those of sections 1.3, 2.1 and 2.3 of the fact sheet.
"""

from __future__ import annotations

from pyiismod.pipeline.machine import CONTINUE, FINISH_REQUEST, NEVER_SKIPPED, PENDING, Dispatcher, Machine, Step
from pyiismod.pipeline.order import ALIASES, DEFAULT_ALIAS, Plan, Subscriber

__all__ = [
    "ALIASES",
    "CONTINUE",
    "DEFAULT_ALIAS",
    "FINISH_REQUEST",
    "NEVER_SKIPPED",
    "PENDING",
    "Dispatcher",
    "Machine",
    "Plan",
    "Step",
    "Subscriber",
]
