"""The independent facts that the declaration is compared with (``tests/oracle``)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_DIRECTORY = Path(__file__).parent

ABI: dict[str, Any] = json.loads((_DIRECTORY / "abi.json").read_text(encoding="utf-8"))
LAYOUTS: dict[str, Any] = json.loads((_DIRECTORY / "layouts.json").read_text(encoding="utf-8"))


def full_table(name: str) -> list[tuple[str, dict[str, Any]]]:
    """Return (declaring class, method) for every slot of a class, inherited ones first."""
    cls = ABI["interfaces"][name]
    inherited = full_table(cls["base"]) if cls["base"] else []
    return inherited + [(name, method) for method in cls["methods"]]
