"""Every error has a title and a text; what is not known is left out."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from pyiismod import errors
from pyiismod.errors import PyiismodError
from pyiismod.report.failure import failure, failure_panel, title

KINDS = [getattr(errors, name) for name in errors.__all__]


def plain(error: PyiismodError, **options: bool) -> str:
    console = Console(file=io.StringIO(), width=100, color_system=None)
    console.print(failure(error, **options))
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_can_be_shown(kind: type[PyiismodError]) -> None:
    error = kind("What happened.", hint="Do this.", details={"module": "a.dll"})
    assert plain(error) == "What happened.\n\nFix: Do this."
    console = Console(file=io.StringIO(), width=60, color_system=None)
    console.print(failure_panel(error))
    assert f"─ {title(error)} ─" in console.file.getvalue()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (errors.UsageError("x"), "wrong usage"),
        (errors.RuntimeMissing("x"), "there is no runtime to run modules with"),
        (errors.RuntimeInstallError("x"), "the runtime could not be installed"),
        (errors.WorkerError("x"), "pyiismod itself failed"),
        (errors.MissingFunction("x", details={"module": "a.dll"}), "a.dll did not load"),
        (errors.ModuleCrashed("x", details={"module": "a.dll", "phase": "Terminate"}), "a.dll crashed in Terminate"),
        (
            errors.ModuleHung(
                "x", details={"module": "a.dll", "phase": "notification", "notification": "OnPostLogRequest"}
            ),
            "a.dll hung in OnPostLogRequest",
        ),
        (errors.ModuleExited("x", details={"module": "a.dll", "phase": "DllMain"}), "a.dll exited in DllMain"),
        (errors.ModuleCrashed("x"), "the module crashed"),
    ],
)
def test_titles(error: PyiismodError, words: str) -> None:
    assert title(error) == words


def test_our_own_failure_asks_for_a_report() -> None:
    assert "Please report it" in plain(errors.WorkerError("x"))
    assert "Please report it" not in plain(errors.ModuleError("x"))


def test_a_crash_shows_what_and_where() -> None:
    details = {
        "module": "a.dll",
        "code": 0xC0000005,
        "code_name": "STATUS_ACCESS_VIOLATION",
        "address": "a.dll+0x10",
        "stack": [{"module": "a.dll", "rva": 0x10}, {"module": "python311.dll", "rva": 1}],
        "host_calls": [f"IHttpContext::Call{number}" for number in range(7)],
    }
    assert plain(errors.ModuleCrashed("x", details=details)).splitlines() == [
        "x",
        "",
        "exception  0xC0000005 STATUS_ACCESS_VIOLATION",
        "address    a.dll+0x10",
        "",
        "native stack",
        "  #0  a.dll+0x10",
        "      … 1 more below",
        "",
        "last calls into the host",
        *(f"  IHttpContext::Call{number}" for number in range(2, 7)),
    ]


def test_the_rest_is_shown_when_everything_is_asked_for() -> None:
    details = {
        "registers": {"rip": "0x1", "rsp": "0x2", "rbp": "0x3", "rax": "0x4"},
        "first_chance": ["first", "second"],
        "thread": 11,
        "threads": [
            {"thread": 11, "phase": "OnBeginRequest", "stack": [{"module": "a.dll", "rva": 0}]},
            {"thread": 12, "phase": "OnLogRequest", "stack": [{"module": "a.dll", "rva": 1}]},
        ],
        "debug_output": ["said\n", "more"],
        "output": "printed\x1b\n",
    }
    error = errors.ModuleHung("x", details=details)
    always = ["", "OutputDebugString", "  said", "  more", "", "standard output and error", "  printed\\x1b"]
    assert plain(error).splitlines() == ["x", *always]
    assert plain(error, everything=True).splitlines() == [
        "x",
        "",
        "registers",
        "     rip 0x1      rsp 0x2      rbp 0x3",
        "     rax 0x4",
        "",
        "exceptions that were raised, the last one last",
        "  first",
        "  second",
        "",
        "thread 12, in OnLogRequest",
        "  #0  a.dll+0x1",
        *always,
    ]
