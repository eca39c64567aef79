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


def test_a_stack_shows_what_is_known_of_each_frame() -> None:
    frames = [
        {"module": "a.dll", "rva": 0x1234, "symbol": "f", "address": "0x1", "file": "a.cpp", "line": 7},
        {"module": "a.dll", "rva": 0x10, "symbol": None, "address": "0x2", "omitted": 5000},
        {"module": None, "rva": None, "symbol": None, "address": "0x3"},
    ]
    assert plain(errors.ModuleCrashed("x", details={"stack": frames})).splitlines()[2:] == [
        "native stack",
        "  #0  a.dll+0x1234  f  a.cpp:7",
        "  #1  a.dll+0x10",
        "      … 5,000 left out",
        "  #2  0x3",
    ]


def test_recursion_is_one_line() -> None:
    again = {"module": "a.dll", "rva": 1}
    frames = [again, again | {"omitted": 5000}, again, {"module": "a.dll", "rva": 2}]
    assert plain(errors.ModuleCrashed("x", details={"stack": frames})).splitlines()[3:] == [
        "  #0  a.dll+0x1  (5,003 times)",
        "  #3  a.dll+0x2",
    ]


def test_in_short_the_stack_ends_where_the_host_called_the_module() -> None:
    host = [{"module": "python311.dll", "rva": rva} for rva in range(20)]
    frames = [{"module": "ntdll.dll", "rva": 1}, {"module": "a.dll", "rva": 2}, *host]
    error = errors.ModuleCrashed("x", details={"module": "a.dll", "stack": frames})
    assert plain(error).splitlines()[3:] == ["  #0  ntdll.dll+0x1", "  #1  a.dll+0x2", "      … 20 more of the host"]
    assert plain(error, everything=True).splitlines()[-1] == "  #21  python311.dll+0x13"


def test_in_short_a_long_stack_is_cut() -> None:
    frames = [{"module": "a.dll", "rva": rva} for rva in range(20)]
    lines = plain(errors.ModuleCrashed("x", details={"module": "a.dll", "stack": frames})).splitlines()
    assert lines[-2:] == ["  #11  a.dll+0xb", "       …"]


def test_the_rest_is_shown_when_everything_is_asked_for() -> None:
    details = {
        "registers": {"rip": "0x1", "rsp": "0x2", "rbp": "0x3", "rax": "0x4"},
        "first_chance": ["first", "second"],
        "threads": [{"thread": 12, "phase": "OnBeginRequest", "stack": [{"module": "a.dll", "rva": 1}]}],
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
        "thread 12, in OnBeginRequest",
        "  #0  a.dll+0x1",
        *always,
    ]
