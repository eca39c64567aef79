"""Findings and failed phases as workflow commands of GitHub Actions: annotations beside the run.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiismod.report.values import visible
from pyiismod.rules import ERROR, NOTE, WARNING

if TYPE_CHECKING:
    from pyiismod.checking.report import Report

__all__ = ["github_lines"]

_COMMANDS = {ERROR: "error", WARNING: "warning", NOTE: "notice"}


def github_lines(report: Report) -> list[str]:
    """Return one command a line: the findings, then phases that failed without one."""
    file = str(report.path).replace("\\", "/")
    told = {finding.text for finding in report.findings}
    found = [
        _command(
            _COMMANDS[each.rule.severity],
            file,
            f"{each.rule.id} {each.rule.name}",
            f"{each.text}\n{each.where}\nFix: {each.rule.fix}",
        )
        for each in report.findings
    ]
    failed = [
        _command("error", file, f"{phase.name} failed", str(phase.error) if phase.error else phase.text)
        for phase in report.failed
        if phase.text not in told
    ]
    return found + failed


def _command(kind: str, file: str, title: str, text: str) -> str:
    return f"::{kind} file={_property(file)},title={_property(title)}::{_data(text)}"


def _data(text: str) -> str:
    return visible(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
