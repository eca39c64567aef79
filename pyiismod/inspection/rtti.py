"""Classes that the compiler has left the names of: run-time type information, Microsoft's and Itanium's.

:func:`classes` finds, from the type names on, the vtables of classes that derive from given bases. Sources: the layout
of ``_RTTICompleteObjectLocator`` in ``rttidata.h`` of Visual C++, and the Itanium C++ ABI, sections 2.5.3 and 2.9.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from typing import Final, NamedTuple

from pyiismod.inspection.mapped import Mapped

_MOST: Final = 2048
_MAX_BASES: Final = 64
_MICROSOFT: Final = re.compile(rb"\.\?A[VU]([!-~]{1,400}?@@)\x00")
_TEMPLATE: Final = re.compile(r"\?\$(\w+)@[VU](\w+)@@@")


class Described(NamedTuple):
    """A vtable whose class has a name: ``base`` is the one that was asked for, first in that class's own order."""

    name: str
    base: str
    vtable: int


def classes(mapped: Mapped, bases: Collection[str]) -> list[Described]:
    """Return the vtables of all classes derived from one of ``bases`` (those themselves left out)."""
    found = [*_microsoft(mapped, bases), *_itanium(mapped, bases)]
    return [described for described in dict.fromkeys(found) if described.name not in bases]


def _microsoft(mapped: Mapped, bases: Collection[str]) -> Iterator[Described]:
    """Yield what complete object locators tell: they know themselves (64 bits) or a type with a name (32 bits)."""
    names = {
        rva + match.start() - 2 * mapped.pointer_size: _plain(match[1].decode("latin-1"))
        for rva, block in mapped.data_sections()
        for match in islice(_MICROSOFT.finditer(block), _MOST)
    }
    for locator in _locators(mapped, names):
        _, offset, _, descriptor, hierarchy = struct.unpack("<5I", mapped.read(locator, 20))
        for base, displacement in _bases(mapped, hierarchy, names):
            if base in bases and displacement == offset:
                for pointer in mapped.pointers_to(locator):
                    yield Described(names[_rva(mapped, descriptor)], base, pointer + mapped.pointer_size)


def _locators(mapped: Mapped, names: Mapping[int, str]) -> Iterator[int]:
    """Yield the RVAs of complete object locators, 2,048 at most."""
    wide, found = mapped.pointer_size == 8, 0
    for rva, block in mapped.data_sections() if names else ():
        words = memoryview(block[: len(block) & ~3]).cast("I")
        signature = int(wide)
        for at in [at for at, word in enumerate(words[:-5]) if word == signature]:
            locator = rva + 4 * at
            if (not wide or words[at + 5] == locator) and _rva(mapped, words[at + 3]) in names:
                found += 1
                if found > _MOST:
                    return
                yield locator


def _rva(mapped: Mapped, reference: int) -> int:
    """Return what a reference in type information points to: 64-bit files have RVAs there, others addresses."""
    return reference if mapped.pointer_size == 8 else reference - mapped.base


def _bases(mapped: Mapped, hierarchy: int, names: Mapping[int, str]) -> Iterator[tuple[str, int]]:
    """Yield each class in a hierarchy with its place in the whole object."""
    raw = mapped.read(_rva(mapped, hierarchy), 16)
    if len(raw) < 16:
        return
    count, array = struct.unpack_from("<8xII", raw)
    for number in range(min(count, _MAX_BASES)):
        entry = mapped.read(_rva(mapped, array) + 4 * number, 4)
        if len(entry) < 4:
            return
        description = mapped.read(_rva(mapped, struct.unpack("<I", entry)[0]), 16)
        if len(description) < 16:
            return
        descriptor, _, displacement, virtual = struct.unpack("<IIii", description)
        if virtual == -1:
            yield names.get(_rva(mapped, descriptor), ""), displacement


def _plain(name: str) -> str:
    """Return a class's name as source has it, from ``CWaf@filter@@`` or ``?$Factory@VCWaf@@@@``."""
    if match := _TEMPLATE.fullmatch(name.removesuffix("@")):
        return f"{match[1]}<{match[2]}>"
    if "?" in name or "$" in name:
        return name
    return "::".join(reversed(name.removesuffix("@@").split("@")))


def _itanium(mapped: Mapped, bases: Collection[str]) -> Iterator[Described]:
    size = mapped.pointer_size
    for base in bases:
        todo = list(_type_infos(mapped, base))
        seen = set(todo)
        while todo:
            info = todo.pop()
            for place in mapped.pointers_to(info):
                above = mapped.pointer(place - size)  # a derived class has: its own vtable, its name, its base
                if above is not None and (name := _source_name(mapped.string(above))):
                    derived = place - 2 * size
                    if derived not in seen and len(seen) < _MOST:
                        seen.add(derived)
                        todo.append(derived)
                        for header in mapped.pointers_to(derived):
                            first = mapped.pointer(header + size)
                            if mapped.initial(header - size, size) == 0 and first and mapped.is_code(first):
                                yield Described(name, base, header + size)


def _type_infos(mapped: Mapped, base: str) -> Iterator[int]:
    text = f"{len(base)}{base}\0".encode()
    for name in mapped.find(text, limit=8):
        if mapped.read(name - 1, 1) in (b"\0", b""):
            for pointer in mapped.pointers_to(name):
                yield pointer - mapped.pointer_size


def _source_name(mangled: str) -> str:
    """Return the qualified name in an Itanium type name (``4CWaf``, ``N6filter4CWafE``), or ``""`` if it is none."""
    text = mangled.removeprefix("*")
    nested = text.startswith("N")
    text, parts = text[1:] if nested else text, []
    while match := re.match(r"(?:\d+|_GLOBAL__N_1)", text):
        length = int(match[0]) if match[0].isdigit() else 0
        parts.append(text[match.end() : match.end() + length])
        text = text[match.end() + length :]
        if text.startswith("I"):  # template arguments: classes only
            inner = re.match(r"I(\d+)", text)
            if inner is None:
                return mangled
            size = int(inner[1])
            parts[-1] += f"<{text[inner.end() : inner.end() + size]}>"
            text = text[inner.end() + size :].removeprefix("E")
        if not nested:
            break
    named = [part for part in parts if part]
    return "::".join(named) if named and text in ("", "E") else ""
