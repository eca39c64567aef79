"""What an imported DLL is, by its name: part of Windows, of a compiler's runtime, of IIS, of a well-known library.

:func:`identify` knows where such a DLL comes from, and so what to do when it is missing. Source of the Visual C++ part:
https://learn.microsoft.com/cpp/windows/determining-which-dlls-to-redistribute.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from pyiismod.inspection.windowsexports import windows_exports


class KnownDll(msgspec.Struct, frozen=True):
    """``kind`` is a stable word, ``text`` completes "it is …", ``hint`` says how to get or avoid it."""

    kind: str
    text: str
    hint: str


_STATIC_CRT: Final = "link the runtime into the module (/MT; CMake: CMAKE_MSVC_RUNTIME_LIBRARY=MultiThreaded)"
_RELEASE: Final = (
    "Debug runtimes come only with Visual Studio and must not be redistributed: build the module as Release "
    "(/MD or /MT, cmake --config Release)."
)
_MINGW: Final = "Link it into the module with -static (also -static-libgcc -static-libstdc++), or deploy it beside it."
_YEARS: Final = {
    "70": "2002", "71": "2003", "80": "2005", "90": "2008", "100": "2010", "110": "2012", "120": "2013",
    "140": "2015-2022",
}  # fmt: skip

_RULES: Final[tuple[tuple[re.Pattern[str], KnownDll], ...]] = tuple(
    (re.compile(pattern), KnownDll(kind, text, hint))
    for pattern, kind, text, hint in (
        (
            r"api-ms-win-crt-.*|ucrtbase",
            "ucrt",
            "part of the Universal C Runtime, which Windows Server 2016 and later contain",
            f"On an older server install update KB2999226, or {_STATIC_CRT}.",
        ),
        (r"ucrtbased", "debug_crt", "the debug build of the Universal C Runtime", _RELEASE),
        (
            r"(?:api|ext)-ms-.*",
            "api_set",
            "an API set, a name that Windows itself maps to one of its DLLs",
            "Link with an older SDK or with the classic import library (kernel32.lib …) if old Windows must do.",
        ),
        (
            r"clang_rt\.asan.*",
            "asan",
            "the AddressSanitizer runtime of an instrumented build",
            "Build without /fsanitize=address (-fsanitize=address), or deploy the compiler's DLL beside the module.",
        ),
        (
            r"lib(?:stdc\+\+|gcc_s_\w+|winpthread|ssp|gomp|atomic|quadmath|gfortran)-\d+",
            "mingw",
            "part of the GCC runtime of mingw-w64",
            _MINGW,
        ),
        (r"lib(?:c\+\+|unwind)", "mingw", "part of the LLVM runtime of llvm-mingw", _MINGW),
        (
            r"cygwin1|msys-2\.0",
            "cygwin",
            "the POSIX layer of Cygwin or MSYS2, which does not work inside another process",
            "Build with the mingw-w64 compiler (x86_64-w64-mingw32-g++, the UCRT64 or MINGW64 shell of MSYS2).",
        ),
        (
            r"lib(?:crypto|ssl)-[\d_]+(?:-x64)?|libeay32|ssleay32",
            "openssl",
            "part of OpenSSL, which Windows does not contain",
            "Deploy the OpenSSL DLLs of the same version and processor beside the module, or link OpenSSL statically.",
        ),
        (
            r"iiscore|iisutil|iisrtl|iismap|iisres|w3dt|w3tp|w3core|w3wphost|w3tp_config|nativerd|hwebcore|rsca",
            "iis",
            "an internal DLL of IIS, which is in a worker process only",
            "A module must not link to it: everything it may use comes through the interfaces given to RegisterModule.",
        ),
        (
            r"mscoree|mscorwks|mscoreei|clr|coreclr|clrjit|hostfxr|hostpolicy|nethost|ijwhost",
            "dotnet",
            "part of .NET",
            "Install the .NET runtime that it belongs to; ijwhost.dll and nethost.dll go beside the module.",
        ),
        (
            r"libhttpd|libapr-1|libaprutil-1|node\.exe|php\d(?:ts)?|python3\d*|jvm",
            "other_host",
            "a DLL of another host program",
            "Is this file a native IIS module, or a plug-in for that program?",
        ),
        (
            r"cudart\d*_.*|cublas.*|cudnn.*|nvcuda|nvrtc.*|nvinfer.*",
            "cuda",
            "part of NVIDIA CUDA or its driver",
            "Install the CUDA runtime of that version (nvcuda.dll comes with the graphics driver).",
        ),
        (
            r"libmmd|svml_dispmd|libiomp5md|libifcoremd|mkl_.*|tbb(?:12|malloc)?|ippcore.*",
            "intel",
            "part of Intel's compiler runtime or oneAPI libraries",
            "Deploy Intel's redistributable libraries, or link them statically (/Qopenmp-link:static, mkl_*_s).",
        ),
    )
)
_VISUAL_C: Final = re.compile(
    r"(?P<stem>msvcr|msvcp|vcruntime|concrt|vccorlib|vcomp|vcamp|atl|mfcm?)(?P<version>70|71|80|90|100|110|120|140)"
    r"(?:_\w+?|\D{2,3})??(?P<unicode>u)?(?P<debug>d)?"
)
_STEMS: Final = {"mfc": "MFC", "mfcm": "MFC", "atl": "ATL", "vcomp": "OpenMP", "vcamp": "C++ AMP"}
_C_RUNTIME: Final = re.compile(r"(?:msvcr|msvcp|vcruntime|concrt|vccorlib|vcomp|ucrtbase|api-ms-win-crt-)[\w-]*")

KNOWN_DLLS: Final = frozenset(
    (
        *("advapi32.dll", "bcryptprimitives.dll", "cfgmgr32.dll", "clbcatq.dll", "combase.dll", "comdlg32.dll"),
        *("coml2.dll", "crypt32.dll", "difxapi.dll", "gdi32.dll", "gdiplus.dll", "imagehlp.dll", "imm32.dll"),
        *("kernel32.dll", "kernelbase.dll", "msctf.dll", "msvcrt.dll", "normaliz.dll", "nsi.dll", "ntdll.dll"),
        *("ole32.dll", "oleaut32.dll", "psapi.dll", "rpcrt4.dll", "sechost.dll", "setupapi.dll", "shcore.dll"),
        *("shell32.dll", "shlwapi.dll", "user32.dll", "wldap32.dll", "wow64.dll", "wow64cpu.dll", "wow64win.dll"),
        *("ws2_32.dll",),
    )
)
"""DLLs that Windows always takes from System32, never from the module's directory."""

_WINDOWS_SERVER: Final = Path(__file__).parent / "data" / "windows-server-dlls.txt"


@cache
def _windows_server() -> frozenset[str]:
    """Return DLLs of System32 on an ordinary Windows Server beyond those whose exports are listed."""
    return frozenset(_WINDOWS_SERVER.read_text("ascii").split())


def identify(dll: str) -> KnownDll | None:
    """Say what the DLL named ``dll`` is, or ``None`` for a name that is only the author's own."""
    name = dll.lower()
    stem = name.removesuffix(".dll")
    if match := _VISUAL_C.fullmatch(stem):
        return _visual_c(match)
    for pattern, known in _RULES:
        if pattern.fullmatch(stem):
            return known
    if is_windows(dll):
        return KnownDll(
            "windows",
            "part of Windows Server",
            "An optional feature may have to be installed on the server (Install-WindowsFeature).",
        )
    return None


def _visual_c(match: re.Match[str]) -> KnownDll:
    year = _YEARS[match["version"]]
    part = f"{_STEMS[match['stem']]} of " if match["stem"] in _STEMS else ""
    if match["debug"]:
        return KnownDll("debug_crt", f"the debug build of {part}the Visual C++ {year} runtime", _RELEASE)
    download = " (https://aka.ms/vs/17/release/vc_redist.x64.exe)" if year == "2015-2022" else ""
    return KnownDll(
        "vcredist",
        f"part of {part}the Visual C++ {year} runtime",
        f"Install the Visual C++ {year} Redistributable (x64){download} on the server, or {_STATIC_CRT}.",
    )


def is_windows(dll: str) -> bool:
    """Whether ``dll`` is a DLL of an ordinary Windows Server."""
    name = dll.lower()
    return name in KNOWN_DLLS or name in _windows_server() or name in windows_exports()


def is_api_set(dll: str) -> bool:
    """Whether ``dll`` names an API set that is not the C runtime's."""
    known = identify(dll)
    return known is not None and known.kind == "api_set"


def is_c_runtime(dll: str) -> bool:
    """Whether ``dll`` is a release or debug C or C++ runtime of Microsoft's."""
    return _C_RUNTIME.fullmatch(dll.lower().removesuffix(".dll")) is not None
