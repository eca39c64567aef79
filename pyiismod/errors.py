"""Every error pyiismod raises, as one tree.

    PyiismodError
    ├── UsageError                  the caller asked for something that cannot be (bad URL, header, method, …)
    ├── RuntimeProblem              exit code 3: there is nothing to run a worker with
    │   ├── RuntimeMissing          not installed (no Wine, no Windows Python, not on this platform)
    │   ├── RuntimeBroken           installed, but incomplete or damaged
    │   └── RuntimeInstallError     the installation itself failed
    ├── ModuleError                 exit code 1: the module failed or was found wanting
    │   ├── LoadError               the DLL never became a module ("load_failed")
    │   │   ├── InvalidImage        not a PE file at all, or damaged (missing, empty, text, ELF, truncated, …)
    │   │   ├── ManagedAssembly     a .NET assembly: IIS loads those through managed code, not natively
    │   │   ├── WrongArchitecture   a PE file for another processor than the worker's
    │   │   ├── MissingEntryPoint   no undecorated RegisterModule export
    │   │   ├── MissingDependency   a DLL that it imports was not found
    │   │   ├── MissingFunction     a DLL that it imports lacks a function that it needs
    │   │   ├── DllMainFailed       DLL_PROCESS_ATTACH returned FALSE or threw, or LoadLibrary failed otherwise
    │   │   └── RegistrationFailed  RegisterModule returned a failure HRESULT
    │   ├── ModuleCrashed           an exception ended the worker ("crashed")
    │   ├── ModuleExited            the module ended the process itself: ExitProcess, exit(), __fastfail, …("crashed")
    │   └── ModuleHung              a phase did not come back within its deadline ("hung")
    └── WorkerError                 our own machinery failed: protocol, start-up, host defect

Each message says what happened, where, why, and what fixes it. ``details`` holds the same as data, ready for JSON.
"""

from __future__ import annotations

from typing import Any, ClassVar

__all__ = [
    "DllMainFailed",
    "InvalidImage",
    "LoadError",
    "ManagedAssembly",
    "MissingDependency",
    "MissingEntryPoint",
    "MissingFunction",
    "ModuleCrashed",
    "ModuleError",
    "ModuleExited",
    "ModuleHung",
    "PyiismodError",
    "RegistrationFailed",
    "RuntimeBroken",
    "RuntimeInstallError",
    "RuntimeMissing",
    "RuntimeProblem",
    "UsageError",
    "WorkerError",
    "WrongArchitecture",
]


class PyiismodError(Exception):
    """Base of everything pyiismod raises on purpose.

    Args:
        message: what happened, where and why; one or more sentences.
        hint: the command or change that fixes it, or ``""``.
        details: the same facts as plain JSON values (``str``, ``int``, ``list``, ``dict``, ``None``).
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "", details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details: dict[str, Any] = dict(details or {})

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message

    def as_dict(self) -> dict[str, Any]:
        """Return ``{"type", "message", "hint", **details}``: the ``error`` member of ``run --json``."""
        return {"type": type(self).__name__, "message": self.message, "hint": self.hint, **self.details}


class UsageError(PyiismodError, ValueError):
    """The caller asked for something that cannot be."""

    exit_code = 2


class RuntimeProblem(PyiismodError):
    """There is nothing to run a worker with."""

    exit_code = 3


class RuntimeMissing(RuntimeProblem):
    """No runtime is installed."""


class RuntimeBroken(RuntimeProblem):
    """The runtime is installed, but incomplete or damaged."""


class RuntimeInstallError(RuntimeProblem):
    """Installing the runtime failed; what was there before is untouched."""


class ModuleError(PyiismodError):
    """The module failed.

    ``details`` always has ``module`` (file name), ``phase`` (``"DllMain"``, ``"RegisterModule"``, ``"GetHttpModule"``,
    ``"notification"``, ``"Dispose"``, ``"Terminate"``, ``"DLL_PROCESS_DETACH"`` or ``"file"``) and ``notification``
    (``"OnBeginRequest"``, … or ``None``).
    """

    outcome: ClassVar[str] = "crashed"

    @property
    def module(self) -> str | None:
        """File name of the module at fault, if known."""
        return self.details.get("module")

    @property
    def phase(self) -> str | None:
        """Where in its life the module was."""
        return self.details.get("phase")

    @property
    def notification(self) -> str | None:
        """The handler that was running (``"OnBeginRequest"``), if any."""
        return self.details.get("notification")


class LoadError(ModuleError):
    """The DLL never became a module; IIS would write event 2280, 2293 or 2295 and stop the worker process."""

    outcome = "load_failed"


class InvalidImage(LoadError):
    """The file is missing, or is no PE file, or is damaged."""


class ManagedAssembly(LoadError):
    """The file is a .NET assembly."""


class WrongArchitecture(LoadError):
    """The PE file is for another processor."""


class MissingEntryPoint(LoadError):
    """The DLL exports no undecorated ``RegisterModule`` (event 2295)."""


class MissingDependency(LoadError):
    """A DLL that the module imports was not found (event 2280)."""


class MissingFunction(LoadError):
    """An imported DLL exists but lacks an imported function (event 2280)."""


class DllMainFailed(LoadError):
    """``LoadLibrary`` failed although all imports resolve (event 2280).

    When an exception in ``DllMain`` was the reason, ``details`` has what :class:`ModuleCrashed` has.
    """


class RegistrationFailed(LoadError):
    """``RegisterModule`` returned a failure HRESULT (event 2293)."""


class ModuleCrashed(ModuleError):
    """An exception in the module ended the worker.

    ``details`` further has ``code`` (int) and ``code_name``, ``address`` (``"module.dll+0x1234"``), ``registers``
    (name → hex), ``stack`` (list of ``{"module", "rva", "symbol"}``), ``host_calls`` (last calls into the host,
    oldest first) and ``output`` (captured text).
    """


class ModuleExited(ModuleError):
    """The module ended the process: ``ExitProcess``, ``TerminateProcess``, ``exit()`` or ``__fastfail``."""


class ModuleHung(ModuleError):
    """A phase did not come back within its deadline."""

    outcome = "hung"


class WorkerError(PyiismodError):
    """Our own machinery failed: start-up, protocol, or a defect of the host. Please report it."""
