"""Runs inside the runtime's Windows Python: microseconds a request without pipes, printed as JSON.

Arguments are the paths of ``hello`` and of a module that is told of everything. The yardstick
in the same run is a bare prototype: the module called with vtables that do nothing.
"""

from __future__ import annotations

import json
import sys
from functools import partial
from time import perf_counter_ns
from typing import Any

from pyiismod.abi.allocator import IModuleAllocator
from pyiismod.abi.context import IHttpContext4
from pyiismod.abi.module import CHttpModule, IHttpModuleFactory
from pyiismod.abi.registration import IHttpModuleRegistrationInfo2
from pyiismod.abi.response import IHttpResponse4
from pyiismod.host import win32
from pyiismod.host._abi import ffi
from pyiismod.host.objects import function_type
from pyiismod.worker import protocol
from pyiismod.worker.engine import Engine
from pyiismod.worker.inprocess import NoBox

BATCH, BATCHES = 10, 1000


def main() -> None:
    """Measure the modules named on the command line."""
    hello, every_stage = sys.argv[1:]
    found = {"bare_us": best(bare(hello))}
    for name, path in (("hello", hello), ("every_stage", every_stage)):
        recorded, unrecorded = real(path)
        found |= {f"{name}_us": best(unrecorded), f"{name}_recorded_us": best(recorded)}
    print(json.dumps(found))


def best(request: Any) -> float:
    """Return microseconds a call, of the best batch."""
    found = []
    for _ in range(BATCHES):
        started = perf_counter_ns()
        for _ in range(BATCH):
            request()
        found.append((perf_counter_ns() - started) / BATCH / 1000)
    return min(found)


def real(path: str) -> Any:
    """Return two functions that fire one request through the host, with and without its timeline."""
    engine = Engine(NoBox())
    engine.handle(protocol.Configure(1, {}))
    engine.handle(protocol.Load(2, path, "module"))
    local = ("127.0.0.1", 80)
    fires = [
        protocol.Fire(3, "GET", "http", "localhost", "/", [("Host", "localhost")], b"", local, local, record=record)
        for record in (True, False)
    ]
    return [partial(engine.handle, fire) for fire in fires]


def bare(path: str) -> Any:
    """Return a function that does with stubs what the host does for one request of ``hello``."""
    factories: list[int] = []

    def set_request_notifications(this: int, factory: Any, mask: int, post: int) -> int:
        factories.append(int(ffi.cast("uintptr_t", factory)))
        return 0

    info = stub(IHttpModuleRegistrationInfo2, SetRequestNotifications=set_request_notifications)
    response = stub(IHttpResponse4)
    context = stub(IHttpContext4, GetResponse=lambda this: response)
    allocator = stub(IModuleAllocator)
    register = ffi.cast("PFN_REGISTERMODULE", win32.exported(win32.load_library(path), "RegisterModule"))
    if register(0x000A0000, info, context) or not factories:
        raise SystemExit(f"{path} did not register")
    created = ffi.new("void **")

    def request() -> None:
        call(IHttpModuleFactory, "GetHttpModule", factories[0])(factories[0], created, allocator)
        module = int(ffi.cast("uintptr_t", created[0]))
        call(CHttpModule, "OnBeginRequest", module)(module, context, ffi.NULL)
        call(CHttpModule, "Dispose", module)(module)

    return request


_KEEP: list[Any] = []
_TYPES: dict[tuple[Any, str], tuple[int, Any]] = {}


def stub(interface: Any, **slots: Any) -> Any:
    """Return an object whose slots do nothing but those given."""
    table = ffi.new("uintptr_t[]", len(interface.table()))
    for method in interface.table():
        default = (lambda *_: None) if method.returns == "void" else (lambda *_: 0)
        if method.returns.endswith("*") or method.returns.startswith(("P", "LP", "HTTP_MODULE")):
            default = lambda *_: ffi.NULL  # noqa: E731
        callback = ffi.callback(function_type(method), slots.get(method.overload, default))
        _KEEP.append(callback)
        table[method.slot] = int(ffi.cast("uintptr_t", callback))
    made = ffi.new("uintptr_t[1]", [int(ffi.cast("uintptr_t", table))])
    _KEEP.extend((table, made))
    return ffi.cast("void *", made)


def call(interface: Any, name: str, this: int) -> Any:
    """Return a slot of the module's object."""
    if (interface, name) not in _TYPES:
        method = next(m for m in interface.table() if m.overload == name)
        _TYPES[interface, name] = (method.slot, ffi.typeof(function_type(method)))
    slot, kind = _TYPES[interface, name]
    table = ffi.cast("uintptr_t *", ffi.cast("uintptr_t *", this)[0])
    return ffi.cast(kind, table[slot])


main()
