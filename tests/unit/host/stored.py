"""Stored contexts of a module's, for the tests of whatever has a container."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nativecall import Native, address, make

from pyiismod.abi.interfaces import INTERFACES
from pyiismod.host._abi import ffi

ALREADY_ASSIGNED = 0x80070055 - (1 << 32)


def stored(notes: list[str], name: str) -> Any:
    """Return an ``IHttpConnectionStoredContext`` that notes what it is told; the plain table is a prefix of its own."""
    return make(
        "IHttpConnectionStoredContext",
        {
            "CleanupStoredContext": lambda: notes.append(f"{name} cleaned"),
            "NotifyDisconnect": lambda: notes.append(f"{name} disconnected"),
        },
    )


def module_id(number: int) -> Any:
    return ffi.cast("void *", number)


def view(pointer: Any, interface: str) -> Native:
    """Return an object of the host as a module sees it."""
    return Native(pointer, INTERFACES[interface])


def container_of(owner: Native) -> Native:
    return view(owner.GetModuleContextContainer(), "IHttpModuleContextContainer")


def keeper(notes: list[str], name: str, owner: Callable[[Native], Native], number: int = 1) -> Callable[..., int]:
    """Return a handler that keeps a context with ``owner`` of the request and notes whether it is the first to."""
    context = stored(notes, name)

    def handle(request: Native, provider: Native) -> int:
        container = container_of(owner(request))
        result = container.SetModuleContext(context, module_id(number))
        notes.append(f"{name} set" if result == 0 else f"{name} late")
        assert address(container.GetModuleContext(module_id(number))) != 0
        return 0

    return handle
