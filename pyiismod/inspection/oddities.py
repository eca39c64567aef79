"""What an ordinary build does not leave in a file: :func:`oddities`."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import msgspec

from pyiismod.inspection.findings import Finding
from pyiismod.inspection.identity import Identity
from pyiismod.inspection.mapped import Mapped

_WRITE: Final = 0x80000000
_TLS: Final = 9
_CERTIFICATES: Final = 4
_PACKED: Final = 7.2
"""Bits in a byte: compressed data has 7.9 and more, x86 code 6.5, text 5."""
_LEAST_SIZE: Final = 4096
_SAMPLE: Final = 1 << 20
_MAX_CALLBACKS: Final = 16
_PACKERS: Final = re.compile(
    r"UPX\d|\.?aspack|\.adata|\.petite|\.themida|\.vmp\d|\.enigma\d|\.mpress\d|\.nsp\d|\.winlice|PEC2|\.packed|pebundle",
    re.IGNORECASE,
)
_FIRST_SDK: Final = datetime(2006, 1, 1, tzinfo=UTC)
_IIS_MODULES: Final = frozenset(
    f"{name}.dll"
    for name in (
        *("cachuri", "cachfile", "cachtokn", "cachhttp", "compstat", "compdyn", "defdoc", "dirlist", "protsup"),
        *("redirect", "static", "authanon", "authcert", "authbas", "authsspi", "authmd5", "authmap", "urlauthz"),
        *(
            "iprestr",
            "dyniprestr",
            "modrqflt",
            "custerr",
            "loghttp",
            "logcust",
            "iisetw",
            "iisreqs",
            "iisfreb",
            "warmup",
        ),
        *("isapi", "filter", "cgi", "iisfcgi", "iis_ssi", "iiswsock", "rewrite", "validcfg", "warmup"),
    )
)


class SectionFacts(msgspec.Struct, frozen=True):
    """One section: sizes in bytes, entropy in bits a byte, rights as ``"rwx"``."""

    name: str
    rva: int
    size: int
    entropy: float
    rights: str


def section_facts(mapped: Mapped) -> tuple[SectionFacts, ...]:
    """Return what there is to know of each section."""
    found = []
    for section in mapped.image.headers.sections:
        data = mapped.data[section.offset : section.offset + min(section.raw_size, _SAMPLE)] if section.offset else b""
        flags = section.characteristics
        rights = "".join(letter if flags >> bit & 1 else "-" for letter, bit in (("r", 30), ("w", 31), ("x", 29)))
        found.append(SectionFacts(section.name, section.rva, section.raw_size, round(entropy(data), 2), rights))
    return tuple(found)


def entropy(data: bytes) -> float:
    """Return Shannon's entropy in bits a byte."""
    total = len(data)
    return sum(n / total * math.log2(total / n) for n in Counter(data).values()) if total else 0.0


def oddities(
    mapped: Mapped, sections: tuple[SectionFacts, ...], identity: Identity, now: datetime
) -> Iterator[Finding]:
    """Yield what is odd."""
    image = mapped.image
    for section in sections:
        name = section.name or "(no name)"
        if section.entropy > _PACKED and section.size >= _LEAST_SIZE and section.name not in (".rsrc", ".pdata"):
            yield Finding.of("odd-entropy", f"Section {name} has {section.entropy} bits a byte.", name)
        if section.rights[1:] == "wx":
            yield Finding.of("odd-writable-code", f"Section {name} is writable and executable.", name)
        if _PACKERS.fullmatch(section.name):
            yield Finding.of("odd-packer", f"Section {name} is named as a packer names it.", name)
    entry = image.headers.entry_point
    if entry and not mapped.is_code(entry):
        yield Finding.of("odd-entry-point", f"The entry point 0x{entry:X} is in no section with code.")
    if callbacks := _tls_callbacks(mapped):
        text = f"{len(callbacks)} TLS {'callback runs' if len(callbacks) == 1 else 'callbacks run'} before DllMain."
        level = "warning" if any(not mapped.is_code(rva) for rva in callbacks) else ""
        yield Finding.of("odd-tls", text, *(f"0x{rva:X}" for rva in callbacks), level=level)
    yield from _overlay(mapped)
    yield from _timestamps(image.timestamp, identity, now)
    yield from _pretence(mapped, identity)
    functions = sum(map(len, image.imports.values()))
    if functions < 4 and not image.is_managed and image.size > 32768:
        yield Finding.of("odd-import-table", f"It imports {functions} functions only.")
    for problem in image.problems:
        yield Finding.of("damaged-table", problem[:1].upper() + problem[1:] + ("" if problem.endswith(".") else "."))


def _tls_callbacks(mapped: Mapped) -> list[int]:
    rva, _ = mapped.image.headers.directory(_TLS)
    table = mapped.pointer(rva + 3 * mapped.pointer_size) if rva else None
    found: list[int] = []
    while table is not None and len(found) < _MAX_CALLBACKS:
        callback = mapped.pointer(table + len(found) * mapped.pointer_size)
        if callback is None:
            break
        found.append(callback)
    return found


def _overlay(mapped: Mapped) -> Iterator[Finding]:
    sections = mapped.image.headers.sections
    end = max((section.offset + section.raw_size for section in sections if section.raw_size), default=0)
    offset, size = mapped.image.headers.directory(_CERTIFICATES)
    rest = mapped.data[end:]
    if offset and end <= offset <= len(mapped.data):
        rest = mapped.data[end:offset] + mapped.data[offset + size :]
    if len(rest.strip(b"\0")) > 16:
        symbols = _has_symbols(mapped)
        what = "symbols of the compiler" if symbols else f"{entropy(rest[:_SAMPLE]):.1f} bits a byte"
        text = f"{len(rest):,} bytes lie behind the last section ({what})."
        yield Finding.of("odd-overlay", text, level="note" if symbols else "")


def _has_symbols(mapped: Mapped) -> bool:
    """Whether the COFF header points to a symbol table, as in files of mingw that were not stripped."""
    start = int.from_bytes(mapped.data[0x3C:0x40], "little")
    table, count = (int.from_bytes(mapped.data[start + at : start + at + 4], "little") for at in (12, 16))
    return bool(table and count and table < len(mapped.data))


def _timestamps(timestamp: int, identity: Identity, now: datetime) -> Iterator[Finding]:
    if identity.reproducible or not timestamp or identity.linked is None:
        return
    linked = datetime.fromtimestamp(timestamp, UTC)
    if linked > now:
        yield Finding.of("odd-timestamp", f"It was linked in the future: {identity.linked}.")
    elif linked < _FIRST_SDK:
        yield Finding.of("odd-timestamp", f"It was linked before there were native modules: {identity.linked}.")


def _pretence(mapped: Mapped, identity: Identity) -> Iterator[Finding]:
    image, info = mapped.image, mapped.image.version_info
    signer = identity.signature.signer if identity.signature else ""
    if "microsoft" in signer.lower():
        return
    claims = [
        f"{key}: {info[key]}"
        for key in ("CompanyName", "LegalCopyright", "ProductName")
        if _is_microsoft(info.get(key))
    ]
    by = f"signed by {signer}" if signer else "not signed in the file (Windows' own may be signed by a catalogue)"
    if claims:
        yield Finding.of("odd-version-info", f"It claims to be Microsoft's and is {by}.", *claims)
    if image.path.name.lower() in _IIS_MODULES:
        text = f"{image.path.name} is the name of a module of IIS, and this file is {by}."
        yield Finding.of("odd-file-name", text)


def _is_microsoft(text: str | None) -> bool:
    return bool(text) and ("microsoft" in str(text).lower() or "internet information services" in str(text).lower())
