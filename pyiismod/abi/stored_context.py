"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/ihttpstoredcontext-interface

What a module keeps with a request, connection, site, … and the containers that hold it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiismod.abi.model import Interface, slot

if TYPE_CHECKING:
    from pyiismod.abi.types import HRESULT, HTTP_MODULE_ID, LPCWSTR, Ptr


class IHttpStoredContext(
    Interface, iid="f1927f76-790e-4ccb-a72e-396bdfdae05d", implemented_by="module", first_seen="iis7.0"
):
    """An object that a module stores; the host calls it when the owner goes away."""

    @slot(0)
    def CleanupStoredContext(self) -> None: ...


class IHttpModuleContextContainer(
    Interface, iid="d7fad7c9-aa27-4ab9-bd60-e55ccba3f5dc", implemented_by="host", first_seen="iis7.0"
):
    """Stored contexts by module id."""

    @slot(0)
    def GetModuleContext(self, moduleId: HTTP_MODULE_ID) -> Ptr[IHttpStoredContext]: ...

    @slot(1)
    def SetModuleContext(self, ppStoredContext: Ptr[IHttpStoredContext], moduleId: HTTP_MODULE_ID) -> HRESULT: ...


class INamedContextContainer(
    Interface, iid="16db6f7c-1a94-47ca-a8e8-fea6005ff3ba", implemented_by="host", first_seen="sdk8.1"
):
    """Stored contexts by name."""

    @slot(0)
    def GetNamedContext(self, szName: LPCWSTR) -> Ptr[IHttpStoredContext]: ...

    @slot(1)
    def SetNamedContext(self, ppStoredContext: Ptr[IHttpStoredContext], szName: LPCWSTR) -> HRESULT: ...


class IDispensedHttpModuleContextContainer(
    IHttpModuleContextContainer, iid="2ae49359-95dd-4e48-ae20-c0cb9d0bc03a", implemented_by="host", first_seen="iis7.0"
):
    """A container that ``IHttpServer::DispenseContainer`` made; the module releases it."""

    @slot(2)
    def ReleaseContainer(self) -> None: ...


class IHttpConnectionStoredContext(
    IHttpStoredContext, iid="841d9a71-75f4-4626-8b97-66046ca7e45b", implemented_by="module", first_seen="iis7.5"
):
    """A stored context that also hears of the disconnect (slot 1) before clean-up (slot 0)."""

    @slot(1)
    def NotifyDisconnect(self) -> None: ...


class IHttpConnectionModuleContextContainer(
    IHttpModuleContextContainer, iid="f3dd2fb3-4d11-4295-b8ab-4cb667add1fe", implemented_by="host", first_seen="iis7.5"
):
    """Stored contexts of a connection by module id."""

    @slot(2)
    def GetConnectionModuleContext(self, moduleId: HTTP_MODULE_ID) -> Ptr[IHttpConnectionStoredContext]: ...

    @slot(3)
    def SetConnectionModuleContext(
        self, ppStoredContext: Ptr[IHttpConnectionStoredContext], moduleId: HTTP_MODULE_ID
    ) -> HRESULT: ...
