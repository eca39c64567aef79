"""Every bad input that the pre-flight knows: input → exact error type, stable kind, words of message and hint."""

from __future__ import annotations

import json
import os
import struct
import sys
from pathlib import Path

import pytest
from pe_writer import ARM64, DATA_AND_READ, X64, X86, Exported, Pe

from pyiismod.errors import (
    InvalidImage,
    LoadError,
    ManagedAssembly,
    MissingEntryPoint,
    WrongArchitecture,
)
from pyiismod.inspection import preflight, read_image

pytestmark = pytest.mark.unit

MANGLED = "?RegisterModule@@YAJKPEAVIHttpModuleRegistrationInfo@@PEAVIHttpServer@@@Z"
GOOD = Pe().build()
ELF = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 3, 62) + bytes(44)
COFF = struct.pack("<HHIIIHH", 0x8664, 3, 0, 0, 0, 0, 0) + bytes(100)


def dos(signature: bytes, at: int = 0x80) -> bytes:
    return b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", at) + bytes(at - 0x40) + signature + bytes(64)


NOT_PE = [
    ("empty", b"", "is empty (0 bytes)", "make it again"),
    ("text", b"hello, I am no DLL\r\nreally\r\n", 'text: "hello, I am no DLL"', ".dll file itself"),
    ("text", "größer als\n".encode(), 'text: "größer als"', ".dll file itself"),
    ("text", b"   \n\n ", "only white space", ".dll file itself"),
    ("text", "wide".encode("utf-16"), "UTF-16 text", ".dll file itself"),
    ("text", b"x" * 5000, 'text: "' + "x" * 60 + '..."', ".dll file itself"),
    ("html", b"\xef\xbb\xbf\n<!DOCTYPE html><html><body>Not found", "an HTML page", "Did the download save an error"),
    ("xml", b'<?xml version="1.0"?><Project/>', "an XML file", "not its project"),
    ("script", b"#!/bin/sh\nexit 0\n", 'a script: "#!/bin/sh"', "Windows x64"),
    ("base64", b"TVqQAAMAAAAEAAAA//8AALgAAAA\n", "a DLL written as base64 text", "base64 -d"),
    (
        "git_lfs",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
        "a Git LFS pointer",
        "git lfs pull",
    ),
    ("zip", b"PK\x03\x04" + bytes(30), "a ZIP archive", "Unpack it"),
    ("gzip", b"\x1f\x8b\x08" + bytes(30), "a gzip file", "Unpack it"),
    ("bzip2", b"BZh91AY", "a bzip2 file", "Unpack it"),
    ("xz", b"\xfd7zXZ\0\0\4", "an xz file", "Unpack it"),
    ("zstd", b"\x28\xb5\x2f\xfd\0\0", "a Zstandard file", "Unpack it"),
    ("7z", b"7z\xbc\xaf\x27\x1c\0\4", "a 7-Zip archive", "Unpack it"),
    ("rar", b"Rar!\x1a\x07\x01\0", "a RAR archive", "Unpack it"),
    ("cab", b"MSCF" + bytes(20), "a cabinet file", "Unpack it"),
    ("tar", b"hello.dll".ljust(257, b"\0") + b"ustar  \0", "a tar archive", "Unpack it"),
    ("elf", ELF, "a Linux shared object (.so) (ELF, x86-64)", "x86_64-w64-mingw32-g++"),
    ("elf", b"\x7fELF\x02", "the beginning of a Linux file", "Windows x64"),
    ("macho", b"\xcf\xfa\xed\xfe" + bytes(28), "a macOS binary (Mach-O)", "Windows x64"),
    ("macho", b"\xca\xfe\xba\xbe\0\0\0\2" + bytes(28), "a macOS universal binary", "Windows x64"),
    ("java", b"\xca\xfe\xba\xbe\0\0\0\x34" + bytes(28), "a Java class file", "Windows x64"),
    ("wasm", b"\0asm\1\0\0\0", "a WebAssembly module", "Windows x64"),
    ("bitcode", b"BC\xc0\xde5\x14", "LLVM bitcode", "linker"),
    ("archive", b"!<arch>\n/               ", "a static library or an import library (.lib, .a)", "linker"),
    ("obj", COFF, "a compiled object file (.obj)", "linker"),
    ("obj", struct.pack("<HHHH", 0, 0xFFFF, 2, 0x8664) + bytes(60), "a compiled object file (.obj)", "linker"),
    ("obj", struct.pack("<HHHH", 0, 0xFFFF, 0, 0x8664) + bytes(60), "one member of an import library", "linker"),
    ("pdb", b"Microsoft C/C++ MSF 7.00\r\n\x1aDS\0\0\0", "a debug symbol file (.pdb)", "linker"),
    ("portable_pdb", b"BSJB\1\0\1\0" + bytes(20), "portable .pdb", "linker"),
    ("ole", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(60), "Windows Installer package (.msi)", "msiexec /a"),
    ("zeros", bytes(4096), "filled with zero bytes", "interrupted copy"),
    ("unknown", b"\x93NUMPY\1\0\xff\xfe\xfd", "no kind known here (it starts with 93 4E 55", "starts with MZ"),
]

DAMAGED = [
    ("truncated", b"MZ", "the DOS header is missing or cut off. It needs 64 bytes and the file has 2.", "sha256"),
    (
        "truncated",
        GOOD[:0x78],
        "the PE header is missing or cut off. It needs 132 bytes and the file has 120.",
        "sha256",
    ),
    ("truncated", GOOD[:0x90], "the COFF file header is missing or cut off. It needs 152 bytes", "sha256"),
    ("truncated", GOOD[:0x100], "the optional header is missing or cut off. It needs 392 bytes", "sha256"),
    ("truncated", GOOD[:0x190], "the section table is missing or cut off. It needs 432 bytes", "sha256"),
    ("truncated", GOOD[:0x500], "the data of section '.text' is missing or cut off. It needs 1,536", "sha256"),
    ("dos", b"MZ" + bytes(200), "no PE\\0\\0 at offset 0x0", "linker wrote for Windows x64"),
    ("dos", dos(b"NE"), "a 16-bit Windows program or DLL (NE)", "linker wrote for Windows x64"),
    ("dos", dos(b"LE"), "a Windows 9x driver (VxD)", "linker wrote for Windows x64"),
    ("dos", dos(b"ab"), "an MS-DOS program", "linker wrote for Windows x64"),
    ("dos", dos(b"")[:0x42].replace(b"\x80", b"\xff"), "an MS-DOS program", "linker wrote for Windows x64"),
    ("damaged", GOOD[:0x86] + b"\0\0" + GOOD[0x88:], "its header claims 0 sections", "sha256"),
    ("damaged", GOOD[:0x86] + b"\xff\xff" + GOOD[0x88:], "its header claims 65,535 sections", "sha256"),
    ("damaged", GOOD[:0x98] + b"\x07\x01" + GOOD[0x9A:], "its optional header is 0x0107", "sha256"),
    ("damaged", GOOD[:0x94] + b"\x10\x00" + GOOD[0x96:], "its optional header has only 16 bytes", "sha256"),
    ("damaged", Pe(machine=X64, is_64=False).build(), "its machine is x64, but its optional header is the 32-bit", ""),
    ("damaged", Pe(machine=X86, is_64=True).build(), "its machine is x86, but its optional header is the 64-bit", ""),
    ("not_linked", Pe(characteristics=0x2020).build(), "marked it as not executable", "linker's errors"),
    ("program", Pe(characteristics=0x22, subsystem=3).build(), "a console program (.exe) for x64", "-shared"),
    ("program", Pe(characteristics=0x22, subsystem=2).build(), "a program with windows (.exe)", "/DLL"),
    ("program", Pe(characteristics=0x22, subsystem=1).build(), "a kernel driver", "/DLL"),
    ("program", Pe(characteristics=0x22, subsystem=10).build(), "an EFI application", "/DLL"),
]

WRONG_PROCESSOR = [
    (Pe(machine=X86), "built for x86, and the worker is an x64 process", ["enable32BitAppOnWin64", "bitness32"]),
    (Pe(machine=ARM64), "built for ARM64, and", ["Windows on ARM", "-A x64"]),
    (Pe(machine=X64, chpe=True), "built for ARM64EC, and", ["ARM64EC code", "header says x64"]),
    (Pe(machine=ARM64, chpe=True), "built for ARM64X, and", ["ARM64X code", "-A x64"]),
    (Pe(machine=0x01C4), "built for ARM (Thumb-2), and", ["Build it for x64"]),
    (Pe(machine=0x0200), "built for Itanium, and", ["Build it for x64"]),
    (Pe(machine=0x5064), "built for RISC-V 64, and", ["Build it for x64"]),
    (Pe(machine=0x1234), "built for machine 0x1234, and", ["Build it for x64"]),
]

NO_ENTRY_POINT = [
    ("no_exports", [], "exports nothing at all", ["/EXPORT:RegisterModule", "/DEF:module.def", "CMake", "mingw"]),
    ("no_export", ["StartModule", "Stop"], "exports 2 other names: StartModule, Stop.", ["/EXPORT:RegisterModule"]),
    ("no_export", ["Only"], "exports 1 other name: Only.", ["__declspec(dllexport)"]),
    ("no_export", list("abcdefg"), "exports 7 other names: a, b, c, d, e, ...", ['"EXPORTS", "    RegisterModule"']),
    ("ordinal_only", [Exported(None), Exported(None)], "only by ordinal (#1, #2)", ["Remove NONAME"]),
    (
        "decorated",
        ["_RegisterModule@12"],
        "It exports _RegisterModule@12",
        ["/EXPORT:RegisterModule=_RegisterModule@12"],
    ),
    ("decorated", ["RegisterModule@12"], "It exports RegisterModule@12", ["--kill-at"]),
    ("decorated", ["_RegisterModule"], "It exports _RegisterModule", ["/EXPORT:RegisterModule=_RegisterModule"]),
    ("mangled", [MANGLED], 'the C++ name of "long __cdecl RegisterModule(unsigned long', ['extern "C" HRESULT']),
    ("mangled", [MANGLED], 'extern "C" is missing', ["/EXPORT:RegisterModule"]),
    ("mangled", ["_Z14RegisterModulemP1aP1b"], 'C++ name of "RegisterModule(...)"', ['extern "C" HRESULT']),
    ("mangled", ["?RegisterModule@Auth@@YAJK@Z"], "Auth::RegisterModule(unsigned long)", ['extern "C"']),
    ("mangled", ["?RegisterModule@CModule@@SAJXZ"], "a member of a class or namespace", ['extern "C"']),
    ("mangled", ["_ZN4auth14RegisterModuleEv"], "auth::RegisterModule", ['extern "C"']),
    (
        "case",
        ["registermodule"],
        "It exports registermodule: upper and lower case differ",
        ["RegisterModule=registerm"],
    ),
    ("case", ["REGISTERMODULE", "DllMain"], "It exports REGISTERMODULE", ["Rename it"]),
    ("similar", ["RegisterModules"], "the similar name RegisterModules", ["/EXPORT:RegisterModule=RegisterModules"]),
    ("similar", ["RegistrModule", "x"], "the similar name RegistrModule", ["Rename it"]),
    ("isapi_extension", ["GetExtensionVersion", "HttpExtensionProc"], "an ISAPI extension", ["IsapiModule"]),
    ("isapi_filter", ["GetFilterVersion", "HttpFilterProc"], "an ISAPI filter", ["isapiFilters"]),
    ("com", ["DllCanUnloadNow", "DllGetClassObject", "DllRegisterServer"], "a COM server", ["module's own DLL"]),
    ("nginx", ["ngx_modules", "ngx_module_names"], "a dynamic module for nginx", ["module's own DLL"]),
    ("ancm_handler", ["CreateApplication"], "ASP.NET Core Module", ["module's own DLL"]),
    ("dotnet_host", ["hostfxr_main", "hostfxr_close"], "the .NET host (hostfxr)", ["module's own DLL"]),
    ("dotnet_host", ["coreclr_initialize"], "the .NET runtime (coreclr)", ["module's own DLL"]),
    ("native_aot", ["DotNetRuntimeDebugHeader"], "Native AOT", ['UnmanagedCallersOnly(EntryPoint = "RegisterModule")']),
    ("node", ["napi_register_module_v1"], "an addon for Node.js", ["module's own DLL"]),
    ("python", ["PyInit_thing"], "an extension module for Python (it exports PyInit_thing)", ["module's own DLL"]),
    ("java", ["JNI_OnLoad"], "a native library for Java", ["module's own DLL"]),
]


def explained(path: Path, kind: type[LoadError], reason: str, message: str, *hints: str) -> LoadError:
    """Check that ``path`` fails as told and that the error is whole; return it."""
    with pytest.raises(LoadError) as caught:
        preflight(path)
    error = caught.value
    assert type(error) is kind
    assert error.details["kind"] == reason
    assert message in error.message
    for hint in hints:
        assert hint in error.hint
    assert error.message.startswith(str(path))
    assert "IIS would log" in error.message
    assert error.hint
    assert error.module == path.name
    assert error.phase == "file"
    assert error.notification is None
    assert error.details["iis"]["text"] in error.message
    assert json.loads(json.dumps(error.as_dict()))["type"] == kind.__name__
    return error


@pytest.fixture
def module(tmp_path: Path) -> Path:
    return tmp_path / "module.dll"


@pytest.mark.parametrize(("reason", "data", "message", "hint"), NOT_PE + DAMAGED)
def test_files_that_are_no_loadable_dll(module: Path, reason: str, data: bytes, message: str, hint: str) -> None:
    module.write_bytes(data)
    explained(module, InvalidImage, reason, message, hint)


@pytest.mark.parametrize(("pe", "message", "hints"), WRONG_PROCESSOR)
def test_other_processors(module: Path, pe: Pe, message: str, hints: list[str]) -> None:
    module.write_bytes(pe.build())
    error = explained(module, WrongArchitecture, "architecture", message, *hints)
    assert "only supports loading images built for a AMD64 processor architecture" in error.message
    assert error.details["iis"]["data"] == "C1 00 00 00"


@pytest.mark.parametrize(("reason", "exports", "message", "hints"), NO_ENTRY_POINT)
def test_no_entry_point(
    module: Path, reason: str, exports: list[Exported | str], message: str, hints: list[str]
) -> None:
    module.write_bytes(Pe(exports=exports).build())
    error = explained(module, MissingEntryPoint, reason, message, *hints)
    assert error.details["iis"]["event"] == 2295
    assert error.details["export_count"] == len(exports)


def test_apache_module(module: Path) -> None:
    module.write_bytes(Pe(exports=["auth_module"], imports={"libhttpd.dll": ["ap_hook_handler"]}).build())
    explained(module, MissingEntryPoint, "apache", "a module for the Apache HTTP Server", "module's own DLL")


def test_entry_point_that_is_data(module: Path) -> None:
    module.write_bytes(Pe(section_flags=DATA_AND_READ).build())
    explained(module, MissingEntryPoint, "not_code", "0x1000 lies in section .text, which holds no code", "DATA")


def test_entry_point_outside_of_the_file(module: Path) -> None:
    module.write_bytes(Pe(exports=[Exported("RegisterModule", rva=0x00700000)]).build())
    explained(module, MissingEntryPoint, "not_code", "0x700000 lies in no section", "Export the function")


def test_damaged_export_table(module: Path) -> None:
    data = bytearray(Pe().build())
    struct.pack_into("<I", data, 0x400 + 0x10 + 32, 0x00700000)  # AddressOfNames
    module.write_bytes(data)
    error = explained(module, MissingEntryPoint, "damaged_exports", "0x700000 lies outside of the file", "Link or copy")
    assert error.details["problems"]


def test_forwarded_entry_point(module: Path) -> None:
    module.write_bytes(Pe(exports=[Exported("RegisterModule", forwarder="core.Begin")]).build())
    assert preflight(module).exports[0].forwarder == "core.Begin"
    core = module.with_name("Core.dll")
    core.write_bytes(Pe(exports=["Other"]).build())
    explained(module, MissingEntryPoint, "forwarded", "to core.Begin, but Core.dll exports no Begin", "Core.dll")
    core.write_bytes(b"text")
    explained(module, MissingEntryPoint, "forwarded", "is not a Windows DLL", "Core.dll")
    core.write_bytes(Pe(exports=["Begin"]).build())
    preflight(module)


@pytest.mark.parametrize("machine", [X86, X64])
def test_managed_assembly_whatever_its_processor_says(module: Path, machine: int) -> None:
    module.write_bytes(Pe(machine=machine, clr_flags=0x01, exports=()).build())
    error = explained(module, ManagedAssembly, "managed", "a .NET assembly (v4.0.30319)", "<modules><add", ", module")
    assert error.details["runtime"] == "v4.0.30319"


def test_precompiled_assembly_is_managed_not_mixed(module: Path) -> None:
    module.write_bytes(Pe(clr_flags=0x04, clr_native_header=0x1000, exports=()).build())
    explained(module, ManagedAssembly, "managed", "a .NET assembly", "<modules>")


def test_mixed_mode_needs_the_clr(module: Path) -> None:
    module.write_bytes(Pe(clr_flags=0x10).build())
    explained(module, ManagedAssembly, "mixed_mode", "it exports RegisterModule", "without /clr")
    assert preflight(module, clr=True).is_mixed


def test_managed_program_is_called_managed(module: Path) -> None:
    module.write_bytes(Pe(clr_flags=1, characteristics=0x22, subsystem=3, exports=()).build())
    explained(module, ManagedAssembly, "managed", "a .NET assembly", "<modules>")


def test_x86_worker_takes_x86_only(module: Path) -> None:
    module.write_bytes(Pe(machine=X86).build())
    assert preflight(module, pointer_size=4).architecture == "x86"
    module.write_bytes(Pe(machine=X64).build())
    with pytest.raises(WrongArchitecture, match="the worker is an x86 process") as caught:
        preflight(module, pointer_size=4)
    assert "bitness64" in caught.value.hint


def test_missing_file_names_similar_ones(tmp_path: Path) -> None:
    (tmp_path / "Hello.dll").write_bytes(GOOD)
    (tmp_path / "unrelated.txt").write_bytes(b"")
    error = explained(tmp_path / "helo.dll", InvalidImage, "missing", "does not exist", "Did you mean", "Hello.dll")
    assert error.details["similar"] == ["Hello.dll"]
    assert error.details["iis"] == {
        "event": 2280,
        "text": f"The Module DLL {tmp_path / 'helo.dll'} failed to load. The data is the error.",
        "error": "ERROR_MOD_NOT_FOUND",
        "data": "7E 00 00 00",
    }


def test_missing_directory(tmp_path: Path) -> None:
    explained(
        tmp_path / "no" / "hello.dll", InvalidImage, "missing", f"no directory {tmp_path / 'no'}", "Check the path"
    )


def test_file_as_directory(module: Path) -> None:
    module.write_bytes(GOOD)
    explained(module / "hello.dll", InvalidImage, "missing", "does not exist", "Check the path")


def test_directory_names_its_dlls(tmp_path: Path) -> None:
    explained(tmp_path, InvalidImage, "directory", "is a directory, not a DLL", "Give the path of a .dll file")
    (tmp_path / "a.dll").write_bytes(GOOD)
    explained(tmp_path, InvalidImage, "directory", "is a directory, not a DLL", str(tmp_path / "a.dll"))


def test_impossible_name(tmp_path: Path) -> None:
    explained(tmp_path / "nul\0byte.dll", InvalidImage, "unreadable", "cannot be read", "Check the path")


@pytest.mark.parametrize("name", ["with space.dll", "größe-模块.dll", "no-extension"])
def test_any_file_name_will_do(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(GOOD)
    assert preflight(tmp_path / name).path.name == name


def test_no_permission(module: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: object, flags: int) -> int:
        raise PermissionError(13, "Permission denied", str(path))

    module.write_bytes(GOOD)
    monkeypatch.setattr(os, "open", refuse)
    explained(module, InvalidImage, "no_permission", "permission denied", "Read & Execute")


if sys.platform != "win32":

    def test_pipe_is_not_waited_for(tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe.dll")
        explained(tmp_path / "pipe.dll", InvalidImage, "not_a_file", "a device, pipe or socket", "Give the path")

    def test_name_longer_than_the_system_allows(tmp_path: Path) -> None:
        explained(tmp_path / ("x" * 5000), InvalidImage, "unreadable", "File name too long", "Check the path")

    def test_device_is_not_read() -> None:
        explained(Path("/dev/zero"), InvalidImage, "not_a_file", "a device, pipe or socket", "Give the path")


def test_huge_file_is_not_read(module: Path) -> None:
    with module.open("wb") as file:
        file.truncate((1 << 30) + 1)
    explained(module, InvalidImage, "too_large", "1,073,741,825 bytes", "really the module")


def test_good_modules_pass(module: Path) -> None:
    module.write_bytes(Pe(exports=["DllCanUnloadNow", "DllGetClassObject", "RegisterModule"]).build())
    assert preflight(module) == read_image(module)
