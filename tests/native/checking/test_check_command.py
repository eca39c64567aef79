"""``pyiismod check`` as people start it: the report, the documents, the exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import pytest

from pyiismod.runtime import Runtime


class Ran(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def check(windows: Runtime, tmp_path: Path) -> Callable[..., Ran]:
    """Run one command line in a process and a folder of its own."""

    def run(*arguments: str | Path, **environment: str) -> Ran:
        ended = subprocess.run(
            [sys.executable, "-m", "pyiismod", "check", *map(str, arguments)],
            env={**os.environ, "PYTHONIOENCODING": "utf-8", "COLUMNS": "100", **environment},
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=150,
        )
        return Ran(ended.returncode, ended.stdout.decode().replace("\r\n", "\n"), ended.stderr.decode())

    return run


def test_a_healthy_module_is_fine(check: Callable[..., Ran], dll: Callable[[str], Path]) -> None:
    ran = check(dll("hello.msvc"), "--level", "1")
    assert (ran.code, ran.err) == (0, "")
    assert "fine: " in ran.out
    assert "FAILED" not in ran.out


def test_what_failed_first_stands_in_a_frame_with_its_fix(
    check: Callable[..., Ran], dll: Callable[[str], Path]
) -> None:
    ran = check(dll("crash_read"), "--level", "1", "--github")
    assert ran.code == 1
    head, frame = ran.out.split("╭─ first request failed · IM060 crashes")
    assert "crash_read.dll" in head
    assert "access violation reading 0x18" in frame
    assert "Fix " in frame
    assert "crash_read.dll+0x" in frame
    assert "found wanting: " in frame
    commands = [line for line in ran.out.splitlines() if line.startswith("::")]
    assert commands[0].startswith("::error file=")
    assert "title=IM060 crashes::crash_read.dll crashed" in commands[0]


def test_the_documents(check: Callable[..., Ran], dll: Callable[[str], Path], tmp_path: Path) -> None:
    ran = check(dll("bad_cookies"), "--level", "1", "--json", "--junit", "j.xml", "--sarif", "s.json", "--seed", "9")
    document = json.loads(ran.out)
    assert (ran.code, ran.err) == (1, "")
    assert (document["outcome"], document["level"], document["seed"]) == ("wanting", 1, 9)
    finding = document["findings"][0]
    assert (finding["rule"], finding["severity"]) == ("IM028", "error")
    assert finding["where"]["call"] == "IHttpResponse::SetHeader"
    assert finding["where"]["notification"] == "OnSendResponse"
    assert finding["where"]["address"].startswith("bad_cookies.dll+0x")
    assert finding["where"]["stack"][0] == finding["where"]["address"]
    assert document["registration"]["request_notifications"] == ["RQ_SEND_RESPONSE"]
    assert {entry["dll"] for entry in document["imports"]} >= {"KERNEL32.dll"}
    root = ElementTree.parse(tmp_path / "j.xml").getroot()
    assert root.get("failures") == "1"
    results = json.loads((tmp_path / "s.json").read_text(encoding="utf-8"))["runs"][0]["results"]
    assert [result["ruleId"] for result in results] == ["IM028"]


def test_a_project_may_leave_a_rule_out(check: Callable[..., Ran], dll: Callable[[str], Path], tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.pyiismod]\nlevel = 1\nskip = ["merged-cookies"]\n')
    ran = check(dll("bad_cookies"), "--json")
    assert ran.code == 0
    assert json.loads(ran.out)["level"] == 1
    assert check(dll("bad_cookies"), "--only", "IM010").code == 0
    assert check(dll("crash_exit"), "--skip", "IM062").code == 0


@pytest.mark.parametrize(
    ("name", "phase", "texts"),
    [
        ("missing_dll", "imports", ("event 2280", "7E 00 00 00 (ERROR_MOD_NOT_FOUND)", "iismod_absent.dll", "Put ")),
        ("missing_indirect", "imports", ("companion_broken.dll -> iismod_absent.dll",)),
        ("missing_function", "imports", ("exports no CompanionGone", "7F 00 00 00 (ERROR_PROC_NOT_FOUND)")),
        ("missing_system_function", "imports", ("IismodNewerThanThisWindows", "GetProcAddress")),
        ("bad_debug_runtime", "imports", ("ucrtbased.dll", "debug", "Release")),
        ("no_export", "export", ("event 2295", "RegisterModule")),
        ("mangled_export", "export", ("event 2295", 'extern "C"')),
        ("decorated_export", "export", ("event 2295", "_RegisterModule@12")),
        ("isapi_filter", "export", ("ISAPI filter",)),
        ("managed", "PE", (".NET assembly", "web.config")),
        ("hello.x86", "architecture", ("AMD64", "bitness32")),
        ("hello.arm64", "architecture", ("ARM64",)),
        ("dllmain_false", "load", ("ERROR_DLL_INIT_FAILED", "2280")),
        ("dllmain_throws", "load", ("std::runtime_error", "Contoso is missing")),
        ("fail_register", "RegisterModule", ("event 2293", "0x80070005 E_ACCESSDENIED", "S_OK")),
    ],
)
def test_a_load_that_fails_is_explained(
    name: str, phase: str, texts: tuple[str, ...], dll: Callable[[str], Path], windows: Runtime
) -> None:
    """In IIS's own terms: event, data, what is missing, what to do."""
    import pyiismod

    report = pyiismod.check(dll(name))
    failed = report.failed[0]
    assert (failed.name, report.exit_code) == (phase, 1)
    said = str(failed.error)
    assert [text for text in texts if text not in said] == []
    order = [each.name for each in report.phases]
    assert order.index("file") < order.index(phase)
    assert {each.status for each in report.phases[order.index(phase) + 1 :]} == {"skipped"}
    assert {each.status for each in report.phases[: order.index(phase)]} == {"passed"}


def test_no_file(check: Callable[..., Ran], tmp_path: Path) -> None:
    ran = check("nothing.dll")
    assert ran.code == 1
    assert "file failed" in ran.out
    (tmp_path / "text.dll").write_text("no PE")
    assert "IM071" in check("text.dll").out


def test_a_gap_of_wines_is_told_apart(
    dll: Callable[[str], Path], windows: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What Wine lacks and Windows has is a note; the module is fine."""
    import pyiismod
    from pyiismod.server import Server

    gap = "Wine's kernel32.dll lacks X: This is a gap of Wine, not a fault of the module."
    load = Server.load

    def lacking(self: Server, path: Path) -> pyiismod.Module:
        module = load(self, path)
        module.warnings = (gap,)
        return module

    monkeypatch.setattr(Server, "load", lacking)
    report = pyiismod.check(dll("hello"), pyiismod.Options(level=1))
    assert report.is_fine
    assert gap in report.notes
    assert report.findings == []


def test_a_build_of_the_gnu_toolchain_is_said(dll: Callable[[str], Path], windows: Runtime) -> None:
    import pyiismod

    def notes(name: str) -> str:
        return " ".join(pyiismod.check(dll(name), pyiismod.Options(level=1)).notes)

    assert "GNU toolchain" in notes("hello")
    assert "GNU toolchain" not in notes("hello.msvc")


def test_the_neighbour_is_the_one_that_is_built(dll: Callable[[str], Path]) -> None:
    from pyiismod import checking

    shipped = Path(checking.__file__).with_name("neighbour.dll")
    assert shipped.read_bytes() == dll("neighbour").read_bytes(), f"cp {dll('neighbour')} {shipped}"
