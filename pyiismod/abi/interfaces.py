"""Every declared interface: importing this completes ``INTERFACES``."""

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
    wpframework,
)
from pyiismod.abi.model import INTERFACES, Interface

__all__ = [
    "BY_IID",
    "CHAINS",
    "INTERFACES",
    "allocator",
    "application",
    "cache",
    "completion",
    "connection",
    "context",
    "file",
    "global_providers",
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
    "wpframework",
]

CHAINS: tuple[tuple[type[Interface], ...], ...] = tuple(
    tuple(versions)
    for name in INTERFACES
    if len(versions := [INTERFACES[n] for n in (name, *(f"{name}{i}" for i in range(2, 10))) if n in INTERFACES]) > 1
)
"""Each interface that has later versions, with these, oldest first: what ``HttpGetExtendedInterface`` goes along."""

BY_IID: dict[str, type[Interface]] = {cls.iid: cls for cls in INTERFACES.values() if cls.iid}
"""Every interface that has an IID, by lower-case GUID text."""
