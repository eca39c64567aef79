"""How a slot fails: what it returns when it is refused, or when our own code behind it raised.

A refusal is loud: it is recorded by name, and returns a documented failure where the reference names one, E_NOTIMPL or
NULL elsewhere. No out parameter is written. It never returns S_OK and a lie.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyiismod.abi.hresult import E_FAIL, E_NOTIMPL, hresult_from_win32
from pyiismod.abi.model import Method
from pyiismod.host._abi import ffi
from pyiismod.host.trace import here

_ERROR_FILE_NOT_FOUND = hresult_from_win32(2)
_ERROR_NOT_SUPPORTED = hresult_from_win32(50)
_ERROR_NOT_FOUND = hresult_from_win32(1168)

_DOCUMENTED = {
    "IHttpContext::CancelIo": _ERROR_NOT_FOUND,
    "IHttpServer::GetFileInfo": E_FAIL,
    "IHttpServer::FlushKernelCache": _ERROR_NOT_SUPPORTED,
    "IHttpServer::GetProtocolManagerCustomInterface": _ERROR_FILE_NOT_FOUND,
    "IHttpServer::RemoveFragmentFromCache": _ERROR_FILE_NOT_FOUND,
    "IHttpServer::ReadFragmentFromCache": hresult_from_win32(3),
    "IHttpRequest::NegotiateClientCertificate": E_FAIL,
}

_TOO_LATE = {
    "IHttpContext::ReleaseClonedContext": hresult_from_win32(87),
}


class Refused(Exception):
    """Raised by a real slot for the part of its contract that the host cannot serve."""


def failure_of(method: Method, refusal: bool = False) -> Any:
    """Return what the slot returns when it fails: a failure HRESULT, NULL, 0, or None for ``void``."""
    if method.returns == "HRESULT":
        return _DOCUMENTED.get(f"{method.interface}::{method.name}", E_NOTIMPL) if refusal else E_FAIL
    if method.returns == "void":
        return None
    return ffi.NULL if _is_pointer(method.returns) else 0


def late_failure_of(method: Method) -> Any:
    """Return what the slot returns when its object has ended."""
    return _TOO_LATE.get(f"{method.interface}::{method.name}", failure_of(method))


def refuse(method: Method) -> Callable[..., Any]:
    """Return the slot that stands in for one the host does not implement."""
    label, failure = f"{method.interface}::{method.name}", failure_of(method, refusal=True)

    def refused(self: Any, *args: Any) -> Any:
        here(self.timeline).refused.append(label)
        return failure

    return refused


def _is_pointer(ctype: str) -> bool:
    return ctype.endswith("*") or ctype.startswith(("P", "LP", "HANDLE", "HTTP_MODULE_ID"))
