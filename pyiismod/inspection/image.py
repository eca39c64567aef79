"""What a PE file says about itself, as plain immutable data: :class:`Image` and its parts.

Nothing here reads a file; :func:`pyiismod.inspection.read_image` fills these records. Addresses are relative virtual
addresses (RVA), sizes are bytes. Source of every field: the PE format specification,
https://learn.microsoft.com/windows/win32/debug/pe-format.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

MACHINE_X86: Final = 0x014C
MACHINE_X64: Final = 0x8664
MACHINE_ARM64: Final = 0xAA64

MACHINES: Final[Mapping[int, str]] = {
    MACHINE_X86: "x86",
    MACHINE_X64: "x64",
    MACHINE_ARM64: "ARM64",
    0xA641: "ARM64EC",
    0xA64E: "ARM64X",
    0x01C0: "ARM",
    0x01C2: "ARM (Thumb)",
    0x01C4: "ARM (Thumb-2)",
    0x0200: "Itanium",
    0x0284: "Alpha64",
    0x0166: "MIPS",
    0x01F0: "PowerPC",
    0x0EBC: "EFI byte code",
    0x5032: "RISC-V 32",
    0x5064: "RISC-V 64",
    0x6232: "LoongArch 32",
    0x6264: "LoongArch 64",
}

FILE_EXECUTABLE_IMAGE: Final = 0x0002
FILE_DLL: Final = 0x2000

SECTION_EXECUTE: Final = 0x20000000

CLR_IL_ONLY: Final = 0x01
CLR_IL_LIBRARY: Final = 0x04


class Section(msgspec.Struct, frozen=True):
    """One line of the section table."""

    name: str
    rva: int
    virtual_size: int
    offset: int
    raw_size: int
    characteristics: int

    @property
    def is_executable(self) -> bool:
        """Whether code may run here."""
        return bool(self.characteristics & SECTION_EXECUTE)

    def contains(self, rva: int) -> bool:
        """Whether ``rva`` lies in this section once it is mapped."""
        return self.rva <= rva < self.rva + max(self.virtual_size, self.raw_size)


class Headers(msgspec.Struct, frozen=True):
    """The fixed part of a PE file. ``directories`` are ``(rva, size)`` pairs in the order of the specification."""

    machine: int
    timestamp: int
    characteristics: int
    is_64: bool
    linker_version: tuple[int, int]
    entry_point: int
    image_base: int
    size_of_image: int
    subsystem: int
    dll_characteristics: int
    sections: tuple[Section, ...]
    directories: tuple[tuple[int, int], ...]

    def directory(self, index: int) -> tuple[int, int]:
        """Return ``(rva, size)`` of a data directory, ``(0, 0)`` where the file has none."""
        return self.directories[index] if index < len(self.directories) else (0, 0)


class Export(msgspec.Struct, frozen=True):
    """One exported symbol: ``name`` is ``None`` for an export by ordinal, ``forwarder`` is ``"other.Function"``."""

    name: str | None
    ordinal: int
    rva: int
    forwarder: str | None = None


class ClrHeader(msgspec.Struct, frozen=True):
    """The header that makes a PE file a .NET one. ``runtime`` is the version that the metadata asks for."""

    flags: int
    runtime: str
    is_precompiled: bool

    @property
    def is_mixed(self) -> bool:
        """Whether native and managed code live together (C++/CLI): not IL only, and not a precompiled IL library."""
        return not self.flags & (CLR_IL_ONLY | CLR_IL_LIBRARY) and not self.is_precompiled


class Image(msgspec.Struct, frozen=True):
    """A PE file, read and not judged.

    ``imports`` and ``delay_imports`` map a DLL, spelt as in the file, to the names or ordinals that are wanted from it.
    ``timestamp`` is Unix seconds, or a hash in reproducible builds. ``problems`` says which tables could not be read.
    """

    path: Path
    size: int
    sha256: str
    headers: Headers
    export_name: str | None
    exports: tuple[Export, ...]
    imports: Mapping[str, tuple[str | int, ...]]
    delay_imports: Mapping[str, tuple[str | int, ...]]
    clr: ClrHeader | None
    is_hybrid: bool
    version_info: Mapping[str, str]
    pdb_path: str | None
    problems: tuple[str, ...]
    thunks: Mapping[int, tuple[str, str | int]] = {}
    """RVA of each import's address, delay-loaded ones included → DLL, name or ordinal."""

    @property
    def load_thunks(self) -> Iterator[tuple[str, str | int]]:
        """DLL and name or ordinal of each import that the loader resolves, in the order of the file."""
        delayed = {dll.lower() for dll in self.delay_imports}
        loaded = {dll.lower() for dll in self.imports}
        return (pair for pair in self.thunks.values() if pair[0].lower() in loaded or pair[0].lower() not in delayed)

    @property
    def machine(self) -> int:
        """The ``IMAGE_FILE_MACHINE_*`` number."""
        return self.headers.machine

    @property
    def architecture(self) -> str:
        """The processor in words: ``"x64"``, ``"x86"``, ``"ARM64"``, ``"ARM64EC"``, ``"ARM64X"``, …

        ARM64EC and ARM64X files disguise themselves as x64 and ARM64; what tells them apart is the CHPE metadata
        pointer in their load configuration (``is_hybrid``).
        """
        if self.is_hybrid and self.machine == MACHINE_X64:
            return "ARM64EC"
        if self.is_hybrid and self.machine == MACHINE_ARM64:
            return "ARM64X"
        return MACHINES.get(self.machine, f"machine 0x{self.machine:04X}")

    @property
    def is_64(self) -> bool:
        """Whether the optional header is PE32+."""
        return self.headers.is_64

    @property
    def is_dll(self) -> bool:
        """Whether the file calls itself a DLL."""
        return bool(self.headers.characteristics & FILE_DLL)

    @property
    def characteristics(self) -> int:
        """The ``IMAGE_FILE_*`` flags."""
        return self.headers.characteristics

    @property
    def subsystem(self) -> int:
        """The ``IMAGE_SUBSYSTEM_*`` number."""
        return self.headers.subsystem

    @property
    def timestamp(self) -> int:
        """Link time in Unix seconds, or a content hash in reproducible builds."""
        return self.headers.timestamp

    @property
    def is_managed(self) -> bool:
        """Whether the file has a CLR header; see :attr:`is_mixed`."""
        return self.clr is not None

    @property
    def is_mixed(self) -> bool:
        """Whether this is C++/CLI: it can be a native module, but only loads where the CLR is."""
        return self.clr is not None and self.clr.is_mixed

    def export(self, name: str) -> Export | None:
        """Return the export with exactly this name."""
        return next((export for export in self.exports if export.name == name), None)

    def section_at(self, rva: int) -> Section | None:
        """Return the section that holds ``rva``."""
        return next((section for section in self.headers.sections if section.contains(rva)), None)
