"""Load a real native IIS module, give it a faithful IIS, and see exactly what it does.

    import pyiismod

    with pyiismod.Server() as iis:
        iis.load("module.dll")
        print(iis.get("/").text)

Names are loaded when they are first used: the worker imports this package too, and has no time to lose.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyiismod.checking import Finding, Options, Report, check
    from pyiismod.errors import (
        DllMainFailed,
        InvalidImage,
        LoadError,
        ManagedAssembly,
        MissingDependency,
        MissingEntryPoint,
        MissingFunction,
        ModuleCrashed,
        ModuleError,
        ModuleExited,
        ModuleHung,
        PyiismodError,
        RegistrationFailed,
        RuntimeBroken,
        RuntimeInstallError,
        RuntimeMissing,
        RuntimeProblem,
        UsageError,
        WorkerError,
        WrongArchitecture,
    )
    from pyiismod.handler import HandlerRequest
    from pyiismod.headers import Headers
    from pyiismod.module import Module, Registration
    from pyiismod.response import Response
    from pyiismod.server import Server
    from pyiismod.streaming import ResponseStream
    from pyiismod.trace import Trace, TraceEvent

__version__ = "0.1.0"

__all__ = [
    "DllMainFailed",
    "Finding",
    "HandlerRequest",
    "Headers",
    "InvalidImage",
    "LoadError",
    "ManagedAssembly",
    "MissingDependency",
    "MissingEntryPoint",
    "MissingFunction",
    "Module",
    "ModuleCrashed",
    "ModuleError",
    "ModuleExited",
    "ModuleHung",
    "Options",
    "PyiismodError",
    "Registration",
    "RegistrationFailed",
    "Report",
    "Response",
    "ResponseStream",
    "RuntimeBroken",
    "RuntimeInstallError",
    "RuntimeMissing",
    "RuntimeProblem",
    "Server",
    "Trace",
    "TraceEvent",
    "UsageError",
    "WorkerError",
    "WrongArchitecture",
    "__version__",
    "check",
]

_HOMES = {
    "Finding": "checking",
    "Options": "checking",
    "Report": "checking",
    "check": "checking",
    "HandlerRequest": "handler",
    "ResponseStream": "streaming",
    "Headers": "headers",
    "Module": "module",
    "Registration": "module",
    "Response": "response",
    "Server": "server",
    "Trace": "trace",
    "TraceEvent": "trace",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'errors')}"), name)
