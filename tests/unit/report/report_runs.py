"""Runs as a worker would give them, for the reports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pyiismod.headers import Headers
from pyiismod.module import Module
from pyiismod.report.record import Run
from pyiismod.response import Response, Sent
from pyiismod.trace import Trace
from pyiismod.worker.protocol import Loaded, Registration, TraceEvent

BEGAN = 1_790_000_000.25
REFUSED = "IHttpServer2::GetWorkerProcessFramework"


def event(kind: str, method: str, at: float, us: float = 0.0, **fields: Any) -> TraceEvent:
    known = {"module": "a.dll", "notification": None, "post": False, "interface": None, "args": {}, "result": None}
    return TraceEvent(event=kind, method=method, at=5_000_000 + at, us=us, **(known | fields))


def call(name: str, at: float, us: float, **fields: Any) -> TraceEvent:
    interface, _, method = name.partition("::")
    fields = {"notification": "RQ_BEGIN_REQUEST", "depth": 1} | fields
    return event("call", method, at, us, interface=interface, **fields)


LOAD = [
    event("phase", "LoadLibrary", 0, 1000),
    event("phase", "RegisterModule", 1100, 50, result="S_OK"),
]
REQUEST = [
    event("phase", "GetHttpModule", 2000, 10, result="S_OK"),
    event(
        *("notification", "OnBeginRequest", 2100, 400),
        notification="RQ_BEGIN_REQUEST",
        result="RQ_NOTIFICATION_PENDING",
    ),
    call("IHttpContext::GetResponse", 2110, 5, result="IHttpResponse"),
    call(
        "IHttpResponse::SetStatus",
        2120,
        20,
        args={"statusCode": 403, "pszReason": "For</script>bidden", "uSubStatus": 1001, "hrErrorToReport": "E_FAIL"},
        result="S_OK",
    ),
    call(REFUSED, 2150, 2, result="E_NOTIMPL"),
    event("output", "OutputDebugString", 2160, args={"text": "hello\x1b[31m\x00\n"}, depth=1),
    event("violation", "Flush was started too early", 2170, args={"rule": "IM014", "stack": ["a.dll+0x1234"]}, depth=1),
    event("trace", "MY_EVENT", 2180, args={"Count": 3}, depth=1),
    call("IHttpContext::PostCompletion", 2300, 30, thread=1, depth=0),
    event(
        *("notification", "OnAsyncCompletion", 2600, 100),
        notification="RQ_BEGIN_REQUEST",
        args={"bytes": 12, "status": "S_OK"},
        result="RQ_NOTIFICATION_FINISH_REQUEST",
        thread=2,
    ),
    event("phase", "Dispose", 2800, 3, thread=2),
]
UNLOAD = [event("phase", "Terminate", 3000, 4), event("phase", "FreeLibrary", 3010, 90)]


def module(name: str = "a") -> Module:
    registration = Registration(0, True, 1, 0, False, 0, {"RQ_BEGIN_REQUEST": "FIRST"})
    return Module(name, Path(f"/modules/{name}.dll"), Loaded(0, registration, [], []))


def completed(**fields: Any) -> Run:
    headers = Headers([("Content-Type", "text/plain"), ("X-Odd", "\ufffe<b>")])
    response = Response(403, 1001, "Forbidden", headers, b"no </script><b>", Trace(REQUEST), (REFUSED,))
    sent = Sent("POST", "http://localhost/a?b=<c>&d", (("Host", "localhost"), ("X-A", "1")), b"a=1")
    known = {"modules": [module()], "response": response, "trace": Trace([*LOAD, *REQUEST, *UNLOAD])}
    return Run(**known | {"refused": (REFUSED,), "output": "printed\n", "request": sent, "began": BEGAN} | fields)
