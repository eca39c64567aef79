"""Running the Windows Python with this process's standard streams: what ``pyiismod exec`` does.

Wine 8 gives a program whose standard handle is a regular file or a device a handle that CPython refuses. So each stream
that is neither a pipe nor a terminal is replaced by a pipe, which a thread feeds or drains.
"""

from __future__ import annotations

import os
import select
import stat
import subprocess
import sys
import threading
from collections.abc import Sequence

from pyiismod.runtime.interpreter import Runtime

__all__ = ["run_python"]


def run_python(runtime: Runtime, args: Sequence[str]) -> int:
    """Run the Windows Python with ``args`` and return its exit code.

    Modules of pyiismod can be imported there, and so can pure Python packages (pytest) of this environment.
    """
    env = runtime.environment()
    if not runtime.needs_wine:
        return subprocess.run(runtime.command(*args), env=env, check=False).returncode
    runtime.warm_up()
    packages = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    env["PYIISMOD_EXEC"] = ";".join(runtime.to_windows(path) for path in packages)
    streams = [None if _passes(number) else subprocess.PIPE for number in range(3)]
    process = subprocess.Popen(
        runtime.command(*args), env=env, stdin=streams[0], stdout=streams[1], stderr=streams[2], bufsize=0
    )
    ended_read, ended_write = os.pipe()
    drains = []
    if process.stdin is not None:
        threading.Thread(target=_feed, args=(process.stdin.fileno(), process), daemon=True).start()
    for number, pipe in ((1, process.stdout), (2, process.stderr)):
        if pipe is not None:
            drains.append(threading.Thread(target=_drain, args=(pipe.fileno(), number, ended_read)))
            drains[-1].start()
    try:
        code = process.wait()
    except BaseException:
        process.kill()
        process.wait()
        raise
    finally:
        os.close(ended_write)
        for thread in drains:
            thread.join()
        os.close(ended_read)
    return code if code >= 0 else 128 - code


def _passes(number: int) -> bool:
    try:
        return stat.S_ISFIFO(os.fstat(number).st_mode) or os.isatty(number)
    except OSError:
        return False


def _feed(target: int, process: subprocess.Popen[bytes]) -> None:
    try:
        while data := os.read(0, 65536):
            while data:
                data = data[os.write(target, data) :]
    except OSError:
        pass
    finally:
        assert process.stdin is not None
        process.stdin.close()


def _drain(source: int, target: int, ended: int) -> None:
    """Copy until the pipe ends, or is empty once the process has (others may have inherited the pipe)."""
    poller = select.poll()
    poller.register(source, select.POLLIN)
    poller.register(ended, select.POLLHUP)
    while True:
        ready = dict(poller.poll())
        if source not in ready:
            return
        data = os.read(source, 65536)
        if not data:
            return
        while data:
            data = data[os.write(target, data) :]
