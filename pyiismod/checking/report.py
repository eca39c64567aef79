"""What a check found, as plain data: phases in the order of a module's life, and findings by rule.

A *phase* passes or fails by what the module does there; a *finding* is one rule broken at one place, however often. A
module is found wanting when a phase failed or a finding is an error.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pyiismod.errors import PyiismodError
from pyiismod.inspection import Image
from pyiismod.module import Registration
from pyiismod.rules import ERROR, NOTE, WARNING, Rule

__all__ = ["FAILED", "PASSED", "SEVERITIES", "SKIPPED", "Finding", "Import", "Phase", "Report", "Slope", "Where"]

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"

SEVERITIES = (ERROR, WARNING, NOTE)
"""The worst one first."""


@dataclass(frozen=True, kw_only=True)
class Where:
    """Where something happened; what is not known is None or empty.

    Attributes:
        phase: the phase of the check, ``"request GET /"``.
        module: file name of the DLL.
        notification: the handler's name, ``"OnBeginRequest"``.
        call: the call into the host, ``"IHttpResponse::SetHeader"``.
        address: ``"module.dll+0x1234"``, the instruction or the return address in the module.
        stack: such addresses, innermost first.
    """

    phase: str
    module: str = ""
    notification: str | None = None
    call: str | None = None
    address: str | None = None
    stack: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return it in words: ``"m.dll, OnBeginRequest, IHttpResponse::SetHeader, m.dll+0x1234, in request GET /"``."""
        parts = (self.module, self.notification, self.call, self.address, f"in {self.phase}")
        return ", ".join(part for part in parts if part)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "phase": self.phase,
            "module": self.module or None,
            "notification": self.notification,
            "call": self.call,
            "address": self.address,
            "stack": list(self.stack),
        }


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One rule that was broken at one place.

    Attributes:
        rule: which.
        text: what happened there, in words.
        where: where it happened first.
        count: how often it happened there.
        details: more of it as JSON values, such as the crash.
    """

    rule: Rule
    text: str
    where: Where
    count: int = 1
    details: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "rule": self.rule.id,
            "name": self.rule.name,
            "severity": self.rule.severity,
            "title": self.rule.title,
            "text": self.text,
            "where": self.where.as_dict(),
            "count": self.count,
            "why": self.rule.why,
            "fix": self.rule.fix,
            "fact": self.rule.fact,
            "details": self.details,
        }


@dataclass(frozen=True, kw_only=True)
class Import:
    """A DLL that the module needs, judged by its name: what Wine has built in says nothing about a server.

    Attributes:
        dll: as the file spells it.
        kind: ``"windows"``, ``"api_set"``, ``"ucrt"``, ``"vcredist"``, ``"debug_crt"``, …, or ``"unknown"``.
        text: what it is, in words.
        functions: how many functions or ordinals it is wanted for.
        delayed: whether only a call needs it.
    """

    dll: str
    kind: str
    text: str
    functions: int
    delayed: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "dll": self.dll,
            "kind": self.kind,
            "text": self.text,
            "functions": self.functions,
            "delayed": self.delayed,
        }


@dataclass(frozen=True, kw_only=True)
class Phase:
    """One step of the check.

    Attributes:
        name: ``"file"``, ``"imports"``, ``"RegisterModule"``, ``"request GET /"``, …
        group: what it belongs to: ``"load"``, ``"requests"``, ``"process"``, ``"leaks"`` or ``"end"``.
        status: :data:`PASSED`, :data:`FAILED` or :data:`SKIPPED`.
        seconds: how long it took.
        text: what was seen; why it failed or was skipped.
        error: the failure, with its explanation and its fix.
    """

    name: str
    group: str
    status: str
    seconds: float = 0.0
    text: str = ""
    error: PyiismodError | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "name": self.name,
            "group": self.group,
            "status": self.status,
            "seconds": round(self.seconds, 6),
            "text": self.text,
            "error": self.error.as_dict() if self.error else None,
        }


@dataclass(frozen=True, kw_only=True)
class Slope:
    """How something grows from request to request.

    Attributes:
        what: ``"private bytes"``, ``"heap blocks"``, ``"handles"``, ``"threads"``, ``"module objects"``, …
        per_request: the slope.
        error: half the width of its 99 % confidence interval.
        requests: over how many it was measured.
        grows: whether it is a leak: sure, and large enough to matter.
    """

    what: str
    per_request: float
    error: float
    requests: int
    grows: bool

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "what": self.what,
            "per_request": self.per_request,
            "error": self.error,
            "requests": self.requests,
            "grows": self.grows,
        }


@dataclass(kw_only=True)
class Report:
    """What one check found.

    Attributes:
        path: the module.
        level: how thorough it was, 1 to 10.
        seed: of everything that was drawn.
        image: what the file says about itself; None when it is no PE file.
        imports: what it needs.
        registration: what it registered; None when it did not come so far.
        phases: in the order of the module's life.
        findings: the worst first, and among equals in the order of discovery.
        slopes: what was measured for leaks.
        notes: what the user should know besides, such as functions that only Wine lacks.
        refused: calls that the host does not serve, as ``"Interface::Method"``.
        seconds: how long all of it took.
    """

    path: Path
    level: int
    seed: int
    image: Image | None = None
    imports: list[Import] = field(default_factory=list)
    registration: Registration | None = None
    phases: list[Phase] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    slopes: list[Slope] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def failed(self) -> tuple[Phase, ...]:
        """The phases that failed; what failed first explains the others."""
        return tuple(phase for phase in self.phases if phase.status == FAILED)

    @property
    def is_fine(self) -> bool:
        """Whether nothing failed and no finding is an error."""
        return not self.failed and not self.of(ERROR)

    @property
    def exit_code(self) -> int:
        """0 fine, 1 found wanting, and what an error that is not the module's asks for: 2 or 3."""
        own = [p.error.exit_code for p in self.failed if p.error is not None and p.error.exit_code > 1]
        return max(own, default=0 if self.is_fine else 1)

    def of(self, severity: str) -> tuple[Finding, ...]:
        """Return the findings of one severity."""
        return tuple(finding for finding in self.findings if finding.rule.severity == severity)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON values: what ``check --json`` prints."""
        registration = self.registration
        return {
            "outcome": "fine" if self.is_fine else "wanting",
            "module": str(self.path),
            "sha256": self.image.sha256 if self.image else None,
            "architecture": self.image.architecture if self.image else None,
            "level": self.level,
            "seed": self.seed,
            "seconds": round(self.seconds, 3),
            "imports": [each.as_dict() for each in self.imports],
            "registration": registration
            and {
                "request_notifications": list(registration.request_notifications),
                "post_notifications": list(registration.post_notifications),
                "global_notifications": list(registration.global_notifications),
                "priorities": registration.priorities,
            },
            "phases": [phase.as_dict() for phase in self.phases],
            "findings": [finding.as_dict() for finding in self.findings],
            "slopes": [slope.as_dict() for slope in self.slopes],
            "notes": self.notes,
            "refused": self.refused,
        }
