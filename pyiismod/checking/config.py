"""What a project has settled for its checks: ``[tool.pyiismod]`` of pyproject.toml, or ``[check]`` of pyiismod.toml.

The nearest of these files counts, looked for beside the module and in the folders above it. Its keys are the fields of
:class:`~pyiismod.checking.options.Options`; what the caller says goes over them.
"""

from __future__ import annotations

import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

from pyiismod.checking.options import Options
from pyiismod.errors import UsageError

__all__ = ["read_options"]

_FILES = (("pyiismod.toml", ("check",)), ("pyproject.toml", ("tool", "pyiismod")))
_KINDS: dict[str, tuple[type, ...]] = {
    "level": (int,), "seed": (int,), "requests": (int,), "timeout": (int, float), "slow": (int, float),
    "only": (list,), "skip": (list,),
}  # fmt: skip


def read_options(start: Path, **given: Any) -> Options:
    """Return the options of a project with what the caller gives over them.

    Args:
        start: where to look first: a folder.
        given: fields of :class:`Options`; those that are None are not given.

    Raises:
        UsageError: the file is no TOML, or has a key or value that means nothing.
    """
    found = _find(start.resolve())
    return Options(**{**found, **{name: value for name, value in given.items() if value is not None}})


def _find(folder: Path) -> dict[str, Any]:
    for place in (folder, *folder.parents):
        for name, keys in _FILES:
            file = place / name
            if file.is_file():
                table = _table(file, keys)
                if table is not None:
                    return _checked(table, file)
    return {}


def _table(file: Path, keys: tuple[str, ...]) -> dict[str, Any] | None:
    try:
        table: Any = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}") from None
    for key in keys:
        table = table.get(key) if isinstance(table, dict) else None
    if table is not None and not isinstance(table, dict):
        raise UsageError(f"{file}: {'.'.join(keys)} is no table.")
    return table


def _checked(table: dict[str, Any], file: Path) -> dict[str, Any]:
    known = [field.name for field in fields(Options)]
    for name, value in table.items():
        if name not in known:
            raise UsageError(f"{file} has an unknown key {name!r}.", hint=f"Known are {', '.join(known)}.")
        if not isinstance(value, _KINDS[name]) or isinstance(value, bool):
            kinds = " or ".join("array" if kind is list else kind.__name__ for kind in _KINDS[name])
            raise UsageError(f"{file}: {name} is {value!r}, and must be of type {kinds}.")
        if isinstance(value, list) and not all(isinstance(each, str) for each in value):
            raise UsageError(f'{file}: {name} must be an array of rules, such as ["IM018"].')
    return table
