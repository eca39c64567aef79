"""Reports of a real run; the page in a real browser.

``python tests/native/report/test_native_report.py`` takes the picture in docs/.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import pyiismod
from pyiismod import report
from pyiismod.runtime import Runtime

ROOT = Path(__file__).parents[3]
BROWSERS = ("chromium", "google-chrome", "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe")
MODULES = ("style_apm", "style_waf", "bad_two_operations")


def chromium(url: str, profile: Path, *options: str) -> str:
    """Open a page without a window and without a network, and return what the options make it print."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert browser, "no browser; run: make .build/browser"
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", *quiet, f"--user-data-dir={profile}"]
    ended = subprocess.run(
        [*command, "--virtual-time-budget=4000", *options, url], capture_output=True, timeout=100, check=True
    )
    return ended.stdout.decode("utf-8", "replace")


def make_reports(folder: Path) -> subprocess.CompletedProcess[str]:
    first, *others = (ROOT / "fixtures" / f"{name}.dll" for name in MODULES)
    command = [sys.executable, "-m", "pyiismod", "run", str(first), "POST", "http://localhost/upload?x=1", "-d", "a=b"]
    command += [word for other in others for word in ("--module", str(other))]
    command += [word for name in ("r.html", "r.json", "fr000001.xml") for word in ("--report", str(folder / name))]
    return subprocess.run(command, capture_output=True, text=True, timeout=150, check=True)


@pytest.fixture(scope="module")
def reports(windows: Runtime, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reports")
    assert make_reports(folder).stdout.startswith("HTTP/1.1 200")
    return folder


@pytest.fixture(scope="module")
def dom(reports: Path) -> str:
    """The page after its script has run, with an event chosen by its address."""
    events = json.loads(re.findall(r'id="run">(.*?)</script>', (reports / "r.html").read_text("utf-8"), re.DOTALL)[0])
    chosen = events["violations"][0]["at"]
    return chromium(f"{(reports / 'r.html').as_uri()}#event={chosen}", reports / "profile", "--dump-dom")


def test_the_page_draws_everything_without_an_error(reports: Path, dom: str) -> None:
    assert re.search(r"<html[^>]*data-error", dom) is None
    ready = re.search(r'<html[^>]*data-ready="(\d+)"', dom)
    drawn = re.search(r'<canvas id="lanes"[^>]*data-drawn="(\d+)"', dom)
    assert ready
    assert int(ready[1]) > 50
    assert drawn
    assert int(drawn[1]) >= 1


def test_the_page_lists_handlers_and_calls(dom: str) -> None:
    for name in ("OnBeginRequest", "OnAsyncCompletion", "IHttpResponse::Flush", "RQ_NOTIFICATION_FINISH_REQUEST"):
        assert f">{name}<" in dom


def test_the_page_shows_response_violation_and_output(dom: str) -> None:
    assert ">HTTP/1.1 200 OK<" in dom
    assert ">IM014<" in dom
    assert re.search(r">» apm: POST [^<]* 200 \d+ notifications<", dom)


def test_an_address_chooses_an_event(dom: str) -> None:
    assert len(re.findall(r'<tr id="event-\d+" class="violation chosen"', dom)) == 1
    assert re.search(r'<div id="selected" class="selected"><b class="mono">IM014 ', dom)


def test_an_address_filters_events(reports: Path) -> None:
    dom = chromium(
        f"{(reports / 'r.html').as_uri()}#filter=style_waf%20GetHttpModule", reports / "profile", "--dump-dom"
    )
    assert len(re.findall(r'<tr id="event-', dom)) == 1
    assert re.search(r'id="count">1 of \d+<', dom)


def test_the_perfetto_trace_nests_calls_in_handlers(reports: Path) -> None:
    events = json.loads((reports / "r.json").read_text("utf-8"))["traceEvents"]
    slices = [e for e in events if e["ph"] == "X"]
    handler = next(e for e in slices if e["name"] == "OnExecuteRequestHandler")
    flush = next(e for e in slices if e["name"] == "IHttpResponse::Flush")
    assert handler["tid"] == flush["tid"] == 0
    assert handler["ts"] < flush["ts"] < flush["ts"] + flush["dur"] < handler["ts"] + handler["dur"]
    assert {e["tid"] for e in slices if e["name"] == "OnAsyncCompletion"} != {0}


def test_the_failed_request_trace_has_what_iis_would_write(reports: Path) -> None:
    text = (reports / "fr000001.xml").read_text("utf-8")
    names = re.findall(r"<Opcode>([A-Z_]+)</Opcode>", text)
    assert names[0] == "GENERAL_REQUEST_START"
    assert names[-1] == "GENERAL_REQUEST_END"
    starts = names.count("NOTIFY_MODULE_START") + names.count("NOTIFY_MODULE_COMPLETION")
    assert starts == names.count("NOTIFY_MODULE_END") >= 8


def test_a_response_and_a_server_can_be_written(server: Callable, dll: Callable, tmp_path: Path) -> None:
    iis: pyiismod.Server = server()
    iis.load(dll("hello"))
    response = iis.get("/hello?x=1")
    assert response.request is not None
    assert response.request.url == "http://localhost/hello?x=1"
    report.write(tmp_path / "one.html", response)
    report.write(tmp_path / "all.html", iis)
    with iis.stream("GET", "/streamed") as stream:
        stream.read()
    report.write(tmp_path / "stream.html", stream)
    assert "OnBeginRequest" in (tmp_path / "stream.html").read_text("utf-8")
    one, everything = ((tmp_path / name).read_text("utf-8") for name in ("one.html", "all.html"))
    assert "OnBeginRequest" in one
    assert "LoadLibrary" not in one.partition('id="run">')[2].partition("</script>")[0]
    assert "LoadLibrary" in everything.partition('id="run">')[2].partition("</script>")[0]


if __name__ == "__main__":
    here = ROOT / ".build" / "picture"
    here.mkdir(parents=True, exist_ok=True)
    for _ in range(20):  # a picture of modules at work, not of a machine that was busy with something else
        make_reports(here)
        slices = json.loads((here / "r.json").read_text("utf-8"))["traceEvents"]
        if max(e.get("dur", 0) for e in slices if e.get("cat", "").startswith("request")) < 1200:
            break
    picture = f"--screenshot={ROOT / 'docs' / 'report.png'}"
    os.chdir(here)
    chromium((here / "r.html").as_uri(), here / "profile", "--hide-scrollbars", "--window-size=1400,960", picture)
