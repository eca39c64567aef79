"""Write ``data/windows-exports.txt.xz``: ``python -m pyiismod.inspection.gen_windows_exports [--mingw DIR] [--check]``.

The names come from the symbol index of mingw-w64's import libraries (Debian package ``mingw-w64-x86-64-dev``), where
each imported function ``F`` has the symbol ``__imp_F``. ``--check`` compares instead of writing and fails on a
difference; ``--print`` writes the list as text to standard output.
"""

from __future__ import annotations

import argparse
import lzma
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pyiismod.inspection.windowsexports import DATA, encode

MINGW: Final = Path("/usr/x86_64-w64-mingw32/lib")
LIBRARIES: Final = (
    *("activeds", "advapi32", "authz", "bcrypt", "cabinet", "cfgmgr32", "comctl32", "crypt32", "cryptnet", "dbghelp"),
    *("dnsapi", "fltlib", "httpapi", "imagehlp", "iphlpapi", "kernel32", "ktmw32", "mpr", "mswsock", "ncrypt"),
    *("netapi32", "ntdll", "ntdsapi", "ole32", "oleaut32", "pathcch", "pdh", "powrprof", "propsys", "psapi"),
    *("rpcrt4", "schannel", "secur32", "shell32", "shlwapi", "sspicli", "tbs", "tdh", "urlmon", "user32", "userenv"),
    *("version", "virtdisk", "websocket", "wer", "wevtapi", "winhttp", "wininet", "wintrust", "wldap32", "ws2_32"),
    *("wtsapi32",),
)
_INDEX_HEADER: Final = 60
_IMPORT: Final = b"__imp_"


def imported_names(archive: bytes) -> set[str]:
    """Return the names that the import library ``archive`` (a Unix ``ar`` file) offers."""
    if not archive.startswith(b"!<arch>\n/ "):
        raise ValueError("not an archive that begins with a symbol index")
    size = int(archive[8 + 48 : 8 + 58])
    index = archive[8 + _INDEX_HEADER : 8 + _INDEX_HEADER + size]
    count = int.from_bytes(index[:4], "big")
    symbols = index[4 + 4 * count :].split(b"\0")[:count]
    return {symbol.removeprefix(_IMPORT).decode("ascii") for symbol in symbols if symbol.startswith(_IMPORT)}


def collect(mingw: Path) -> dict[str, set[str]]:
    """Return DLL → names for all :data:`LIBRARIES`; each must be there."""
    return {f"{name}.dll": imported_names((mingw / f"lib{name}.a").read_bytes()) for name in LIBRARIES}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mingw", type=Path, default=MINGW, help="directory of libkernel32.a (default: %(default)s)")
    parser.add_argument("--check", action="store_true", help="fail if the committed file differs")
    parser.add_argument("--print", action="store_true", help="print the committed list")
    options = parser.parse_args(arguments)
    if options.print:
        sys.stdout.write(lzma.decompress(DATA.read_bytes()).decode())
        return 0
    text = encode(collect(options.mingw))
    if options.check:
        if lzma.decompress(DATA.read_bytes()) == text:
            return 0
        print(f"{DATA} differs; run: python -m pyiismod.inspection.gen_windows_exports", file=sys.stderr)
        return 1
    DATA.write_bytes(lzma.compress(text, preset=9 | lzma.PRESET_EXTREME))
    names = text.count(b"\n ")
    print(f"{DATA}: {names:,} names, {DATA.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
