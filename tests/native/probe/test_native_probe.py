"""The probe that records a real IIS, in our worker: its record is true, and of the form that comparisons rely on."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pyiismod import Server, runtime

FOLDER = Path(__file__).parents[3] / "native" / "probe"
HEAD = {"event", "notification", "post", "tick", "thread"}
ASKED = {"context", "request", "response", "variables", "provider"}

Record = dict[str, Any]


@pytest.fixture(scope="module")
def compare() -> ModuleType:
    spec = importlib.util.spec_from_file_location("compare", FOLDER / "compare.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def record(compare: ModuleType, windows: runtime.Runtime) -> Record:
    return compare.record(windows=windows)


def asked(record: Record) -> list[Record]:
    return [line for line in record["lines"] if line["event"] in ("notification", "completion")]


def shape(line: Record) -> dict[str, frozenset[str]]:
    return {key: frozenset(line[key]) for key in ("context", "request", "response", "variables")}


def test_every_line_has_the_same_form(record: Record) -> None:
    assert all(line.keys() >= HEAD for line in record["lines"])
    assert all(line.keys() == HEAD | ASKED for line in asked(record))
    first = asked(record)[0]
    assert all(shape(line) == shape(first) for line in asked(record))


def test_every_request_and_every_kind_of_line_is_there(compare: ModuleType, record: Record) -> None:
    names = [request["name"] for request in compare.requests()]
    assert [answer["name"] for answer in record["answers"]] == names
    assert {line["request"]["probe"] for line in asked(record)} == set(names)
    assert {line["event"] for line in record["lines"]} >= {"notification", "completion", "object", "call", "global"}
    objects = [line["notification"] for line in record["lines"] if line["event"] == "object"]
    assert objects[0] == "RegisterModule"
    assert objects[-1] == "FactoryTerminate"
    assert objects.count("GetHttpModule") == objects.count("Dispose") == objects.count("CleanupStoredContext")


@pytest.mark.parametrize("abi", ["", ".msvc"], ids=["mingw", "msvc"])
def test_the_record_is_what_happened(
    abi: str, server: Callable[..., Server], dll: Callable[[str], Path], windows: runtime.Runtime, tmp_path: Path
) -> None:
    """The module's own lines and the host's timeline tell the same."""
    file = tmp_path / "record.jsonl"
    iis = server(environment={"IISMOD_PROBE_FILE": windows.to_windows(file)})
    iis.load(dll(f"probe{abi}"))
    response = iis.post("/x?y", headers={"X-Probe": "one", "X-Probe-Read": "PostBeginRequest"}, content=b"123456")
    lines = [json.loads(line) for line in file.read_text(encoding="ascii").splitlines()]
    written = [f"On{'Post' * line['post']}{line['notification']}" for line in lines if line["event"] == "notification"]
    assert written == [e.method for e in response.trace.notifications if e.interface == "CHttpModule"]
    assert response.trace.violations == ()
    (read,) = (line for line in lines if line["notification"] == "ReadEntityBody")
    assert (read["result"], read["bytes"], read["remaining"]) == ("0x00000000", 4, 2)


def test_without_a_file_it_registers_nothing(server: Callable[..., Server], dll: Callable[[str], Path]) -> None:
    module = server().load(dll("probe"))
    registered = module.registration
    assert registered.request_notifications == registered.global_notifications == ()


def test_two_records_differ_in_nothing(compare: ModuleType, record: Record, windows: runtime.Runtime) -> None:
    assert list(compare.differences(record, compare.record(windows=windows))) == []


def test_another_answer_is_a_difference(compare: ModuleType, record: Record) -> None:
    other = json.loads(json.dumps(record))
    asked(other)[5]["context"]["last_if_finish"] = "otherwise"
    assert any("otherwise" in line for line in compare.differences(other, record))


def test_the_script_writes_the_same_document(record: Record) -> None:
    script = (FOLDER / "record.ps1").read_text(encoding="utf-8")
    about = re.search(r"\$about = \[ordered\] @\{(.*?)\n    \}", script, re.DOTALL)
    document = re.search(r"@\{ (format = 1; .*?) \} \|", script)
    assert about is not None
    assert document is not None
    assert re.findall(r"(\w+) +=", about[1]) == list(record["about"])
    assert re.findall(r"(\w+) =", document[1]) == list(record)
    assert "[ordered] @{ name = $request.name; status = [int] $status }" in script
