"""Single values as text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyiismod.report.values import arguments, duration, outcome, size, visible


@pytest.mark.parametrize(
    ("us", "text"),
    [
        (0, "0 µs"),
        (0.4, "0 µs"),
        (41.2, "41 µs"),
        (999.4, "999 µs"),
        (999.5, "1.0 ms"),
        (1500, "1.5 ms"),
        (999_400, "999.4 ms"),
        (999_500, "1.0 s"),
        (61_000_000, "61.0 s"),
    ],
)
def test_duration(us: float, text: str) -> None:
    assert duration(us) == text


@pytest.mark.parametrize(("count", "text"), [(0, "0 bytes"), (1, "1 byte"), (10_000_000, "10,000,000 bytes")])
def test_size(count: int, text: str) -> None:
    assert size(count) == text


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("pszHeaderValue", "text", '"text"'),
        ("ppszValue", None, "NULL"),
        ("pszValue", 'a"\\\r\n\t\x1b', '"a\\"\\\\\\r\\n\\t\\x1b"'),
        ("pszValue", "x" * 200, '"' + "x" * 160 + '…" (200 characters)'),
        ("ulHeaderIndex", "Content-Type", "Content-Type"),
        ("pModuleFactory", "IHttpModuleFactory", "IHttpModuleFactory"),
        ("dwRequestNotifications", ["RQ_BEGIN_REQUEST", "RQ_LOG_REQUEST"], "RQ_BEGIN_REQUEST | RQ_LOG_REQUEST"),
        ("dwPostRequestNotifications", [], "0"),
        ("dwServerVersion", 0xA0000, "0x000A0000"),
        ("fReplace", True, "TRUE"),
        ("fReplace", False, "FALSE"),
        ("cbBytes", 1, "1"),
    ],
)
def test_arguments(name: str, value: Any, text: str) -> None:
    assert arguments({name: value}) == f"{name}={text}"


@pytest.mark.parametrize(
    ("args", "text"),
    [
        ({"pszValue": "ab", "cchValue": 2, "fReplace": True}, 'pszValue="ab", fReplace=TRUE'),
        ({"pszValue": "ab", "cchValue": 3}, 'pszValue="ab", cchValue=3'),
        ({"pszValue": None, "cchValue": 0}, "pszValue=NULL, cchValue=0"),
        ({"cchValue": 2}, "cchValue=2"),
        ({}, ""),
    ],
)
def test_a_length_is_shown_where_it_tells_something(args: dict[str, Any], text: str) -> None:
    assert arguments(args) == text


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ("S_OK", "S_OK"),
        ("0x8ABCDEF0", "0x8ABCDEF0"),
        ("RQ_NOTIFICATION_CONTINUE", "RQ_NOTIFICATION_CONTINUE"),
        ("IHttpResponse", "IHttpResponse"),
        ("text/html", '"text/html"'),
        ("", '""'),
        (7, "7"),
        (True, "TRUE"),
    ],
)
def test_outcome(result: Any, text: str) -> None:
    assert outcome(result) == text


@given(st.text(st.characters(), max_size=50))
def test_visible_text_is_harmless_and_can_be_encoded(text: str) -> None:
    shown = visible(text)
    shown.encode("utf-8")
    assert all(char in "\n\t" or char.isprintable() or ord(char) > 0x9F for char in shown)


def test_ordinary_text_stays() -> None:
    assert visible("grüße, 世界\tx\ny") == "grüße, 世界\tx\ny"
