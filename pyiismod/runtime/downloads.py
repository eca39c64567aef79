"""Fetches the pinned wheels with the user's own pip, so that proxies, mirrors and credentials work as they do for pip.

A wheel that is complete (by hash) is kept until the installation has succeeded: an interrupted one goes on from there.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pyiismod.errors import RuntimeInstallError
from pyiismod.runtime.paths import TAG

__all__ = ["Wheel", "fetch", "pinned"]


@dataclass(frozen=True)
class Wheel:
    """One pinned wheel for Windows x86-64; ``size`` in bytes."""

    name: str
    version: str
    size: int
    sha256: str

    def find(self, directory: Path) -> Path | None:
        """Return the complete wheel in ``directory``, if it is there; a wrong one is deleted."""
        for path in directory.glob(f"{self.name}-{self.version}-*.whl"):
            if path.stat().st_size == self.size and _sha256(path) == self.sha256:
                return path
            path.unlink()
        return None


def pinned() -> dict[str, Wheel]:
    """Return the wheels for this interpreter's minor version: name → wheel.

    Raises:
        RuntimeInstallError: no Windows Python of that version is known.
    """
    table = tomllib.loads(Path(__file__).with_name("pins.toml").read_text(encoding="utf-8"))
    if TAG not in table:
        raise RuntimeInstallError(
            f"No Windows Python is known for {TAG}; there are {', '.join(table)}.",
            hint=f"Use pyiismod with one of those, or name your own: pyiismod runtime install --from DIR (a {TAG} one)",
        )
    return {name: Wheel(name, **pin) for name, pin in table[TAG].items()}


def fetch(wheel: Wheel, directory: Path, progress: Callable[[int], None]) -> Path:
    """Return the path of ``wheel`` in ``directory``, downloaded if need be; ``progress`` gets the bytes so far.

    Raises:
        RuntimeInstallError: pip is missing or failed; the message says why.
    """
    if found := wheel.find(directory):
        return found
    if importlib.util.find_spec("pip") is None:
        raise RuntimeInstallError(
            f"pip is needed to download {wheel.name}, and {sys.executable} has none.",
            hint=f"{sys.executable} -m ensurepip --upgrade (with uv: uv pip install pip)",
        )
    scratch = directory / "unfinished"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    wanted = scratch / "requirements.txt"
    wanted.write_text(f"{wheel.name}=={wheel.version} --hash=sha256:{wheel.sha256}\n")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--platform=win_amd64"]
    command += [
        f"--python-version={sys.version_info.major}.{sys.version_info.minor}",
        "--progress-bar=off",
        "--no-input",
    ]
    command += ["--require-hashes", f"--requirement={wanted}", f"--dest={scratch / 'done'}"]
    log = scratch / "pip.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=os.environ | {"TMPDIR": str(scratch)}
        )
        try:
            while True:
                try:
                    process.wait(timeout=0.1)
                    break
                except subprocess.TimeoutExpired:
                    progress(min(wheel.size, _size(scratch)))
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
    complete = wheel.find(scratch / "done")
    if process.returncode != 0 or complete is None:
        raise _explain(wheel, log.read_text(errors="replace"))
    target = complete.replace(directory / complete.name)
    shutil.rmtree(scratch, ignore_errors=True)
    return target


def _explain(wheel: Wheel, log: str) -> RuntimeInstallError:
    what = f"pip could not download {wheel.name} {wheel.version}"
    errors = [line.partition("ERROR: ")[2] for line in log.splitlines() if "ERROR: " in line]
    details = {"package": wheel.name, "pip": log[-4000:]}
    if "DO NOT MATCH THE HASHES" in log:
        return RuntimeInstallError(
            f"{what}: the package index serves another file than the pinned one (sha256 {wheel.sha256}).",
            hint="Check which index pip uses (pip config list); use one with the original files of PyPI.",
            details=details,
        )
    if "No space left on device" in log:
        return RuntimeInstallError(
            f"{what}: the disk is full.", hint="Free some space and run the same command again.", details=details
        )
    if "from versions: none" in log or "NewConnectionError" in log or "ReadTimeoutError" in log or "SSLError" in log:
        return RuntimeInstallError(
            f"{what}: the package index cannot be reached.",
            hint="Check the network, or point pip to a mirror (pip config set global.index-url URL), and run the same "
            "command again; or use a Windows Python that you have: pyiismod runtime install --from DIR|ZIP",
            details=details,
        )
    last = errors[0] if errors else (log.strip().splitlines() or ["it said nothing"])[-1]
    return RuntimeInstallError(f"{what}: {last}.", hint="Run the same command again.", details=details)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _size(directory: Path) -> int:
    total = 0
    for folder, _, names in os.walk(directory):
        for name in names:
            try:
                total += os.lstat(os.path.join(folder, name)).st_size  # noqa: PTH118 - called ten times a second
            except OSError:
                continue
    return total
