"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/ihttpcontext-clonecontext-method

The slots of the context that are about child requests (fact sheet 5.1); what a child is says
:mod:`pyiismod.host.child`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyiismod.abi import constants
from pyiismod.host._abi import ffi
from pyiismod.host.errors import ERROR_INVALID_INDEX, ERROR_INVALID_PARAMETER, ERROR_NOT_SUPPORTED, S_OK

if TYPE_CHECKING:
    from pyiismod.host.exchange import Exchange


def _all_flags(prefix: str) -> int:
    return sum(value for name, value in vars(constants).items() if name.startswith(prefix))


_CLONE_FLAGS = _all_flags("CLONE_FLAG_")
_EXECUTE_FLAGS = _all_flags("EXECUTE_FLAG_")


class ChildSlots:
    """Part of :class:`~pyiismod.host.context.Context`."""

    _exchange: Exchange

    def CloneContext(self, dwCloneFlags: int, ppHttpContext: Any) -> int:
        if not ppHttpContext or dwCloneFlags & ~_CLONE_FLAGS:
            return ERROR_INVALID_PARAMETER
        ppHttpContext[0] = self._exchange.iis.clone(self._exchange, dwCloneFlags).context.pointer
        return S_OK

    def ExecuteRequest(
        self, fAsync: int, pHttpContext: Any, dwExecuteFlags: int, pHttpUser: Any, pfCompletionExpected: Any = None
    ) -> int:
        if not pHttpContext or dwExecuteFlags & ~_EXECUTE_FLAGS:
            return ERROR_INVALID_PARAMETER
        child = next((child for child in self._exchange.children if child.context.pointer == pHttpContext), None)
        if not fAsync or child is None:
            return ERROR_NOT_SUPPORTED
        return child.execute(dwExecuteFlags, pHttpUser, pfCompletionExpected)

    def GetExecuteFlags(self) -> int:
        return self._exchange.execute_flags

    def GetParentContext(self) -> Any:
        parent = self._exchange.parent
        return ffi.NULL if parent is None or parent.is_freed else parent.context.pointer

    def GetRootContext(self) -> Any:
        root = self._exchange
        while root.parent is not None:
            root = root.parent
        return ffi.NULL if root is self._exchange or root.is_freed else root.context.pointer

    def ReleaseClonedContext(self) -> int:
        return self._exchange.release()

    def InheritServerVariable(self, szName: Any, fFailIfNotExist: int = 0) -> int:
        if not szName:
            return ERROR_INVALID_PARAMETER
        name = bytes(ffi.string(szName)).decode("latin-1")
        is_there = self._exchange.variables.inherit(name)
        return S_OK if is_there or not fFailIfNotExist else ERROR_INVALID_INDEX
