"""Broken PE files in any number: :func:`mutated` makes file number *n* out of a fixture, always the same one.

The mutations aim at what readers trust: header fields, directory entries, section tables, the tables behind them, and
code; some are plain noise.
"""

from __future__ import annotations

import random
import struct
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[3] / "fixtures"
FIXTURES = [
    *("hello.dll", "hello.msvc.dll", "hello.nortti.dll", "hello.x86.dll", "hello.arm64.dll", "both.dll"),
    *("both.msvc.dll", "priorities.dll", "priorities.x86.dll", "global_all.msvc.dll", "crash_cpp.dll", "managed.dll"),
    *("probe.msvc.dll", "cpp_caught.msvc.dll", "tls_callback.dll", "isapi_filter.dll", "style_waf.arm64.dll"),
    *("forwarded_export.dll", "missing_dll.msvc.dll", "mangled_export.dll"),
]
INTERESTING = (0, 1, 7, 8, 0x7F, 0xFF, 0x100, 0xFFF, 0x1000, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


@cache
def _data(name: str) -> bytes:
    return (ROOT / name).read_bytes()


def mutated(number: int) -> bytes:
    """Return mutation ``number``."""
    choice = random.Random(number)
    data = bytearray(_data(FIXTURES[number % len(FIXTURES)]))
    for _ in range(choice.choice((1, 1, 1, 2, 3, 8))):
        choice.choice((_header, _header, _directory, _section, _table, _table, _noise, _code, _cut, _repeat))(
            data, choice
        )
    return bytes(data)


def _start(data: bytearray) -> int:
    start: int = struct.unpack_from("<I", data, 0x3C)[0] if len(data) > 0x40 else 0
    return min(start, max(len(data) - 512, 0))


def _put(data: bytearray, at: int, size: int, choice: random.Random) -> None:
    """Write a number that readers get wrong: a limit, a neighbour of what is there, or anything."""
    if at < 0 or at + size > len(data):
        return
    old = int.from_bytes(data[at : at + size], "little")
    new = choice.choice(
        (choice.choice(INTERESTING), old + choice.choice((-8, -1, 1, 4, 8)), choice.getrandbits(8 * size))
    )
    data[at : at + size] = (new & ((1 << 8 * size) - 1)).to_bytes(size, "little")


def _header(data: bytearray, choice: random.Random) -> None:
    _put(data, _start(data) + choice.randrange(4, 24 + 112), choice.choice((1, 2, 4)), choice)


def _directory(data: bytearray, choice: random.Random) -> None:
    first = _start(data) + 24 + choice.choice((96, 112))
    _put(data, first + 4 * choice.randrange(32), 4, choice)


def _section(data: bytearray, choice: random.Random) -> None:
    first = _start(data) + 24 + choice.choice((224, 240))
    _put(data, first + choice.randrange(400), 4, choice)


def _table(data: bytearray, choice: random.Random) -> None:
    """Change a number where a directory points to."""
    start = _start(data)
    entry = start + 24 + choice.choice((96, 112)) + 8 * choice.choice((0, 1, 2, 5, 6, 9, 10, 12, 13, 14))
    if entry + 4 > len(data):
        return
    rva = struct.unpack_from("<I", data, entry)[0]
    first = start + 24 + struct.unpack_from("<H", data, start + 20)[0]
    for section in range(first, min(first + 400, len(data) - 40), 40):
        size, address, raw_size, offset = struct.unpack_from("<4I", data, section + 8)
        if address <= rva < address + max(size, raw_size):
            _put(data, offset + rva - address + 4 * choice.randrange(64), 4, choice)
            return


def _code(data: bytearray, choice: random.Random) -> None:
    at = choice.randrange(min(1024, len(data)), min(len(data), 8192) + 1)
    for place in range(at, min(at + choice.randrange(1, 16), len(data))):
        data[place] = choice.getrandbits(8)


def _noise(data: bytearray, choice: random.Random) -> None:
    for _ in range(choice.randrange(1, 64)):
        if data:
            data[choice.randrange(len(data))] = choice.getrandbits(8)


def _cut(data: bytearray, choice: random.Random) -> None:
    if choice.random() < 0.3:
        del data[choice.randrange(len(data) + 1) :]


def _repeat(data: bytearray, choice: random.Random) -> None:
    """Copy one part over another, so that tables overlap."""
    if len(data) > 1024:
        source, target = choice.randrange(len(data) - 256), choice.randrange(len(data) - 256)
        data[target : target + 256] = data[source : source + 256]
