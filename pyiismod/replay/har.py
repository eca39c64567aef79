"""http://www.softwareishard.com/blog/har-12-spec/

HAR 1.2, as browsers, proxies and pyiismod itself write it.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable
from datetime import UTC, datetime
from http.client import responses
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pyiismod
from pyiismod.errors import UsageError
from pyiismod.replay.recorded import Recorded, Reply, framed_anew

__all__ = ["read", "write"]


def read(text: str, name: str) -> list[Recorded]:
    """Return the requests of a HAR document.

    Args:
        text: the document.
        name: of the file, for messages.

    Raises:
        UsageError: it is none.
    """
    try:
        entries = json.loads(text)["log"]["entries"]
        return [_entry(entry, f"{name} entry {number}") for number, entry in enumerate(entries, 1)]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{name} is no HAR document: {type(error).__name__}: {error}.") from None


def _entry(entry: dict[str, Any], place: str) -> Recorded:
    request, response = entry["request"], entry.get("response") or {}
    return Recorded(
        request["method"],
        request["url"],
        framed_anew(_lines(request)),
        _content(request.get("postData")),
        "1.0" if str(request.get("httpVersion", "")).upper() == "HTTP/1.0" else "1.1",
        _reply(response),
        place,
        _seconds(entry.get("startedDateTime", "")),
        max(0.0, float(entry.get("time") or 0)) / 1000,
    )


def _lines(message: dict[str, Any]) -> list[tuple[str, str]]:
    return [(header["name"], header["value"]) for header in message.get("headers", ())]


def _content(data: dict[str, Any] | None) -> bytes | None:
    if not data:
        return None
    text = data.get("text")
    if text is None:
        pairs = [(each["name"], each.get("value", "")) for each in data.get("params", ())]
        return urlencode(pairs).encode() if pairs else None
    return b64decode(text) if data.get("encoding") == "base64" else str(text).encode()


def _reply(response: dict[str, Any]) -> Reply | None:
    if not response.get("status"):
        return None
    content = response.get("content") or {}
    text = content.get("text")
    body = None if text is None else b64decode(text) if content.get("encoding") == "base64" else str(text).encode()
    return Reply(int(response["status"]), response.get("statusText", ""), tuple(_lines(response)), body)


def _seconds(moment: str) -> float:
    try:
        return datetime.fromisoformat(moment).timestamp()
    except ValueError:
        return 0.0


def write(recorded: Iterable[Recorded]) -> str:
    """Return requests as a HAR document."""
    creator = {"name": "pyiismod", "version": pyiismod.__version__}
    document = {"log": {"version": "1.2", "creator": creator, "entries": [_as_entry(each) for each in recorded]}}
    return json.dumps(document, indent=2) + "\n"


def _as_entry(recorded: Recorded) -> dict[str, Any]:
    query = parse_qsl(urlsplit(recorded.url).query, keep_blank_values=True)
    request: dict[str, Any] = {
        "method": recorded.method,
        "url": recorded.url,
        "httpVersion": f"HTTP/{recorded.http_version}",
        "cookies": [],
        "headers": _as_lines(recorded.headers),
        "queryString": [{"name": name, "value": value} for name, value in query],
        "headersSize": -1,
        "bodySize": len(recorded.content or b""),
    }
    if recorded.content:
        kind = next((value for name, value in recorded.headers if name.lower() == "content-type"), "")
        request["postData"] = {"mimeType": kind, "params": [], **_as_text(recorded.content)}
    ms = round(recorded.seconds * 1000, 3)
    return {
        "startedDateTime": datetime.fromtimestamp(recorded.began, UTC).isoformat(timespec="milliseconds"),
        "time": ms,
        "request": request,
        "response": _as_response(recorded.reply or Reply(0)),
        "cache": {},
        "timings": {"send": 0, "wait": ms, "receive": 0},
    }


def _as_response(reply: Reply) -> dict[str, Any]:
    content = reply.content or b""
    fields = {name.lower(): value for name, value in reply.headers}
    return {
        "status": reply.status,
        "statusText": reply.reason or responses.get(reply.status, ""),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _as_lines(reply.headers),
        "content": {"size": len(content), "mimeType": fields.get("content-type", ""), **_as_text(content)},
        "redirectURL": fields.get("location", ""),
        "headersSize": -1,
        "bodySize": len(content),
    }


def _as_lines(lines: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in lines]


def _as_text(content: bytes) -> dict[str, str]:
    try:
        return {"text": content.decode()}
    except UnicodeDecodeError:
        return {"text": b64encode(content).decode(), "encoding": "base64"}
