"""The response as text for people. What modules put into it cannot control the terminal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyiismod.report.values import size, visible

if TYPE_CHECKING:
    from rich.text import Text

    from pyiismod.asyncstreaming import AsyncResponseStream
    from pyiismod.response import Response
    from pyiismod.streaming import ResponseStream

__all__ = ["body_note", "body_text", "head_lines", "head_text"]

_BINARY = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ufffd]")


def head_lines(response: Response | ResponseStream | AsyncResponseStream) -> list[str]:
    """Return status line and headers."""
    if not response.status:
        return ["(no status line and no headers: the module suppressed them)"]
    substatus = f" (substatus {response.substatus})" if response.substatus else ""
    status = f"HTTP/1.1 {response.status} {visible(response.reason)}".rstrip() + substatus
    return [status, *(f"{visible(name)}: {visible(value)}" for name, value in response.headers.lines())]


def head_text(response: Response) -> Text:
    """Return the same, coloured."""
    from rich.text import Text

    status, *headers = head_lines(response)
    style = "green" if 0 < response.status < 400 else "yellow" if response.status < 500 else "red"
    text = Text(status, f"bold {style}")
    for header in headers:
        name, colon, value = header.partition(":")
        text.append("\n").append(name, "cyan").append(colon + value, "default")
    return text


def body_text(response: Response) -> str | None:
    """Return the body if a terminal can show it as text, else None."""
    text = response.text
    return None if _BINARY.search(text) else visible(text.replace("\r\n", "\n"))


def body_note(response: Response, hint: str) -> str:
    """Return what stands in the place of a body that a terminal cannot show; ``hint`` says how to get it."""
    kind = visible(response.headers.get("Content-Type", "no Content-Type"))
    return f"({size(len(response.content))} of binary data, {kind}, not shown; {hint})"
