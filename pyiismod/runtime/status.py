"""What is installed and whether it works, as ``pyiismod runtime status`` shows it."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from pyiismod.errors import RuntimeBroken, RuntimeProblem
from pyiismod.runtime import paths
from pyiismod.runtime.interpreter import find
from pyiismod.runtime.launch import run_briefly

__all__ = ["status"]

_PROBE = "import cffi, msgspec"


def status() -> dict[str, Any]:
    """Return ``{"works", "error", "home", "sizes", …facts}``; starts the Windows Python once."""
    home = paths.home()
    sizes = {path.name: _megabytes(path) for path in sorted(home.iterdir()) if path.is_dir()} if home.is_dir() else {}
    report: dict[str, Any] = {"works": False, "error": None, "home": str(home), "sizes_mb": sizes}
    try:
        runtime = find()
    except RuntimeProblem as error:
        return report | {"error": error.as_dict()}
    report |= runtime.describe()
    runtime.warm_up()
    began = time.perf_counter()
    code, _, errors = run_briefly(runtime.command("-c", _PROBE), runtime.environment())
    report["start_seconds"] = round(time.perf_counter() - began, 3)
    if code == 0:
        return report | {"works": True}
    broken = RuntimeBroken(
        f"The Windows Python does not work, it ended with {code}: {errors[-1000:]}",
        hint="pyiismod runtime install --force",
    )
    return report | {"error": broken.as_dict()}


def _megabytes(path: Path) -> float:
    total = 0
    for folder, _, names in os.walk(path):
        total += sum(os.lstat(os.path.join(folder, name)).st_size for name in names)  # noqa: PTH118
    return round(total / 1e6, 1)
