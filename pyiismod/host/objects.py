"""Python objects that native code can call.

A host class derives from :class:`NativeObject` and the *longest* interface of its chain, and overrides slots by their
overload name; modules cast up that chain without asking, so one object with the longest table serves every version
(fact sheet, section 0). Each object is two words of native memory: the vtable pointer and a spare. The vtable itself,
with its callbacks, is built once per class and never freed: a DLL may keep it in a register.

Each call goes through one entry point, which finds the object, writes the timeline, and lets nothing escape: an
exception of ours is kept in the timeline and the slot's documented failure is returned. MemoryError is no fault but an
answer: ERROR_NOT_ENOUGH_MEMORY or NULL. An object that has ended stays in quarantine for a while, so that a late call
is named instead of crashing.

A slot is *real* (overridden), *configured* (overridden and marked so: it answers what the test set) or *refused*: then
it is recorded by name and fails as documented, never with S_OK.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from time import perf_counter_ns
from typing import Any, ClassVar, TypeVar

from pyiismod.abi.model import Interface, Method, is_stub
from pyiismod.host._abi import ffi
from pyiismod.host.describe import Describer
from pyiismod.host.errors import ERROR_NOT_ENOUGH_MEMORY
from pyiismod.host.refusal import Refused, failure_of, late_failure_of, refuse
from pyiismod.host.trace import Event, Frame, Timeline, collect_output, current
from pyiismod.rules.body import ARGUMENT
from pyiismod.rules.completion import USED_AFTER_END

REAL, CONFIGURED, REFUSED = "real", "configured", "refused"

_SLAB = 4096  # places for objects; the longer until one is used again, the longer a late call is recognised

_Place = tuple[int, Any, Any]  # address, the same as a pointer, and where the vtable's address goes

_live: dict[int, NativeObject] = {}
_places: deque[_Place] = deque()  # free ones: the one that was left longest ago is taken next
_ended: dict[int, tuple[str, Timeline]] = {}
_vtables: dict[type, int] = {}
_keep: list[Any] = []  # vtables and callbacks: native code holds their addresses
_void_pointer = ffi.typeof("void *")

_F = TypeVar("_F", bound=Callable[..., Any])


def configured(slot: _F) -> _F:
    """Mark a slot whose answer is what the test configured."""
    slot.__dict__["iismod_coverage"] = CONFIGURED
    return slot


class NativeObject:
    """Base of everything the host hands to a module.

    Args:
        timeline: where calls from threads that are in no notification are written.

    Attributes:
        this: the address to give to native code.
    """

    interface: ClassVar[type[Interface]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for base in cls.__mro__:
            if issubclass(base, Interface) and not issubclass(base, NativeObject):
                cls.interface = base
                break

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        cls = type(self)
        try:
            self._place = place = _places.popleft()
        except IndexError:
            self._place = place = _more_places()
        self.this, pointer, word = place
        word[0] = _vtables.get(cls) or _vtable(cls)
        _ended.pop(self.this, None)
        _live[self.this] = self
        self.pointer = pointer  # last: another thread may give it to a module at once

    def end(self) -> None:
        """Take the object back: later calls on it are recorded as violations. Idempotent."""
        end_all((self,))

    def resolve(self, pointer: Any) -> NativeObject | None:
        """Return the live host object at ``pointer``, or None."""
        return _live.get(int(ffi.cast("uintptr_t", pointer)))


def end_all(things: Iterable[NativeObject]) -> None:
    """Take objects back, as each one's ``end`` does."""
    for thing in things:
        this = thing.this
        if _live.pop(this, None) is not None:
            _ended[this] = (thing.interface.__name__, thing.timeline.process)
            _places.append(thing._place)


def _more_places() -> _Place:
    """Make another slab of places; return one, and have the others wait for their turn."""
    words = ffi.new("uintptr_t[]", 2 * _SLAB)
    _keep.append(words)
    start = int(ffi.cast("uintptr_t", words))
    fresh = [(start + 16 * i, ffi.cast(_void_pointer, start + 16 * i), words + 2 * i) for i in range(_SLAB)]
    _places.extend(fresh[1:])
    return fresh[0]


def coverage(cls: type[NativeObject]) -> list[tuple[Method, str]]:
    """Return each slot of a host class with ``"real"``, ``"configured"`` or ``"refused"``."""
    return [(method, _coverage(cls, method)) for method in cls.interface.table()]


def _coverage(cls: type[NativeObject], method: Method) -> str:
    slot = getattr(cls, method.overload)
    if is_stub(slot):
        return REFUSED
    return str(slot.__dict__.get("iismod_coverage", REAL))


def function_type(method: Method) -> str:
    """Return the name of the C function pointer type of a slot."""
    return f"{method.interface}_{method.overload}"


def _vtable(cls: type[NativeObject]) -> int:
    methods = cls.interface.table()
    # One word before slot 0: MSVC keeps type information there and dynamic_cast reads it.
    table = ffi.new("uintptr_t[]", len(methods) + 1)
    for method in methods:
        refused = _coverage(cls, method) == REFUSED
        slot = refuse(method) if refused else getattr(cls, method.overload)
        callback = ffi.callback(function_type(method), _entry(method, slot), failure_of(method), _fault)
        _keep.append(callback)
        table[method.slot + 1] = int(ffi.cast("uintptr_t", callback))
    _keep.append(table)
    _vtables[cls] = address = int(ffi.cast("uintptr_t", table + 1))
    return address


def _entry(method: Method, slot: Callable[..., Any]) -> Callable[..., Any]:
    describer = Describer(method)
    failure, late = failure_of(method), late_failure_of(method)
    interface, name = method.interface, method.name
    label = f"{interface}::{name}"
    arguments, outcome, outputs = describer.arguments, describer.outcome, describer.outputs
    refusal = failure_of(method, refusal=True)
    exhausted = ERROR_NOT_ENOUGH_MEMORY if method.returns == "HRESULT" else failure

    def entry(this: int, *args: Any) -> Any:
        frame = current()
        target = _live.get(this)
        if target is None:
            return _stray(this, label, frame, late)
        if frame is None:
            with target.timeline.visit():
                return entry(this, *args)
        timeline = frame.timeline
        timeline.box.call(label)
        if not timeline.is_recorded:
            try:
                return slot(target, *args)
            except Refused:
                timeline.refused.append(label)
                return refusal
            except MemoryError:
                return exhausted
            except BaseException as fault:
                timeline.faults.append(fault)
                return failure
        collect_output(timeline)
        event = Event("call", frame, interface, name, {})
        timeline.events.append(event)
        frame.depth += 1
        started = perf_counter_ns()
        event.at = started / 1000
        try:
            event.args = arguments(args)
            result = slot(target, *args)
            event.result = outcome(result)
            if frame.has_left:
                frame.has_left = False
            else:
                outputs(event.args, args, result)
        except Refused:
            timeline.refused.append(label)
            result = refusal
            event.result = outcome(result)
        except MemoryError:
            result = exhausted
            event.result = outcome(result)
        except BaseException as fault:
            timeline.faults.append(fault)
            event.result = f"host fault: {fault!r}"
            result = failure
        finally:
            frame.depth -= 1
            event.us = (perf_counter_ns() - started) / 1000
        return result

    return entry


def _fault(kind: type[BaseException], fault: BaseException, traceback: Any) -> None:
    """Keep what an entry itself raised, or that its result does not fit; cffi returns the failure."""
    if (frame := current()) is not None:
        frame.timeline.faults.append(fault)


def _stray(this: int, label: str, frame: Frame | None, failure: Any) -> Any:
    name, timeline = _ended.get(this, (None, None))
    if frame is not None:
        timeline = frame.timeline
    if timeline is not None:
        if name:
            timeline.violation(USED_AFTER_END, f"{label} was called on an {name} that has ended")
        else:
            timeline.violation(ARGUMENT, f"{label} was called on something that is no object of the host")
    return failure
