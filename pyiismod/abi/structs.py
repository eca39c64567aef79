"""How C structs are declared, and their layout by the C rules of 64-bit Windows.

    class HTTP_KNOWN_HEADER(Struct):
        RawValueLength: USHORT
        pRawValue: PCSTR

A subclass of a struct continues it. A member whose name begins with ``_`` is unnamed in C: its own members are reached
directly. Offsets and sizes are always computed, never written down.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple

from pyiismod.abi.enums import ENUMS
from pyiismod.abi.model import Type, parse
from pyiismod.abi.types import C_TYPES

_STRUCTS: dict[str, type[Struct]] = {}

STRUCT_ALIASES = {"HTTP_REQUEST": "HTTP_REQUEST_V2", "HTTP_RESPONSE": "HTTP_RESPONSE_V2"}
"""Second names of structs."""

_SCALARS = {"char": 1, "uint8_t": 1, "uint16_t": 2, "char16_t": 2}
_SCALARS |= {"int32_t": 4, "uint32_t": 4, "int64_t": 8, "uint64_t": 8}
_POINTER = 8


class Member(NamedTuple):
    """A member as declared. ``struct`` is the class of an unnamed struct or union type, declared in place."""

    name: str
    c_type: Type
    struct: type[Struct] | None


class Field(NamedTuple):
    """A member as laid out; a dotted name is a member of a struct declared in place."""

    name: str
    offset: int
    size: int
    type: str | None
    """C text, an array as ``"char[14]"``; ``None`` for a struct declared in place."""


class Layout(NamedTuple):
    """Size and alignment in bytes, and the fields in declaration order."""

    size: int
    align: int
    fields: tuple[Field, ...]


class Struct:
    """Base of every declared struct."""

    union = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "." not in cls.__qualname__ and cls.__module__ != __name__:
            _STRUCTS[cls.__name__] = cls

    @classmethod
    def base(cls) -> type[Struct] | None:
        """Return the struct that this one continues."""
        parent = cls.__bases__[0]
        return parent if parent.__name__ in _STRUCTS else None

    @classmethod
    def own_members(cls) -> list[Member]:
        """Return the members that this class itself declares."""
        members = []
        for name, annotation in vars(cls).get("__annotations__", {}).items():
            nested = vars(cls).get(annotation)
            members.append(Member(name, parse(annotation), nested))
        return members

    @classmethod
    def layout(cls) -> Layout:
        """Lay the struct out."""
        if cls not in _LAYOUTS:
            _LAYOUTS[cls] = _lay_out(cls)
        return _LAYOUTS[cls]


class Union(Struct):
    """Base of every declared union: all members are at offset 0."""

    union = True


def structs() -> dict[str, type[Struct]]:
    """Return every named struct and union by name; what is embedded comes before what embeds it."""
    for file in ("win_structs", "http_structs", "trace_structs"):
        import_module(f"pyiismod.abi.{file}")
    return _STRUCTS


_LAYOUTS: dict[type[Struct], Layout] = {}


def _lay_out(cls: type[Struct]) -> Layout:
    base = cls.base()
    end, align, known = base.layout() if base else (0, 1, ())
    fields = list(known)
    for member in cls.own_members():
        size, alignment = _measure(member)
        offset = 0 if cls.union else _round_up(end, alignment)
        end, align = max(end, offset + size), max(align, alignment)
        unnamed = member.name.startswith("_")
        if not unnamed:
            fields.append(Field(member.name, offset, size, None if member.struct else _text(member.c_type)))
        if member.struct:
            prefix = "" if unnamed else f"{member.name}."
            fields += [
                f._replace(name=prefix + f.name, offset=offset + f.offset) for f in member.struct.layout().fields
            ]
    return Layout(_round_up(end, align), align, tuple(fields))


def _measure(member: Member) -> tuple[int, int]:
    if member.struct:
        return member.struct.layout()[:2]
    size, align = _measure_type(member.c_type.text)
    return size * (member.c_type.length or 1), align


def _measure_type(text: str) -> tuple[int, int]:
    if text.endswith("*"):
        return _POINTER, _POINTER
    if text in _STRUCTS:
        return _STRUCTS[text].layout()[:2]
    spelling = "int32_t" if text in ENUMS else C_TYPES[text]
    size = _POINTER if spelling.endswith("*") else _SCALARS[spelling]
    return size, size


def _round_up(number: int, step: int) -> int:
    return -(-number // step) * step


def _text(t: Type) -> str:
    return t.text if t.length is None else f"{t.text}[{t.length}]"
