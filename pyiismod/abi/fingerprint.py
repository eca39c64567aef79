"""The fingerprint of the declaration, which both sides of a worker's pipe compare (``pyiismod.abi.ABI_HASH``)."""

from __future__ import annotations

import hashlib

from pyiismod.abi.callbacks import CALLBACKS
from pyiismod.abi.enums import ENUMS
from pyiismod.abi.interfaces import INTERFACES
from pyiismod.abi.structs import structs


def fingerprint() -> str:
    """Return 16 hexadecimal digits that change with every slot, signature, layout, id and enumerator.

    They do not depend on the order in which the declarations were imported.
    """
    lines = [f"{name} {cls.iid} {method!r}" for name, cls in INTERFACES.items() for method in cls.table()]
    lines += [f"{name} {struct.layout()}" for name, struct in structs().items()]
    lines += [f"{name} {members}" for name, members in ENUMS.items()]
    lines += [f"{name} {callback!r}" for name, callback in CALLBACKS.items()]
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:16]
