"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/httpgetextendedinterface-function

The later versions of an interface. One object with the longest table serves them all with the same pointer.
"""

from __future__ import annotations

from pyiismod.abi.model import INTERFACES, Interface

CHAINS: tuple[tuple[type[Interface], ...], ...] = tuple(
    tuple(versions)
    for name in INTERFACES
    if len(versions := [INTERFACES[n] for n in (name, *(f"{name}{i}" for i in range(2, 10))) if n in INTERFACES]) > 1
)
"""Each interface that has later versions, with these, oldest first (``HttpGetExtendedInterface`` knows these)."""

BY_IID: dict[str, type[Interface]] = {cls.iid: cls for cls in INTERFACES.values() if cls.iid}
"""Every interface that has an IID, by lower-case GUID text."""
