"""Which classes a module has, and which handlers they override: :func:`module_classes`.

Vtables come from where ``RegisterModule`` leads, from run-time type information, and from runs of function pointers
among which the SDK's default bodies stand in their own slots. What is known by several ways is listed once. Where no
vtable can be found, the names that are missing among the texts of the default bodies still say what is overridden.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from pyiismod.abi.model import Interface
from pyiismod.abi.module import CGlobalModule, CHttpModule, IHttpModuleFactory
from pyiismod.inspection.bodies import Bodies
from pyiismod.inspection.mapped import Mapped
from pyiismod.inspection.registration import Registered
from pyiismod.inspection.rtti import classes

CERTAIN, LIKELY, GUESS = "certain", "likely", "guess"
_BASES: Final[Mapping[str, tuple[str, type[Interface]]]] = {
    "CHttpModule": ("module", CHttpModule),
    "CGlobalModule": ("global", CGlobalModule),
    "IHttpModuleFactory": ("factory", IHttpModuleFactory),
}
_KINDS: Final = {kind: base for base, (kind, _) in _BASES.items()}
_TABLES: Final = {base: tuple(method.name for method in interface.table()) for base, (_, interface) in _BASES.items()}
_LONGEST_CLASSES: Final = 64
_LEAST_RUN: Final = 15
_SHARED: Final = 3
_DISPOSE: Final = 29


class Handler(msgspec.Struct, frozen=True):
    """One virtual function: ``overridden`` is None where that cannot be told."""

    name: str
    slot: int
    rva: int
    overridden: bool | None


class Class(msgspec.Struct, frozen=True):
    """One vtable.

    Attributes:
        kind: ``"module"``, ``"global"`` or ``"factory"``.
        name: of the class, where the file has it.
        vtable: its RVA.
        found_by: ``"registration"``, ``"rtti"``, ``"default bodies"``: how it was found, best first.
        handlers: of its slots, in order.
        method: how it was told which are overridden: ``"default bodies"`` (a slot is the class's own unless its
            function is recognised as the SDK's), ``"strings"`` (none is recognised, though their texts are there),
            ``"shared bodies"`` (there are no such texts) or ``"pure"`` (there are no defaults).
        sure: ``"certain"`` or ``"likely"``.
    """

    kind: str
    name: str | None
    vtable: int
    found_by: tuple[str, ...]
    handlers: tuple[Handler, ...]
    method: str
    sure: str


class Overridden(msgspec.Struct, frozen=True):
    """What the module overrides, all its classes together.

    ``method`` is ``"registration"``, ``"rtti"``, ``"default bodies"``, ``"strings"`` or ``"none"``; ``sure`` is
    ``"certain"``, ``"likely"`` or ``"guess"``.
    """

    request: tuple[str, ...] = ()
    global_: tuple[str, ...] = ()
    method: str = "none"
    sure: str = GUESS


def module_classes(mapped: Mapped, bodies: Bodies, registered: Registered) -> tuple[tuple[Class, ...], Overridden]:
    """Return the classes of a module, and what they override."""
    found: dict[int, tuple[str, str | None, list[str]]] = {}

    def note(vtable: int, base: str, way: str, name: str | None = None) -> None:
        before = found.get(vtable)
        if before is None:
            if len(found) < _LONGEST_CLASSES:
                found[vtable] = base, name, [way]
            return
        found[vtable] = before[0], before[1] or name, [*before[2], *([way] if way not in before[2] else [])]

    for base, vtables in (
        ("CHttpModule", registered.modules),
        ("CGlobalModule", registered.global_modules),
        ("IHttpModuleFactory", registered.factories),
    ):
        for vtable in vtables:
            note(vtable, base, "registration")
    for described in classes(mapped, tuple(_BASES)):
        note(described.vtable, described.base, "rtti", described.name)
    for vtable, base in _by_default_bodies(mapped, bodies):
        note(vtable, base, "default bodies")
    tables = _slots(mapped, {vtable: base for vtable, (base, _, _) in found.items()})
    for slots in tables.values():
        for rva in slots:
            bodies.default(rva)
    described_classes = [
        _class(bodies, vtable, base, name, tuple(ways), tables) for vtable, (base, name, ways) in found.items()
    ]
    order = list(_KINDS)
    described_classes.sort(key=lambda entry: (order.index(entry.kind), entry.vtable))
    return tuple(described_classes), _overridden(described_classes, bodies)


def live_handlers(bodies: Bodies, kind: str, slots: list[int]) -> tuple[Handler, ...]:
    """Return the handlers of a real object, whose functions lie at ``slots`` (RVAs)."""
    base = _KINDS[kind]
    defaults = [(bodies.default(rva) or ("", ""))[0] == base for rva in slots]
    method = _method(bodies, base)
    return tuple(
        Handler(name, number, rva, not default and _is_overridden(bodies, slots, number, base, method))
        for number, (name, rva, default) in enumerate(zip(_TABLES[base], slots, defaults, strict=False))
    )


def _method(bodies: Bodies, base: str) -> str:
    """Return how it can be told which slots of a class are its own."""
    if base == "IHttpModuleFactory":
        return "pure"
    if base in bodies.recognised:
        return "default bodies"
    return "strings" if any(owner == base for owner, _ in bodies.names) else "shared bodies"


def _is_overridden(bodies: Bodies, slots: list[int], number: int, base: str, method: str) -> bool:
    """Whether a slot whose function is not known to be the SDK's is the class's own."""
    if base == "CHttpModule" and number == _DISPOSE:
        return not bodies.deletes_itself(slots[number])
    if base == "CHttpModule" and number > _DISPOSE:
        return False  # the destructor: each class has its own, and no handler
    if method == "strings" and _TABLES[base][number].startswith("On"):
        return (base, _TABLES[base][number]) not in bodies.names
    return method != "shared bodies" or slots.count(slots[number]) < _SHARED


def _by_default_bodies(mapped: Mapped, bodies: Bodies) -> list[tuple[int, str]]:
    """Return the vtables in which default bodies stand in their slots."""
    if not bodies.names:
        return []
    found: dict[int, str] = {}
    examined = 0
    for start, targets in mapped.code_runs(_LEAST_RUN):
        if examined > 800:
            break
        for index, target in enumerate(targets):
            examined += 1
            default = bodies.default(target)
            if default is None or default[1] not in _TABLES[default[0]]:
                continue
            first = index - _TABLES[default[0]].index(default[1])
            if first >= 0:
                found[start + first * mapped.pointer_size] = default[0]
    return list(found.items())


def _slots(mapped: Mapped, bases: Mapping[int, str]) -> dict[int, list[int]]:
    """Return the functions of each vtable, as far as it goes: to what is no code, or to the next vtable."""
    tables = {}
    for vtable, base in bases.items():
        slots: list[int] = []
        for number in range(len(_TABLES[base])):
            place = vtable + number * mapped.pointer_size
            target = mapped.pointer(place)
            if target is None or not mapped.is_code(target) or (number and place in bases):
                break
            slots.append(target)
        tables[vtable] = slots
    return tables


def _class(
    bodies: Bodies,
    vtable: int,
    base: str,
    name: str | None,
    ways: tuple[str, ...],
    tables: Mapping[int, list[int]],
) -> Class:
    kind, method = _BASES[base][0], _method(bodies, base)
    sure = CERTAIN if method in ("pure", "default bodies") else LIKELY
    return Class(kind, name, vtable, ways, live_handlers(bodies, kind, tables[vtable]), method, sure)


def _overridden(found: list[Class], bodies: Bodies) -> Overridden:
    """Return what all classes override together; of several, those that RegisterModule installs count."""
    for way in ("registration", "rtti", "default bodies"):
        mine = [entry for entry in found if way in entry.found_by and entry.kind != "factory"]
        if mine:
            sure = CERTAIN if all(entry.sure == CERTAIN for entry in mine) and way == "registration" else LIKELY
            return Overridden(_names(mine, "module"), _names(mine, "global"), way, sure)
    missing = {
        base: tuple(
            name
            for name in _TABLES[base]
            if name.startswith("On") and (base, name) not in bodies.names and _had_text(base, name)
        )
        if any(owner == base for owner, _ in bodies.names)
        else ()
        for base in ("CHttpModule", "CGlobalModule")
    }
    if any(missing.values()):
        return Overridden(missing["CHttpModule"], missing["CGlobalModule"], "strings", GUESS)
    return Overridden()


def _had_text(base: str, name: str) -> bool:
    """Whether every SDK has a default body of that name: an absent one then means something."""
    return (base, name) not in {
        ("CGlobalModule", "OnGlobalApplicationPreload"),
        ("CGlobalModule", "OnSuspendProcess"),
        ("CGlobalModule", "OnGlobalThreadCleanup"),
    }


def _names(found: list[Class], kind: str) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for entry in found:
        if entry.kind == kind:
            names.update(
                (handler.name, None)
                for handler in entry.handlers
                if handler.overridden and handler.name.startswith("On")
            )
    base = _KINDS[kind]
    return tuple(name for name in _TABLES[base] if name in names)
