"""The page: one file that loads nothing, and data that cannot leave its place."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from report_runs import REQUEST, completed

from pyiismod import report
from pyiismod.errors import ModuleCrashed, UsageError
from pyiismod.report import Run, page
from pyiismod.response import Response
from pyiismod.rules import RULES


def document(run: Run) -> dict[str, Any]:
    (text,) = re.findall(r'<script type="application/json" id="run">(.*?)</script>', page(run), re.DOTALL)
    return json.loads(text)


def test_it_loads_nothing() -> None:
    text = page(completed())
    assert "default-src 'none'" in text
    assert re.findall(r"\b(?:src|href)\s*=", text) == []
    assert re.findall(r"@import|url\(", text) == []


def test_no_mark_is_left() -> None:
    assert re.findall(r"/\*(?:style|timeline|script|run)\*/", page(completed())) == []


def test_text_of_a_module_ends_no_script() -> None:
    assert page(completed()).count("</script>") == page(Run()).count("</script>") == 2
    assert document(completed())["response"]["body"] == "no </script><b>"


def test_what_happened_is_in_it() -> None:
    found = document(completed())
    assert found["request"]["method"] == "POST"
    assert found["when"] == "2026-09-21 14:13:20 UTC"
    assert found["response"]["line"] == "HTTP/1.1 403 Forbidden (substatus 1001)"
    assert [module["priorities"] for module in found["modules"]] == [{"RQ_BEGIN_REQUEST": "FIRST"}]
    (violation,) = found["violations"]
    expected = {"rule": "IM014", "text": "Flush was started too early", "stack": ["a.dll+0x1234"], "at": 8}
    assert violation.items() >= expected.items()
    assert violation["fix"] == RULES["IM014"].fix
    assert found["spans"][8]["k"] == "violation"
    assert found["output"] == "printed\n"
    assert [span["x"] for span in found["spans"] if "x" in span] == ["refused"]


def test_a_failure_is_in_it() -> None:
    frame = {"module": "a.dll", "rva": 0x1234, "address": "0x1"}
    crash = ModuleCrashed("crashed", hint="mend it", details={"module": "a.dll", "stack": [frame], "host_calls": ["X"]})
    found = document(completed(response=None, error=crash))["error"]
    assert (found["type"], found["hint"], found["calls"]) == ("ModuleCrashed", "mend it", ["X"])
    assert found["stack"] == [["#0", "a.dll+0x1234", True]]


def test_a_long_body_is_cut_and_says_so() -> None:
    run = completed()
    assert run.response is not None
    run.response.content = b"x" * 30_000
    found = document(run)["response"]
    assert (len(found["body"]), found["is_cut"], found["size"]) == (20_000, True, "30,000 bytes")


# --- files


@pytest.mark.parametrize(
    ("name", "start"), [("a.json", "{"), ("a.XML", "<?xml"), ("a.html", "<!DOCTYPE"), ("a.htm", "<!DOCTYPE")]
)
def test_the_ending_says_which_report(name: str, start: str, tmp_path: Path) -> None:
    report.write(tmp_path / name, completed())
    assert (tmp_path / name).read_text("utf-8").startswith(start)


def test_a_response_is_enough(tmp_path: Path) -> None:
    run = completed()
    assert isinstance(run.response, Response)
    report.write(tmp_path / "a.json", run.response)
    written = json.loads((tmp_path / "a.json").read_text("utf-8"))["traceEvents"]
    assert len([e for e in written if e["ph"] in "Xi"]) == len(REQUEST)


@pytest.mark.parametrize("name", ["report", "report.txt", "report.html.gz"])
def test_an_ending_that_says_nothing(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="what kind of report") as caught:
        report.write(tmp_path / name, completed())
    assert ".html for a page" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Cannot write the report"):
        report.write(tmp_path / "no" / "a.html", completed())


def test_every_name_of_the_package_is_there() -> None:
    assert all(getattr(report, name) for name in report.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = report.nonsense
