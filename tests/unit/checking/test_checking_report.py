"""The report for people."""

from __future__ import annotations

import io

from rich.console import Console

from pyiismod.checking import Report
from pyiismod.report.check import check_report


def painted(report: Report, width: int = 100, *, everything: bool = False) -> str:
    page = io.StringIO()
    Console(file=page, width=width, markup=False, emoji=False).print(check_report(report, everything=everything))
    return page.getvalue()


def test_what_failed_first_is_framed_and_everything_else_is_there(report: Report) -> None:
    text = painted(report)
    assert "request <&> failed · IM060 crashes" in text
    assert text.index("leaks") < text.index("╭─") < text.index("warning IM018 blocks") < text.index("found wanting")
    assert "Look at it." in text
    assert "note: called and not served by this host: IHttpServer::GetAdminManager" in text
    assert "1 phase passed, 1 failed, 1 error, 1 warning, 1 note" in text
    assert "+1.000" in text


def test_text_of_modules_does_not_control_the_terminal(report: Report) -> None:
    assert "\x1b" not in painted(report)
    assert "\x00" not in painted(report, everything=True)


def test_a_narrow_terminal_loses_nothing(report: Report) -> None:
    text = painted(report, 40)
    assert "IM018" in text
    assert max(map(len, text.splitlines())) <= 40
