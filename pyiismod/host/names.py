"""Names in URLs that Windows would take for something else than the file they seem to name; IIS answers 404 to them.

A dot or blank at the end vanishes, a colon opens an alternate stream, device names open devices in every folder, and
a short name (``WEB~1.CON``) is a second name of another file. Some names are there, and are nobody's business: 404.8.
"""

from __future__ import annotations

import re
from pathlib import Path

_DEVICE = re.compile(r"(con|prn|aux|nul|clock\$|conin\$|conout\$|(com|lpt)[0-9\u00b9\u00b2\u00b3]) *(\..*)?")
_FORBIDDEN = re.compile(r'[\x00-\x1f<>:"|?*\\]')
_SHORT = re.compile(r"~[0-9]")
_HIDDEN = frozenset(
    [
        "web.config",
        "bin",
        "app_code",
        "app_globalresources",
        "app_localresources",
        "app_webreferences",
        "app_data",
        "app_browsers",
    ]
)


def is_plain(path: str) -> bool:
    """Return whether every part of a canonical URL path names what it seems to name."""
    return not any(map(_is_odd, path.split("/")))


def _is_odd(part: str) -> bool:
    return part.endswith((".", " ")) or bool(_FORBIDDEN.search(part) or _DEVICE.fullmatch(part.lower()))


def is_hidden(path: str) -> bool:
    """Return whether a canonical URL path leads through what request filtering hides (``hiddenSegments``)."""
    return not _HIDDEN.isdisjoint(path.lower().split("/"))


def is_short(path: Path) -> bool:
    """Return whether the last part of a path is a short name: its folder lists no such file."""
    if not _SHORT.search(path.name):
        return False
    return path.name.lower() not in (other.name.lower() for other in path.parent.iterdir())
