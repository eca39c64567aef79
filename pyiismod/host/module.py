"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/pfn-registermodule-function

A loaded module and its per-request objects: the calls that go from the host into the DLL (fact sheet 1.1, 1.5, 2.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pyiismod.abi import hresult
from pyiismod.abi.constants import MODULE_REGISTERMODULE
from pyiismod.abi.enums import ENUMS
from pyiismod.abi.module import CGlobalModule, CHttpModule, IHttpModuleFactory
from pyiismod.abi.notifications import REQUEST, REQUEST_BY_BIT, handler_of
from pyiismod.errors import DllMainFailed, MissingDependency, MissingEntryPoint, MissingFunction, RegistrationFailed
from pyiismod.host import win32
from pyiismod.host._abi import ffi
from pyiismod.host.allocator import ModuleAllocator
from pyiismod.host.completion import CompletionInfo
from pyiismod.host.evidence import COUNTS, block_at
from pyiismod.host.memory import RequestPool
from pyiismod.host.native import address, slots_of, table_of, vtable_of
from pyiismod.host.objects import NativeObject
from pyiismod.host.providers import Provider
from pyiismod.host.registration import RegistrationInfo
from pyiismod.host.trace import Inside, Timeline
from pyiismod.pipeline import Completion, Subscriber, Turn
from pyiismod.rules.lifetime import REGISTERED_OBJECT_LEAKED

if TYPE_CHECKING:
    from pyiismod.host.server import Server

_LOAD_HINTS = {
    1114: "Let DllMain answer TRUE and do what can fail in RegisterModule, whose HRESULT says why.",
    5: "Let the account of the application pool read the DLL.",
}
_LOAD_ERRORS = {126: MissingDependency, 127: MissingFunction}
STATUS_NAMES = {value: name for name, value in ENUMS["REQUEST_NOTIFICATION_STATUS"].items()}
_FACTORY = slots_of(IHttpModuleFactory)
_MODULE = slots_of(CHttpModule)
_GLOBAL = slots_of(CGlobalModule)
_HANDLERS = {
    (each.bit, post): (handler, each.name, _MODULE[handler])
    for each in REQUEST
    for post in (False, True)
    if (handler := handler_of(each.bit, post)) in _MODULE
}
_FACTORY_SLOTS, _MODULE_SLOTS, _GLOBAL_SLOTS = 2, 30, 14
"""Slots that every object has, of whatever age its header is."""


class Module:
    """One ``<globalModules>`` entry: a DLL and what it registered.

    Args:
        name: name of the entry.
        path: absolute Windows path of the DLL.
        module_id: opaque id, counted from 1.
        companions: DLLs that its exports are forwarded to; Wine finds those only when they are loaded already.
        shows_vtables: whether the timeline says where the vtables of its objects lie.
    """

    def __init__(
        self, name: str, path: str, module_id: int, companions: Sequence[str] = (), *, shows_vtables: bool = False
    ) -> None:
        self.name = name
        self.path = path
        self.id = module_id
        self.file = path.rpartition("\\")[2]
        self.registration: RegistrationInfo | None = None
        self.hresult = 0
        self._handle: Any = None
        self._companions = tuple(companions)
        self._shows_vtables = shows_vtables
        self._held: list[Any] = []

    @property
    def factory(self) -> Any:
        """The factory that it registered, or NULL."""
        return self.registration.factory if self.registration is not None else ffi.NULL

    @property
    def global_module(self) -> Any:
        """The global module that it registered, or NULL."""
        return self.registration.global_module if self.registration is not None else ffi.NULL

    def load(self, timeline: Timeline) -> None:
        """``LoadLibrary``: the DLL's own start-up code runs here.

        Raises:
            MissingDependency, MissingFunction, DllMainFailed: it could not be loaded.
        """
        try:
            with timeline.inside("DllMain", self.file, "LoadLibrary"):
                self._held = [win32.load_library(path) for path in self._companions]
                self._handle = win32.load_library(self.path)
        except win32.Win32Error as error:
            described = hresult.describe_win32(error.code)
            raise _LOAD_ERRORS.get(error.code, DllMainFailed)(
                f"{self.file} could not be loaded: {described}. IIS writes event 2280 and the worker process stops.",
                hint=_LOAD_HINTS.get(error.code, ""),
                details={"module": self.file, "phase": "DllMain", "notification": None, "code": error.code},
            ) from None

    def register(self, server: Server, server_version: int, timeline: Timeline) -> RegistrationInfo:
        """Call the exported ``RegisterModule``.

        Raises:
            MissingEntryPoint: there is none.
            RegistrationFailed: it returned a failure.
        """
        export = win32.exported(self._handle, MODULE_REGISTERMODULE)
        if not export:
            raise MissingEntryPoint(
                f"{self.file} exports no RegisterModule. IIS writes event 2295 and the worker process stops.",
                details={"module": self.file, "phase": "RegisterModule", "notification": None},
            )
        self.registration = info = RegistrationInfo(self.name, self.id, timeline.process)
        function = ffi.cast("PFN_REGISTERMODULE", export)
        with timeline.inside("RegisterModule", self.file, MODULE_REGISTERMODULE) as event:
            event.args = {"dwServerVersion": server_version, "pModuleInfo": self.name}
            self.hresult = function(server_version, info.pointer, server.pointer)
            event.result = hresult.name_of(self.hresult)
        info.is_open = False
        if self._shows_vtables and self.hresult >= 0:
            objects = (("factory", info.factory, _FACTORY_SLOTS), ("global_module", info.global_module, _GLOBAL_SLOTS))
            event.args |= {name: self._vtable(pointer, slots) for name, pointer, slots in objects if pointer}
        if self.hresult < 0:
            raise RegistrationFailed(
                f"RegisterModule of {self.file} returned {hresult.describe(self.hresult)}. IIS writes event 2293 and "
                "the worker process stops, and with it every site of the application pool.",
                hint="Return S_OK from RegisterModule for everything that the server can live without.",
                details={
                    "module": self.file,
                    "phase": "RegisterModule",
                    "notification": None,
                    "hresult": self.hresult & 0xFFFFFFFF,
                    "hresult_name": hresult.name_of(self.hresult),
                },
            )
        return info

    def create(self, timeline: Timeline, pool: RequestPool) -> ModuleInstance | int:
        """Call the factory's ``GetHttpModule``; return the object, or the failure HRESULT (0 for S_OK with NULL)."""
        factory = self.factory
        allocator = ModuleAllocator(timeline, pool)
        created = ffi.new("void **")
        get_http_module = _FACTORY["GetHttpModule"].of(factory)
        with timeline.inside("GetHttpModule", self.file, "GetHttpModule", interface="IHttpModuleFactory") as event:
            result = get_http_module(address(factory), created, allocator.pointer)
            if timeline.is_recorded:
                event.result = hresult.name_of(result)
            if self._shows_vtables and result >= 0 and created[0]:
                event.args = {"module": self._vtable(created[0], _MODULE_SLOTS)}
        allocator.end()
        if result < 0 or not created[0]:
            return int(result)
        COUNTS["created"] += 1
        return ModuleInstance(self, created[0])

    def _vtable(self, pointer: Any, slots: int) -> dict[str, Any]:
        return vtable_of(pointer, slots, self._handle)

    def terminate(self, timeline: Timeline, *, factory_first: bool = False) -> None:
        """Call ``Terminate`` on what was registered, the global module first (fact sheet 1.5); each exactly once."""
        info = self.registration
        if info is None:
            return
        ends = [(info.global_module, _GLOBAL["Terminate"]), (info.factory, _FACTORY["Terminate"])]
        for pointer, slot in reversed(ends) if factory_first else ends:
            if pointer:
                function, block = slot.of(pointer), block_at(pointer)
                with timeline.inside("Terminate", self.file, "Terminate", interface=slot.interface):
                    function(address(pointer))
                    if block is not None and block.is_kept:
                        text = f"Terminate of {slot.interface} leaves the object that RegisterModule allocated"
                        timeline.violation(REGISTERED_OBJECT_LEAKED, text)
        info.factory = info.global_module = ffi.NULL

    def detach(self, timeline: Timeline) -> None:
        """Let the DLL's own end run now, as when the process exits; its code stays where it is."""
        if self._handle is not None:
            with timeline.inside("DLL_PROCESS_DETACH", self.file, "DllMain"):
                win32.detach(self._handle)

    def unload(self, timeline: Timeline) -> None:
        """``FreeLibrary``: the DLL's own end runs here, unless it has. Idempotent."""
        handle, self._handle = self._handle, None
        if handle is not None:
            with timeline.inside("DLL_PROCESS_DETACH", self.file, "FreeLibrary"):
                for held in (handle, *self._held):
                    win32.free_library(held)


class ModuleInstance:
    """One module object; the module owns the memory behind ``pointer``."""

    def __init__(self, module: Module, pointer: Any) -> None:
        self.module = module
        self._this = address(pointer)
        self.pointer = pointer
        self._table = table_of(pointer)

    def notify(
        self,
        timeline: Timeline,
        step: tuple[Subscriber, int, bool],
        context: NativeObject,
        provider: Provider,
        turn: Turn | None = None,
    ) -> int:
        """Call a notification handler and return its raw status; a nested one has no turn of its own."""
        subscriber, bit, post = step
        method, name, slot = _HANDLERS[bit, post]
        inside = Inside(timeline, "notification", self.module.file, method, name, post, subscriber, bit, turn)
        if timeline.is_recorded:
            inside.note("CHttpModule", method)
        with inside as event:
            status: int = slot.at(self._table)(self._this, context.pointer, provider.pointer)
            event.result = STATUS_NAMES.get(status, status)
        return status

    def completed(
        self,
        timeline: Timeline,
        turn: Turn,
        context: NativeObject,
        provider: Provider,
        completion: Completion,
    ) -> int:
        """Call ``OnAsyncCompletion``, or the callback that the module gave, and return its raw status."""
        subscriber, bit, post = turn.step
        info = CompletionInfo(timeline, completion)
        method = "completion routine" if completion.callback else "OnAsyncCompletion"
        name = REQUEST_BY_BIT[bit].name
        inside = Inside(timeline, "notification", self.module.file, method, name, post, subscriber, bit, turn)
        if timeline.is_recorded:
            inside.note("CHttpModule", method)
        try:
            with inside as event:
                event.args = {"bytes": completion.size, "status": hresult.name_of(completion.status)}
                if completion.callback:
                    routine, argument = completion.callback
                    status = int(routine(context.pointer, info.pointer, argument))
                else:
                    function = _MODULE["OnAsyncCompletion"].at(self._table)
                    status = int(function(self._this, context.pointer, bit, post, provider.pointer, info.pointer))
                event.result = STATUS_NAMES.get(status, status)
        finally:
            info.end()
        return status

    def dispose(self, timeline: Timeline) -> None:
        """Call ``Dispose``; the object is gone afterwards."""
        function = _MODULE["Dispose"].at(self._table)
        with timeline.inside("Dispose", self.module.file, "Dispose", interface="CHttpModule"):
            function(self._this)
        COUNTS["disposed"] += 1
