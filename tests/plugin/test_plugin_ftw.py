"""FTW files as pytest items, against a small firewall."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

assert yaml  # its C part bears one import a process, and pytester forgets what its runs import

_FTW = """
meta: {enabled: true, name: script.yaml}
rule_id: 941100
tests:
  - test_id: 1
    desc: a script in the URL is blocked
    stages:
      - input: {uri: "/?a=<script>", headers: {Host: localhost}}
        output: {status: 403}
  - test_id: 2
    stages:
      - input: {method: POST, uri: /, headers: {Host: localhost}, data: "a=<script>"}
        output: {status: 403}
      - input: {uri: /, headers: {Host: localhost}}
        output: {status: 404}
  - test_id: 3
    desc: this one is wrong
    stages:
      - input: {uri: /, headers: {Host: localhost}}
        output: {status: 403}
"""


def test_a_firewall_is_tested(project: pytest.Pytester, dll: Callable[[str], Path]) -> None:
    project.mkdir("rules").joinpath("941100.yaml").write_text(_FTW)
    project.makeini(f"[pytest]\niismod_ftw = rules/*.yaml\niismod_dll = {dll('style_waf')}\n")
    result = project.runpytest_inprocess("-v")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*941100.yaml::941100-1 PASSED*",
            "*941100.yaml::941100-2 PASSED*",
            "*941100.yaml::941100-3 FAILED*",
            "this one is wrong",
            "the status is 404, expected was 403",
            "*- iismod: timeline -*",
        ]
    )


def test_without_a_module_there_is_nothing_to_test(project: pytest.Pytester) -> None:
    (project.path / "a.ftw.yaml").write_text(_FTW)
    result = project.runpytest_inprocess()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*FTW tests need a module: name one with --iismod-dll*"])
