"""Calls from the host into objects that a module has made: slot by slot, through their own vtable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyiismod.abi.model import Interface, Method
from pyiismod.host._abi import ffi
from pyiismod.host.describe import Describer
from pyiismod.host.objects import function_type
from pyiismod.host.trace import Timeline, here

_object = ffi.typeof("uintptr_t **")  # it begins with the address of its vtable


class ModuleSlot:
    """A slot of objects that the *module* makes."""

    def __init__(self, method: Method) -> None:
        self.interface = method.interface
        self.name = method.name
        self._slot = method.slot
        self._type = ffi.typeof(function_type(method))
        self._describer = Describer(method)

    def of(self, pointer: Any) -> Callable[..., Any]:
        """Return the function of the object at ``pointer``; its first argument is the object's address."""
        return self.at(table_of(pointer))

    def at(self, table: Any) -> Callable[..., Any]:
        """Return the function in a vtable."""
        function: Callable[..., Any] = ffi.cast(self._type, table[self._slot])
        return function

    def call(self, timeline: Timeline, file: str, pointer: Any, *args: Any) -> Any:
        """Call it as a phase of its own, named after the slot.

        Args:
            timeline: where it is written, unless this thread is inside a module for another one.
            file: of the module whose object it is.
            pointer: the object.
            args: the other arguments.
        """
        function = self.of(pointer)
        with here(timeline).inside(self.name, file, self.name, interface=self.interface) as event:
            event.args = self._describer.arguments(args)
            result = function(address(pointer), *args)
            event.result = self._describer.outcome(result)
        return result


def table_of(pointer: Any) -> Any:
    """Return the vtable of the object at ``pointer``."""
    return ffi.cast(_object, pointer)[0]


def slots_of(interface: type[Interface]) -> dict[str, ModuleSlot]:
    """Return the slots that the host may call, by overload name."""
    return {method.overload: ModuleSlot(method) for method in interface.table() if not method.protected}


def address(pointer: Any) -> int:
    """Return a pointer as a number."""
    return int(ffi.cast("uintptr_t", pointer))


def vtable_of(pointer: Any, slots: int, image: Any) -> dict[str, Any]:
    """Return where the vtable of a module's object lies, and its first functions, as distances from ``image``."""
    base = address(image)
    vtable = table_of(pointer)
    return {"vtable": address(vtable) - base, "slots": [int(vtable[slot]) - base for slot in range(slots)]}
