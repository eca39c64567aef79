"""Running the Windows Python: with this process's standard streams (what ``pyiismod exec`` does), or for its answer.

Wine 8 gives a program whose standard handle is a regular file or a device a handle that CPython refuses. So every
stream that is no pipe is replaced by one, which a thread feeds or drains; only a terminal on all three is passed on.
"""

from __future__ import annotations

import contextlib
import os
import select
import stat
import subprocess
import sys
import threading
from collections.abc import Sequence

from pyiismod.runtime.interpreter import Runtime

__all__ = ["run_briefly", "run_python"]

_BLOCK = 1 << 16
_SOON = 60


def run_briefly(command: Sequence[str], env: dict[str, str]) -> tuple[int, str, str]:
    """Run a command that ends soon; return its exit code and what it wrote to standard output and standard error."""
    try:
        done = subprocess.run(
            command, env=env, input="", capture_output=True, text=True, errors="replace", timeout=_SOON, check=False
        )
    except subprocess.TimeoutExpired:
        return -1, "", f"no answer in {_SOON} s"
    return done.returncode, done.stdout.strip(), done.stderr.strip()


def run_python(runtime: Runtime, args: Sequence[str]) -> int:
    """Run the Windows Python with ``args`` and return its exit code (128 + number if a signal ended it).

    Modules of pyiismod can be imported there, and so can pure Python packages (pytest) of this environment. Plugins
    of pytest are loaded only with ``-p``, for one that needs an extension module of this side (Hypothesis) would fail.
    """
    env = runtime.environment()
    if not runtime.needs_wine:
        return subprocess.run(runtime.command(*args), env=env, check=False).returncode
    runtime.warm_up()
    packages = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    env["PYIISMOD_EXEC"] = ";".join(runtime.to_windows(path) for path in packages)
    env.setdefault("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    terminal = all(os.isatty(number) for number in range(3))
    stdin, stdout, stderr = (None if terminal or _is_pipe(number) else subprocess.PIPE for number in range(3))
    process = subprocess.Popen(runtime.command(*args), env=env, stdin=stdin, stdout=stdout, stderr=stderr, bufsize=0)
    if process.stdin is not None:
        threading.Thread(target=_feed, args=(os.dup(process.stdin.fileno()),), daemon=True).start()
        process.stdin.close()
    ended, end = os.pipe()
    drains = [
        threading.Thread(target=_drain, args=(pipe.fileno(), number, ended))
        for number, pipe in ((1, process.stdout), (2, process.stderr))
        if pipe is not None
    ]
    for drain in drains:
        drain.start()
    try:
        code = process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            process.wait()
        os.close(end)
        for drain in drains:
            drain.join()
        os.close(ended)
    return code if code >= 0 else 128 - code


def _is_pipe(number: int) -> bool:
    try:
        return stat.S_ISFIFO(os.fstat(number).st_mode)
    except OSError:  # closed
        return False


def _feed(target: int) -> None:
    """Copy our standard input until it ends, or until nobody reads any more."""
    with contextlib.suppress(OSError):
        while data := os.read(0, _BLOCK):
            _write(target, data)
    os.close(target)


def _drain(source: int, target: int, ended: int) -> None:
    """Copy until the pipe ends, or is empty after ``ended`` has been closed (others may have inherited the pipe)."""
    assert sys.platform != "win32"
    poll = select.poll()
    poll.register(source, select.POLLIN)
    poll.register(ended, 0)
    while any(ready == source for ready, _ in poll.poll()):
        data = os.read(source, _BLOCK)
        if not data:
            return
        _write(target, data)


def _write(target: int, data: bytes) -> None:
    while data:
        data = data[os.write(target, data) :]
