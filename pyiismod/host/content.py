"""The content behind the modules: files below the site's root, as StaticFileModule answers them.

Paths are the worker's: Windows paths in a worker, whatever the machine has elsewhere.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pyiismod.host.errors import ERROR_FILE_NOT_FOUND

if TYPE_CHECKING:
    from pyiismod.host.exchange import Exchange
    from pyiismod.host.settings import Settings

_DEFAULT_ROOT = "C:\\inetpub\\wwwroot"
_SEPARATOR = "\\"

_TYPES = {
    ".css": "text/css",
    ".gif": "image/gif",
    ".htm": "text/html",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "application/javascript",
    ".json": "application/json",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".woff": "font/x-woff",
    ".woff2": "application/font-woff2",
    ".xml": "text/xml",
    ".zip": "application/x-zip-compressed",
}


def root_of(settings: Settings) -> str:
    """Return the site's physical root, with a backslash at its end."""
    return (settings.root or _DEFAULT_ROOT).rstrip("\\/") + _SEPARATOR


def map_path(settings: Settings, path: str) -> str:
    """Return the physical path of a canonical URL path."""
    relative = path.lstrip("/").replace("/", _SEPARATOR)
    return root_of(settings) + relative if relative else root_of(settings).rstrip(_SEPARATOR)


def serve(exchange: Exchange) -> None:
    """Answer with the file that the URL maps to, or with IIS's error for it."""
    response, path = exchange.response, Path(exchange.physical_path)
    if exchange.settings.root is None:
        response.fail(404, 0, ERROR_FILE_NOT_FOUND)
        return
    if path.is_dir():
        documents = [path / name for name in exchange.settings.default_documents]
        found = next((document for document in documents if document.is_file()), None)
        if found is None:
            response.fail(403, 14)
            return
        path = found
    kind = _TYPES.get(path.suffix.lower())
    if not path.is_file():
        response.fail(404, 0, ERROR_FILE_NOT_FOUND)
    elif kind is None:
        response.fail(404, 3)
    elif exchange.request.method not in (b"GET", b"HEAD"):
        response.fail(405, 0)
        response.headers.set(b"Allow", b"GET, HEAD", replace=True)
    else:
        response.headers.set(b"Content-Type", kind.encode(), replace=True)
        response.chunks.append(path.read_bytes())
