"""The requests of the differential run: an ordinary visitor's, and many that differ from it in one thing.

Which headers, cookies, paths and values are tried comes from what the module asked for while it ran, and from the texts
in its file: a value that opens a door is compared with a text that stands near the name of the header.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote

from pyiismod.inspection.inspector import Inspection
from pyiismod.inspection.nearmiss import ENTRY_POINT
from pyiismod.inspection.reader import read_file
from pyiismod.inspection.strings import all_strings
from pyiismod.probing.ask import Request
from pyiismod.probing.interest import Interest

__all__ = ["Clues", "clues", "variations"]

_BROWSER: Final = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"
VISITOR: Final = Request(
    "plain visitor",
    headers=(
        ("Host", "www.example.com"),
        ("User-Agent", _BROWSER),
        ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
        ("Accept-Language", "en-US,en;q=0.5"),
    ),
)
CRAWLERS: Final = {
    "Googlebot": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "bingbot": "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Baiduspider": "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)",
    "YandexBot": "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)",
    "DuckDuckBot": "DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)",
    "Sogou": "Sogou web spider/4.0(+http://www.sogou.com/docs/help/webmasters.htm#07)",
    "360Spider": "Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1; 360Spider)",
    "facebookexternalhit": "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
}
REFERERS: Final = {
    name: f"https://www.{host}/search?q=example"
    for name, host in {
        "Google": "google.com", "Bing": "bing.com", "Baidu": "baidu.com", "Yahoo": "yahoo.com", "Yandex": "yandex.ru",
        "DuckDuckGo": "duckduckgo.com",
    }.items()
}  # fmt: skip
VERBS: Final = ("HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND")
_ADDRESSES: Final = {"this computer": "127.0.0.1", "a private network": "10.0.0.7"}
_VALUES: Final = 10
_NAMES: Final = 24
_OTHER_TEXTS: Final = 12
_NOT_VARIED: Final = ("?", "host", "content-length", "cookie")
_TYPED: Final = ("html", "command", "crawler", "path", "key")
"""Tags of texts that a client may send in a query or a body."""
_NO_DATA: Final = (".reloc", ".pdata", ".xdata", ".idata", ".edata", ".rsrc")
_NOT_VALUES: Final = (
    ".?A",
    "CHttpModule::",
    "CGlobalModule::",
    "GCC: ",
    "Mingw",
    "Visual C++",
    "%s",
    ".dll",
    "VirtualProtect",
)


class Clues(NamedTuple):
    """What to vary: names with the values to try, in order of interest."""

    headers: dict[str, tuple[str, ...]]
    cookies: tuple[str, ...]
    values: tuple[str, ...]
    paths: tuple[str, ...]
    reads_body: bool = False


def clues(inspection: Inspection, module: Path, asked: Iterable[Interest]) -> Clues:
    """Return what is worth varying, from the file's texts and from what the module asked for."""
    strings = _own_texts(inspection, module)
    asked = list(asked)
    names: dict[str, None] = {}
    for interest in asked:
        names.update(dict.fromkeys(interest.headers))
        names.update(
            dict.fromkeys(
                variable[5:].replace("_", "-").title()
                for variable in interest.server_variables
                if variable.upper().startswith("HTTP_")
            )
        )
    tagged = [text for text in inspection.strings if text.tag == "header" and ":" not in text.text]
    names.update(dict.fromkeys(text.text.strip() for text in tagged))
    headers = {name: _near(name, strings) for name in list(names)[:_NAMES] if name.lower() not in _NOT_VARIED}
    cookies = [text.text.rstrip("=") for text in inspection.strings if text.tag == "cookie"]
    if any(name.lower() == "cookie" for name in names):
        near = (text.rstrip("=") for text in _near("Cookie", strings))
        cookies += [text for text in near if text.replace("_", "").isalnum()]
    paths = [path for _, text in strings for path in _paths(text)]
    others = [text.text for text in inspection.strings if text.tag in _TYPED] + [text for _, text in strings]
    reads = {other.partition(" (")[0] for interest in asked for other in interest.others}
    return Clues(
        headers,
        tuple(dict.fromkeys(cookies))[:_NAMES],
        tuple(dict.fromkeys(others))[:_OTHER_TEXTS],
        tuple(dict.fromkeys(paths))[:_OTHER_TEXTS],
        bool(reads & {"request body", "the raw HTTP_REQUEST"}),
    )


def _paths(text: str) -> list[str]:
    """Return the paths that a text of the file may be about: itself, something below it, a file of that kind."""
    if " " in text or text.startswith("//"):
        return []
    if text.startswith("/"):
        return [text, f"{text}x"] if text.endswith(("/", "=")) else [text]
    return [f"/x{text}"] if text.startswith(".") and text[1:].isalnum() else []


def _own_texts(inspection: Inspection, module: Path) -> list[tuple[int, str]]:
    """Return offset and text of what the author has written into data: no imports, no texts of the SDK or compiler."""
    image, data = read_file(module)
    known = {str(function) for need in inspection.needs.dlls for function in need.functions}
    known |= {need.dll for need in inspection.needs.dlls} | {inspection.entry.internal_name or "", ENTRY_POINT}
    found = []
    for section in image.headers.sections:
        if section.is_executable or section.name in _NO_DATA:
            continue
        for offset, text, _ in all_strings(data[section.offset : section.offset + section.raw_size]):
            plain = text.strip()
            is_word = sum(map(str.isalnum, plain)) * 3 > len(plain) * 2 and 3 < len(plain) < 100
            if is_word and plain not in known and not any(part in plain for part in _NOT_VALUES):
                found.append((section.offset + offset, plain))
    return found


def _near(name: str, strings: list[tuple[int, str]]) -> tuple[str, ...]:
    """Return the texts that stand nearest to a name in the file, as values to try."""
    places = [offset for offset, text in strings if text.strip().lower() == name.lower()]
    others = [(offset, text) for offset, text in strings if text.strip().lower() != name.lower()]
    if places:
        others.sort(key=lambda entry: min(abs(entry[0] - place) for place in places))
    return tuple(dict.fromkeys(text for _, text in others))[:_VALUES]


def variations(found: Clues) -> Iterator[tuple[str, Request]]:
    """Yield group and request, each of which differs from :data:`VISITOR` in one thing."""
    for name, agent in CRAWLERS.items():
        yield "crawler", VISITOR.with_header("User-Agent", agent, f"User-Agent of {name}")
    for name, referer in REFERERS.items():
        yield "referer", VISITOR.with_header("Referer", referer, f"Referer of {name}")
    sent = {name.lower() for name, _ in VISITOR.headers}
    for name, values in found.headers.items():
        if name.lower() in sent:
            yield "header", VISITOR.with_header(name, None, f"without {name}")
        for value in dict.fromkeys(("1", *values)):
            if _sendable(value):
                yield "header", VISITOR.with_header(name, value, f"{name}: {value}")
    for name in found.cookies:
        for value in dict.fromkeys(("1", *found.values[:4])):
            if _sendable(value) and ";" not in value:
                yield "cookie", VISITOR.with_header("Cookie", f"{name}={value}", f"cookie {name}={value}")
    for verb in VERBS:
        body = b"a=1" if verb in ("POST", "PUT", "PATCH") else b""
        yield "verb", Request(verb, verb, headers=VISITOR.headers, content=body)
    for path in ("/about.html", "/missing", "/login.aspx", *found.paths):
        yield "path", Request(path, url=path, headers=VISITOR.headers)
    for value in dict.fromkeys(("1", *found.values)):
        query = f"/?q={quote(value)}"
        yield "query", Request(query, url=query, headers=VISITOR.headers)
    form = VISITOR.with_header("Content-Type", "application/x-www-form-urlencoded", "")
    for value in found.values if found.reads_body else ():
        content = f"q={value}".encode()
        yield "body", Request(f"POST q={value}", "POST", headers=form.headers, content=content)
    for name, address in _ADDRESSES.items():
        yield "client", Request(f"from {name} ({address})", headers=VISITOR.headers, remote=address)


def _sendable(value: str) -> bool:
    return value == value.strip() and value.isprintable() and value.isascii()
