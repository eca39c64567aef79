"""https://learn.microsoft.com/en-us/aspnet/core/test/http-files

``.http`` files, as Visual Studio, VS Code and JetBrains IDEs send them: requests between ``###`` lines, ``# comments``,
``@name = value`` and ``{{name}}``, and ``< FILE`` for a body.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from pyiismod.errors import UsageError
from pyiismod.replay.recorded import Recorded, framed_anew

__all__ = ["read", "write"]

_LINE = re.compile(r"(?:(?P<method>[A-Z]+)\s+)?(?P<url>(?:https?:/)?/\S*|\{\{\S*)(?:\s+HTTP/(?P<version>\d(?:\.\d)?))?")
_VARIABLE = re.compile(r"@([\w.-]+)\s*=\s*(.*)")
_USE = re.compile(r"\{\{\s*(\$?[\w.-]+)(?:\s+([\w.-]+))?\s*\}\}")
_COMMENT = re.compile(r"\s*(#|//)")


def read(text: str, name: str, folder: Path) -> list[Recorded]:
    """Return the requests of a ``.http`` file.

    Args:
        text: the file.
        name: of it, for messages.
        folder: where the files are that it names.

    Raises:
        UsageError: something in it is no request, or a variable or file is missing.
    """
    variables: dict[str, str] = {}
    found = []
    start, lines = 1, list[str]()
    for number, line in enumerate([*text.splitlines(), "###"], 1):
        if line.startswith("###"):
            if (request := _request(lines, start, name, folder, variables)) is not None:
                found.append(request)
            start, lines = number + 1, []
        else:
            lines.append(line)
    return found


def _request(lines: list[str], start: int, name: str, folder: Path, variables: dict[str, str]) -> Recorded | None:
    at = 0
    while at < len(lines) and (not lines[at].strip() or _COMMENT.match(lines[at]) or lines[at].startswith("@")):
        if (given := _VARIABLE.match(lines[at])) is not None:
            variables[given[1]] = _filled(given[2].strip(), variables, f"{name} line {start + at}")
        at += 1
    if at == len(lines):
        return None
    place = f"{name} line {start + at}"
    line, at = lines[at].strip(), at + 1
    while at < len(lines) and lines[at].startswith((" ", "\t")) and lines[at].strip()[:1] in ("?", "&"):
        line, at = line + lines[at].strip(), at + 1
    matched = _LINE.fullmatch(line)
    if matched is None:
        raise UsageError(f"{place} is no request: {line!r}.", hint="Write it as GET http://localhost/path.")
    headers = []
    while at < len(lines) and lines[at].strip():
        if not _COMMENT.match(lines[at]):
            key, colon, value = _filled(lines[at], variables, place).partition(":")
            if not colon:
                raise UsageError(f"{name} line {start + at} is no header: {lines[at]!r}.", hint="Write Name: value.")
            headers.append((key.strip(), value.strip()))
        at += 1
    return Recorded(
        matched["method"] or "GET",
        _filled(matched["url"], variables, place),
        framed_anew(headers),
        _body(lines[at + 1 :], folder, variables, place),
        "1.0" if matched["version"] == "1.0" else "1.1",
        place=place,
    )


def _body(lines: list[str], folder: Path, variables: dict[str, str], place: str) -> bytes | None:
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    if not lines:
        return None
    if len(lines) == 1 and lines[0].startswith("< "):
        path = folder / lines[0][2:].strip()
        try:
            return path.read_bytes()
        except OSError as error:
            raise UsageError(f"{place} sends {path}, which cannot be read: {error.strerror}.") from None
    return _filled("\n".join(lines), variables, place).encode()


def _filled(text: str, variables: dict[str, str], place: str) -> str:
    def value(use: re.Match[str]) -> str:
        if use[1] == "$processEnv" and use[2]:
            return os.environ.get(use[2], "")
        if use[1] not in variables:
            raise UsageError(f"{place} uses {use[0]}, which is not defined.", hint=f"Write @{use[1]} = … above it.")
        return variables[use[1]]

    return _USE.sub(value, text)


def write(recorded: Iterable[Recorded]) -> str:
    """Return requests as a ``.http`` file; what was answered is a comment, and bodies that are no text are left out."""
    return "\n".join(_written(each) for each in recorded)


def _written(recorded: Recorded) -> str:
    lines = [f"### {recorded.reply.status} {recorded.reply.reason}".rstrip() if recorded.reply else "###"]
    lines.append(f"{recorded.method} {recorded.url}")
    lines += [f"{key}: {value}" for key, value in framed_anew(recorded.headers)]
    if recorded.content:
        try:
            lines += ["", recorded.content.decode()]
        except UnicodeDecodeError:
            lines.insert(1, f"# a body of {len(recorded.content)} bytes that are no text was left out; a .har keeps it")
    return "\n".join(lines) + "\n"
