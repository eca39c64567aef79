"""From the end of a worker to the rule that the module broke: what crashed, hung, exited or did not load (1.4; 6)."""

from __future__ import annotations

from typing import Any, Final

from pyiismod.checking.report import Where
from pyiismod.errors import (
    InvalidImage,
    LoadError,
    ManagedAssembly,
    MissingDependency,
    MissingEntryPoint,
    MissingFunction,
    ModuleError,
    ModuleExited,
    ModuleHung,
    PyiismodError,
    RegistrationFailed,
    WrongArchitecture,
)
from pyiismod.rules import Rule, body, completion, lifetime, registration

__all__ = ["phase_of", "rule_of", "where_of"]

_NOT_OVERRIDDEN: Final = ("does not override it", "did not override the method")
"""What the default handlers of our header and of the SDK's say before they break."""
_BREAKPOINTS: Final = (0x80000003, 0x4000001F)
_HARDWARE: Final = frozenset(
    {
        *(0x80000001, 0x80000002, 0x80000003, 0x80000004),  # guard page, misalignment, breakpoint, single step
        *(0xC0000005, 0xC0000006, 0xC0000008),  # access violation, in-page error, invalid handle
        *(0xC000001D, 0xC0000025, 0xC0000096),  # illegal instruction, noncontinuable, privileged instruction
        *(0xC000008C, 0xC000008E, 0xC0000094, 0xC0000095),  # array bounds, divisions by zero, overflow
        *(0xC00000FD, 0xC0000374, 0xC0000409),  # stack overflow, heap corruption, fast fail
    }
)
"""What the processor or the system raises: a crash. Everything else was thrown by somebody on purpose."""

_PHASES: Final[dict[type[LoadError], str]] = {
    MissingDependency: "imports",
    MissingFunction: "imports",
    WrongArchitecture: "architecture",
    MissingEntryPoint: "export",
    InvalidImage: "PE",
    ManagedAssembly: "PE",
}


def rule_of(error: PyiismodError, *, low_memory: bool = False) -> Rule | None:
    """Return the rule that an error shows to be broken; None when it is not the module's.

    Args:
        error: what ended a step.
        low_memory: whether allocations were made to fail there.
    """
    details = error.details
    if isinstance(error, RegistrationFailed):
        return registration.REGISTRATION_FAILS
    if isinstance(error, LoadError):
        missing = details.get("missing", ()) if isinstance(error, MissingDependency) else ()
        is_debug = any(each.get("kind") == "debug_crt" for each in missing)
        return registration.DEBUG_RUNTIME if is_debug else registration.DOES_NOT_LOAD
    if not isinstance(error, ModuleError):
        return None
    if isinstance(error, ModuleHung):
        return completion.NEVER_COMPLETED if "armed" in details else lifetime.HANGS
    if isinstance(error, ModuleExited):
        is_load = details.get("phase") == "RegisterModule"
        return registration.REGISTRATION_FAILS if is_load else lifetime.EXITS
    if owner := details.get("guarded"):
        return _guarded(owner)
    if low_memory:
        return body.OUT_OF_MEMORY
    return _crash(details)


def _guarded(owner: dict[str, Any]) -> Rule:
    if owner.get("state") == "freed":
        return lifetime.REQUEST_MEMORY_AFTER_END
    return body.URL_AS_STRING if str(owner.get("what")).startswith("CookedUrl") else lifetime.OVERRUN


def _crash(details: dict[str, Any]) -> Rule:
    code = details.get("code", 0)
    if str(details.get("address", "")).startswith("unloaded "):
        return lifetime.NOT_REMOVABLE
    words = "".join(map(str, details.get("debug_output", ())[-2:]))
    if code in _BREAKPOINTS and any(text in words for text in _NOT_OVERRIDDEN):
        return registration.NOT_OVERRIDDEN
    if details.get("cxx_type") or code not in _HARDWARE:
        return completion.EXCEPTION_ESCAPES
    return lifetime.CRASHES


def where_of(error: PyiismodError, phase: str, module: str) -> Where:
    """Return where that was."""
    details = error.details
    frames = [frame for frame in details.get("stack", ()) if frame.get("module")]
    stack = tuple(f"{frame['module']}+0x{frame['rva']:x}" for frame in frames)
    mine = next((place for place in stack if place.lower().startswith(module.lower() + "+")), None)
    return Where(
        phase=phase,
        module=str(details.get("module") or module),
        notification=details.get("notification"),
        address=mine or details.get("blame") or details.get("address"),
        stack=stack,
    )


def phase_of(error: PyiismodError) -> str:
    """Return the phase of loading that an error belongs to."""
    if isinstance(error, RegistrationFailed):
        return "RegisterModule"
    if isinstance(error, LoadError):
        return _PHASES.get(type(error), "load")
    return "RegisterModule" if error.details.get("phase") == "RegisterModule" else "load"
