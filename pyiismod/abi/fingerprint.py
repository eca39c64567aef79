"""The fingerprint of the declaration, which both sides of a worker's pipe compare (``pyiismod.abi.ABI_HASH``)."""

from __future__ import annotations

import hashlib

from pyiismod.abi.cdef import cdef
from pyiismod.abi.enums import ENUMS
from pyiismod.abi.interfaces import INTERFACES


def fingerprint() -> str:
    """Return 16 hexadecimal digits that change with every slot, signature, layout, id and enumerator."""
    lines = [cdef()]
    lines += [f"{name} {cls.iid} {method!r}" for name, cls in INTERFACES.items() for method in cls.table()]
    lines += [f"{name} {members}" for name, members in ENUMS.items()]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
