"""The report of a check as JUnit XML: a test case for each phase, and one for each finding.

The dialect is what CI servers agree on: ``testsuites``, ``testsuite``, ``testcase``, ``failure``, ``skipped``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from pyiismod.checking.report import FAILED, SKIPPED
from pyiismod.report.values import visible
from pyiismod.rules import ERROR

if TYPE_CHECKING:
    from pyiismod.checking.report import Finding, Phase, Report

__all__ = ["junit_text"]

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_text(report: Report) -> str:
    """Return the document. Errors are failures; warnings and notes pass, with their text as output."""
    cases = [_phase(report, phase) for phase in report.phases] + [_finding(report, each) for each in report.findings]
    counts = {
        "tests": str(len(cases)),
        "failures": str(sum(case.find("failure") is not None for case in cases)),
        "errors": "0",
        "skipped": str(sum(case.find("skipped") is not None for case in cases)),
        "time": f"{report.seconds:.3f}",
    }
    root = Element("testsuites", {"name": "pyiismod check", **counts})
    suite = SubElement(root, "testsuite", {"name": _clean(report.path.name), **counts})
    suite.extend(cases)
    indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{tostring(root, encoding="unicode")}\n'


def _case(report: Report, group: str, name: str, seconds: float) -> Element:
    return Element(
        "testcase", classname=_clean(f"{report.path.name}.{group}"), name=_clean(name), time=f"{seconds:.3f}"
    )


def _phase(report: Report, phase: Phase) -> Element:
    case = _case(report, phase.group, phase.name, phase.seconds)
    if phase.status == SKIPPED:
        SubElement(case, "skipped", message=_clean(phase.text))
    elif phase.status == FAILED:
        failure = SubElement(case, "failure", message=_clean(phase.text), type=_kind(phase))
        failure.text = _clean(str(phase.error) if phase.error else phase.text)
    return case


def _kind(phase: Phase) -> str:
    return type(phase.error).__name__ if phase.error else "Failed"


def _finding(report: Report, finding: Finding) -> Element:
    rule = finding.rule
    case = _case(report, "rules", f"{rule.id} {rule.name}: {finding.where}", 0.0)
    text = f"{finding.text}\nwhere: {finding.where}\nwhy: {rule.why}\nfix: {rule.fix}"
    if rule.severity == ERROR:
        failure = SubElement(case, "failure", message=_clean(f"{rule.id} {rule.title}"), type=rule.name)
        failure.text = _clean(text)
    else:
        SubElement(case, "system-out").text = _clean(f"{rule.severity}: {text}")
    return case


def _clean(text: str) -> str:
    """Return text without what XML cannot hold."""
    return _NO_XML.sub("\ufffd", visible(text))
