"""https://curl.se/docs/manpage.html

``curl`` command lines, as people type them and as browsers copy them ("Copy as cURL"). An option that changes the
request and is not known here is an error; what only concerns curl's output or its connection is passed over.
"""

from __future__ import annotations

import re
import shlex
from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from pyiismod.errors import UsageError
from pyiismod.replay.recorded import Recorded, framed_anew

__all__ = ["read"]

_SHORT = {
    **dict.fromkeys("XHdAebuFTromwxcDE", True),  # these take a value
    **dict.fromkeys("GIksSLivfgN01#", False),
}
_NAMES = {
    "X": "request",
    "H": "header",
    "d": "data",
    "A": "user-agent",
    "e": "referer",
    "b": "cookie",
    "u": "user",
    "F": "form",
    "T": "upload-file",
    "r": "range",
    "G": "get",
    "I": "head",
    "0": "http1.0",
}
_TAKES = {
    *("request", "header", "data", "data-raw", "data-binary", "data-ascii", "data-urlencode", "json", "url"),
    *("user-agent", "referer", "cookie", "user", "form", "form-string", "upload-file", "range"),
}
_PASSED_WITH_VALUE = {
    *("output", "max-time", "connect-timeout", "write-out", "proxy", "cookie-jar", "cert", "key", "cacert", "retry"),
    *("resolve", "dump-header", "trace", "trace-ascii", "interface", "limit-rate", "max-redirs", "stderr"),
}
_PASSED = {
    *("insecure", "silent", "show-error", "location", "include", "verbose", "fail", "compressed", "http1.1", "http2"),
    *("no-buffer", "globoff", "path-as-is", "no-keepalive", "progress-bar", "fail-with-body", "noproxy", "http3"),
}
_FLAGS = {"get", "head", "http1.0"}
_BOUNDARY = "----pyiismod-form-data"
_ANSI = re.compile(r"\$'((?:[^'\\]|\\.)*)'", re.DOTALL)


def read(text: str, name: str, folder: Path) -> list[Recorded]:
    """Return the requests of a file of command lines.

    Args:
        text: the file; lines that end in a backslash go on in the next, empty ones and ``# comments`` are passed over.
        name: of it, for messages.
        folder: where the files are that it names.

    Raises:
        UsageError: something in it is no curl command, or one that cannot be understood.
    """
    found, command, start = [], "", 1
    for number, line in enumerate([*text.splitlines(), ""], 1):
        if not command and (not line.strip() or line.lstrip().startswith("#")):
            continue
        start = start if command else number
        command += line.removesuffix("\\") + ("\n" if not line.endswith("\\") else " ")
        if not line.endswith("\\") and _is_closed(command):
            found.append(_request(command, f"{name} line {start}", folder))
            command = ""
    if command.strip():
        raise UsageError(f"{name} line {start} has a quotation mark that is never closed.")
    return found


def _is_closed(command: str) -> bool:
    try:
        _words(command)
    except ValueError:
        return False
    return True


def _words(command: str) -> list[str]:
    def plain(match: re.Match[str]) -> str:
        text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda m: chr(int(m[1], 16)), match[1])
        text = re.sub(r"\\x([0-9a-fA-F]{2})", lambda m: chr(int(m[1], 16)), text)
        for escape, character in (("\\n", "\n"), ("\\r", "\r"), ("\\t", "\t"), ("\\'", "'"), ("\\\\", "\\")):
            text = text.replace(escape, character)
        return shlex.quote(text)

    return shlex.split(_ANSI.sub(plain, command))


def _request(command: str, place: str, folder: Path) -> Recorded:
    words = _words(command)
    if not words or Path(words[0]).name.removesuffix(".exe") != "curl":
        raise UsageError(f"{place} is no curl command: {command.strip()[:60]!r}.")
    return _Command(place, folder).read(words[1:])


class _Command:
    """One command line, while it is read."""

    def __init__(self, place: str, folder: Path) -> None:
        self._place = place
        self._folder = folder
        self._url = self._method = ""
        self._headers: list[tuple[str, str]] = []
        self._data: list[bytes] = []
        self._form: list[bytes] = []
        self._kind = ""
        self._flags: set[str] = set()

    def read(self, words: list[str]) -> Recorded:
        rest = list(words)
        while rest:
            word = rest.pop(0)
            if word.startswith("--") and len(word) > 2:
                self._long(word[2:], rest)
            elif word.startswith("-") and len(word) > 1:
                self._short(word[1:], rest)
            else:
                self._url = word
        return self._made()

    def _long(self, option: str, rest: list[str]) -> None:
        option, equals, value = option.partition("=")
        if equals:
            rest.insert(0, value)
        if option in _TAKES:
            self._take(option, self._value(option, rest))
        elif option in _FLAGS:
            self._flags.add(option)
        elif option in _PASSED_WITH_VALUE:
            self._value(option, rest)
        elif option not in _PASSED:
            raise UsageError(f"{self._place}: curl's option --{option} is not known here.", hint="Leave it out.")

    def _short(self, letters: str, rest: list[str]) -> None:
        for at, letter in enumerate(letters):
            takes = _SHORT.get(letter)
            if takes is None:
                raise UsageError(f"{self._place}: curl's option -{letter} is not known here.", hint="Leave it out.")
            name = _NAMES.get(letter, "")
            if takes:
                value = letters[at + 1 :] or self._value(letter, rest)
                if name:
                    self._take(name, value)
                return
            if name in _FLAGS:
                self._flags.add(name)

    def _value(self, option: str, rest: list[str]) -> str:
        if not rest:
            raise UsageError(f"{self._place}: curl's option {option} has no value.")
        return rest.pop(0)

    def _take(self, option: str, value: str) -> None:
        simple: dict[str, Any] = {"user-agent": "User-Agent", "referer": "Referer", "cookie": "Cookie"}
        match option:
            case "request":
                self._method = value
            case "url":
                self._url = value
            case "header":
                name, _, text = value.partition(":")
                self._headers.append((name.strip().removesuffix(";"), text.strip()))
            case "range":
                self._headers.append(("Range", f"bytes={value}"))
            case "user":
                self._headers.append(("Authorization", f"Basic {b64encode(value.encode()).decode()}"))
            case "data" | "data-ascii":
                data = self._file(value[1:]) if value.startswith("@") else value.encode()
                self._data.append(data.replace(b"\r", b"").replace(b"\n", b"") if value.startswith("@") else data)
            case "data-raw":
                self._data.append(value.encode())
            case "data-binary":
                self._data.append(self._file(value[1:]) if value.startswith("@") else value.encode())
            case "data-urlencode":
                name, equals, text = value.partition("=")
                encoded = quote_plus(text if equals else name)
                self._data.append((f"{name}={encoded}" if equals and name else encoded).encode())
            case "json":
                self._data.append(self._file(value[1:]) if value.startswith("@") else value.encode())
                self._kind = "application/json"
                self._headers.append(("Accept", "application/json"))
            case "form" | "form-string":
                self._form.append(self._part(value, is_text=option == "form-string"))
            case "upload-file":
                self._data.append(self._file(value))
                self._method = self._method or "PUT"
                self._kind = "none"
            case _:
                self._headers.append((simple[option], value))

    def _part(self, value: str, *, is_text: bool) -> bytes:
        name, _, text = value.partition("=")
        head = f'Content-Disposition: form-data; name="{name}"'
        content = text.encode()
        if text.startswith("@") and not is_text:
            path, _, more = text[1:].partition(";")
            kind = more.partition("type=")[2] or "application/octet-stream"
            head += f'; filename="{Path(path).name}"\r\nContent-Type: {kind}'
            content = self._file(path)
        return f"--{_BOUNDARY}\r\n{head}\r\n\r\n".encode() + content + b"\r\n"

    def _file(self, path: str) -> bytes:
        try:
            return (self._folder / path).read_bytes()
        except OSError as error:
            raise UsageError(f"{self._place} sends {path!r}, which cannot be read: {error.strerror}.") from None

    def _made(self) -> Recorded:
        if not self._url:
            raise UsageError(f"{self._place} names no URL.")
        url = self._url if "://" in self._url or self._url.startswith("/") else f"http://{self._url}"
        content = b"&".join(self._data) if self._data else None
        kind = self._kind or "application/x-www-form-urlencoded"
        if self._form:
            content = b"".join(self._form) + f"--{_BOUNDARY}--\r\n".encode()
            kind = f"multipart/form-data; boundary={_BOUNDARY}"
        if "get" in self._flags and content is not None:
            url += ("&" if "?" in url else "?") + content.decode()
            content = None
        names = {name.lower() for name, _ in self._headers}
        if content is not None and "content-type" not in names and kind != "none":
            self._headers.append(("Content-Type", kind))
        usual = "HEAD" if "head" in self._flags else "GET" if content is None else "POST"
        version = "1.0" if "http1.0" in self._flags else "1.1"
        headers = [(name, value) for name, value in self._headers if value]
        return Recorded(self._method or usual, url, framed_anew(headers), content, version, place=self._place)
