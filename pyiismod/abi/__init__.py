"""Httpserv.h and http.h as data: interfaces with explicit slots, constants, enumerations, structs.

One file per noun. ``INTERFACES`` has every class by name, ``INTERFACES["IHttpRequest"].table()`` its vtable. The cffi
module, the C++ header and the coverage table are generated from here (``python -m pyiismod.host.gen``).
"""

from __future__ import annotations

from pyiismod.abi import (
    allocator,
    application,
    cache,
    completion,
    connection,
    context,
    file,
    global_providers,
    metadata,
    module,
    providers,
    registration,
    request,
    response,
    server,
    site,
    stored_context,
    trace,
    user,
)
from pyiismod.abi._hash import ABI_HASH
from pyiismod.abi.model import INTERFACES, Interface, Method, Param, is_stub

__all__ = [
    "ABI_HASH",
    "INTERFACES",
    "Interface",
    "Method",
    "Param",
    "abi_hash",
    "allocator",
    "application",
    "cache",
    "completion",
    "connection",
    "context",
    "file",
    "global_providers",
    "is_stub",
    "metadata",
    "module",
    "providers",
    "registration",
    "request",
    "response",
    "server",
    "site",
    "stored_context",
    "trace",
    "user",
]


def abi_hash() -> str:
    """Return the fingerprint of the declaration: 16 hexadecimal digits, for the READY handshake."""
    return ABI_HASH
