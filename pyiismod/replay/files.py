"""Which format a file of requests has: by its name, else by how it begins."""

from __future__ import annotations

from pathlib import Path

from pyiismod.errors import UsageError
from pyiismod.replay import curl, har, httpfile, raw
from pyiismod.replay.recorded import Recorded

__all__ = ["read"]

_FORMATS = "HAR (.har), .http or .rest, curl command lines (.curl, .sh), or raw HTTP"


def read(path: Path) -> list[Recorded]:
    """Return the requests of a file.

    Raises:
        UsageError: it cannot be read, has no requests, or is of no known format.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"Cannot read {path}: {error.strerror}.") from None
    found = _read(path, data)
    if not found:
        raise UsageError(f"There is no request in {path}.", hint=f"It may be {_FORMATS}.")
    return found


def _read(path: Path, data: bytes) -> list[Recorded]:
    kind, name = path.suffix.lower(), path.name
    text = data.decode("utf-8-sig", "surrogateescape")
    lines = (line.strip() for line in text.splitlines())
    first = next((line for line in lines if line and not line.startswith("#")), "")
    if kind == ".har" or text.lstrip().startswith("{"):
        return har.read(text, name)
    if kind in (".http", ".rest"):
        return httpfile.read(text, name, path.parent)
    if kind in (".curl", ".sh") or first.startswith(("curl ", "curl.exe ")):
        script = "\n".join("" if line.startswith(("#!", "set ")) else line for line in text.splitlines())
        return curl.read(script, name, path.parent)
    return raw.read(data, name)
