"""The declaration as C text for cffi: fixed-size types, structs, one function pointer type per method, Win32.

``this`` is ``uintptr_t self`` (a callback receives an ``int``) and every interface pointer is ``void *``. The type of a
method is ``Interface_overload``: ``ffi.callback("IHttpRequest_SetHeader_id", function)``, or a cast of a slot to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiismod.abi import win32
from pyiismod.abi.callbacks import CALLBACKS
from pyiismod.abi.enums import ENUMS
from pyiismod.abi.interfaces import INTERFACES
from pyiismod.abi.model import INTERFACE_ALIASES
from pyiismod.abi.structs import STRUCT_ALIASES, structs
from pyiismod.abi.types import C_TYPES, OPAQUE_INTERFACES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyiismod.abi.model import Param
    from pyiismod.abi.structs import Member, Struct

_POINTERS_TO_VOID = {*INTERFACES, *INTERFACE_ALIASES, *OPAQUE_INTERFACES}


def cdef() -> str:
    """Return the whole text."""
    lines = [*_types(), *_structs(), *_functions()]
    return "\n".join(lines) + "\n" + win32.KERNEL32 + win32.OLE32 + win32.ADVAPI32


def _types() -> Iterator[str]:
    yield from (f"typedef struct {name} {name};" for name, s in structs().items() if not s.union)
    yield from (f"typedef union {name} {name};" for name, s in structs().items() if s.union)
    yield from (f"typedef {target} {name};" for name, target in STRUCT_ALIASES.items())
    yield from (f"typedef {c} {name};" for name, c in C_TYPES.items() if c != name.replace("_", " "))
    yield from (f"typedef int32_t {name};" for name in ENUMS)


def _structs() -> Iterator[str]:
    for name, struct in structs().items():
        yield f"{_keyword(struct)} {name} {{"
        yield from _members(struct, "    ")
        yield "};"


def _members(struct: type[Struct], indent: str) -> Iterator[str]:
    base = struct.base()
    if base:
        yield from _members(base, indent)
    for member in struct.own_members():
        yield from _member(member, indent)


def _member(member: Member, indent: str) -> Iterator[str]:
    if member.struct is None:
        extent = "" if member.c_type.length is None else f"[{member.c_type.length}]"
        yield f"{indent}{member.c_type.text} {member.name}{extent};"
        return
    yield f"{indent}{_keyword(member.struct)} {{"
    yield from _members(member.struct, indent + "    ")
    yield f"{indent}}}{'' if member.name.startswith('_') else ' ' + member.name};"


def _keyword(struct: type[Struct]) -> str:
    return "union" if struct.union else "struct"


def _functions() -> Iterator[str]:
    for callback in CALLBACKS.values():
        yield _pointer(callback.name, callback.returns, _parameters(callback.params))
    for interface in INTERFACES.values():
        for method in interface.own_slots():
            parameters = ["uintptr_t self", *_parameters(method.params)]
            yield _pointer(f"{interface.__name__}_{method.overload}", method.returns, parameters)


def _pointer(name: str, returns: str, parameters: Iterable[str]) -> str:
    return f"typedef {_erase(returns)} (*{name})({', '.join(parameters)});"


def _parameters(params: Iterable[Param]) -> list[str]:
    return [f"{_erase(p.type)} {p.name}" for p in params]


def _erase(text: str) -> str:
    """Make interfaces ``void`` and references pointers."""
    words = text.replace("&", "*").split(" ")
    return " ".join("void" if word in _POINTERS_TO_VOID else word for word in words)
