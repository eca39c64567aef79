"""Requests out of files: HAR archives of browsers and proxies, and ``.http`` files of editors.

:func:`read_requests` tells them by their content. Of a HAR the requests are taken, not the answers. In a ``.http`` file
requests are separated by lines that start with ``###``; each has a request line, headers, and after an empty line a
body; ``@name = value`` defines what ``{{name}}`` stands for.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from pyiismod.errors import UsageError

__all__ = ["FileRequest", "read_requests"]

_LINE = re.compile(r"(?:(?P<method>[A-Za-z]+)\s+)?(?P<url>(?:https?://|/)\S*)(?:\s+HTTP/[\d.]+)?")
_VARIABLE = re.compile(r"@(\w+)\s*=\s*(.*)")
_OWN = {"content-length", "connection", "transfer-encoding"}


class FileRequest(NamedTuple):
    """One request; ``name`` says where it stands."""

    name: str
    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    content: bytes


def read_requests(path: Path) -> list[FileRequest]:
    """Return the requests in a file, in their order.

    Raises:
        UsageError: it cannot be read, or has no requests.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise UsageError(f"Cannot read requests from {str(path)!r}: {reason}.") from None
    try:
        found = list(_har(json.loads(text), path.name) if text.lstrip().startswith("{") else _http(text, path.name))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UsageError(
            f"{str(path)!r} is no HAR archive: {error}.", hint="Save it from the network tab of a browser."
        ) from None
    if not found:
        raise UsageError(f"{str(path)!r} has no requests.", hint="Write GET http://localhost/path, or save a HAR.")
    return found


def _har(archive: Any, name: str) -> Iterator[FileRequest]:
    for number, entry in enumerate(archive["log"]["entries"], 1):
        request = entry["request"]
        lines = ((str(line["name"]), str(line["value"])) for line in request.get("headers", ()))
        kept = tuple(pair for pair in lines if not pair[0].startswith(":") and pair[0].lower() not in _OWN)
        data = request.get("postData") or {}
        text = data.get("text", "")
        content = b64decode(text) if data.get("encoding") == "base64" else text.encode()
        parts = urlsplit(request["url"])
        if parts.scheme in ("http", "https"):
            yield FileRequest(f"{name}:{number} {parts.path}", request["method"], request["url"], kept, content)


def _http(text: str, name: str) -> Iterator[FileRequest]:
    values = {
        match[1]: match[2] for line in text.splitlines() if (match := _VARIABLE.fullmatch(line.strip())) is not None
    }
    text = re.sub(r"\{\{(\w+)\}\}", lambda match: values.get(match[1], match[0]), text)
    number = 1
    for block in re.split(r"^###.*$", text, flags=re.MULTILINE):
        lines = block.splitlines()
        start = next((at for at, line in enumerate(lines) if _LINE.fullmatch(line.strip())), None)
        if start is not None and (match := _LINE.fullmatch(lines[start].strip())):
            end = next((at for at in range(start + 1, len(lines)) if not lines[at].strip()), len(lines))
            pairs = (line.partition(":") for line in lines[start + 1 : end] if ":" in line)
            headers = tuple((key.strip(), value.strip()) for key, _, value in pairs if key.strip().lower() not in _OWN)
            content = "\n".join(lines[end + 1 :]).strip("\n").encode()
            yield FileRequest(
                f"{name}:{number + start} {match['url']}", match["method"] or "GET", match["url"], headers, content
            )
        number += len(lines)
