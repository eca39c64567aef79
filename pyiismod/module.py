"""A loaded module, as the user sees it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pyiismod.abi.constants import global_notification_names, request_notification_names
from pyiismod.inspection import LoadWarning
from pyiismod.trace import Trace
from pyiismod.worker import protocol

__all__ = ["Module", "Registration"]


class Registration:
    """What ``RegisterModule`` asked for.

    Attributes:
        hresult: what it returned.
        request_notifications, post_notifications, global_notifications: names of the bits, lowest first.
        priorities: notification → alias; post notifications as ``"post RQ_…"``.
        has_factory, has_global_module: which objects it handed over.
    """

    def __init__(self, message: protocol.Registration) -> None:
        self.hresult = message.hresult
        self.request_notifications = tuple(request_notification_names(message.request_notifications))
        self.post_notifications = tuple(request_notification_names(message.post_notifications))
        self.global_notifications = tuple(global_notification_names(message.global_notifications))
        self.priorities = dict(message.priorities)
        self.has_factory = message.factory
        self.has_global_module = message.global_module


class Module:
    """One module of a :class:`~pyiismod.Server`.

    Attributes:
        name: the name that ``<globalModules>`` would give it.
        path: the DLL.
        registration: what it registered.
        trace: what happened while it was loaded and registered.
        refused: calls that the host did not serve meanwhile.
        warnings: what may go wrong elsewhere although it was loaded here, such as a function that Wine lacks.
    """

    def __init__(self, name: str, path: Path, loaded: protocol.Loaded, warnings: Sequence[LoadWarning] = ()) -> None:
        self.name = name
        self.path = path
        self.registration = Registration(loaded.registration)
        self.trace = Trace(loaded.trace)
        self.refused = tuple(loaded.refused)
        self.warnings = tuple(warning.message for warning in warnings)

    def __repr__(self) -> str:
        return f"<Module {self.name} ({self.path.name})>"
