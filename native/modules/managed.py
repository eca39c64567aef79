"""A .NET assembly (AnyCPU: a 32-bit PE file with IL only), put together by hand: IIS cannot load it as a native module.

ECMA-335, partition II: section 24 for the metadata, section 25 for the PE file.
"""

import struct

FILE_ALIGNMENT = 0x200
SECTION_ALIGNMENT = 0x2000
TEXT_RVA = SECTION_ALIGNMENT
IL_ONLY = 1
COM_DESCRIPTOR = 14  # index of the data directory


def padded(data: bytes, alignment: int) -> bytes:
    return data + bytes(-len(data) % alignment)


def metadata() -> bytes:
    """One module and one assembly, both called managed."""
    strings = b"\0managed.dll\0managed\0"
    module_row = struct.pack("<HHHHH", 0, 1, 1, 0, 0)
    assembly_row = struct.pack("<IHHHHIHHH", 0x8004, 1, 0, 0, 0, 0, 0, 13, 0)  # hash algorithm SHA-1, version 1.0.0.0
    tables = (1 << 0x00) | (1 << 0x20)
    streams = {
        b"#~\0\0": struct.pack("<IBBBBQQII", 0, 2, 0, 0, 1, tables, 0, 1, 1) + module_row + assembly_row,
        b"#Strings\0\0\0\0": strings,
        b"#GUID\0\0\0": bytes(range(16)),
        b"#Blob\0\0\0": b"\0",
    }
    version = padded(b"v4.0.30319\0", 4)
    head = struct.pack("<4sHHII", b"BSJB", 1, 1, 0, len(version)) + version + struct.pack("<HH", 0, len(streams))
    offset = len(head) + sum(8 + len(name) for name in streams)
    body = b""
    for name, content in streams.items():
        content = padded(content, 4)
        head += struct.pack("<II", offset + len(body), len(content)) + name
        body += content
    return head + body


def image() -> bytes:
    """Return the bytes of the file."""
    content = metadata()
    cli_size = 72
    cli = struct.pack("<IHHIII", cli_size, 2, 5, TEXT_RVA + cli_size, len(content), IL_ONLY).ljust(cli_size, b"\0")
    text = cli + content

    dos = (b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x80)).ljust(0x80, b"\0")
    optional_size = 96 + 16 * 8
    coff = struct.pack("<4sHHIIIHH", b"PE\0\0", 0x14C, 1, 0, 0, 0, optional_size, 0x2102)  # i386, DLL
    raw_size = len(padded(text, FILE_ALIGNMENT))
    image_size = TEXT_RVA + len(padded(text, SECTION_ALIGNMENT))
    optional = struct.pack("<HBBIIIIII", 0x10B, 48, 0, raw_size, 0, 0, 0, TEXT_RVA, 0)
    optional += struct.pack("<IIIHHHHHHI", 0x10000000, SECTION_ALIGNMENT, FILE_ALIGNMENT, 4, 0, 0, 0, 4, 0, 0)
    optional += struct.pack(
        "<IIIHHIIIIII", image_size, FILE_ALIGNMENT, 0, 3, 0x8540, 0x100000, 0x1000, 0x100000, 0x1000, 0, 16
    )
    directories = [(0, 0)] * 16
    directories[COM_DESCRIPTOR] = (TEXT_RVA, cli_size)
    optional += b"".join(struct.pack("<II", *directory) for directory in directories)
    section = struct.pack(
        "<8sIIIIIIHHI", b".text", len(text), TEXT_RVA, raw_size, FILE_ALIGNMENT, 0, 0, 0, 0, 0x60000020
    )
    return padded(dos + coff + optional + section, FILE_ALIGNMENT) + padded(text, FILE_ALIGNMENT)
