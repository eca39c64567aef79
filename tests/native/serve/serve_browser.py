"""Chromium without a window, on loopback only."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

_QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run", "--disable-default-apps", "--disable-domain-reliability", "--no-pings"),
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


def browse(url: str, *arguments: str, profile: Path) -> bytes:
    """Open a page, wait until it has settled, and return what was asked for on standard output."""
    chromium = shutil.which("chromium")
    assert chromium is not None, "there is no chromium; run: make .build/clients"
    command = [chromium, *_QUIET, f"--user-data-dir={profile}", "--virtual-time-budget=10000", *arguments, url]
    return subprocess.run(command, capture_output=True, check=True, timeout=120).stdout
