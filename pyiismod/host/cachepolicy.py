"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/ihttpcachepolicy-interface

How a response may be cached (fact sheet 5.8). What was set is there to be read: by modules, and by the test's trace.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyiismod.abi.cache import IHttpCachePolicy2
from pyiismod.host._abi import ffi
from pyiismod.host.errors import ERROR_INVALID_PARAMETER, S_OK
from pyiismod.host.objects import NativeObject

if TYPE_CHECKING:
    from pyiismod.host.exchange import Exchange


class CachePolicy(NativeObject, IHttpCachePolicy2):
    """The policies of one response; zeroed memory means: not cached."""

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange.timeline)
        self._pool = exchange.pool
        self._kernel: Any = self._pool.zeroed("HTTP_CACHE_POLICY")
        self._user: Any = self._pool.zeroed("HTTP_CACHE_POLICY")
        self._headers: list[bytes] = []
        self._query_strings: list[bytes] = []
        self._value: bytes | None = None
        self._has_invalidator = False
        self._is_user_cache_enabled = True
        self._is_cached = False
        self._is_update_forced = False

    def vary_like(self, other: CachePolicy) -> None:
        """Vary by what another policy varies by."""
        self._headers, self._query_strings = list(other._headers), list(other._query_strings)
        self._value = other._value

    def GetKernelCachePolicy(self) -> Any:
        return self._kernel

    def SetKernelCacheInvalidatorSet(self) -> None:
        self._has_invalidator = True

    def GetKernelCacheInvalidatorSet(self) -> int:
        return int(self._has_invalidator)

    def GetUserCachePolicy(self) -> Any:
        return self._user

    def AppendVaryByHeader(self, pszHeader: Any) -> int:
        return _append(self._headers, pszHeader)

    def GetVaryByHeaders(self) -> Any:
        return self._joined(self._headers)

    def AppendVaryByQueryString(self, pszParam: Any) -> int:
        return _append(self._query_strings, pszParam)

    def GetVaryByQueryStrings(self) -> Any:
        return self._joined(self._query_strings)

    def _joined(self, values: list[bytes]) -> Any:
        return self._pool.data(b",".join(values)) if values else ffi.NULL

    def SetVaryByValue(self, pszValue: Any) -> int:
        if not pszValue:
            return ERROR_INVALID_PARAMETER
        self._value = bytes(ffi.string(pszValue))
        return S_OK

    def GetVaryByValue(self) -> Any:
        return ffi.NULL if self._value is None else self._pool.data(self._value)

    def IsUserCacheEnabled(self) -> int:
        return int(self._is_user_cache_enabled)

    def DisableUserCache(self) -> None:
        self._is_user_cache_enabled = False

    def IsCached(self) -> int:
        return int(self._is_cached)

    def SetIsCached(self) -> None:
        self._is_cached = True

    def IsForceUpdateSet(self) -> int:
        return int(self._is_update_forced)

    def SetForceUpdate(self) -> None:
        self._is_update_forced = True


def _append(values: list[bytes], psz: Any) -> int:
    if psz:
        values.append(bytes(ffi.string(psz)))
    return S_OK
