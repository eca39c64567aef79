"""Why a DLL without ``RegisterModule`` has none: exports that nearly are it, and what the DLL is instead.

IIS asks for the name ``RegisterModule`` letter by letter (``GetProcAddress``), so decoration, C++ mangling or another
case is "no entry point". :func:`near_misses` explains such exports; :func:`role` recognises other hosts' plug-ins.
"""

from __future__ import annotations

import difflib
import re
from typing import Final

import msgspec

from pyiismod.inspection.demangle import demangle
from pyiismod.inspection.image import Image

ENTRY_POINT: Final = "RegisterModule"
_MAX_CANDIDATES: Final = 2048
_DECORATED: Final = re.compile(r"^(?:_RegisterModule(?:@\d+)?|RegisterModule@\d+|@RegisterModule@\d+)$")


class NearMiss(msgspec.Struct, frozen=True):
    """``kind`` is ``"decorated"``, ``"mangled"``, ``"case"`` or ``"similar"``; ``text`` is one sentence."""

    kind: str
    export: str
    text: str


def near_misses(image: Image) -> list[NearMiss]:
    """Return exports that were probably meant to be ``RegisterModule``, the most telling first, at most five."""
    names = [export.name for export in image.exports if export.name][:_MAX_CANDIDATES]
    found = [miss for name in names if (miss := _near_miss(name))]
    if not found:
        plain = {name.lower(): name for name in names if demangle(name) is None}
        close = difflib.get_close_matches(ENTRY_POINT.lower(), plain, n=3, cutoff=0.78)
        found = [NearMiss("similar", plain[key], f"It exports the similar name {plain[key]}.") for key in close]
    order = ("mangled", "decorated", "case", "similar")
    return sorted(found, key=lambda miss: order.index(miss.kind))[:5]


def _near_miss(name: str) -> NearMiss | None:
    if _DECORATED.match(name):
        return NearMiss("decorated", name, f"It exports {name}: the decorated name of a __stdcall or C function.")
    if name.lower() == ENTRY_POINT.lower():
        return NearMiss("case", name, f"It exports {name}: upper and lower case differ, and IIS compares exactly.")
    if ENTRY_POINT in name and (readable := demangle(name)):
        function = readable.partition("(")[0].split()[-1]
        if function == ENTRY_POINT:
            text = f'It exports {name}, which is the C++ name of "{readable}": extern "C" is missing.'
            return NearMiss("mangled", name, text)
        if function.endswith(f"::{ENTRY_POINT}"):
            text = f'It exports {name}, which is "{readable}": a member of a class or namespace, not a global function.'
            return NearMiss("mangled", name, text)
    return None


class Role(msgspec.Struct, frozen=True):
    """What a DLL is for: ``kind`` is a stable word, ``text`` completes "it is", ``hint`` says where it belongs."""

    kind: str
    text: str
    hint: str = "Give the module's own DLL."


_ISAPI_EXTENSION: Final = Role(
    "isapi_extension",
    "an ISAPI extension (it exports GetExtensionVersion and HttpExtensionProc)",
    'IIS runs ISAPI extensions as handlers, through IsapiModule: <handlers><add ... modules="IsapiModule" '
    'scriptProcessor="C:\\path\\it.dll" />. pyiismod runs native modules.',
)
_ISAPI_FILTER: Final = Role(
    "isapi_filter",
    "an ISAPI filter (it exports GetFilterVersion and HttpFilterProc)",
    "IIS runs ISAPI filters through IsapiFilterModule: <isapiFilters><filter ... />. pyiismod runs native modules.",
)
_BY_EXPORTS: Final[tuple[tuple[frozenset[str], Role], ...]] = (
    (frozenset({"GetExtensionVersion", "HttpExtensionProc"}), _ISAPI_EXTENSION),
    (frozenset({"GetFilterVersion", "HttpFilterProc"}), _ISAPI_FILTER),
    (frozenset({"ngx_modules"}), Role("nginx", "a dynamic module for nginx")),
    (frozenset({"CreateApplication"}), Role("ancm_handler", "a request handler that the ASP.NET Core Module loads")),
    (frozenset({"hostfxr_main"}), Role("dotnet_host", "a part of the .NET host (hostfxr)")),
    (frozenset({"corehost_main"}), Role("dotnet_host", "a part of the .NET host (hostpolicy)")),
    (frozenset({"coreclr_initialize"}), Role("dotnet_host", "the .NET runtime (coreclr)")),
    (frozenset({"get_hostfxr_path"}), Role("dotnet_host", "a part of the .NET host (nethost)")),
    (frozenset({"get_module", "zend_extension_entry"}), Role("php", "an extension for PHP")),
    (frozenset({"napi_register_module_v1"}), Role("node", "an addon for Node.js")),
    (frozenset({"JNI_OnLoad"}), Role("java", "a native library for Java")),
    (frozenset({"ServiceMain"}), Role("service", "a Windows service (it exports ServiceMain)")),
    (frozenset({"DllGetClassObject"}), Role("com", "a COM server (it exports DllGetClassObject)")),
    (
        frozenset({"DotNetRuntimeDebugHeader"}),
        Role(
            "native_aot",
            "a .NET library compiled with Native AOT",
            'Export the entry point with [UnmanagedCallersOnly(EntryPoint = "RegisterModule")].',
        ),
    ),
)


def role(image: Image) -> Role | None:
    """Recognise the plug-in of another host by what the DLL exports and imports."""
    names = frozenset(export.name for export in image.exports if export.name)
    for wanted, found in _BY_EXPORTS:
        if wanted <= names:
            return found
    imported = {dll.lower() for dll in image.imports}
    if "libhttpd.dll" in imported:
        return Role("apache", "a module for the Apache HTTP Server (it imports libhttpd.dll)")
    if python := next((name for name in names if name.startswith("PyInit_")), None):
        return Role("python", f"an extension module for Python (it exports {python})")
    if image.headers.subsystem == 1:
        return Role("driver", "a kernel driver (its subsystem is native)")
    return None
