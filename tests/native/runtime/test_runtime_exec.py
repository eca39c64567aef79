"""``pyiismod exec``: the Windows Python behaves as a Python at this shell."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import pyiismod as package

Command = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.usefixtures("windows")


def test_regular_files_and_devices_as_streams(pyiismod: Command, tmp_path: Path) -> None:
    """Wine 8 itself gives CPython unusable handles for these."""
    source, target, errors = tmp_path / "in", tmp_path / "out", tmp_path / "err"
    source.write_bytes(b"0123456789" * 50_000)
    code = (
        "import sys; b = sys.stdin.buffer.read(); sys.stdout.buffer.write(b[::-1]); print(file=sys.stderr); sys.exit(7)"
    )
    with source.open() as stdin, target.open("w") as stdout, errors.open("w") as stderr:
        done = pyiismod("exec", "--", "-c", code, stdin=stdin, stdout=stdout, stderr=stderr)
    assert done.returncode == 7
    assert target.read_bytes() == source.read_bytes()[::-1]
    assert errors.read_text() == "\n"
    with Path("/dev/null").open("r+") as null, target.open("w") as stdout:
        done = pyiismod("exec", "--", "-c", "print(len(input.__doc__) > 0)", stdin=null, stdout=stdout, stderr=null)
    assert (done.returncode, target.read_text().strip()) == (0, "True")


def test_a_closed_stream(pyiismod: Command) -> None:
    done = pyiismod(
        "exec", "--", "-c", "import sys; print(sys.stdin.read())", stdin=None, preexec_fn=lambda: os.close(0)
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "", "")


def test_input_that_nobody_reads(pyiismod: Command, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(bytes(5_000_000))
    with (tmp_path / "in").open() as stdin:
        assert pyiismod("exec", "--", "-c", "pass", stdin=stdin).returncode == 0


@pytest.mark.parametrize(
    "argument", ["", "a b", 'say "hi"', "back\\slash\\", 'mixed \\" one', "größe 模块", "100%", "^&|"]
)
def test_arguments_arrive_as_they_are(argument: str, pyiismod: Command) -> None:
    done = pyiismod("exec", "--", "-c", "import sys; print(ascii(sys.argv))", argument, "end")
    assert done.stdout.strip() == ascii(["-c", argument, "end"])


def test_a_script_finds_its_neighbours(pyiismod: Command, tmp_path: Path) -> None:
    folder = tmp_path / "my größe"
    folder.mkdir()
    (folder / "neighbour.py").write_text("value = 42\n")
    (folder / "script.py").write_text("import sys, neighbour\nprint(neighbour.value, sys.argv[1:], __name__)\n")
    for script, directory in (
        (str(folder / "script.py"), "/"),
        ("script.py", folder),
        ("my größe/script.py", tmp_path),
    ):
        done = pyiismod("exec", "--", script, "x", cwd=directory)
        assert (done.stdout.strip(), done.stderr) == ("42 ['x'] __main__", "")
    done = pyiismod("exec", "--", "-m", "script", cwd=folder)
    assert done.stdout.strip() == "42 [] __main__"
    assert not (folder / "__pycache__").exists()


def test_pytest_runs_there(pyiismod: Command, tmp_path: Path) -> None:
    (tmp_path / "test_there.py").write_text(
        "import sys\ndef test_windows(): assert sys.platform == 'win32'\ndef test_wrong(): assert 6 * 9 == 42\n"
    )
    done = pyiismod("exec", "--", "-m", "pytest", "-p", "no:cacheprovider", "-q", ".", cwd=tmp_path)
    assert done.returncode == 1
    assert "1 failed, 1 passed" in done.stdout
    assert "assert (6 * 9) == 42" in done.stdout, "assertions are rewritten there too"


LIBRARY = """
import asyncio, ast, bz2, concurrent.futures, csv, ctypes, dataclasses, datetime, decimal, dis, email.message
import fractions, hashlib, html, http.client, inspect, ipaddress, json, logging.config, lzma, multiprocessing, opcode
import pathlib, pickle, platform, queue, random, re, secrets, selectors, shutil, socket, sqlite3, ssl, statistics
import struct, subprocess, tempfile, threading, tomllib, traceback, typing, unicodedata, unittest.mock, urllib.request
import uuid, winreg, xml.sax, xml.etree.ElementTree, zipfile, zlib, zoneinfo, _sre, _opcode
assert re._compiler.MAGIC == _sre.MAGIC
assert _opcode.stack_effect(opcode.opmap["NOP"]) == 0
assert asyncio.run(asyncio.sleep(0, "slept")) == "slept"
assert sqlite3.connect(":memory:").execute("select 6 * 7").fetchone() == (42,)
assert ssl.create_default_context().check_hostname
assert decimal.Decimal("0.1") * 3 == decimal.Decimal("0.3")
assert hashlib.sha256(b"").hexdigest().startswith("e3b0c442")
assert subprocess.run([__import__("sys").executable, "-c", "import json; print(json.dumps(7))"],
                      stdin=subprocess.PIPE, capture_output=True).stdout == b"7\\r\\n"
print("all of it")
"""


def test_the_standard_library_works(pyiismod: Command) -> None:
    """Its Python files and its extension modules are of different patch levels."""
    done = pyiismod("exec", "--", "-c", LIBRARY)
    assert (done.stdout.strip(), done.stderr) == ("all of it", "")


def test_pyiismod_and_its_sources_are_there(pyiismod: Command) -> None:
    code = """
import inspect, json, traceback, cffi, msgspec, pyiismod, pyiismod.errors
try:
    json.loads("{")
except ValueError:
    text = traceback.format_exc()
print(json.dumps([pyiismod.__file__, inspect.getsource(pyiismod.errors)[:30], text, cffi.__file__, msgspec.__file__]))
"""
    file, source, text, *packages = json.loads(pyiismod("exec", "--", "-c", code).stdout)
    root = Path(package.__file__).parent
    assert file == "Z:" + str(root / "__init__.py").replace("/", "\\")
    assert (root / "errors.py").read_text().startswith(source)
    assert "self.scan_once(s, idx)" in text
    assert all("\\site\\" in path and "site-packages" not in path for path in packages)


def test_a_terminal_stays_one() -> None:
    code = "import sys; print(sys.stdin.isatty(), input('ready?')[::-1])"
    command = [sys.executable, "-m", "pyiismod", "exec", "--", "-c", code]
    child, terminal = pty.fork()
    if child == 0:
        os.execv(command[0], command)
    shown, deadline = b"", time.monotonic() + 60
    while b"desrever" not in shown and time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.5)[0]:
            shown += os.read(terminal, 4096)
        elif b"ready?" in shown:  # typed again until Wine's console listens
            os.write(terminal, b"reversed\r")
    os.close(terminal)
    os.waitpid(child, 0)
    assert b"True desrever" in shown


def test_ctrl_c_ends_it() -> None:
    code = "import time; print('started', flush=True); time.sleep(600)"
    process = subprocess.Popen(
        [sys.executable, "-m", "pyiismod", "exec", "--", "-c", code],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline().strip() == b"started"
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(30) != 0
        assert process.stdout.read() == b"", "the pipe has no other holder: nothing is left of it"
