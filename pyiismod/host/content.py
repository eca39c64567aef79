"""The content behind the modules: files below the site's root, as IIS's own handlers answer for them.

StaticFileModule gives files, DefaultDocumentModule those of folders, DirectoryListingModule is off, ProtocolSupport
answers OPTIONS and TRACE, and request filtering hides some names. Paths are the worker's: Windows paths in a worker,
whatever the machine has elsewhere.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from stat import S_ISDIR
from typing import TYPE_CHECKING

from pyiismod.host.errors import ERROR_ACCESS_DENIED, ERROR_FILE_NOT_FOUND
from pyiismod.host.mimemap import type_of
from pyiismod.host.names import is_hidden, is_plain, is_short
from pyiismod.host.staticfile import StaticFile

if TYPE_CHECKING:
    from pyiismod.host.exchange import Exchange
    from pyiismod.host.settings import Settings

_DEFAULT_ROOT = "C:\\inetpub\\wwwroot"
_FILE_ATTRIBUTE_HIDDEN = 0x2
_ALLOWED = b"GET, HEAD, OPTIONS, TRACE"
_OPTIONS = b"OPTIONS, TRACE, GET, HEAD, POST"


def root_of(settings: Settings) -> str:
    """Return the site's physical root, with a separator at its end."""
    return _root(settings.root)


def map_path(settings: Settings, path: str) -> str:
    """Return the physical path of a canonical URL path."""
    return _physical(settings.root, path)


@lru_cache(maxsize=8)
def _root(root: str | None) -> str:
    return (root or _DEFAULT_ROOT).rstrip("\\/") + _separator(root)


@lru_cache(maxsize=128)
def _physical(root: str | None, path: str) -> str:
    separator = _separator(root)
    relative = path.lstrip("/").replace("/", separator)
    return _root(root) + relative if relative else _root(root).rstrip(separator)


def _separator(root: str | None) -> str:
    return "/" if root and root.startswith("/") else "\\"


def serve(exchange: Exchange) -> None:
    """Answer with the file that the URL maps to, or with IIS's error for it."""
    response, method, url = exchange.response, exchange.request.method, exchange.request.url.path
    if method == b"OPTIONS":
        response.headers.set(b"Allow", _OPTIONS, replace=True)
        response.headers.set(b"Public", _OPTIONS, replace=True)
    elif method == b"TRACE":
        response.fail(501)
    elif exchange.settings.root is None or not is_plain(url):
        response.fail(404, 0, ERROR_FILE_NOT_FOUND)
    elif is_hidden(url):
        response.fail(404, 8)
    else:
        _serve(exchange, Path(exchange.physical_path), url, method in (b"GET", b"HEAD"))


def _serve(exchange: Exchange, path: Path, url: str, is_allowed: bool) -> None:
    response = exchange.response
    try:
        found = path.stat()
        short = is_short(path)
    except PermissionError:
        response.fail(401, 3, ERROR_ACCESS_DENIED)
        return
    except (OSError, ValueError):
        response.fail(404, 0, ERROR_FILE_NOT_FOUND)
        return
    is_folder = S_ISDIR(found.st_mode)
    if short or (not is_folder and url.endswith("/")):
        response.fail(404, 0, ERROR_FILE_NOT_FOUND)
    elif getattr(found, "st_file_attributes", 0) & _FILE_ATTRIBUTE_HIDDEN and url != "/":
        response.fail(404, 9)
    elif not is_allowed and (is_folder or type_of(path.name)):
        response.fail(405)
        response.headers.set(b"Allow", _ALLOWED, replace=True)
    elif not is_folder:
        _give(exchange, path)
    elif not url.endswith("/"):
        _add_slash(exchange)
    else:
        documents = (path / name for name in exchange.settings.default_documents)
        document = next((document for document in documents if document.is_file()), None)
        if document is None:
            response.fail(403, 14)
        else:
            _give(exchange, document)


def _give(exchange: Exchange, path: Path) -> None:
    kind = type_of(path.name)
    if kind is None:
        exchange.response.fail(404, 3)
        return
    file = exchange.around.open_file(str(path))
    if isinstance(file, int):
        exchange.response.fail(
            401 if file == ERROR_ACCESS_DENIED else 404, 3 if file == ERROR_ACCESS_DENIED else 0, file
        )
    else:
        StaticFile(exchange, file, kind).answer()


def _add_slash(exchange: Exchange) -> None:
    """Send the client to the folder: relative links in its document would lead elsewhere."""
    response, url = exchange.response, exchange.request.url
    path, mark, query = url.target.partition("?")
    location = f"{url.scheme}://{url.authority}{path}/{mark}{query}".encode("latin-1")
    response.respond(301)
    response.headers.set(b"Location", location, replace=True)
    response.headers.set(b"Content-Type", b"text/html; charset=UTF-8", replace=True)
    response.chunks.append(
        b"<head><title>Document Moved</title></head>\n<body><h1>Object Moved</h1>This document may be found "
        b'<a HREF="' + location.replace(b'"', b"%22") + b'">here</a></body>'
    )
