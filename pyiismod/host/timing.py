"""When and on which thread a completion is delivered: the test's choice (fact sheet 2.4).

- ``"threaded"``, the default and what IIS does most: on a pool thread, after the handler has returned PENDING;
- ``"inline"``: one after the other on the request's own thread, so that every run is the same;
- ``"early"``: on a pool thread at once, before the call that started the operation has returned to the module;
- a number: one of these for each completion, drawn from that seed.
"""

from __future__ import annotations

THREADED, INLINE, EARLY = "threaded", "inline", "early"
SCHEDULES = (THREADED, INLINE, EARLY)

_64_BITS = 0xFFFFFFFFFFFFFFFF


class Timing:
    """Draws the way of each completion.

    Raises:
        ValueError: the schedule is none of those above.
    """

    def __init__(self, schedule: str | int) -> None:
        if isinstance(schedule, str) and schedule not in SCHEDULES:
            raise ValueError(f"unknown schedule {schedule!r}; known are {', '.join(SCHEDULES)} and any number")
        self._fixed = schedule if isinstance(schedule, str) else None
        self._state = schedule if isinstance(schedule, int) else 0

    def draw(self) -> str:
        """Return ``"threaded"``, ``"inline"`` or ``"early"`` for the next completion."""
        if self._fixed is not None:
            return self._fixed
        self._state = state = (self._state + 0x9E3779B97F4A7C15) & _64_BITS  # SplitMix64
        state = ((state ^ state >> 30) * 0xBF58476D1CE4E5B9) & _64_BITS
        state = ((state ^ state >> 27) * 0x94D049BB133111EB) & _64_BITS
        return SCHEDULES[(state ^ state >> 31) % len(SCHEDULES)]


_FIXED = {schedule: Timing(schedule) for schedule in SCHEDULES}


def timing(schedule: str | int) -> Timing:
    """Return what draws by a schedule.

    Raises:
        ValueError: there is no such schedule.
    """
    return _FIXED[schedule] if schedule in _FIXED else Timing(schedule)
