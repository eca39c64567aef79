"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/pfn-registermodule-function

Functions that are passed around as pointers. All are ``__stdcall``, which means nothing on x64.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pyiismod.abi.model import Param, signature

if TYPE_CHECKING:
    from pyiismod.abi.completion import IHttpCompletionInfo2
    from pyiismod.abi.context import IHttpContext3
    from pyiismod.abi.enums import REQUEST_NOTIFICATION_STATUS
    from pyiismod.abi.registration import IHttpModuleRegistrationInfo
    from pyiismod.abi.server import IHttpServer
    from pyiismod.abi.types import DWORD, HRESULT, LPOVERLAPPED, Ptr, void


class Callback(NamedTuple):
    """The signature of one callback."""

    name: str
    returns: str
    params: tuple[Param, ...]


def PFN_REGISTERMODULE(
    dwServerVersion: DWORD, pModuleInfo: Ptr[IHttpModuleRegistrationInfo], pGlobalInfo: Ptr[IHttpServer]
) -> HRESULT:
    """Signature of the export named by ``MODULE_REGISTERMODULE``; the version is ``major << 16 | minor``."""


def PFN_ASYNC_COMPLETION(
    pHttpContext: Ptr[IHttpContext3], pCompletionInfo: Ptr[IHttpCompletionInfo2], pvCompletionContext: Ptr[void]
) -> REQUEST_NOTIFICATION_STATUS:
    """Called when an operation started with a callback is complete."""


def LPOVERLAPPED_COMPLETION_ROUTINE(
    dwErrorCode: DWORD, dwNumberOfBytesTransfered: DWORD, lpOverlapped: LPOVERLAPPED
) -> None:
    """Win32 completion routine."""


CALLBACKS: dict[str, Callback] = {
    stub.__name__: Callback(stub.__name__, *signature(stub))
    for stub in (PFN_REGISTERMODULE, PFN_ASYNC_COMPLETION, LPOVERLAPPED_COMPLETION_ROUTINE)
}
