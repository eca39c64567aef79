"""Where an instruction goes, and what comparisons say."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from pyiismod.inspection.code.state import Place, Value


class Jump(NamedTuple):
    """On at ``target``, which may be another function: a tail call."""

    target: Value


class Branch(NamedTuple):
    """At ``target`` if ``taken``, else behind; both where that is unknown (None). ``condition`` is ARM's name of it."""

    target: int
    taken: bool | None
    condition: str = ""


class Call(NamedTuple):
    """Into a function, and back."""

    target: Value


class Return(NamedTuple):
    """Back; ``pops`` bytes of arguments leave the stack."""

    pops: int = 0


class Stop(NamedTuple):
    """No further."""


_E_FAIL = 0x80004005
Flow: TypeAlias = Jump | Branch | Call | Return | Stop


def decide(flags: tuple[str, Value, Value, int] | None, condition: str) -> bool | None:
    """Return whether a condition holds (ARM's names), or None where nobody knows.

    An object is never null: addresses of unknown objects are taken for good.
    """
    if flags is None:
        return None
    operation, left, right, size = flags
    if isinstance(left, Place) or isinstance(right, Place):
        return _of_places(operation, left, right, condition)
    mask, top = (1 << 8 * size) - 1, 1 << (8 * size - 1)
    left, right = left & mask, right & mask
    if operation == "test":
        left, right = left & right, 0
    signed_left, signed_right = (value - (mask + 1) if value & top else value for value in (left, right))
    difference = (left - right) & mask
    return {
        "eq": left == right,
        "ne": left != right,
        "mi": bool(difference & top),
        "pl": not difference & top,
        "lt": signed_left < signed_right,
        "ge": signed_left >= signed_right,
        "le": signed_left <= signed_right,
        "gt": signed_left > signed_right,
        "lo": left < right,
        "hs": left >= right,
        "ls": left <= right,
        "hi": left > right,
    }.get(condition)


def assumed(flags: tuple[str, Value, Value, int] | None, condition: str, taken: bool) -> tuple[Place, int] | None:
    """Return what an unknown value must be on one way of a branch: null where it was compared with that.

    What is tested for its sign is taken for an HRESULT: S_OK or E_FAIL.
    """
    if flags is None or not isinstance(flags[1], Place) or flags[2] not in (0, flags[1]):
        return None
    negative = {"mi": True, "lt": True, "pl": False, "ge": False}.get(condition)
    if negative is not None:
        return flags[1], _E_FAIL if negative == taken else 0
    return (flags[1], 0) if (condition == "eq") == taken and condition in ("eq", "ne") else None


def _of_places(operation: str, left: Value, right: Value, condition: str) -> bool | None:
    if condition not in ("eq", "ne"):
        return None
    if operation == "test":
        null = left == right and isinstance(left, Place) and _is_object(left)
        return condition == "ne" if null else None
    if left == right:
        return condition == "eq"
    for one, other in ((left, right), (right, left)):
        if other == 0 and isinstance(one, Place) and _is_object(one):
            return condition == "ne"
    return None


def _is_object(place: Place) -> bool:
    return place.object.kind in ("argument", "stack", "import")
