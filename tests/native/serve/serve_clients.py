"""``pyiismod serve`` in a process of its own, and curl."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Thread


class Serving:
    """One ``pyiismod serve``.

    Attributes:
        url: where it listens.
        lines: what it has printed so far.
    """

    def __init__(self, *arguments: str, cwd: Path) -> None:
        command = [sys.executable, "-m", "pyiismod", "serve", *arguments, "--port", "0"]
        environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONUNBUFFERED": "1"}
        self.lines: list[str] = []
        self._process = subprocess.Popen(
            command,
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
        assert self._process.stdout is not None
        self.url = ""
        for line in self._process.stdout:
            self.lines.append(line.rstrip("\n"))
            if line.startswith("Listening on "):
                self.url = line.split()[2]
                break
        assert self.url, self.lines
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line.rstrip("\n"))

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def log(self) -> str:
        return "\n".join(self.lines)

    def wait_for(self, text: str) -> None:
        """Wait until that was printed."""
        for _ in range(200):
            if text in self.log:
                return
            self._reader.join(0.05)
        raise AssertionError(f"{text!r} was not printed:\n{self.log}")

    def stop(self, number: int = signal.SIGINT) -> int:
        """Interrupt it, wait for its end, and return its exit code."""
        if self._process.poll() is None:
            self._process.send_signal(number)
        code = self._process.wait(60)
        self._reader.join(10)
        return code


def curl(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[bytes]:
    """Run curl."""
    command = ["curl", "--silent", "--show-error", "--max-time", "60", *arguments]
    return subprocess.run(command, capture_output=True, check=check, timeout=90)
