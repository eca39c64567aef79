"""``docs/coverage.md``: says of each slot of each interface that the host implements whether it is real."""

from __future__ import annotations

from collections.abc import Iterator

from pyiismod.abi.interfaces import INTERFACES
from pyiismod.host.allocator import ModuleAllocator
from pyiismod.host.application import Application
from pyiismod.host.cachedata import CacheData, CacheKey
from pyiismod.host.cachepolicy import CachePolicy
from pyiismod.host.completion import CompletionInfo
from pyiismod.host.connection import Connection
from pyiismod.host.containers import (
    ConnectionContextContainer,
    DispensedContainer,
    ModuleContextContainer,
    NamedContextContainer,
)
from pyiismod.host.context import Context
from pyiismod.host.fileinfo import FileInfo, FileMonitor
from pyiismod.host.global_providers import (
    ApplicationProvider,
    CacheProvider,
    ConfigurationChangeProvider,
    FileChangeProvider,
    PreBeginRequestProvider,
    RscaQueryProvider,
    StopListeningProvider,
    ThreadCleanupProvider,
    TraceEventProvider,
)
from pyiismod.host.metadata import Metadata
from pyiismod.host.objects import CONFIGURED, REAL, REFUSED, NativeObject, coverage
from pyiismod.host.preload import PreloadProvider
from pyiismod.host.providers import (
    AuthenticationProvider,
    EventProvider,
    MapHandlerProvider,
    MapPathProvider,
    ReadEntityProvider,
    SendResponseProvider,
)
from pyiismod.host.registration import RegistrationInfo
from pyiismod.host.request import Request
from pyiismod.host.resolving import ResolveModulesProvider
from pyiismod.host.response import Response
from pyiismod.host.scriptmap import ScriptMap
from pyiismod.host.server import Server
from pyiismod.host.site import PerfCounterInfo, Site
from pyiismod.host.tokens import TokenEntry
from pyiismod.host.tracecontext import TraceContext
from pyiismod.host.urlinfo import UrlInfo
from pyiismod.host.user import User
from pyiismod.host.wpfsettings import WorkerProcessSettings

HOST_CLASSES: tuple[type[NativeObject], ...] = (
    RegistrationInfo,
    ModuleAllocator,
    Server,
    Context,
    Request,
    Response,
    Site,
    Application,
    Connection,
    User,
    UrlInfo,
    Metadata,
    ScriptMap,
    FileInfo,
    FileMonitor,
    TokenEntry,
    CacheKey,
    CacheData,
    CachePolicy,
    TraceContext,
    PerfCounterInfo,
    ModuleContextContainer,
    ConnectionContextContainer,
    DispensedContainer,
    NamedContextContainer,
    EventProvider,
    AuthenticationProvider,
    MapHandlerProvider,
    MapPathProvider,
    ReadEntityProvider,
    SendResponseProvider,
    CompletionInfo,
    PreBeginRequestProvider,
    ApplicationProvider,
    ResolveModulesProvider,
    StopListeningProvider,
    CacheProvider,
    ConfigurationChangeProvider,
    FileChangeProvider,
    TraceEventProvider,
    RscaQueryProvider,
    ThreadCleanupProvider,
    PreloadProvider,
    WorkerProcessSettings,
)
"""Every kind of object that the host hands to a module."""

REFUSALS = {
    "GetAdminManager": "the objects of the configuration system",
    "GetProtocolManagerCustomInterface": "no protocol manager but that of HTTP is there",
    "GetWorkerProcessFramework": "the worker process framework, which is for protocol managers",
    "PushPromise": "there is no HTTP/2 connection",
}
"""The slots that are refused, and why."""

_INTRODUCTION = """# Coverage of Httpserv.h

What a module finds behind each vtable slot:

- **real**: does what IIS does;
- **configured**: answers what the test has set;
- **refused**: is recorded by name and returns its documented failure, never S_OK. `run --json` lists such calls in
  `refused`.

"""


def page() -> str:
    """Return the text of the page."""
    return _INTRODUCTION + "\n".join((*_summary(), "", *_missing(), "", *_slots(), ""))


def _summary() -> Iterator[str]:
    yield f"| object | interface | slots | {REAL} | {CONFIGURED} | {REFUSED} |"
    yield "|---|---|--:|--:|--:|--:|"
    for cls in HOST_CLASSES:
        kinds = [kind for _, kind in coverage(cls)]
        counts = " | ".join(str(kinds.count(kind)) for kind in (REAL, CONFIGURED, REFUSED))
        yield f"| {cls.__name__} | {cls.interface.__name__} | {len(kinds)} | {counts} |"


def _missing() -> Iterator[str]:
    made = {declared.__name__ for cls in HOST_CLASSES for declared in cls.interface.chain()}
    missing = [name for name, cls in INTERFACES.items() if cls.implemented_by != "module" and name not in made]
    if missing:
        yield "Interfaces without an object so far; the slots that would return one are refused:"
        yield ", ".join(f"`{name}`" for name in missing) + "."
    else:
        yield "Every interface that IIS implements has an object here. Refused are:"
    yield ""
    for cls in HOST_CLASSES:
        for method, kind in coverage(cls):
            if kind == REFUSED:
                yield f"- `{method.interface}::{method.name}`: {REFUSALS[method.name]}"


def _slots() -> Iterator[str]:
    for cls in HOST_CLASSES:
        yield f"## {cls.interface.__name__}"
        yield ""
        yield "| slot | method | |"
        yield "|--:|---|---|"
        for method, kind in coverage(cls):
            parameters = ", ".join(param.name for param in method.params)
            yield f"| {method.slot} | {method.interface}::{method.name}({parameters}) | {kind} |"
        yield ""
