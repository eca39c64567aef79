"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/ihttpcachepolicy-interface

Output cache policy, and keys and records of the server's caches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiismod.abi.model import Interface, slot

if TYPE_CHECKING:
    from pyiismod.abi.http_structs import HTTP_CACHE_POLICY
    from pyiismod.abi.types import BOOL, DWORD, HRESULT, PCSTR, PCWSTR, Out, Ptr


class IHttpCachePolicy(
    Interface, iid="cb1c40ca-70f2-41a0-add2-881f5ef57388", implemented_by="host", first_seen="iis7.0"
):
    """How a response may be cached, in the kernel and in user mode."""

    @slot(0)
    def GetKernelCachePolicy(self) -> Ptr[HTTP_CACHE_POLICY]: ...

    @slot(1)
    def SetKernelCacheInvalidatorSet(self) -> None: ...

    @slot(2)
    def GetUserCachePolicy(self) -> Ptr[HTTP_CACHE_POLICY]: ...

    @slot(3)
    def AppendVaryByHeader(self, pszHeader: PCSTR) -> HRESULT: ...

    @slot(4, const=True)
    def GetVaryByHeaders(self) -> PCSTR: ...

    @slot(5)
    def AppendVaryByQueryString(self, pszParam: PCSTR) -> HRESULT: ...

    @slot(6, const=True)
    def GetVaryByQueryStrings(self) -> PCSTR: ...

    @slot(7)
    def SetVaryByValue(self, pszValue: PCSTR) -> HRESULT: ...

    @slot(8, const=True)
    def GetVaryByValue(self) -> PCSTR: ...

    @slot(9, const=True)
    def IsUserCacheEnabled(self) -> BOOL: ...

    @slot(10)
    def DisableUserCache(self) -> None: ...

    @slot(11, const=True)
    def IsCached(self) -> BOOL: ...

    @slot(12)
    def SetIsCached(self) -> None: ...

    @slot(13, const=True)
    def GetKernelCacheInvalidatorSet(self) -> BOOL: ...


class IHttpCachePolicy2(
    IHttpCachePolicy, iid="9f4ba807-050e-4495-ae55-8870f7e9194a", implemented_by="host", first_seen="iis7.5"
):
    """Adds forced updates."""

    @slot(14, const=True)
    def IsForceUpdateSet(self) -> BOOL: ...

    @slot(15)
    def SetForceUpdate(self) -> None: ...


class IHttpCacheKey(
    Interface, iid="cdef2aad-20b3-4512-b1b1-094b3844aeb2", implemented_by="either", first_seen="iis7.0"
):
    """A key; modules build their own for ``IHttpServer::DoCacheOperation``, the host hands out others."""

    @slot(0, const=True)
    def GetHash(self) -> DWORD: ...

    @slot(1, const=True)
    def GetCacheName(self) -> PCWSTR: ...

    @slot(2, const=True)
    def GetIsEqual(self, pCacheCompareKey: Ptr[IHttpCacheKey]) -> bool: ...

    @slot(3, const=True)
    def GetIsPrefix(self, pCacheCompareKey: Ptr[IHttpCacheKey]) -> bool: ...

    @slot(4)
    def Enum(self, pCacheData: Ptr[IHttpCacheSpecificData]) -> None: ...


class IHttpCacheSpecificData(
    Interface, iid="37776aff-852e-4eec-93a5-b85a285a95b8", implemented_by="either", first_seen="iis7.0"
):
    """A cache record, the host's or a module's own."""

    @slot(0, const=True)
    def GetCacheKey(self) -> Ptr[IHttpCacheKey]: ...

    @slot(1)
    def ReferenceCacheData(self) -> None: ...

    @slot(2)
    def DereferenceCacheData(self) -> None: ...

    @slot(3)
    def ResetTTL(self) -> None: ...

    @slot(4)
    def DecrementTTL(self, pfTTLExpired: Out[Ptr[BOOL]]) -> None: ...

    @slot(5)
    def SetFlushed(self) -> None: ...

    @slot(6, const=True)
    def GetFlushed(self) -> BOOL: ...
