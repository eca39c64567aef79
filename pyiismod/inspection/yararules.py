"""YARA rules over a file: :func:`match_rules`. Needs the extra ``pyiismod[yara]``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from pyiismod.errors import UsageError

_SECONDS = 60
_SHOWN = 20


class YaraMatch(msgspec.Struct, frozen=True):
    """One rule that matches; ``strings`` are ``"$name at 0x1234"``, ``meta`` what the rule says of itself."""

    rule: str
    namespace: str
    tags: tuple[str, ...]
    meta: dict[str, str]
    strings: tuple[str, ...]


def match_rules(rules: Path, data: bytes) -> tuple[YaraMatch, ...]:
    """Return the rules in a file, or in the ``.yar`` and ``.yara`` files of a folder, that match ``data``.

    Raises:
        UsageError: yara-python is not installed, or the rules cannot be read or compiled.
    """
    try:
        import yara
    except ImportError:
        raise UsageError("YARA rules need yara-python.", hint="pip install 'pyiismod[yara]'") from None
    try:
        if rules.is_dir():
            files = sorted(file for file in rules.rglob("*") if file.suffix.lower() in (".yar", ".yara"))
            if not files:
                raise UsageError(f"{rules} has no .yar or .yara files.")
            compiled: Any = yara.compile(filepaths={str(file.relative_to(rules)): str(file) for file in files})
        else:
            compiled = yara.compile(filepath=str(rules))
        matches = compiled.match(data=data, timeout=_SECONDS)
    except yara.Error as error:
        raise UsageError(f"The YARA rules in {rules} cannot be used: {error}.") from None
    except OSError as error:
        raise UsageError(f"The YARA rules in {rules} cannot be read: {error.strerror}.") from None
    return tuple(
        YaraMatch(
            match.rule,
            match.namespace,
            tuple(match.tags),
            {name: str(value) for name, value in match.meta.items()},
            tuple(f"{s.identifier} at 0x{i.offset:X}" for s in match.strings for i in s.instances)[:_SHOWN],
        )
        for match in matches
    )
