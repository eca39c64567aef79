"""The judgement before a module is loaded: :func:`preflight` passes it or raises the error that explains it.

Checks run in the order in which Windows and IIS would meet the fault: the file, the PE headers, a program in place of a
DLL, .NET, the processor, the entry point. The first fault wins, because the later ones follow from it.
"""

from __future__ import annotations

import os
from typing import Final

from pyiismod.errors import InvalidImage, ManagedAssembly, WrongArchitecture
from pyiismod.inspection import iisevents
from pyiismod.inspection.entrypoint import require_entry_point
from pyiismod.inspection.faults import load_fault
from pyiismod.inspection.image import FILE_EXECUTABLE_IMAGE, MACHINE_X64, MACHINE_X86, Image
from pyiismod.inspection.nearmiss import ENTRY_POINT
from pyiismod.inspection.reader import read_image

_SUBSYSTEMS: Final = {
    1: "a kernel driver or native program (.sys)",
    2: "a program with windows (.exe)",
    3: "a console program (.exe)",
    10: "an EFI application",
    11: "an EFI boot driver",
    12: "an EFI run-time driver",
}


def preflight(path: str | os.PathLike[str], *, pointer_size: int = 8, clr: bool = False) -> Image:
    """Check that ``path`` is a native IIS module that a worker could load, without running any of it.

    Imports are not resolved here; see :func:`pyiismod.inspection.import_closure`.

    Args:
        path: the module's DLL.
        pointer_size: bytes of a pointer in the worker: 8 (x64) or 4 (x86).
        clr: whether the worker has the .NET Framework, which a mixed-mode module needs.

    Raises:
        InvalidImage: not a file, not a DLL, damaged.
        ManagedAssembly: a .NET assembly, or mixed-mode C++/CLI where there is no CLR.
        WrongArchitecture: for another processor than the worker's.
        MissingEntryPoint: no ``RegisterModule`` that IIS would find.
    """
    image = read_image(path)
    require_native_dll(image, clr=clr)
    require_processor(image, pointer_size)
    require_entry_point(image)
    return image


def require_native_dll(image: Image, *, clr: bool = False) -> None:
    """Check that ``image`` is a DLL, and native.

    Raises:
        InvalidImage, ManagedAssembly: it is not.
    """
    _require_dll(image)
    _require_native(image, clr)


def _require_dll(image: Image) -> None:
    if not image.characteristics & FILE_EXECUTABLE_IMAGE:
        text = (
            f"{image.path} is not a loadable DLL: its linker marked it as not executable, which it does after errors."
        )
        hint = "Link it again and read the linker's errors."
        event = iisevents.load_failed(image.path, 193)
        raise load_fault(InvalidImage, image.path, "not_linked", text, event, hint)
    if not image.is_dll and not image.is_managed:
        what = _SUBSYSTEMS.get(image.subsystem, "a program (.exe)")
        text = f"{image.path} is not a DLL: it is {what} for {image.architecture}."
        hint = (
            "Give the module's DLL, or link this one as a DLL: /DLL (MSVC), -shared (mingw, clang), "
            "add_library(... SHARED) (CMake)."
        )
        event = iisevents.no_entry_point(image.path)
        raise load_fault(InvalidImage, image.path, "program", text, event, hint, subsystem=image.subsystem)


def _require_native(image: Image, clr: bool) -> None:
    if image.clr is None or (image.is_mixed and clr):
        return
    runtime = image.clr.runtime or "unknown version"
    if image.is_mixed:
        has = "exports RegisterModule" if image.export(ENTRY_POINT) else "exports no RegisterModule"
        text = (
            f"{image.path} is a mixed-mode C++/CLI DLL (.NET {runtime}; it {has}): Windows loads it natively, but only "
            "together with the .NET Framework's CLR (mscoree.dll), and the worker has none."
        )
        hint = "Run pyiismod on Windows, or move the native module to a DLL of its own, built without /clr."
        event = iisevents.load_failed(image.path, 126)
        raise load_fault(ManagedAssembly, image.path, "mixed_mode", text, event, hint, runtime=runtime)
    text = (
        f"{image.path} is a .NET assembly ({runtime}), not a native module: it has no RegisterModule. "
        "IIS runs managed modules (IHttpModule) inside ASP.NET, by their type name, and never through <globalModules>."
    )
    hint = (
        'Register it in web.config: <system.webServer><modules><add name="..." type="Namespace.Class, '
        f'{image.path.stem}" /></modules></system.webServer>. pyiismod runs native modules.'
    )
    event = iisevents.no_entry_point(image.path)
    raise load_fault(ManagedAssembly, image.path, "managed", text, event, hint, runtime=runtime)


def require_processor(image: Image, pointer_size: int) -> None:
    """Check that ``image`` is for a worker whose pointers have ``pointer_size`` bytes.

    Raises:
        WrongArchitecture: it is not.
    """
    machine, ours, iis_name = (MACHINE_X64, "x64", "AMD64") if pointer_size == 8 else (MACHINE_X86, "x86", "x86")
    if image.machine == machine and not image.is_hybrid:
        return
    text = f"{image.path} is built for {image.architecture}, and the worker is an {ours} process."
    raise load_fault(
        WrongArchitecture,
        image.path,
        "architecture",
        text,
        iisevents.wrong_processor(image.path, iis_name),
        _rebuild(image, ours),
        architecture=image.architecture,
        machine=image.machine,
        worker=ours,
    )


def _rebuild(image: Image, ours: str) -> str:
    if image.machine == MACHINE_X86:
        return (
            "Rebuild it for x64 (MSVC: /p:Platform=x64 or cmake -A x64; mingw: x86_64-w64-mingw32-g++), which is what "
            'pyiismod runs. In IIS an x86 module loads only in application pools with enable32BitAppOnWin64="true"; '
            'give its <globalModules> entry preCondition="bitness32", or it stops every 64-bit pool.'
        )
    if image.architecture == "ARM64EC":
        return (
            "ARM64EC code runs only on Windows on ARM, although its file header says x64. "
            "Build for x64 too (cmake -A x64) and test that."
        )
    if image.architecture in ("ARM64", "ARM64X"):
        return f"{image.architecture} code runs only on Windows on ARM. Build for x64 too (cmake -A x64) and test that."
    if image.machine == MACHINE_X64:
        return 'Rebuild it for x86 (cmake -A Win32), or use an x64 worker; preCondition="bitness64" in IIS.'
    return f"Build it for {ours}."
