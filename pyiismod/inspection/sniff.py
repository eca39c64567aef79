"""What a file is when it is no PE file, from its first bytes: :func:`identify`.

A wrong file is nearly always a *particular* wrong file: the object file beside the DLL, the error page that a download
saved, the pointer that Git LFS left. Naming it is worth more than "bad format".
"""

from __future__ import annotations

import struct
from typing import Final

import msgspec

HEAD_SIZE: Final = 4096
"""How many bytes :func:`identify` wants to see."""


class Kind(msgspec.Struct, frozen=True):
    """``name`` is a stable word, ``text`` completes "… is not a DLL: it is", ``hint`` says what to do."""

    name: str
    text: str
    hint: str


_BUILD_DLL: Final = "Give the DLL that your linker wrote (bin or x64\\Release), not one of its inputs or by-products."
_UNPACK: Final = "Unpack it and give the module's .dll file inside."
_WINDOWS_BUILD: Final = (
    "A native IIS module is a Windows DLL. Build it for Windows x64: with MSVC, with clang "
    "(--target=x86_64-pc-windows-msvc) or with mingw (x86_64-w64-mingw32-g++)."
)

_MAGIC: Final[tuple[tuple[bytes, Kind], ...]] = (
    (b"!<arch>\n", Kind("archive", "a static library or an import library (.lib, .a)", _BUILD_DLL)),
    (b"!<thin>\n", Kind("archive", "a thin static library (.a)", _BUILD_DLL)),
    (b"Microsoft C/C++ ", Kind("pdb", "a debug symbol file (.pdb)", _BUILD_DLL)),
    (b"BSJB", Kind("portable_pdb", "a debug symbol file of .NET (portable .pdb)", _BUILD_DLL)),
    (b"BC\xc0\xde", Kind("bitcode", "LLVM bitcode (an object file of an LTO build)", _BUILD_DLL)),
    (b"\0asm", Kind("wasm", "a WebAssembly module", _WINDOWS_BUILD)),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        Kind(
            "ole",
            "a Windows Installer package (.msi) or another OLE compound file",
            "Install or unpack it (msiexec /a on Windows, msiextract elsewhere) and give the module's .dll file.",
        ),
    ),
    (b"PK\x03\x04", Kind("zip", "a ZIP archive (.zip, .nupkg, .vsix, ...)", _UNPACK)),
    (b"PK\x05\x06", Kind("zip", "an empty ZIP archive", _UNPACK)),
    (b"\x1f\x8b", Kind("gzip", "a gzip file (.gz, .tgz)", _UNPACK)),
    (b"BZh", Kind("bzip2", "a bzip2 file", _UNPACK)),
    (b"\xfd7zXZ\0", Kind("xz", "an xz file", _UNPACK)),
    (b"\x28\xb5\x2f\xfd", Kind("zstd", "a Zstandard file", _UNPACK)),
    (b"7z\xbc\xaf\x27\x1c", Kind("7z", "a 7-Zip archive", _UNPACK)),
    (b"Rar!\x1a\x07", Kind("rar", "a RAR archive", _UNPACK)),
    (b"MSCF", Kind("cab", "a cabinet file (.cab)", _UNPACK)),
    (b"\xff\xfe", Kind("text", "UTF-16 text", "Give the .dll file itself.")),
    (b"\xfe\xff", Kind("text", "UTF-16 text", "Give the .dll file itself.")),
)

_ELF_MACHINES: Final = {3: "x86", 40: "ARM", 62: "x86-64", 183: "ARM64", 243: "RISC-V"}
_ELF_TYPES: Final = {1: "object file (.o)", 2: "program", 3: "shared object (.so)", 4: "core dump"}
_MACH_O: Final = (b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe")
_COFF_MACHINES: Final = (0x014C, 0x8664, 0xAA64, 0xA641, 0x01C4)
_TEXT_BYTES: Final = frozenset(range(0x20, 0x7F)) | frozenset(b"\t\r\n\f\x1b") | frozenset(range(0x80, 0x100))


def identify(head: bytes) -> Kind:
    """Say what a file is that does not start with ``MZ``; ``head`` is its first :data:`HEAD_SIZE` bytes, not empty."""
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    return _executable(head) or _object_file(head) or _archive(head) or _text(head) or _unknown(head)


def _executable(head: bytes) -> Kind | None:
    if head.startswith(b"\x7fELF") and len(head) >= 20:
        order = ">" if head[5] == 2 else "<"
        kind, machine = struct.unpack_from(f"{order}HH", head, 16)
        name = f"{_ELF_TYPES.get(kind, 'file')} (ELF, {_ELF_MACHINES.get(machine, f'machine {machine}')})"
        return Kind("elf", f"a Linux {name}", _WINDOWS_BUILD)
    if head.startswith(b"\x7fELF"):
        return Kind("elf", "the beginning of a Linux file (ELF)", _WINDOWS_BUILD)
    if head.startswith(_MACH_O):
        return Kind("macho", "a macOS binary (Mach-O)", _WINDOWS_BUILD)
    if head.startswith(b"\xca\xfe\xba\xbe"):
        if int.from_bytes(head[4:8], "big") <= 0x20:
            return Kind("macho", "a macOS universal binary (Mach-O)", _WINDOWS_BUILD)
        return Kind("java", "a Java class file", _WINDOWS_BUILD)
    return None


def _object_file(head: bytes) -> Kind | None:
    if len(head) < 20:
        return None
    machine, second, third = struct.unpack_from("<HHH", head)
    if machine == 0 and second == 0xFFFF:
        name = "one member of an import library" if third == 0 else "a compiled object file (.obj)"
        return Kind("obj", name, _BUILD_DLL)
    optional_size = int.from_bytes(head[16:18], "little")
    if machine in _COFF_MACHINES and 0 < second < 0x8000 and optional_size == 0:
        return Kind("obj", "a compiled object file (.obj)", _BUILD_DLL)
    return None


def _archive(head: bytes) -> Kind | None:
    return Kind("tar", "a tar archive", _UNPACK) if head[257:262] == b"ustar" else None


def _text(head: bytes) -> Kind | None:
    if not set(head.removeprefix(b"\xef\xbb\xbf")) <= _TEXT_BYTES:
        return None
    text = head.decode("utf-8-sig", "replace")
    if text.count("�") > 1 + len(text) // 20:
        return None
    start = text.lstrip()
    lower = start[:200].lower()
    if start.startswith("version https://git-lfs.github.com/spec/"):
        return Kind(
            "git_lfs", "a Git LFS pointer; the DLL itself was not fetched", "Run: git lfs install && git lfs pull"
        )
    if lower.startswith(("<!doctype html", "<html", "<head", "<body")):
        return Kind("html", "an HTML page", "Did the download save an error or login page? Fetch the .dll file again.")
    if start.startswith(("TVqQ", "TVpQ", "TVoA", "TVro")):
        return Kind("base64", "a DLL written as base64 text", "Decode it first: base64 -d FILE > module.dll")
    quoted = _first_line(start)
    if start.startswith("#!"):
        return Kind("script", f"a script: {quoted}", _WINDOWS_BUILD)
    if lower.startswith("<?xml"):
        return Kind("xml", "an XML file", "Give the .dll file itself, not its project, manifest or configuration.")
    what = f"text: {quoted}" if quoted else "text: only white space"
    return Kind("text", what, "Give the .dll file itself, not its source, a link to it or a message about it.")


def _first_line(text: str) -> str:
    line = "".join(c if c.isprintable() else " " for c in text.partition("\n")[0]).strip()
    return f'"{line[:60]}{"..." if len(line) > 60 else ""}"' if line else ""


def _unknown(head: bytes) -> Kind:
    if not any(head):
        return Kind(
            "zeros", "filled with zero bytes", "An interrupted copy leaves such a file: copy or build it again."
        )
    starts = head[:8].hex(" ").upper()
    return Kind(
        "unknown", f"data of no kind known here (it starts with {starts})", "Give a Windows DLL (it starts with MZ)."
    )
