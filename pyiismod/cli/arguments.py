"""From what was typed after ``pyiismod run`` to an order that can be carried out.

What only a request can judge (URL, method, header values) is judged by :mod:`pyiismod.request`; here is what belongs to
the command line: how words, headers, data and variables are written.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from pyiismod.errors import UsageError

__all__ = ["Order", "body", "environment", "headers", "schedule", "target"]

_METHOD = re.compile(r"[A-Za-z]+")
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


class Order(NamedTuple):
    """One run as it was asked for: modules as (path, name) in ``<modules>`` order, a request, the server's settings."""

    modules: list[tuple[Path, str | None]]
    method: str
    url: str
    headers: list[tuple[str, str]]
    content: bytes | None
    server: dict[str, Any]


def target(words: list[str], request: str | None, default: str) -> tuple[str, str]:
    """Return method and URL from ``[METHOD] URL``.

    Args:
        words: what stands after the module.
        request: the value of ``-X``, if any.
        default: the method where none is given.

    Raises:
        UsageError: there are too few words, too many, or in the wrong order.
    """
    if len(words) > 2:
        dll = next((word for word in words if word.lower().endswith(".dll")), None)
        hint = f"Load further modules with --module {dll}." if dll else "Quote a URL that has spaces or & in it."
        raise UsageError(f"Too many arguments: {' '.join(words)}. After the module come a method and a URL.", hint=hint)
    url = words[-1]
    if _METHOD.fullmatch(url):
        swapped = f"{url} {words[0]}" if len(words) == 2 else f"{url} /"
        raise UsageError(f"{url!r} is not a URL.", hint=f"The URL comes last: pyiismod run MODULE.dll {swapped}")
    if _DRIVE.match(url) and "MSYSTEM" in os.environ:
        hint = "Run it with MSYS_NO_PATHCONV=1 in the environment, or write the whole URL: http://localhost/path."
        raise UsageError(f"{url!r} is not a URL: this shell has turned a path that starts with / into that.", hint=hint)
    if len(words) == 1:
        return request or default, url
    if request:
        raise UsageError(f"The method is given twice: {words[0]} and -X {request}.", hint="Leave one of them out.")
    return words[0], url


def headers(lines: Iterable[str]) -> list[tuple[str, str]]:
    """Return (name, value) for each ``Name: value``.

    Raises:
        UsageError: there is no colon.
    """
    found = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise UsageError(f"The header {line!r} has no colon.", hint="Write it as -H 'Name: value'.")
        found.append((name, value))
    return found


def body(parts: list[str]) -> bytes | None:
    """Return the entity body from the values of ``-d``, joined with ``&``; None when there is none.

    ``@FILE`` stands for the content of a file, ``@-`` for standard input, both byte for byte.

    Raises:
        UsageError: a file cannot be read.
    """
    return b"&".join(map(_part, parts)) if parts else None


def _part(part: str) -> bytes:
    if not part.startswith("@"):
        return part.encode("utf-8", "surrogateescape")
    if part == "@-":
        return sys.stdin.buffer.read()
    try:
        return Path(part[1:]).read_bytes()
    except OSError as error:
        hint = "-d @FILE sends the content of a file; data that starts with @ comes from standard input, with -d @-."
        raise UsageError(f"Cannot read the body from {part[1:]!r}: {error.strerror}.", hint=hint) from None


def environment(settings: list[str]) -> dict[str, str] | None:
    """Return the variables from ``NAME=VALUE`` words, None when there are none.

    Raises:
        UsageError: a word has no name or no ``=``.
    """
    found = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals or not name:
            raise UsageError(f"{setting!r} sets no environment variable.", hint="Write it as --env NAME=VALUE.")
        found[name] = value
    return found or None


def schedule(word: str) -> str | int:
    """Return a schedule as the API takes it: a name, which is judged later, or a seed."""
    return int(word) if word.isascii() and word.isdecimal() else word
