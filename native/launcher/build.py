"""Builds python.exe and supervisor.exe, byte for byte the same each time, and writes MANIFEST.toml beside this file.

python native/launcher/build.py            build into pyiismod/runtime/bin
python native/launcher/build.py --check    prove that what is committed there is what the sources give
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

HERE = Path(__file__).parent
BIN = HERE.parents[1] / "pyiismod" / "runtime" / "bin"
MANIFEST = HERE / "MANIFEST.toml"

COMPILER = "x86_64-w64-mingw32-gcc"
FLAGS = ["-std=gnu17", "-O2", "-Wall", "-Wextra", "-Werror", "-municode", "-fno-ident"]
LINK_FLAGS = ["-static", "-s", "-Wl,--no-insert-timestamp", "-Wl,--dynamicbase", "-Wl,--nxcompat"]
SOURCES = {
    "python.exe": ["python.c"],
    "supervisor.exe": sorted(path.name for path in HERE.glob("*.c") if path.name != "python.c"),
}


def build(target: Path, sources: list[str], scratch: Path) -> None:
    """Compile in HERE with relative names, so that no directory of this machine ends up in the program."""
    command = [COMPILER, *FLAGS, *LINK_FLAGS, *sources, "-o", str(target)]
    subprocess.run(command, cwd=HERE, check=True, env={"PATH": "/usr/bin:/bin", "TMPDIR": str(scratch), "LC_ALL": "C"})


def manifest(directory: Path) -> str:
    """Say how the programs were built and what they are."""
    version = subprocess.run([COMPILER, "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    lines = [
        "# Written by native/launcher/build.py; `native/launcher/build.py --check` proves it.",
        f'compiler = "{version}"',
        f"flags = {[*FLAGS, *LINK_FLAGS]}".replace("'", '"'),
    ]
    for name, sources in SOURCES.items():
        data = (directory / name).read_bytes()
        lines += ["", f'["{name}"]', f"sources = {sources}".replace("'", '"'), f"size = {len(data)}"]
        lines.append(f'sha256 = "{hashlib.sha256(data).hexdigest()}"')
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Return the exit code: 0 fine, 1 something differs."""
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch) if "--check" in arguments else BIN
        fresh.mkdir(exist_ok=True)
        for name, sources in SOURCES.items():
            build(fresh / name, sources, Path(scratch))
        text = manifest(fresh)
        if "--check" not in arguments:
            MANIFEST.write_text(text)
            return 0
    committed = {name: hashlib.sha256((BIN / name).read_bytes()).hexdigest() for name in SOURCES}
    recorded = tomllib.loads(text)
    wrong = [name for name, digest in committed.items() if recorded[name]["sha256"] != digest]
    if MANIFEST.read_text() != text:
        wrong.append(MANIFEST.name)
    for name in wrong:
        print(f"{name} is not what the sources give. Run: python native/launcher/build.py", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
