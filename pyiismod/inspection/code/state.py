"""What is known at one point of the code: :class:`State`, made of :data:`Value` s.

A value is a number, or a place: so many bytes into some object of which nothing else is known (:class:`Place`). Reading
memory that nobody has written gives a new object, always the same one for the same place; so ``pModuleInfo->vtable[2]``
is the object behind offset 16 of the object behind offset 0 of the argument, and can be recognised.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple, TypeAlias

from pyiismod.inspection.mapped import Mapped

_DEEPEST: Final = 8
_MOST: Final = 1000
"""Places in memory of which a state knows the content; what a module builds on its way is a few dozen."""


class Object:
    """Something unknown. Equal only to itself.

    Attributes:
        kind: ``"argument"``, ``"stack"``, ``"import"``, ``"result"``, ``"loaded"`` or ``"unknown"``.
        name: of an argument or import.
        source: where it was read from, if it was.
    """

    __slots__ = ("depth", "kind", "name", "source")

    def __init__(self, kind: str, name: str = "", source: Place | None = None) -> None:
        self.kind = kind
        self.name = name
        self.source = source
        self.depth: int = source.object.depth + 1 if source else 0

    def __repr__(self) -> str:
        return f"<{self.kind} {self.source or self.name}>"


class Place(NamedTuple):
    """``offset`` bytes into ``object``."""

    object: Object
    offset: int = 0


Value: TypeAlias = int | Place
Key: TypeAlias = tuple[Object | None, int]


class World:
    """What all states of one analysis share: the image, and the objects that stand for unknown memory."""

    def __init__(self, mapped: Mapped) -> None:
        self.mapped = mapped
        self.pointer_size = mapped.pointer_size
        self._loaded: dict[tuple[Object | None, int, int], Place] = {}
        self._imports: dict[int, Place] = {}

    def unknown(self, kind: str = "unknown", name: str = "") -> Place:
        """Return a place in a new object."""
        return Place(Object(kind, name))

    def unwritten(self, key: Key, size: int) -> Value:
        """Return what memory holds that nobody has written: the file's bytes, an import, or an object behind it."""
        owner, offset = key
        if owner is None:
            rva = offset - self.mapped.base
            if rva in self.mapped.image.thunks and size == self.pointer_size:
                if rva not in self._imports:
                    self._imports[rva] = self.unknown("import", str(self.mapped.image.thunks[rva][1]))
                return self._imports[rva]
            initial = self.mapped.initial(rva, size) if size <= 8 else None
            return self.unknown() if initial is None else initial
        if owner.depth >= _DEEPEST:
            return self.unknown()
        found = self._loaded.get((owner, offset, size))
        if found is None:
            found = self._loaded[owner, offset, size] = Place(Object("loaded", source=Place(owner, offset)))
        return found


class Call(NamedTuple):
    """A call that was met: into an object that the analysis began with, or of an import."""

    rva: int
    target: str
    """Name of the argument whose object was called, or of the import."""
    slot: int
    """Which virtual function; -1 for an import."""
    arguments: tuple[Value, ...]
    """What was passed, ``this`` first."""
    state: State


class State:
    """Registers and memory on one way through the code. ``log`` are the calls on that way.

    ``flags`` is how the last comparison was made: ``(operation, left, right, size)``.
    """

    __slots__ = ("flags", "log", "memory", "pushed", "registers", "saved", "world")

    def __init__(self, world: World) -> None:
        self.world = world
        self.registers: dict[str, Value | tuple[Value, Value]] = {}
        self.memory: dict[Key, tuple[Value, int]] = {}
        self.flags: tuple[str, Value, Value, int] | None = None
        self.log: tuple[Call, ...] = ()
        self.pushed = 0
        """x86: bytes pushed since the last call, without registers that are saved."""
        self.saved: dict[str, Value] = {}
        """x86: registers that the function must restore, with what they held at its entry."""

    def copy(self) -> State:
        """Return a state that can go another way."""
        new = State(self.world)
        new.registers = dict(self.registers)
        new.memory = dict(self.memory)
        new.flags, new.log, new.pushed, new.saved = self.flags, self.log, self.pushed, self.saved
        return new

    def enter(self, restored: Iterable[str]) -> None:
        """Begin a function that restores these registers."""
        self.pushed = 0
        self.saved = {name: self.register(name) for name in restored}

    def register(self, name: str, size: int = 8) -> Value:
        """Return what a register holds; a number is cut to ``size`` bytes."""
        value = self.registers.get(name)
        if value is None or not isinstance(value, int | Place):
            value = self.registers[name] = self.world.unknown()
        return value & ((1 << 8 * size) - 1) if isinstance(value, int) else value

    def pair(self, name: str) -> tuple[Value, Value]:
        """Return the two halves of a vector register."""
        value = self.registers.get(name)
        if not isinstance(value, tuple) or isinstance(value, Place):
            value = self.registers[name] = (self.world.unknown(), self.world.unknown())
        return value

    def load(self, address: Value, size: int) -> Value:
        """Return ``size`` bytes (8 at most) of memory."""
        key: Key = (None, address) if isinstance(address, int) else (address.object, address.offset)
        found = self.memory.get(key)
        if found is not None:
            value, stored = found
            if stored == size:
                return value
            if isinstance(value, int) and size < stored:
                return value & ((1 << 8 * size) - 1)
            return self.world.unknown()
        before = self.memory.get((key[0], key[1] - 4)) if size == 4 else None
        if before is not None and before[1] == 8:
            return before[0] >> 32 if isinstance(before[0], int) else self.world.unknown()
        return self.world.unwritten(key, size)

    def store(self, address: Value, value: Value, size: int) -> None:
        """Write ``size`` bytes (8 at most)."""
        if isinstance(value, int):
            value &= (1 << 8 * size) - 1
            if size == 8 and self.world.pointer_size == 4:
                self.store(address, value & 0xFFFFFFFF, 4)
                self.store(add(address, 4), value >> 32, 4)
                return
        key: Key = (None, address) if isinstance(address, int) else (address.object, address.offset)
        if len(self.memory) < _MOST or key in self.memory:
            self.memory[key] = value, size

    def forget(self, address: Value) -> None:
        """A function that was given the address of a local variable may have written there."""
        if isinstance(address, Place) and address.object.kind == "stack":
            key: Key = (address.object, address.offset)
            if key in self.memory:
                self.memory[key] = self.world.unknown("result"), self.memory[key][1]

    def assume(self, unknown: Place, number: int) -> None:
        """Take an unknown value for a number, wherever it is kept."""
        for name, value in self.registers.items():
            if value == unknown:
                self.registers[name] = number
        for key, (value, size) in self.memory.items():
            if value == unknown:
                self.memory[key] = number, size

    def drop_below(self, stack: Value) -> None:
        """Forget the frames of functions that have returned."""
        if isinstance(stack, Place):
            dead = [key for key in self.memory if key[0] is stack.object and key[1] < stack.offset]
            for key in dead:
                del self.memory[key]


def add(value: Value, number: int) -> Value:
    """Return ``value`` moved by ``number`` bytes."""
    if isinstance(value, Place):
        return Place(value.object, value.offset + number)
    return value + number
