"""Which protections a file asks Windows for: :func:`mitigations`.

Sources: the PE format specification (``DllCharacteristics``, debug type 20) and ``IMAGE_LOAD_CONFIG_DIRECTORY`` in
winnt.h.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from pyiismod.inspection.identity import debug_entries
from pyiismod.inspection.image import MACHINE_ARM64, MACHINE_X86, Image
from pyiismod.inspection.mapped import Mapped
from pyiismod.inspection.tables import LOAD_CONFIG

_RELOCATIONS_STRIPPED: Final = 0x0001
_EXTENDED: Final = 20
_CET_COMPATIBLE: Final = 0x1
_INSTRUMENTED: Final = 0x100
_HIGH_ENTROPY, _DYNAMIC_BASE, _NX, _NO_SEH, _GUARD_CF = 0x20, 0x40, 0x100, 0x400, 0x4000


class Mitigation(msgspec.Struct, frozen=True):
    """``on`` is None where the file cannot tell, or the processor has no such thing; ``text`` says more."""

    name: str
    on: bool | None
    text: str


class _LoadConfig(NamedTuple):
    """Offsets of fields, 64 and 32 bits."""

    wide: int
    narrow: int


_COOKIE, _SEH_TABLE, _GUARD_FLAGS = _LoadConfig(0x58, 0x3C), _LoadConfig(0x60, 0x40), _LoadConfig(0x90, 0x58)


def mitigations(mapped: Mapped) -> tuple[Mitigation, ...]:
    """Return the state of each protection."""
    image = mapped.image
    flags = image.headers.dll_characteristics
    moves = bool(flags & _DYNAMIC_BASE)
    fixed = bool(image.characteristics & _RELOCATIONS_STRIPPED)
    aslr = "its relocations were stripped" if fixed else "the file can be moved" if moves else ""
    found = [
        Mitigation("ASLR", moves and not fixed, aslr or "linked with /DYNAMICBASE:NO"),
        Mitigation(
            "high-entropy ASLR", bool(flags & _HIGH_ENTROPY) if image.is_64 else None, "64-bit addresses for it"
        ),
        Mitigation("DEP", bool(flags & _NX) or image.is_64, "data is never run as code"),
    ]
    guard = _field(mapped, _GUARD_FLAGS, 4)
    is_guarded = bool(flags & _GUARD_CF) and bool((guard or 0) & _INSTRUMENTED)
    found.append(
        Mitigation("CFG", is_guarded, "indirect calls are checked" if is_guarded else "built without /guard:cf")
    )
    if image.machine == MACHINE_ARM64:
        found.append(Mitigation("CET", None, "ARM64 has none"))
    else:
        cet = any(kind == _EXTENDED and data[:1] and data[0] & _CET_COMPATIBLE for kind, data in _debug(mapped))
        found.append(Mitigation("CET", bool(cet), "shadow stacks" if cet else "linked without /CETCOMPAT"))
    cookie = _field(mapped, _COOKIE, mapped.pointer_size)
    found.append(
        Mitigation("stack cookies", bool(cookie), "the load configuration names one" if cookie else "none is named")
    )
    if image.machine == MACHINE_X86:
        safe = bool(flags & _NO_SEH) or bool(_field(mapped, _SEH_TABLE, 4))
        found.append(Mitigation("SafeSEH", safe, "exception handlers are listed" if safe else "no list of handlers"))
    return tuple(found)


def _debug(mapped: Mapped) -> list[tuple[int, bytes]]:
    return list(debug_entries(mapped.image, mapped.data))


def _field(mapped: Mapped, field: _LoadConfig, size: int) -> int | None:
    image: Image = mapped.image
    rva, _ = image.headers.directory(LOAD_CONFIG)
    if not rva:
        return None
    length = int.from_bytes(mapped.read(rva, 4), "little")
    at = field.wide if image.is_64 else field.narrow
    raw = mapped.read(rva + at, size)
    return int.from_bytes(raw, "little") if length >= at + size and len(raw) == size else None
