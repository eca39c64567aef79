"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/ihttpserver-satisfiesprecondition-method

Preconditions of modules and handlers: a comma-separated list that must be met as a whole (fact sheet 5.4).
"""

from __future__ import annotations

from pyiismod.host._abi import ffi
from pyiismod.host.settings import Settings

_BITS = 8 * ffi.sizeof("void *")
_FACTS = {
    "bitness32": _BITS == 32,
    "bitness64": _BITS == 64,
    "integratedmode": True,
    "classicmode": False,
    "isapimode": False,
    "managedhandler": False,
    "runtimeversionv1.0": False,
    "runtimeversionv1.1": False,
    "runtimeversionv2.0": False,
    "runtimeversionv4.0": True,
}


def satisfies(settings: Settings, text: str) -> tuple[bool, bool]:
    """Return whether a list of preconditions is met, and whether one of them is unknown; unknown ones are not met."""
    met, is_unknown = True, False
    for flag in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = flag.partition("=")
        if equals and name.lower() in ("apppoolname", "!apppoolname"):
            is_named = settings.app_pool.lower() in (pool.strip().lower() for pool in value.split(";"))
            met &= is_named != name.startswith("!")
        elif flag.lower() in _FACTS:
            met &= _FACTS[flag.lower()]
        else:
            met, is_unknown = False, True
    return met, is_unknown
