"""Which buffer a fault has hit: the list that a worker in strict mode leaves behind (:mod:`pyiismod.host.guard`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from pyiismod.errors import ModuleCrashed

__all__ = ["name_owner"]

_ACCESS_VIOLATION: Final = 0xC0000005


def name_owner(error: ModuleCrashed, ledger: Path) -> ModuleCrashed:
    """Return a crash with the buffer that it hit as ``details["guarded"]``; as it is when that was none.

    Args:
        error: the crash.
        ledger: the list.
    """
    parameters: list[str] = error.details.get("parameters") or []
    if error.details.get("code") != _ACCESS_VIOLATION or len(parameters) < 2:
        return error
    found = _find(ledger, int(parameters[1], 16))
    if found is None:
        return error
    return ModuleCrashed(
        f"{error.message} {_sentence(found)}", hint=error.hint, details={**error.details, "guarded": found}
    )


def _find(ledger: Path, address: int) -> dict[str, Any] | None:
    last = None
    for line in ledger.read_text(encoding="utf-8", errors="replace").splitlines():
        state, base, end, start, size, what = line.split(" ", 5)
        if int(base, 16) <= address < int(end, 16):
            last = None if state == "gone" else (state, int(start, 16), int(size, 16), what)
    if last is None:
        return None
    state, begin, length, what = last
    return {"state": state, "what": what, "size": length, "offset": address - begin}


def _sentence(found: dict[str, Any]) -> str:
    what, size, offset = found["what"], found["size"], found["offset"]
    if found["state"] == "freed":
        return f"That is memory of a request that has ended: {size} bytes of {what}."
    where = f"{offset - size} bytes behind" if offset >= size else f"{-offset} bytes before" if offset < 0 else "inside"
    return f"That is {where} the {size} bytes of {what}."
