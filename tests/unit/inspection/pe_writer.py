"""A small writer of PE files for tests: :class:`Pe` describes one, :meth:`Pe.build` gives its bytes.

Everything lies in one section, ``.text`` (readable and executable), so that a test can damage one fact at a time. It
follows the specification and shares nothing with the reader under test.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

X86, X64, ARM64 = 0x014C, 0x8664, 0xAA64
SECTION_RVA, SECTION_OFFSET = 0x1000, 0x400
CODE_AND_READ, DATA_AND_READ = 0x60000020, 0x40000040


@dataclass(frozen=True)
class Exported:
    """An exported symbol; ``forwarder`` turns it into a forwarder, ``name=None`` into an export by ordinal."""

    name: str | None
    forwarder: str | None = None
    rva: int | None = None


class _Section:
    """Bytes under construction, addressed by RVA."""

    def __init__(self) -> None:
        self.data = bytearray(b"\x31\xc0\xc3".ljust(16, b"\xcc"))  # xor eax, eax; ret

    @property
    def here(self) -> int:
        return SECTION_RVA + len(self.data)

    def add(self, data: bytes, align: int = 8) -> int:
        self.data += bytes(-len(self.data) % align)
        at = self.here
        self.data += data
        return at

    def text(self, text: str) -> int:
        return self.add(text.encode() + b"\0", align=2)


@dataclass
class Pe:
    """What the file shall say. ``imports`` and ``delay_imports`` map a DLL to names or ordinals."""

    machine: int = X64
    exports: Sequence[Exported | str] = ("RegisterModule",)
    imports: Mapping[str, Sequence[str | int]] = field(default_factory=dict)
    delay_imports: Mapping[str, Sequence[str | int]] = field(default_factory=dict)
    characteristics: int = 0x2022
    subsystem: int = 2
    is_64: bool | None = None
    name: str = "test.dll"
    timestamp: int = 0x5F000000
    clr_flags: int | None = None
    clr_runtime: str = "v4.0.30319"
    clr_native_header: int = 0
    chpe: bool = False
    version: Mapping[str, str] | None = None
    pdb: str | None = None
    section_flags: int = CODE_AND_READ

    def build(self) -> bytes:
        section = _Section()
        directories = [(0, 0)] * 16
        wide = self.is_64 if self.is_64 is not None else self.machine != X86
        if self.exports:
            directories[0] = self._exports(section)
        if self.imports:
            directories[1] = self._imports(section, wide)
        if self.version is not None:
            directories[2] = self._version(section)
        if self.pdb is not None:
            directories[6] = self._pdb(section)
        if self.chpe:
            directories[10] = (section.add(struct.pack("<I", 0x140) + bytes(0xC4) + b"\x80" * 8 + bytes(0x70)), 0x140)
        if self.delay_imports:
            directories[13] = self._delay_imports(section, wide)
        if self.clr_flags is not None:
            directories[14] = self._clr(section)
        return self._assemble(bytes(section.data), directories, wide)

    def _assemble(self, body: bytes, directories: list[tuple[int, int]], wide: bool) -> bytes:
        raw = body.ljust(-(-len(body) // 512) * 512, b"\0")
        dos = b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x80)
        dos += b"\x0e\x1f\xba\x0e\0\xb4\x09\xcd\x21This program cannot be run in DOS mode.\r\r\n$"
        optional = struct.pack("<HBBIIIII", 0x20B if wide else 0x10B, 14, 30, len(raw), 0, 0, SECTION_RVA, SECTION_RVA)
        optional += struct.pack("<Q", 0x180000000) if wide else struct.pack("<II", 0, 0x10000000)
        optional += struct.pack("<IIHHHHHHI", 0x1000, 512, 6, 0, 0, 0, 6, 0, 0)
        optional += struct.pack("<IIIHH", 0x1000 + -(-len(raw) // 0x1000) * 0x1000, 0x400, 0, self.subsystem, 0x160)
        optional += struct.pack("<QQQQ" if wide else "<IIII", 0x100000, 0x1000, 0x100000, 0x1000)
        optional += struct.pack("<II", 0, 16) + b"".join(struct.pack("<II", *entry) for entry in directories)
        coff = struct.pack("<HHIIIHH", self.machine, 1, self.timestamp, 0, 0, len(optional), self.characteristics)
        table = struct.pack(
            "<8sIIIIIIHHI", b".text", len(body), SECTION_RVA, len(raw), SECTION_OFFSET, 0, 0, 0, 0, self.section_flags
        )
        headers = dos.ljust(0x80, b"\0") + b"PE\0\0" + coff + optional + table
        return headers.ljust(SECTION_OFFSET, b"\0") + raw

    def _exports(self, section: _Section) -> tuple[int, int]:
        entries = [Exported(entry) if isinstance(entry, str) else entry for entry in self.exports]
        named = sorted((e.name, index) for index, e in enumerate(entries) if e.name is not None)
        start = section.add(bytes(40))
        rvas = [
            section.text(e.forwarder) if e.forwarder else (SECTION_RVA if e.rva is None else e.rva) for e in entries
        ]
        functions = section.add(struct.pack(f"<{len(rvas)}I", *rvas), 4)
        names = [section.text(name) for name, _ in named]
        table = section.add(struct.pack(f"<{len(names)}I", *names), 4)
        indexes = section.add(struct.pack(f"<{len(names)}H", *(index for _, index in named)), 4)
        own = section.text(self.name)
        directory = struct.pack("<IIHHIIIIIII", 0, 0, 0, 0, own, 1, len(rvas), len(names), functions, table, indexes)
        section.data[start - SECTION_RVA : start - SECTION_RVA + 40] = directory
        return start, section.here - start

    def _thunks(self, section: _Section, wanted: Sequence[str | int], wide: bool) -> int:
        top = 1 << (63 if wide else 31)
        values = [
            top | symbol if isinstance(symbol, int) else section.add(b"\0\0" + symbol.encode() + b"\0", 2)
            for symbol in wanted
        ]
        return section.add(struct.pack(f"<{len(values) + 1}{'Q' if wide else 'I'}", *values, 0))

    def _imports(self, section: _Section, wide: bool) -> tuple[int, int]:
        descriptors = b""
        for dll, wanted in self.imports.items():
            lookup, address, name = self._thunks(section, wanted, wide), self._thunks(section, wanted, wide), 0
            name = section.text(dll)
            descriptors += struct.pack("<IIIII", lookup, 0, 0, name, address)
        return section.add(descriptors + bytes(20)), len(descriptors) + 20

    def _delay_imports(self, section: _Section, wide: bool) -> tuple[int, int]:
        descriptors = b""
        for dll, wanted in self.delay_imports.items():
            lookup, address = self._thunks(section, wanted, wide), self._thunks(section, wanted, wide)
            descriptors += struct.pack("<8I", 1, section.text(dll), 0, address, lookup, 0, 0, 0)
        return section.add(descriptors + bytes(32)), len(descriptors) + 32

    def _clr(self, section: _Section) -> tuple[int, int]:
        version = self.clr_runtime.encode().ljust(12, b"\0")
        metadata = section.add(b"BSJB" + struct.pack("<HHII", 1, 1, 0, len(version)) + version + bytes(4))
        header = struct.pack("<IHHIIII", 72, 2, 5, metadata, 32, self.clr_flags or 0, 0)
        return section.add(header.ljust(64, b"\0") + struct.pack("<II", self.clr_native_header, 0)), 72

    def _pdb(self, section: _Section) -> tuple[int, int]:
        record = b"RSDS" + bytes(20) + (self.pdb or "").encode() + b"\0"
        at = section.add(record)
        entry = struct.pack("<IIHHIIII", 0, 0, 0, 0, 2, len(record), at, at - SECTION_RVA + SECTION_OFFSET)
        return section.add(entry), len(entry)

    def _version(self, section: _Section) -> tuple[int, int]:
        def node(key: str, value: bytes, is_text: bool, children: bytes = b"") -> bytes:
            head = key.encode("utf-16-le") + b"\0\0"
            head += bytes(-(6 + len(head)) % 4)
            body = head + value
            body += bytes(-(6 + len(body)) % 4) + children if children else b""
            count = len(value) // 2 if is_text else len(value)
            return struct.pack("<HHH", 6 + len(body), count, int(is_text)) + body

        def joined(nodes: Sequence[bytes]) -> bytes:
            return b"".join(n + bytes(-len(n) % 4) for n in nodes)

        strings = joined([node(k, v.encode("utf-16-le") + b"\0\0", True) for k, v in (self.version or {}).items()])
        table = node("StringFileInfo", b"", True, node("040904B0", b"", True, strings))
        fixed = struct.pack("<IIII", 0xFEEF04BD, 0x10000, 1 << 16 | 2, 3 << 16 | 4).ljust(52, b"\0")
        block = node("VS_VERSION_INFO", fixed, False, table)
        data = section.add(block)
        root = section.add(b"", 8)
        directory = b""
        for depth, (entry_id, offset) in enumerate(((16, 24), (1, 48), (0x409, 72))):
            directory += struct.pack("<IIHHHHII", 0, 0, 0, 0, 0, 1, entry_id, offset | (1 << 31 if depth < 2 else 0))
        section.add(directory + struct.pack("<IIII", data, len(block), 0, 0), 1)
        return root, section.here - root
