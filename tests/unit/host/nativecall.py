"""The other side of the vtables: calls slots as compiled code does, and makes modules whose slots are Python functions.

Everything goes through pointers: ``this`` → vtable → slot n → function of the declared type. Nothing is shared with the
host but the types.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from pyiismod.abi.allocator import IModuleAllocator
from pyiismod.abi.context import IHttpContext4
from pyiismod.abi.headers import RESPONSE_HEADER_NAMES
from pyiismod.abi.interfaces import INTERFACES
from pyiismod.abi.model import Interface, Method
from pyiismod.abi.notifications import REQUEST_BY_BIT
from pyiismod.abi.request import IHttpRequest4
from pyiismod.abi.response import IHttpResponse4
from pyiismod.host._abi import ffi
from pyiismod.host.exchange import Exchange
from pyiismod.host.headers import Headers, HeaderTable
from pyiismod.host.iis import Iis
from pyiismod.host.incoming import Incoming, Outgoing
from pyiismod.host.memory import RequestPool
from pyiismod.host.module import Module
from pyiismod.host.registration import RegistrationInfo
from pyiismod.host.settings import Settings
from pyiismod.host.trace import Event, Timeline
from pyiismod.host.url import Url
from pyiismod.worker.inprocess import NoBox

NULL = ffi.NULL
CONTINUE, PENDING, FINISH = range(3)

_Lines = Iterable[tuple[str, str]]

_kept: list[Any] = []  # what native code would hold: vtables and callbacks
_owned: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
_errors: list[BaseException] = []  # of the Python functions below: they must not cross the boundary either


def address(pointer: Any) -> int:
    return int(ffi.cast("uintptr_t", pointer))


class Native:
    """An object of the host as a module sees it: an address. ``native.GetHeader_id(28, length)`` calls its slot."""

    def __init__(self, pointer: Any, interface: type[Interface]) -> None:
        self.pointer = ffi.cast("void *", pointer)
        self.methods: dict[str, Method] = {m.overload: m for m in interface.table()}

    def slot(self, overload: str, ctype: str | None = None) -> Callable[..., Any]:
        """Return a slot bound to this object, seen as a function of its own type or of ``ctype``."""
        method = self.methods[overload]
        vtable = ffi.cast("uintptr_t *", ffi.cast("uintptr_t *", self.pointer)[0])
        function = ffi.cast(ctype or f"{method.interface}_{overload}", vtable[method.slot])
        return partial(function, address(self.pointer))

    def __getattr__(self, overload: str) -> Callable[..., Any]:
        if overload not in self.methods:
            raise AttributeError(overload)
        return self.slot(overload)


def of(thing: Any) -> Native:
    """Return a host object as a module sees it."""
    return Native(thing.pointer, thing.interface)


def make(interface: str, slots: dict[str, Callable[..., Any]]) -> Any:
    """Return a native object of a module's (``void *``) whose given slots are Python functions without ``this``."""
    methods = INTERFACES[interface].table()
    table = ffi.new("uintptr_t[]", len(methods))
    for method in methods:
        function = slots.get(method.overload, partial(_unexpected, f"{interface}::{method.name}"))
        callback = ffi.callback(f"{method.interface}_{method.overload}", partial(_without_this, function))
        _kept.append(callback)
        table[method.slot] = address(callback)
    thing = ffi.new("uintptr_t[1]", [address(table)])
    _kept.extend((table, thing))
    return ffi.cast("void *", thing)


def _without_this(function: Callable[..., Any], _this: int, *args: Any) -> Any:
    try:
        return function(*args)
    except BaseException as error:
        _errors.append(error)
        raise


def _unexpected(label: str, *_: Any) -> int:
    raise AssertionError(f"{label} was called, and nobody registered for it")


class Host:
    """A fake IIS without any DLL, and the modules that tests put into it."""

    def __init__(self, **settings: Any) -> None:
        self.iis = Iis(Settings(**settings), NoBox())
        self.timeline = Timeline(self.iis.box, self.iis.timeline)
        self.disposed: list[str] = []

    def open(self, method: str = "GET", target: str = "/", *, headers: _Lines = (), **more: Any) -> Any:
        """Return an exchange that has not run."""
        url = Url(more.pop("scheme", "http"), more.pop("authority", "localhost"), target)
        self.timeline = Timeline(self.iis.box, self.iis.timeline)
        client = more.pop("client", None)
        return Exchange(self.iis, Incoming(method, url, list(headers), **more), self.timeline, client=client)

    def fire(self, method: str = "GET", target: str = "/", *, headers: _Lines = (), **more: Any) -> Outgoing:
        """Drive a request through the modules; ``is_recorded=False`` for one without a timeline."""
        url, schedule = Url("http", "localhost", target), more.pop("schedule", "threaded")
        self.timeline = Timeline(self.iis.box, self.iis.timeline, is_recorded=more.pop("is_recorded", True))
        _errors.clear()
        client = more.pop("client", None)
        outgoing = self.iis.fire(Incoming(method, url, list(headers), **more), self.timeline, schedule, client)
        if _errors:
            raise _errors[0]
        return outgoing

    def load(
        self,
        name: str,
        handlers: dict[str, Callable[..., int]],
        *,
        post: int = 0,
        priorities: Iterable[tuple[int, str]] = (),
        post_priorities: Iterable[tuple[int, str]] = (),
        get_http_module: Callable[[Any, Native], int] | None = None,
    ) -> Module:
        """Register a module with handlers by method name; its masks follow from them."""
        module = Module(name, f"C:\\modules\\{name}.dll", self.iis.next_id())
        module.registration = RegistrationInfo(name, module.id, self.timeline)
        info = of(module.registration)

        def create(ppModule: Any, pAllocator: Any) -> int:
            if get_http_module is not None:
                return get_http_module(ppModule, Native(pAllocator, IModuleAllocator))
            ppModule[0] = instance
            return 0

        slots = {method: _handler(method, handler) for method, handler in handlers.items()}
        instance = make("CHttpModule", {**slots, "Dispose": lambda: self.disposed.append(name)})
        factory = make("IHttpModuleFactory", {"GetHttpModule": create, "Terminate": lambda: None})
        bits = {n.handler: n.bit for n in REQUEST_BY_BIT.values()}
        posts = {n.post_handler: n.bit for n in REQUEST_BY_BIT.values() if n.post_handler}
        mask = sum(bit for method, bit in bits.items() if method in handlers)
        post |= sum(bit for method, bit in posts.items() if method in handlers)
        assert info.SetRequestNotifications(factory, mask, post) == 0
        for bit, alias in priorities:
            assert info.SetPriorityForRequestNotification(bit, wide(alias)) == 0
        for bit, alias in post_priorities:
            assert info.SetPriorityForPostRequestNotification(bit, wide(alias)) == 0
        self.iis.modules.append(module)
        self.iis.replan()
        return module

    def calls(self, method: str) -> list[Event]:
        return [e for e in self.timeline.events if e.event == "call" and e.method == method]

    @property
    def violations(self) -> list[str]:
        return [e.method for e in self.timeline.events if e.event == "violation"]


def _handler(method: str, handler: Callable[..., int]) -> Callable[..., int]:
    declared = next(m for m in INTERFACES["CHttpModule"].table() if m.overload == method)
    interfaces = [INTERFACES.get(param.type.rstrip(" *")) for param in declared.params]
    interfaces[0] = IHttpContext4

    def handle(*args: Any) -> int:
        return handler(*(arg if of is None else Native(arg, of) for arg, of in zip(args, interfaces, strict=True)))

    return handle


def told(host: Host) -> list[str]:
    return [f"{e.module}:{e.method}" for e in host.timeline.events if e.event == "notification"]


def noting(host: Host, name: str, notes: list[str], *methods: str, **load: Any) -> None:
    def note(method: str) -> Callable[[Native, Native], int]:
        def handler(context: Native, provider: Native) -> int:
            notes.append(f"{name}:{method}")
            return CONTINUE

        return handler

    host.load(name, {method: note(method) for method in methods}, **load)


def write_to(context: Native, data: bytes) -> None:
    assert response_of(context).WriteEntityChunks(chunk(data), 1, 0, 1, NULL, NULL) == 0


def request_of(context: Native) -> Native:
    return Native(context.GetRequest(), IHttpRequest4)


def response_of(context: Native) -> Native:
    return Native(context.GetResponse(), IHttpResponse4)


def text(value: bytes) -> Any:
    """Return a NUL-terminated string of the module's."""
    return ffi.new("char[]", value)


def wide(value: str) -> Any:
    """Return a NUL-terminated UTF-16 string of the module's; lone surrogates stay."""
    units = value.encode("utf-16-le", "surrogatepass")
    memory = ffi.new("char[]", len(units) + 2)
    ffi.memmove(memory, units, len(units))
    pointer = ffi.cast("const WCHAR *", memory)
    _owned[pointer] = memory
    return pointer


def read_wide(pointer: Any) -> str:
    """Return the text at a wide pointer, up to its NUL."""
    units = ffi.cast("uint16_t *", pointer)
    size = 0
    while units[size]:
        size += 1
    return ffi.buffer(units, 2 * size)[:].decode("utf-16-le", "surrogatepass")


def chunk(data: bytes | None, size: int | None = None, kind: int = 0) -> Any:
    """Return a HTTP_DATA_CHUNK * of the module's; what it points to lives as long as it does."""
    struct = ffi.new("HTTP_DATA_CHUNK *")
    _owned[struct] = memory = NULL if data is None else ffi.new("char[]", data)
    struct.DataChunkType = kind
    struct.FromMemory.pBuffer = memory
    struct.FromMemory.BufferLength = len(data or b"") if size is None else size
    return struct


def raw_of(request: Native) -> Any:
    """Return a request's HTTP_REQUEST *."""
    return request.GetRawHttpRequest_mutable()


def header_table() -> tuple[Any, Headers]:
    """Return an HTTP_RESPONSE_HEADERS * and the host's view of it, in which only Set-Cookie is listed."""
    raw = ffi.new("HTTP_RESPONSE_HEADERS *")
    return raw, Headers(raw, HeaderTable(RESPONSE_HEADER_NAMES, listed=("Set-Cookie",)), RequestPool())


def units(pointer: Any, size: int) -> str:
    """Return ``size`` bytes of UTF-16."""
    return ffi.buffer(ffi.cast("char *", pointer), size)[:].decode("utf-16-le")


def variable(context: Native, name: bytes) -> tuple[int, bytes, int]:
    """Return (HRESULT, value, length) of the narrow overload."""
    out, length = ffi.new("PCSTR *"), ffi.new("DWORD *", 0xDEAD)
    result = context.GetServerVariable_a(text(name), out, length)
    return result, ffi.string(out[0]) if out[0] else b"", length[0]


def wide_variable(context: Native, name: bytes) -> tuple[int, str, int]:
    out, length = ffi.new("PCWSTR *"), ffi.new("DWORD *", 0xDEAD)
    result = context.GetServerVariable_w(text(name), out, length)
    return result, read_wide(out[0]) if out[0] else "", length[0]


def read_body(native: Native, size: int, slot: str = "ReadEntityBody") -> tuple[int, bytes, int]:
    """Return (HRESULT, data, pending) of one read; the byte behind the buffer must stay."""
    buffer, got, pending = ffi.new("char[]", b"\xcc" * (size + 1)), ffi.new("DWORD *", 0xDEAD), ffi.new("BOOL *", 7)
    flags = (0,) if slot == "ReadEntityBody_flags" else ()
    result = native.slot(slot)(buffer, size, 0, *flags, got, pending)
    assert ffi.buffer(buffer)[size : size + 1] == b"\xcc"
    return result, ffi.buffer(buffer, got[0])[:] if got[0] <= size else b"?", pending[0]


def write_body(native: Native, data: bytes | None, *, more: int = 1, size: int | None = None) -> tuple[int, int]:
    """Write one chunk; return (HRESULT, bytes sent)."""
    sent = ffi.new("DWORD *", 0xDEAD)
    return native.WriteEntityChunks(chunk(data, size), 1, 0, more, sent, NULL), sent[0]


def sent_body(x: Any) -> bytes:
    """Send what is there; return all that has left."""
    x.finish()
    return b"".join(x.outgoing.body)


def status_of(native: Native) -> tuple[Any, ...]:
    code, sub, reason, size = (ffi.new(t) for t in ("USHORT *", "USHORT *", "PCSTR *", "USHORT *"))
    error, module, bit = ffi.new("HRESULT *"), ffi.new("PCWSTR *"), ffi.new("DWORD *")
    exception, skip = ffi.new("void **", ffi.cast("void *", 1)), ffi.new("BOOL *", 7)
    native.GetStatus(code, sub, reason, size, error, module, bit, exception, skip)
    assert exception[0] == NULL
    name = read_wide(module[0]) if module[0] else None
    return code[0], sub[0], ffi.string(reason[0]), size[0], error[0], name, bit[0], skip[0]


def hr(win32: int) -> int:
    """Return HRESULT_FROM_WIN32 as the signed number that slots return."""
    return (0x80070000 | win32) - (1 << 32)


E_FAIL = 0x80004005 - (1 << 32)
E_NOTIMPL = 0x80004001 - (1 << 32)
E_NOINTERFACE = 0x80004002 - (1 << 32)
FILE_NOT_FOUND, NOT_ENOUGH_MEMORY, INVALID_DATA, HANDLE_EOF, NOT_SUPPORTED = map(hr, (2, 8, 13, 38, 50))
INVALID_PARAMETER, INSUFFICIENT_BUFFER, ALREADY_EXISTS, ARITHMETIC_OVERFLOW = map(hr, (87, 122, 183, 534))
NOT_FOUND, INVALID_INDEX = map(hr, (1168, 1413))
