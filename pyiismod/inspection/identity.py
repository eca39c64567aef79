"""What a file is known by: hashes, link time, signer: :func:`identify_file`.

- ``imphash`` and ``rich_hash`` are those of other tools (pefile): MD5 over the imports, and over the Rich header that
  Microsoft's linkers write; ``export_hash`` is the SHA-256 over the export names in lower case, sorted, with commas.
- A signature is read, and the file's own digest compared with the signed one. Whether the certificate is trusted or was
  revoked is not judged: that needs the machine's certificate store.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import msgspec

from pyiismod.inspection.image import Image
from pyiismod.inspection.tables import DEBUG

_CERTIFICATES: Final = 4
_REPRODUCIBLE: Final = 16
_EARLIEST: Final = 946684800  # 2000-01-01
_MAX_NODES: Final = 4096
_COMMON_NAME, _ORGANIZATION = bytes.fromhex("0603550403"), bytes.fromhex("060355040a")
_ALGORITHMS: Final = {
    bytes.fromhex("2b0e03021a"): "sha1",
    bytes.fromhex("608648016503040201"): "sha256",
    bytes.fromhex("608648016503040202"): "sha384",
    bytes.fromhex("608648016503040203"): "sha512",
}


class Signature(msgspec.Struct, frozen=True):
    """An Authenticode signature in the file.

    Attributes:
        signer: name in the certificate that signed, or ``""`` if it could not be read.
        issuer: name of who issued that.
        intact: whether the file is what was signed; None if that could not be told.
    """

    signer: str
    issuer: str
    intact: bool | None


class Identity(msgspec.Struct, frozen=True):
    """``linked`` is an ISO date and time (UTC), None where the file has none; ``age_days`` counts from it to now."""

    imphash: str | None
    rich_hash: str | None
    export_hash: str | None
    linked: str | None
    age_days: int | None
    reproducible: bool
    signature: Signature | None


def identify_file(image: Image, data: bytes, now: datetime | None = None) -> Identity:
    """Return what ``data``, the bytes of ``image``, is known by."""
    reproducible = has_debug_entry(image, data, _REPRODUCIBLE)
    linked = None
    if not reproducible and image.timestamp >= _EARLIEST:
        linked = datetime.fromtimestamp(image.timestamp, UTC)
    age = (now or datetime.now(UTC)) - linked if linked else None
    names = sorted(export.name.lower() for export in image.exports if export.name)
    return Identity(
        imphash=_imphash(image),
        rich_hash=_rich_hash(data),
        export_hash=hashlib.sha256(",".join(names).encode("utf-8", "replace")).hexdigest() if names else None,
        linked=linked.strftime("%Y-%m-%dT%H:%M:%SZ") if linked else None,
        age_days=age.days if age else None,
        reproducible=reproducible,
        signature=_signature(image, data),
    )


def debug_entries(image: Image, data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield kind and bytes of each entry of the debug directory."""
    rva, size = image.headers.directory(DEBUG)
    section = image.section_at(rva)
    if not rva or section is None:
        return
    start = section.offset + rva - section.rva
    for number in range(min(size // 28, 32)):
        entry = data[start + 28 * number : start + 28 * number + 28]
        if len(entry) < 28:
            return
        _, _, _, kind, length, _, offset = struct.unpack("<IIIIIII", entry)
        yield kind, data[offset : offset + min(length, 4096)]


def has_debug_entry(image: Image, data: bytes, kind: int) -> bool:
    """Whether the debug directory has an entry of a kind."""
    return any(found == kind for found, _ in debug_entries(image, data))


def _imphash(image: Image) -> str | None:
    if not image.thunks:
        return None
    from pefile import ordlookup

    parts = []
    for dll, symbol in image.load_thunks:
        library = dll.lower()
        stem, _, extension = library.rpartition(".")
        name = symbol
        if isinstance(symbol, int):
            name = ordlookup.ordLookup(library.encode("ascii", "replace"), symbol, make_name=True)
            name = name.decode("ascii", "replace") if isinstance(name, bytes) else name
        parts.append(f"{stem if extension in ('ocx', 'sys', 'dll') else library}.{str(name).lower()}")
    return hashlib.md5(",".join(parts).encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


def _rich_hash(data: bytes) -> str | None:
    end = data.find(b"Rich", 0x40, 0x400)
    if end < 0:
        return None
    key = data[end + 4 : end + 8]
    if len(key) < 4:
        return None
    clear = bytes(byte ^ key[at % 4] for at, byte in enumerate(data[0x80:end])) if end > 0x80 else b""
    start = clear.find(b"DanS")
    if start < 0:
        return None
    return hashlib.md5(clear[start:], usedforsecurity=False).hexdigest()


class _Node(NamedTuple):
    """One element of DER: its tag, where it starts, where its content starts, and where that ends."""

    tag: int
    start: int
    body: int
    end: int


def _node(data: bytes, at: int, limit: int) -> _Node | None:
    if at + 2 > limit:
        return None
    tag, length, body = data[at], data[at + 1], at + 2
    if length & 0x80:
        count = length & 0x7F
        if count > 4 or body + count > limit:
            return None
        length = int.from_bytes(data[body : body + count], "big")
        body += count
    return _Node(tag, at, body, body + length) if body + length <= limit else None


def _children(data: bytes, node: _Node) -> list[_Node]:
    found: list[_Node] = []
    at = node.body
    while at < node.end and len(found) < _MAX_NODES:
        child = _node(data, at, node.end)
        if child is None:
            break
        found.append(child)
        at = child.end
    return found


def _signature(image: Image, data: bytes) -> Signature | None:
    offset, size = image.headers.directory(_CERTIFICATES)  # the one directory that is a file offset
    if not offset or size < 16 or offset + 8 > len(data):
        return None
    length = struct.unpack_from("<I", data, offset)[0]
    blob = data[offset + 8 : offset + max(min(length, size), 8)]
    try:
        return _read_signature(image, data, blob, offset, size)
    except (IndexError, struct.error, ValueError):
        return Signature("", "", None)


def _read_signature(image: Image, data: bytes, blob: bytes, offset: int, size: int) -> Signature:
    """Walk PKCS #7 SignedData (RFC 2315, section 9): content, certificates, the first SignerInfo."""
    root = _node(blob, 0, len(blob))
    if root is None:
        return Signature("", "", None)
    signed = _children(blob, _children(blob, _children(blob, root)[1])[0])
    content = signed[2]
    certificates = next((node for node in signed if node.tag == 0xA0), None)
    info = _children(blob, _children(blob, signed[-1])[0])
    issuer, serial = (blob[node.start : node.end] for node in _children(blob, info[1]))
    signer = ""
    for certificate in _children(blob, certificates) if certificates else ():
        fields = [node for node in _children(blob, _children(blob, certificate)[0]) if node.tag != 0xA0]
        if blob[fields[0].start : fields[0].end] == serial and blob[fields[2].start : fields[2].end] == issuer:
            signer = _name(blob[fields[4].start : fields[4].end])
            break
    return Signature(signer, _name(issuer), _is_intact(image, data, blob, content, offset, size))


def _name(der: bytes) -> str:
    """Return the common name (or organisation) in a distinguished name."""
    for kind in (_COMMON_NAME, _ORGANIZATION):
        at = der.find(kind)
        node = _node(der, at + len(kind), len(der)) if at >= 0 else None
        if node is not None:
            encoding = "utf-16-be" if node.tag == 0x1E else "utf-8"
            return der[node.body : node.end].decode(encoding, "replace")
    return ""


def _is_intact(image: Image, data: bytes, blob: bytes, content: _Node, offset: int, size: int) -> bool | None:
    """Compare the digest in ``SpcIndirectDataContent`` with that of all but checksum, directory entry and signature."""
    inner = _children(blob, _children(blob, _children(blob, content)[1])[0])
    algorithm, digest = _children(blob, inner[1])
    oid = _children(blob, algorithm)[0]
    name = _ALGORITHMS.get(blob[oid.body : oid.end])
    if name is None:
        return None
    optional = struct.unpack_from("<I", data, 0x3C)[0] + 24
    checksum = optional + 64
    entry = optional + (144 if image.is_64 else 128)
    hashed: Any = hashlib.new(name, usedforsecurity=False)
    for start, end in ((0, checksum), (checksum + 4, entry), (entry + 8, offset), (offset + size, len(data))):
        hashed.update(data[start:end])
    return bool(hashed.digest() == blob[digest.body : digest.end])
