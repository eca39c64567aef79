"""What ``RegisterModule`` asks for, read off its code: :func:`follow_registration`.

``RegisterModule(dwServerVersion, pModuleInfo, pGlobalInfo)`` is followed with three unknown arguments; a call of a
virtual function of the second one is what it asks for. The factory that it hands over is followed into
``GetHttpModule``, and what that stores into its first argument is the module object. Vtables are found where
constructors write them. Objects that are built before ``RegisterModule`` is called are found by following the DLL's
entry point first, as the loader would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from pyiismod.abi.constants import global_notification_names, request_notification_names
from pyiismod.inspection.code.decoder import Decoder
from pyiismod.inspection.code.follow import Follower
from pyiismod.inspection.code.state import Call, Object, Place, State, Value
from pyiismod.inspection.mapped import Mapped
from pyiismod.inspection.nearmiss import ENTRY_POINT

_STEPS: Final = 6_000
_FACTORY_STEPS: Final = 3_000
_START_STEPS: Final = 6_000
_MOST_CALLS: Final = 64
_MOST_FACTORIES: Final = 4
_METHODS: Final = {
    2: "SetRequestNotifications",
    3: "SetGlobalNotifications",
    4: "SetPriorityForRequestNotification",
    5: "SetPriorityForGlobalNotification",
    6: "SetPriorityForPostRequestNotification",
}
_NAMES: Final[dict[int, Callable[[int], list[str]]]] = {
    4: request_notification_names,
    5: global_notification_names,
    6: request_notification_names,
}


class Asked(msgspec.Struct, frozen=True):
    """One call of ``IHttpModuleRegistrationInfo``.

    ``arguments`` are numbers, texts, RVAs of vtables (``"vtable 0x2008"``), or None where no constant reaches them.
    """

    method: str
    rva: int
    arguments: tuple[int | str | None, ...]


class Masks(msgspec.Struct, frozen=True):
    """The outcome of one way through ``RegisterModule``; None where a mask is given and its value is not known."""

    request: int | None = 0
    post: int | None = 0
    global_: int | None = 0
    priorities: dict[str, str] = {}


class Registered(msgspec.Struct, frozen=True):
    """What following ``RegisterModule`` has shown.

    Attributes:
        followed: whether a call was met, or the end was reached on every way without one.
        why: why not, or what stays open, as sentences.
        masks: of the way on which it registers most.
        otherwise: masks of other ways, where they differ.
        asked: all calls met on any way.
        factories, modules, global_modules: RVAs of vtables.
    """

    followed: bool = False
    why: tuple[str, ...] = ()
    masks: Masks = Masks()
    otherwise: tuple[Masks, ...] = ()
    asked: tuple[Asked, ...] = ()
    factories: tuple[int, ...] = ()
    modules: tuple[int, ...] = ()
    global_modules: tuple[int, ...] = ()


def follow_registration(decoder: Decoder, mapped: Mapped) -> Registered:
    """Follow the code of ``RegisterModule``, if the file has that and its code can be read."""
    export = mapped.image.export(ENTRY_POINT)
    if export is None or export.forwarder:
        return Registered(why=("there is no RegisterModule here to follow",))
    if decoder.kind is None:
        return Registered(why=(decoder.why,))
    first = _Registration(decoder, mapped, export.rva, None)
    if first.is_open and mapped.is_code(mapped.image.headers.entry_point):
        second = _Registration(decoder, mapped, export.rva, _started(decoder, mapped))
        if not second.is_open or len(second.found().modules) > len(first.found().modules):
            return second.found()
    return first.found()


def _started(decoder: Decoder, mapped: Mapped) -> State | None:
    """Return what is in memory when the DLL has been loaded: static constructors have run."""
    follower = Follower(decoder, mapped, _START_STEPS)
    module = Place(Object("argument", "image"))
    ends = follower.run(mapped.image.headers.entry_point, follower.begin((module, 1, module)))
    return max(ends, key=lambda state: len(state.memory), default=None)


class _Registration:
    """One run through RegisterModule and GetHttpModule."""

    def __init__(self, decoder: Decoder, mapped: Mapped, entry: int, before: State | None) -> None:
        self._decoder, self._mapped = decoder, mapped
        self._follower = Follower(decoder, mapped, _STEPS)
        info, server = (Place(Object("argument", name)) for name in ("registration", "server"))
        version = self._follower.world.unknown("version")
        ends = self._follower.run(entry, self._follower.begin((version, info, server), before))
        self.calls = [call for call in self._follower.calls if _is_registration(call)][:_MOST_CALLS]
        self._ways = [tuple(call for call in end.log if _is_registration(call)) for end in ends]
        if not any(self._ways):  # no end was reached: what was met is on the way all the same
            self._ways = [(*(c for c in call.state.log if _is_registration(c)), call) for call in self.calls]
        self._ends = bool(ends)
        self._why: list[str] = []
        self._factories = self._vtables(2)
        self._globals = self._vtables(3)
        self._modules: list[int] = []
        for call in [call for call in self.calls if call.slot == 2][:_MOST_FACTORIES]:
            self._follow_factory(call)

    @property
    def is_open(self) -> bool:
        """Whether an object that is handed over has no known vtable."""
        kinds = {call.slot for call in self.calls}
        return (2 in kinds and not self._modules) or (3 in kinds and not self._globals)

    def found(self) -> Registered:
        """Return what is known now."""
        ways = sorted(self._ways, key=len, reverse=True)
        values: list[Masks] = []
        for masks in map(self._outcome, ways):
            if masks != Masks() and masks not in values:
                values.append(masks)
        why = list(self._why)
        nothing = not self.calls and self._ends and not self._follower.exhausted
        if nothing and self._follower.escaped:
            why.append("RegisterModule registers nothing itself, and calls code that cannot be followed")
        elif not self.calls and not nothing:
            why.append("no call of the registration object was met in RegisterModule")
        elif self.calls and not self._ends:
            why.append("the end of RegisterModule was not reached")
        if self._follower.exhausted:
            why.append("RegisterModule has more ways than were followed")
        asked = dict.fromkeys(self._asked(call) for call in self.calls)
        return Registered(
            followed=bool(self.calls) or nothing,
            why=tuple(why),
            masks=values[0] if values else Masks(),
            otherwise=tuple(values[1:]),
            asked=tuple(asked),
            factories=tuple(self._factories),
            modules=tuple(self._modules),
            global_modules=tuple(self._globals),
        )

    def _vtables(self, slot: int) -> list[int]:
        found = (self._vtable(call.state, call.arguments[1]) for call in self.calls if call.slot == slot)
        return list(dict.fromkeys(rva for rva in found if rva is not None))

    def _vtable(self, state: State, value: Value) -> int | None:
        """Return the RVA of the vtable of the object at ``value``."""
        if value == 0:
            return None
        table = state.load(value, self._mapped.pointer_size)
        rva = self._mapped.rva(table) if isinstance(table, int) else None
        if rva is None or self._mapped.pointer(rva) is None:
            return None
        return rva

    def _follow_factory(self, call: Call) -> None:
        factory = self._vtable(call.state, call.arguments[1])
        get = self._mapped.pointer(factory) if factory is not None else None
        if get is None or not self._mapped.is_code(get):
            if not self._factories:
                self._why.append(f"the factory handed over at 0x{call.rva:X} has no vtable that could be found")
            return
        follower = Follower(self._decoder, self._mapped, _FACTORY_STEPS)
        out, allocator = Place(Object("argument", "ppModule")), Place(Object("argument", "allocator"))
        begin = follower.begin((call.arguments[1], out, allocator), call.state, this=True)
        states = follower.run(get, begin)
        modules = [self._vtable(state, state.load(out, self._mapped.pointer_size)) for state in states]
        found = [rva for rva in dict.fromkeys(modules) if rva is not None and rva not in self._modules]
        self._modules += found
        if not self._modules:
            self._why.append(f"GetHttpModule at 0x{get:X} does not show which object it makes")

    def _outcome(self, calls: Iterable[Call]) -> Masks:
        """Return the masks after these calls: the first registration counts, later ones fail."""
        masks: dict[str, int | None] = {"request": 0, "post": 0, "global_": 0}
        priorities: dict[str, str] = {}
        seen: set[int] = set()
        for call in calls:
            if call.slot in (2, 3):
                if call.slot in seen:
                    continue
                seen.add(call.slot)
            if call.slot == 2:
                masks["request"], masks["post"] = _number(call.arguments[2]), _number(call.arguments[3])
            elif call.slot == 3:
                masks["global_"] = _number(call.arguments[2])
            else:
                mask = _number(call.arguments[1])
                alias = self._text(call.arguments[2])
                names = _NAMES[call.slot](mask) if mask is not None else ["?"]
                priorities.update((f"post {name}" if call.slot == 6 else name, alias or "?") for name in names)
        return Masks(masks["request"], masks["post"], masks["global_"], priorities)

    def _asked(self, call: Call) -> Asked:
        arguments: list[int | str | None] = []
        if call.slot in (2, 3):
            table = self._vtable(call.state, call.arguments[1])
            arguments.append(None if table is None else f"vtable 0x{table:X}")
            arguments += [_number(value) for value in call.arguments[2 : 4 if call.slot == 2 else 3]]
        else:
            arguments += [_number(call.arguments[1]), self._text(call.arguments[2])]
        return Asked(_METHODS[call.slot], call.rva, tuple(arguments))

    def _text(self, value: Value) -> str | None:
        rva = self._mapped.rva(value) if isinstance(value, int) else None
        return (self._mapped.string(rva) or None) if rva is not None else None


def _is_registration(call: Call) -> bool:
    return call.target == "registration" and call.slot in _METHODS


def _number(value: Value) -> int | None:
    return value & 0xFFFFFFFF if isinstance(value, int) else None
