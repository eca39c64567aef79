"""Running a worker that is not trusted: a copy of the prefix, and whatever this system can take from a process.

:func:`confine` makes the runtime for it. On Linux bubblewrap (``bwrap``) gives it namespaces of its own: no network, no
other processes, a file system of which it can write nothing but its own folder, and in which home directories are
empty. Without bubblewrap ``unshare`` of util-linux at least takes the network and the other processes. ``prlimit`` sets
limits of memory and processor time in both cases. Windows has nothing of this kind for an ordinary user.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

from pyiismod.runtime import paths
from pyiismod.runtime.interpreter import Runtime

__all__ = ["Confinement", "confine"]

_HIDDEN = ("/home", "/root", "/tmp", "/var/tmp", "/run", "/mnt", "/media", "/srv")
_LARGEST_FILE = 256 << 20
_NETWORK = "network: none, not even this computer's own"
_COPY = "Windows: a copy of the prefix, registry and all, that is thrown away"
_ENVIRONMENT = "environment: only Wine's own variables"


class Confinement:
    """What one runtime keeps from its workers.

    Attributes:
        runtime: what to start workers with.
        tool: ``"bubblewrap"``, ``"unshare"`` or ``"none"``.
        confined: what is kept from a worker, as lines.
        unconfined: what is not.
    """

    def __init__(self, runtime: Runtime, tool: str, confined: list[str], unconfined: list[str]) -> None:
        self.runtime = runtime
        self.tool = tool
        self.confined = confined
        self.unconfined = unconfined

    @property
    def has_network(self) -> bool:
        """Whether a worker could reach others."""
        return _NETWORK not in self.confined


def confine(runtime: Runtime, directory: Path, *, megabytes: int, seconds: int) -> Confinement:
    """Return a runtime whose workers are confined as far as this system can.

    Args:
        runtime: where to run them.
        directory: an empty folder: the copy of the prefix, and all that workers may write.
        megabytes: memory that one process may have.
        seconds: processor time that one process may take.
    """
    if not runtime.needs_wine:
        open_ = ["files, registry, network, other processes: it has all your rights; use a virtual machine"]
        return Confinement(runtime, "none", ["process: one of its own, ended with the probe"], open_)
    limits, limited = _limits(megabytes, seconds)
    if _works(*_bubblewrap(directory, [])):
        needed = [
            paths.home(),
            Path(__file__).parents[1],
            *(Path(p).parent for p in (runtime.python, runtime.loader[0])),
        ]
        wrapper = [*_bubblewrap(directory, needed), *limits]
        confined = [
            _COPY,
            _NETWORK,
            "processes: sees and reaches none but its own; all of them end with it",
            f"files: writes nothing but {directory}; {', '.join(_HIDDEN[:4])} are empty",
            _ENVIRONMENT,
            *limited,
        ]
        open_ = ["files: reads the rest of the system", "kernel: the system calls of an ordinary process"]
        return Confinement(runtime.confined(wrapper, directory), "bubblewrap", confined, open_)
    if _works(*_unshare()):
        confined = [_COPY, _NETWORK, "processes: all of them end with it", _ENVIRONMENT, *limited]
        open_ = [
            "files: it reads and writes what you can (drive Z: is /); install bubblewrap to keep it from that",
            "kernel: the system calls of an ordinary process",
        ]
        return Confinement(runtime.confined([*_unshare(), *limits], directory), "unshare", confined, open_)
    open_ = [
        "network: as yours; install bubblewrap (Debian: apt install bubblewrap)",
        "files: it reads and writes what you can",
    ]
    return Confinement(runtime.confined(limits, directory), "none", [_COPY, _ENVIRONMENT, *limited], open_)


def _bubblewrap(directory: Path, needed: list[Path]) -> list[str]:
    hidden = [path for path in _HIDDEN if Path(path).is_dir() and not Path(path).is_symlink()]
    words = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--ro-bind", "/", "/"]
    words += ["--dev", "/dev", "--proc", "/proc"]
    for path in hidden:
        words += ["--tmpfs", path]
    for place in dict.fromkeys(needed):
        if any(place.is_relative_to(path) for path in hidden):
            words += ["--ro-bind", str(place), str(place)]
    return [*words, "--bind", str(directory), str(directory), "--chdir", str(directory)]


def _unshare() -> list[str]:
    user = [] if os.geteuid() == 0 else ["--user", "--map-current-user"]
    return ["unshare", *user, "--net", "--ipc", "--pid", "--fork", "--kill-child", "--mount-proc"]


def _limits(megabytes: int, seconds: int) -> tuple[list[str], list[str]]:
    if shutil.which("prlimit") is None:
        return [], []
    words = ["prlimit", f"--data={megabytes << 20}", f"--cpu={seconds}", f"--fsize={_LARGEST_FILE}", "--core=0"]
    said = f"limits: {megabytes} MB of memory, {seconds} s of processor time, files of {_LARGEST_FILE >> 20} MB"
    return words, [said]


@cache
def _works(*command: str) -> bool:
    """Whether a program can be run so: namespaces may be forbidden here."""
    if shutil.which(command[0]) is None:
        return False
    try:
        done = subprocess.run(
            [*command, "true"], stdin=subprocess.DEVNULL, capture_output=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
