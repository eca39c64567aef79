"""An inspection as SARIF 2.1.0, for code scanning. https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pyiismod
from pyiismod.inspection.findings import KINDS

if TYPE_CHECKING:
    from pyiismod.inspection.inspector import Inspection

__all__ = ["inspection_sarif"]


def inspection_sarif(inspection: Inspection) -> dict[str, Any]:
    """Return the log of one run with a result for each finding; the file is the location, for there are no lines."""
    used = list(dict.fromkeys(finding.id for finding in inspection.findings))
    path = Path(inspection.file.path)
    uri = path.as_uri() if path.is_absolute() else quote(path.as_posix())
    artifact: dict[str, Any] = {"location": {"uri": uri}, "length": inspection.file.size}
    artifact["hashes"] = {"sha-256": inspection.file.sha256}
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "pyiismod inspect",
                        "semanticVersion": pyiismod.__version__,
                        "rules": [_rule(name) for name in used],
                    }
                },
                "artifacts": [artifact],
                "results": [
                    {
                        "ruleId": finding.id,
                        "ruleIndex": used.index(finding.id),
                        "level": finding.level,
                        "message": {"text": finding.text},
                        "locations": [{"physicalLocation": {"artifactLocation": {"uri": uri, "index": 0}}}],
                        "properties": {"evidence": list(finding.evidence), "section": finding.section},
                    }
                    for finding in inspection.findings
                ],
            }
        ],
    }


def _rule(name: str) -> dict[str, Any]:
    kind = KINDS[name]
    return {
        "id": name,
        "shortDescription": {"text": f"{kind.title}."},
        "help": {"text": kind.help},
        "defaultConfiguration": {"level": kind.level},
        "properties": {"section": kind.section},
    }
