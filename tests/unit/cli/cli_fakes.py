"""A server without a worker: it answers what a test has put into it, in the shapes of the public API."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pyiismod.abi.constants import RQ_BEGIN_REQUEST, RQ_SEND_RESPONSE
from pyiismod.errors import PyiismodError
from pyiismod.headers import Headers
from pyiismod.inspection import LoadWarning
from pyiismod.module import Module
from pyiismod.response import Response
from pyiismod.trace import Trace
from pyiismod.worker.protocol import Loaded, Registration, TraceEvent


def event(method: str, *, kind: str = "call", depth: int = 0, us: float = 3.0, **fields: Any) -> TraceEvent:
    known = {"module": "hello.dll", "notification": None, "post": False, "interface": None, "args": {}, "result": None}
    return TraceEvent(event=kind, method=method, us=us, depth=depth, **(known | fields))


LOAD = [
    event("LoadLibrary", kind="phase", us=1500),
    event("RegisterModule", kind="phase", args={"dwServerVersion": 0xA0000}, result="S_OK", us=80),
    event(
        "SetRequestNotifications",
        interface="IHttpModuleRegistrationInfo",
        depth=1,
        args={"pModuleFactory": "IHttpModuleFactory", "dwRequestNotifications": ["RQ_BEGIN_REQUEST"]},
        result="S_OK",
    ),
]
REQUEST = [
    event("GetHttpModule", kind="phase", interface="IHttpModuleFactory", result="S_OK"),
    event(
        "OnBeginRequest",
        kind="notification",
        notification="RQ_BEGIN_REQUEST",
        interface="CHttpModule",
        result="RQ_NOTIFICATION_FINISH_REQUEST",
        us=41,
    ),
    event("GetResponse", interface="IHttpContext", depth=1, result="IHttpResponse"),
    event(
        "SetHeader",
        interface="IHttpResponse",
        depth=1,
        args={"pszHeaderName": "X-Said", "pszHeaderValue": 'a "b"\n', "cchHeaderValue": 6, "fReplace": True},
        result="S_OK",
    ),
    event("GetUser", interface="IHttpContext", depth=1, result=None),
    event("OutputDebugString", kind="output", depth=1, args={"text": "hello from the module\n"}, us=0),
    event("returned 7 from RQ_BEGIN_REQUEST", kind="violation", us=0, args={"rule": "IM016"}),
    event("Dispose", kind="phase", interface="CHttpModule"),
]
UNLOAD = [
    event("Terminate", kind="phase", interface="IHttpModuleFactory"),
    event("FreeLibrary", kind="phase"),
]


def answer(
    body: bytes = b"Hello World", *, status: int = 200, substatus: int = 0, reason: str = "OK", **headers: str
) -> Response:
    lines = [(name.replace("_", "-"), value) for name, value in ({"Content_Type": "text/plain"} | headers).items()]
    return Response(status, substatus, reason, Headers(lines), body, Trace(REQUEST), ("IHttpContext::GetUser",))


class FakeServer:
    """Stands in for :class:`pyiismod.Server`.

    Attributes:
        asked: (method, url, headers, content) of each request.
        settings: what it was made with.
    """

    def __init__(
        self,
        response: Response | None = None,
        *,
        load: BaseException | None = None,
        request: BaseException | None = None,
        close: BaseException | None = None,
    ) -> None:
        self.response = response or answer()
        self.errors = {"load": load, "request": request, "close": close}
        self.settings: dict[str, Any] = {}
        self.asked: list[SimpleNamespace] = []
        self.loaded: list[tuple[Path, str | None]] = []
        self.events: list[TraceEvent] = []
        self.refused: tuple[str, ...] = ()
        self.output = ""
        self.warnings: list[LoadWarning] = []

    def __call__(self, **settings: Any) -> FakeServer:
        self.settings = settings
        return self

    def __enter__(self) -> FakeServer:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._step("close", UNLOAD)

    @property
    def trace(self) -> Trace:
        return Trace(self.events)

    def load(self, path: Path, name: str | None = None) -> Module:
        self.loaded.append((path, name))
        self._step("load", LOAD)
        priorities = {"RQ_BEGIN_REQUEST": "FIRST"}
        registration = Registration(0, True, RQ_BEGIN_REQUEST | RQ_SEND_RESPONSE, 0, False, 0, priorities)
        return Module(name or path.stem, path.resolve(), Loaded(0, registration, LOAD, []), self.warnings)

    def request(self, method: str, url: str, *, headers: list[tuple[str, str]], content: bytes | None) -> Response:
        self.asked.append(SimpleNamespace(method=method, url=url, headers=headers, content=content))
        self._step("request", REQUEST)
        self.refused += self.response.refused
        return self.response

    def _step(self, name: str, events: list[TraceEvent]) -> None:
        if error := self.errors[name]:
            raise error
        self.events += events


def crash(**details: Any) -> PyiismodError:
    from pyiismod.errors import ModuleCrashed

    known = {
        "module": "hello.dll",
        "phase": "notification",
        "notification": "OnBeginRequest",
        "code": 0xC0000005,
        "code_name": "STATUS_ACCESS_VIOLATION",
        "address": "hello.dll+0x1234",
        "registers": {"rip": "0x18001234", "rsp": "0x7f0000"},
        "stack": [
            {"module": "hello.dll", "rva": 0x1234, "symbol": "OnBeginRequest"},
            *({"module": "python311.dll", "rva": rva} for rva in range(20)),
        ],
        "host_calls": ["IHttpContext::GetResponse", "IHttpResponse::Clear"],
        "output": "about to fail\n",
    }
    message = "hello.dll crashed in OnBeginRequest: it wrote to address 0x10, which belongs to nobody."
    return ModuleCrashed(message, hint="Look at the top frame of the stack.", details=known | details)
