"""Texts in a file that say what a module is about: :func:`tagged_strings`.

ASCII and UTF-16 texts of four characters and more, tagged by what they are. Not every text is shown: the untagged ones,
and those that only repeat imports, are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from pyiismod.abi.headers import REQUEST_HEADER_NAMES, RESPONSE_HEADER_NAMES

_MOST: Final = 20_000
_MAX_LENGTH: Final = 400
_SHOWN: Final = 60
_ASCII: Final = re.compile(rb"[\x20-\x7e]{4,400}")
_WIDE: Final = re.compile(rb"(?:[\x20-\x7e]\x00){4,400}")

_HEADERS: Final = frozenset(name.lower() for name in (*REQUEST_HEADER_NAMES, *RESPONSE_HEADER_NAMES)) | {
    *("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-real-ip", "x-powered-by", "x-aspnet-version"),
    *("strict-transport-security", "content-security-policy", "x-frame-options", "x-content-type-options"),
    *("access-control-allow-origin", "set-cookie2", "x-requested-with", "x-original-url", "x-rewrite-url"),
}
_SPELT: Final = frozenset((*REQUEST_HEADER_NAMES, *RESPONSE_HEADER_NAMES))
_CRAWLERS: Final = re.compile(
    r"googlebot|bingbot|baiduspider|yandex(?:bot)?|duckduckbot|slurp|sogou|360spider|bytespider|yisouspider|"
    r"petalbot|facebookexternalhit|twitterbot|ahrefsbot|semrushbot|applebot|mediapartners-google|haosou|\bspider\b|"
    r"crawler",
    re.IGNORECASE,
)
_SEARCH: Final = re.compile(
    r"\b(?:google|bing|baidu|yahoo|yandex|duckduckgo|sogou|so|sm|naver|ask)\.(?:com|cn|ru|co\.\w\w|net)\b|"
    r"\bgoogle\.", re.IGNORECASE,
)  # fmt: skip
_TAGS: Final[Mapping[str, re.Pattern[str]]] = {
    "url": re.compile(r"\b(?:https?|ftps?|wss?|ldaps?|tcp)://[^\s\"'<>]{3,}", re.IGNORECASE),
    "crawler": _CRAWLERS,
    "search engine": _SEARCH,
    "key": re.compile(
        r"-----BEGIN [A-Z ]+-----|\bAKIA[0-9A-Z]{16}\b|\beyJ[\w-]{10,}\.[\w-]{10,}|<RSAKeyValue>|"
        r"\b(?:password|passwd|pwd|secret|api[_-]?key|token)\s*[=:]\s*\S{4,}",
        re.IGNORECASE,
    ),
    "pdb": re.compile(r"[^\s]+\.pdb$", re.IGNORECASE),
    "command": re.compile(
        r"\b(?:cmd(?:\.exe)?\s*/[ck]|powershell(?:\.exe)?|certutil|bitsadmin|rundll32|regsvr32|wscript|"
        r"net\s+user|whoami)\b",
        re.IGNORECASE,
    ),
    "path": re.compile(
        r"^(?:[A-Za-z]:[\\/][\w .-]{2}|\\\\[\w.?$-]{2,}\\\w|%\w{3,}%\\\w)|inetpub|system32\\", re.IGNORECASE
    ),
    "address": re.compile(
        r"^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]\d?)(?::\d{2,5})?(?![\s\S])"
    ),
    "registry key": re.compile(r"\b(?:SOFTWARE|SYSTEM)\\\w|HKEY_\w+", re.IGNORECASE),
    "user agent": re.compile(r"^Mozilla/\d|^(?:curl|Wget|python-requests)/"),
    "html": re.compile(r"<(?:script|iframe|html|a\s+href|form|meta)\b", re.IGNORECASE),
    "cookie": re.compile(
        r"^(?:[A-Za-z.][\w.-]{0,30}(?:sess(?:ion)?_?id|sessid|auth_?token|_cookie|-cookie|Cookie)=?|"
        r"PHPSESSID=?|JSESSIONID=?|ASP\.NET_SessionId=?|\.ASPXAUTH=?|(?:sid|uid|token)=)$",
    ),
    "server variable": re.compile(r"^(?:HTTP_[A-Z][A-Z0-9_]+|REMOTE_(?:ADDR|HOST|PORT|USER)|SERVER_[A-Z_]{4,}|"
                                  r"(?:UNENCODED_)?URL|QUERY_STRING|SCRIPT_(?:NAME|FILENAME|TRANSLATED)|PATH_\w{4,}|"
                                  r"(?:APPL|AUTH|CERT|HTTPS|CACHE|INSTANCE|LOGON)_[A-Z_]+|REQUEST_METHOD)$"),
}  # fmt: skip
_HEADER_NAME: Final = re.compile(r"X-[A-Za-z][\w-]{1,60}")
_HEADER_LINE: Final = re.compile(r"(?P<name>[A-Z][A-Za-z]*(?:-[A-Z][A-Za-z]*)*):\s")
_CONTENT: Final = re.compile(r"(?:text|application|image)/[a-z0-9.+-]{3,}")


class Text(msgspec.Struct, frozen=True):
    """``tag`` says what it is, ``offset`` where in the file; ``wide`` that it is UTF-16."""

    tag: str
    text: str
    offset: int
    wide: bool


def all_strings(data: bytes) -> list[tuple[int, str, bool]]:
    """Return offset, text and width of each text of a file, 20,000 at most."""
    found: list[tuple[int, str, bool]] = []
    for pattern, wide in ((_WIDE, True), (_ASCII, False)):
        for match in pattern.finditer(data):
            found.append((match.start(), match[0].decode("utf-16-le" if wide else "ascii"), wide))
            if len(found) >= _MOST * (1 if wide else 2):
                break
    return found


def tagged_strings(strings: Iterable[tuple[int, str, bool]]) -> tuple[Text, ...]:
    """Return the texts that say something, each once, 60 of a tag at most."""
    found: dict[tuple[str, str], Text] = {}
    counts: dict[str, int] = {}
    for offset, text, wide in strings:
        tag = _tag(text)
        if tag and (tag, text) not in found and counts.get(tag, 0) < _SHOWN:
            found[tag, text] = Text(tag, text, offset, wide)
            counts[tag] = counts.get(tag, 0) + 1
    return tuple(sorted(found.values(), key=lambda each: (each.tag, each.offset)))


def _is_header(name: str) -> bool:
    """Whether a text is the name of a header; words that are words besides, only when they are spelt as one."""
    known = name.lower() in _HEADERS and ("-" in name or name in _SPELT)
    return known or _HEADER_NAME.fullmatch(name) is not None


def _tag(text: str) -> str:
    plain = text.strip()
    if _is_header(plain.rstrip(": ")):
        return "header"
    if (line := _HEADER_LINE.match(plain)) and line["name"].lower() in _HEADERS:
        return "header"
    for tag, pattern in _TAGS.items():
        if pattern.search(plain):
            return tag
    return "content type" if _CONTENT.fullmatch(plain) else ""
