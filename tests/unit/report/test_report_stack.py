"""Native stacks as lines."""

from __future__ import annotations

from pyiismod.report.stack import Row, stack_in_short, stack_rows

MODULE = {"module": "a.dll", "rva": 1}
HOST = [{"module": "python311.dll", "rva": rva} for rva in range(20)]


def rows(found: list[Row]) -> list[tuple[str, str]]:
    return [(row.number, row.text) for row in found]


def test_what_is_known_of_each_frame() -> None:
    frames = [
        {"module": "a.dll", "rva": 0x1234, "symbol": "f", "address": "0x1", "file": "a.cpp", "line": 7},
        {"module": "a.dll", "rva": 0x10, "symbol": None, "address": "0x2", "omitted": 5000},
        {"module": None, "rva": None, "symbol": None, "address": "0x3"},
        {"module": "\x1b", "rva": 1},
    ]
    assert rows(stack_rows(frames, "a.dll")) == [
        ("#0", "a.dll+0x1234  f  a.cpp:7"),
        ("#1", "a.dll+0x10"),
        ("", "… 5,000 left out"),
        ("#2", "0x3"),
        ("#3", "\\x1b+0x1"),
    ]


def test_recursion_is_one_line() -> None:
    frames = [MODULE, MODULE | {"omitted": 5000}, MODULE, {"module": "a.dll", "rva": 2}]
    assert rows(stack_rows(frames, "a.dll")) == [("#0", "a.dll+0x1  (5,003 times)"), ("#3", "a.dll+0x2")]


def test_in_short_it_ends_where_the_host_called_the_module() -> None:
    frames = [{"module": "ntdll.dll", "rva": 1}, MODULE, *HOST]
    assert rows(stack_in_short(frames, "a.dll")) == [
        ("#0", "ntdll.dll+0x1"),
        ("#1", "a.dll+0x1"),
        ("", "… 20 more below"),
    ]


def test_in_short_the_module_is_seen_below_a_host_that_failed() -> None:
    assert rows(stack_in_short([*HOST, MODULE, *HOST], "a.dll")) == [
        ("#0", "python311.dll+0x0"),
        ("#1", "python311.dll+0x1"),
        ("#2", "python311.dll+0x2"),
        ("", "… 17 more"),
        ("#20", "a.dll+0x1"),
        ("", "… 20 more below"),
    ]


def test_in_short_without_the_module_it_is_cut() -> None:
    shown = rows(stack_in_short(HOST, None))
    assert len(shown) == 13
    assert shown[-1] == ("", "… 8 more")


def test_the_frames_of_the_module_are_known() -> None:
    assert [row.own for row in stack_rows([*HOST[:2], MODULE], "a.dll")] == [False, False, True]
    assert not any(row.own for row in stack_rows([{"module": None}], None))
