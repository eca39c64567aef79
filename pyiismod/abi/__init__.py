"""Httpserv.h and http.h as data: interfaces with explicit slots, constants, enumerations, structs.

One file per noun; import the ones you need (``from pyiismod.abi.request import IHttpRequest4``), or
``pyiismod.abi.interfaces`` for all. ``IHttpRequest4.table()`` is the vtable. The cffi module, the C++ headers and the
coverage table are generated from here (``python -m pyiismod.host.gen``).
"""

from __future__ import annotations

from pyiismod.abi._hash import ABI_HASH

__all__ = ["ABI_HASH", "abi_hash"]


def abi_hash() -> str:
    """Return the fingerprint of the declaration: 16 hexadecimal digits, for the READY handshake."""
    return ABI_HASH
