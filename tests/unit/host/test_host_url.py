"""URLs as http.sys understands them (fact sheet 5.11, CookedUrl)."""

from __future__ import annotations

from urllib.parse import quote, quote_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyiismod.host.url import Url, canonical, resolved

segments = st.lists(st.sampled_from(["a", "b c", "..", ".", "", "...", "ü", "😀", "a.b"]), max_size=8)


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ("/", "/"),
        ("", "/"),
        ("/a/b", "/a/b"),
        ("/a/b/", "/a/b/"),
        ("/a//b", "/a//b"),
        ("/a/./b", "/a/b"),
        ("/a/../b", "/b"),
        ("/a/..", "/"),
        ("/a/b/..", "/a/"),
        ("/a/.", "/a/"),
        ("/../../../x", "/x"),
        ("/%2e%2e/x", "/x"),
        ("/a%2F..%2fb", "/b"),
        ("/a\\b", "/a/b"),
        ("/a%5c..%5Cb", "/b"),
        ("/%41%zz%4", "/A%zz%4"),
        ("/%e4%bd%a0", "/你"),
        ("/%f0%9f%98%80", "/😀"),
        ("/%e4", "/ä"),
        ("/\xe4", "/ä"),
        ("/a%3Fb", "/a?b"),
        ("/...", "/..."),
        ("/a%20b+c", "/a b+c"),
    ],
)
def test_canonical(raw: str, path: str) -> None:
    """Unescaped, read as UTF-8 or else as ANSI, backslashes made slashes, dot segments resolved."""
    assert canonical(raw) == path


@given(segments)
def test_nothing_leads_above_the_root(parts: list[str]) -> None:
    path = resolved("/" + "/".join(parts))
    assert path.startswith("/")
    assert not {".", ".."} & set(path.split("/"))


@given(segments)
def test_resolving_twice_changes_nothing(parts: list[str]) -> None:
    once = resolved("/" + "/".join(parts))
    assert resolved(once) == once


@given(segments)
def test_resolving_against_a_stack(parts: list[str]) -> None:
    """The rule again, walked from the other end: a segment stays unless more ".." than names follow it."""
    skip, kept = 0, []
    for part in reversed(parts):
        if part == "..":
            skip += 1
        elif part != "." and skip:
            skip -= 1
        elif part != ".":
            kept.append(part)
    kept.reverse()
    if parts and parts[-1] in (".", ".."):
        kept.append("")
    assert resolved("/" + "/".join(parts)) == "/" + "/".join(kept)


@given(segments)
def test_escaping_does_not_matter(parts: list[str]) -> None:
    plain = "/" + "/".join(parts)
    every_byte = "".join(f"%{b:02X}" for b in plain.encode())
    assert canonical(quote(plain)) == canonical(every_byte) == resolved(plain)


@given(st.binary(max_size=30))
def test_any_bytes_become_some_path(raw: bytes) -> None:
    assert canonical("/" + raw.decode("latin-1")).startswith("/")
    assert canonical("/" + quote_from_bytes(raw)).startswith("/")


@pytest.mark.parametrize(
    ("scheme", "authority", "host", "port"),
    [
        ("http", "example.org", "example.org", 80),
        ("https", "example.org", "example.org", 443),
        ("http", "example.org:8080", "example.org", 8080),
        ("http", "[::1]", "[::1]", 80),
        ("http", "[::1]:8080", "[::1]", 8080),
        ("https", "10.0.0.1:1", "10.0.0.1", 1),
    ],
)
def test_authority(scheme: str, authority: str, host: str, port: int) -> None:
    url = Url(scheme, authority, "/a%20b?q=%20#x")
    assert (url.host, url.port) == (host, port)
    assert url.full == f"{scheme}://{host}:{port}/a b?q=%20#x"
    assert (url.path, url.query, url.target) == ("/a b", "?q=%20#x", "/a%20b?q=%20#x")


@pytest.mark.parametrize(("target", "query"), [("/a", ""), ("/a?", "?"), ("/a?b?c", "?b?c")])
def test_the_query_begins_at_the_first_question_mark(target: str, query: str) -> None:
    assert Url("http", "h", target).query == query


@pytest.mark.parametrize(
    ("url", "absolute"),
    [
        ("/x", "http://h:1/x"),
        ("x?y", "http://h:1/d/x?y"),
        ("", "http://h:1/d/"),
        ("https://other/", "https://other/"),
        ("/x?u=http://y", "http://h:1/x?u=http://y"),
        ("x?u=http://y", "http://h:1/d/x?u=http://y"),
    ],
)
def test_absolute(url: str, absolute: str) -> None:
    assert Url("http", "h:1", "/d/p?q=/z/").absolute(url) == absolute


def test_another_target_on_the_same_origin() -> None:
    assert Url("http", "h:1", "/a?b").with_target("/c").full == "http://h:1/c"
