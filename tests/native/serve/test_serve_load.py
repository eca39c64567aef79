"""64 connections at once: no request fails, and nothing is left of them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from time import sleep

from serve_clients import Serving


def test_no_request_fails_and_nothing_stays(serve: Callable[..., Serving]) -> None:
    serving = serve("hello")
    load(serving.url, 2)
    before = resident(serving.pid)
    files = settled_files(serving.pid)
    said = load(serving.url, 4)
    after = resident(serving.pid)

    done = re.search(r"(\d+) requests in", said)
    assert done is not None
    assert int(done[1]) > 64
    assert "Socket errors" not in said
    assert "Non-2xx" not in said
    assert after - before < 16 << 20
    assert settled_files(serving.pid) <= files + 1
    assert serving.stop() == 0
    assert len([line for line in serving.lines if "GET /  200  11 bytes" in line]) >= int(done[1])


def load(url: str, seconds: int) -> str:
    """Have wrk send as much as it can, and return what it says."""
    command = ["wrk", "-t1", "-c64", f"-d{seconds}s", "--timeout", "20s", url]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def settled_files(pid: int) -> int:
    """Return how many files a process has open, once the connections that wrk has left are closed."""
    counts = [len(list(Path(f"/proc/{pid}/fd").iterdir()))]
    while len(counts) < 5 or len(set(counts[-5:])) > 1:
        assert len(counts) < 100
        sleep(0.2)
        counts.append(len(list(Path(f"/proc/{pid}/fd").iterdir())))
    return counts[-1]


def resident(pid: int) -> int:
    """Return the bytes of memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024
