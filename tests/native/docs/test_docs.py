"""The pages of the documentation do what they say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from docs_pages import ROOT, Reader, steps

from pyiismod.runtime import Runtime

DOCS = ROOT / "docs"
EXECUTED = (
    "tutorial.md",
    "pytest.md",
    "http-clients.md",
    "replay.md",
    "reports.md",
    "how-to/auth-module.md",
    "how-to/rewriting-module.md",
    "how-to/async-handlers.md",
)


@pytest.mark.parametrize("page", EXECUTED)
def test_the_page_does_what_it_says(windows: Runtime, tmp_path: Path, page: str) -> None:
    reader, found = Reader(tmp_path), steps(DOCS / page)
    assert found
    for step in found:
        try:
            reader.do(step)
        except AssertionError as error:
            raise AssertionError(f"docs/{page} line {step.line}: {error}") from None


@pytest.mark.parametrize("page", sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")))
def test_links_lead_somewhere(page: str) -> None:
    text = (DOCS / page).read_text("utf-8")
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        if "://" not in target:
            assert ((DOCS / page).parent / target).exists(), target
