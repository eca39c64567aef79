"""The report of a check as SARIF 2.1.0: what code scanning and editors read.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html. One run of one tool; its rules are those that it
looks for. A result lies in the DLL, because a native module has no lines: where in it is a logical location (handler
and call into IIS), the address and the native stack.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pyiismod
from pyiismod.rules import RULES, Rule

if TYPE_CHECKING:
    from pyiismod.checking.report import Finding, Report

__all__ = ["sarif", "sarif_text"]

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def sarif_text(report: Report) -> str:
    """Return the document as text."""
    return json.dumps(sarif(report), indent=2) + "\n"


def sarif(report: Report) -> dict[str, Any]:
    """Return the document as JSON values."""
    rules = list(RULES.values())
    artifact: dict[str, Any] = {"location": {"uri": _uri(report.path)}, "roles": ["analysisTarget"]}
    if report.image is not None:
        artifact |= {"length": report.image.size, "hashes": {"sha-256": report.image.sha256}}
    run = {
        "tool": {
            "driver": {
                "name": "pyiismod",
                "version": pyiismod.__version__,
                "semanticVersion": pyiismod.__version__,
                "rules": [_rule(rule) for rule in rules],
            }
        },
        "artifacts": [artifact],
        "results": [_result(report, finding, rules.index(finding.rule)) for finding in report.findings],
        "invocations": [_invocation(report)],
        "columnKind": "utf16CodeUnits",
        "properties": {"level": report.level, "seed": report.seed, "seconds": round(report.seconds, 3)},
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "name": rule.name,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": f"{rule.title} {rule.why}"},
        "help": {"text": f"{rule.fix} (fact sheet {rule.fact})"},
        "defaultConfiguration": {"level": rule.severity},
    }


def _result(report: Report, finding: Finding, index: int) -> dict[str, Any]:
    where, rule = finding.where, finding.rule
    physical = {"artifactLocation": {"uri": _uri(report.path), "index": 0}}
    if where.address and "+0x" in where.address:
        physical["address"] = {"fullyQualifiedName": where.address}
    names = [name for name in (where.module, where.notification, where.call) if name]
    location: dict[str, Any] = {"physicalLocation": physical}
    if names:
        location["logicalLocations"] = [{"fullyQualifiedName": "/".join(names), "name": names[-1], "kind": "function"}]
    result: dict[str, Any] = {
        "ruleId": rule.id,
        "ruleIndex": index,
        "level": rule.severity,
        "kind": "fail",
        "message": {"text": f"{finding.text}\n{where}\nFix: {rule.fix}"},
        "locations": [location],
        "occurrenceCount": finding.count,
        "partialFingerprints": {"place/v1": "/".join((rule.id, *names, where.address or ""))},
    }
    if where.stack:
        frames = [
            {"location": {"physicalLocation": {"address": {"fullyQualifiedName": place}}}} for place in where.stack
        ]
        result["stacks"] = [{"message": {"text": "native stack, innermost first"}, "frames": frames}]
    return result


def _invocation(report: Report) -> dict[str, Any]:
    notes = [
        {"level": "error", "message": {"text": f"{phase.name}: {phase.text or 'failed'}"}} for phase in report.failed
    ]
    return {
        "executionSuccessful": True,
        "exitCode": report.exit_code,
        "toolExecutionNotifications": notes,
    }


def _uri(path: Path) -> str:
    """Return a relative path as a relative reference, an absolute one as a file URI."""
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
