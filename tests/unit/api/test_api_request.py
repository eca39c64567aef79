"""What the user asks for becomes one command, or is refused with the reason, before anything runs."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyiismod.errors import UsageError
from pyiismod.host.url import Url
from pyiismod.request import build


def split(url: str) -> tuple[str, str, str]:
    fire = build("GET", url)
    return fire.scheme, fire.authority, fire.target


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("/", ("http", "localhost", "/")),
        ("/a?b=c", ("http", "localhost", "/a?b=c")),
        ("http://example.org", ("http", "example.org", "/")),
        ("HTTP://Example.ORG/A", ("http", "Example.ORG", "/A")),
        ("https://example.org?x", ("https", "example.org", "/?x")),
        ("https://example.org:8443/a", ("https", "example.org:8443", "/a")),
        ("http://example.org:/a", ("http", "example.org", "/a")),
        ("http://user:secret@example.org:81/", ("http", "example.org:81", "/")),
        ("http://[::1]/x", ("http", "[::1]", "/x")),
        ("http://[::1]:8080/x", ("http", "[::1]:8080", "/x")),
        ("http://bücher.example/", ("http", "xn--bcher-kva.example", "/")),
        ("http://bücher:8080/", ("http", "xn--bcher-kva:8080", "/")),
        ("/ä b", ("http", "localhost", "/%C3%A4%20b")),
        ("/%41%zz%", ("http", "localhost", "/%41%zz%")),
        ("/a/../b", ("http", "localhost", "/a/../b")),
        ("//two", ("http", "localhost", "//two")),
        ("/a#fragment", ("http", "localhost", "/a")),
        ("/a?b#c?d", ("http", "localhost", "/a?b")),
        ('/"<>\\^`{|}', ("http", "localhost", '/"<>\\^`{|}')),
        ("/\udcff", ("http", "localhost", "/%FF")),
    ],
)
def test_urls(url: str, expected: tuple[str, str, str]) -> None:
    """The target goes out as it was written, but for what no request line can hold; a byte of argv stays a byte."""
    assert split(url) == expected


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "neither an http"),
        ("example.org/x", "neither an http"),
        ("ftp://example.org/", "neither an http"),
        ("http:///x", "names no host"),
        ("http://:80/", "names no host"),
        ("http://[::1/", "is not a URL"),
        ("http://example.org:99999/", "is not a URL"),
        ("http://example.org:x/", "is not a URL"),
        ("http://a b/", "is no host"),
        ("http://a\\b/", "is no host"),
        ("http://ü..example/", "is no host"),
        ("http://" + "ü" * 70 + "/", "is no host"),
        ("/a\nb", "control characters"),
        ("/a\x00", "control characters"),
        ("/\ud800", "lone surrogate"),
        ("/" + "a" * 32768, "32767"),
        ("http://example.org/" + "%41" * 11000, "32767"),
    ],
)
def test_urls_that_cannot_be(url: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        build("GET", url)


def test_the_longest_url_fits_into_the_cooked_one() -> None:
    """CookedUrl counts bytes of UTF-16 in a USHORT: 32767 characters, origin and port included."""
    origin = len("http://localhost:80")
    target = "/" + "a" * (32767 - origin - 1)
    assert build("GET", target).target == target
    with pytest.raises(UsageError, match="32767"):
        build("GET", target + "a")


@pytest.mark.parametrize("method", ["GET", "get", "PROPFIND", "X-Y", "!#$%&'*+-.^_`|~", "M" * 65535])
def test_methods(method: str) -> None:
    assert build(method, "/").method == method


@pytest.mark.parametrize("method", ["", " ", "GET ", "G T", "GET\r\n", "GÉT", "(", "M" * 65536])
def test_methods_that_cannot_be(method: str) -> None:
    with pytest.raises(UsageError, match="HTTP method"):
        build(method, "/")


# --- headers


def test_host_is_added_in_front_and_follows_a_given_one() -> None:
    assert build("GET", "http://example.org:81/", headers={"X": "1"}).headers == [
        ("Host", "example.org:81"),
        ("X", "1"),
    ]
    fire = build("GET", "http://example.org:81/", headers=[("X", "1"), ("hOST", "other:82")])
    assert (fire.headers, fire.authority, fire.local) == (
        [("X", "1"), ("hOST", "other:82")],
        "other:82",
        ("127.0.0.1", 82),
    )


def test_content_length_is_added_when_there_is_content() -> None:
    assert ("Content-Length", "3") in build("POST", "/", content="äb").headers
    assert ("Content-Length", "0") in build("POST", "/", content=b"").headers
    assert build("POST", "/").headers == [("Host", "localhost")]
    for name in ("content-length", "Transfer-Encoding"):
        assert [n for n, _ in build("POST", "/", content=b"x", headers={name: "9"}).headers] == ["Host", name]


def test_values_are_trimmed_and_latin_1_or_the_bytes_of_utf_8() -> None:
    lines = {"A": "  a b\t", "B": "é", "C": "你é", "D": "", "E": "a\tb", "F": "\udcff"}
    headers = dict(build("GET", "/", headers=lines).headers)
    assert headers["A"] == "a b"
    assert headers["B"] == "é"
    assert headers["C"].encode("latin-1") == "你é".encode()
    assert (headers["D"], headers["E"]) == ("", "a\tb")
    assert headers["F"].encode("latin-1") == b"\xff"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("", "v", "is not a header name"),
        ("X:", "v", "is not a header name"),
        ("X Y", "v", "is not a header name"),
        ("Ü", "v", "is not a header name"),
        ("X\r\nY", "v", "is not a header name"),
        ("X" * 65536, "v", "65536 bytes"),
        ("X", "v" * 65536, "65536 bytes"),
        ("X", "ü" * 30000 + "你" * 2000, "66000 bytes"),
        ("X", "a\nb", "control characters"),
        ("X", "a\rb", "control characters"),
        ("X", "a\0b", "control characters"),
        ("X", "\ud800", "lone surrogate"),
        ("Host", "a:99999", "is no host"),
        ("Host", "a b", "is no host"),
    ],
)
def test_headers_that_cannot_be(name: str, value: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        build("GET", "/", headers=[(name, value)])


def test_repeated_headers_are_joined_on_the_other_side_and_must_fit_there() -> None:
    build("GET", "/", headers=[("Accept", "a" * 32766), ("accept", "b" * 32767)])
    with pytest.raises(UsageError, match="65536 bytes"):
        build("GET", "/", headers=[("Accept", "a" * 32767), ("accept", "b" * 32767)])


def test_there_are_at_most_65535_lines() -> None:
    with pytest.raises(UsageError, match="65536 header lines"):
        build("GET", "/", headers=[(f"X-{i}", "") for i in range(65535)])


@pytest.mark.parametrize("pairs", [{"A": "1", "B": "2"}, [("A", "1"), ("B", "2")], iter([("A", "1"), ("B", "2")])])
def test_headers_are_a_mapping_or_pairs(pairs: Any) -> None:
    assert build("GET", "/", headers=pairs).headers[1:] == [("A", "1"), ("B", "2")]


# --- body and addresses


@pytest.mark.parametrize(("content", "body"), [(None, b""), (b"\0\xff", b"\0\xff"), ("ä", b"\xc3\xa4"), ("", b"")])
def test_content(content: bytes | str | None, body: bytes) -> None:
    assert build("POST", "/", content=content).body == body


def test_content_that_is_no_text() -> None:
    with pytest.raises(UsageError, match="lone surrogate"):
        build("POST", "/", content="a\ud800")


@pytest.mark.parametrize(
    ("url", "remote", "local"),
    [
        ("/", ("127.0.0.1", 50000), ("127.0.0.1", 80)),
        ("https://h/", ("10.0.0.1", 1), ("127.0.0.1", 443)),
        ("http://h:8080/", ("2001:db8::1", 65535), ("::1", 8080)),
        ("http://[::1]/", ("127.0.0.1", 0), ("127.0.0.1", 80)),
    ],
)
def test_addresses(url: str, remote: tuple[str, int], local: tuple[str, int]) -> None:
    fire = build("GET", url, remote=remote)
    assert (fire.remote, fire.local) == (remote, local)


@pytest.mark.parametrize(
    "remote", [("localhost", 1), ("", 1), ("1.2.3", 1), ("fe80::1%eth0", 1), ("1.2.3.4", 65536), ("1.2.3.4", -1)]
)
def test_addresses_that_cannot_be(remote: tuple[str, int]) -> None:
    with pytest.raises(UsageError, match="no client address"):
        build("GET", "/", remote=remote)


# --- round trips


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60))
def test_any_path_survives(path: str) -> None:
    """The bytes of UTF-8, escaped or not; the host decodes what was meant."""
    fire = build("GET", "/" + path)
    before = path.partition("#")[0].partition("?")[0]
    assert fire.target.isascii()
    assert " " not in fire.target
    assert unquote_to_bytes(fire.target.partition("?")[0]) == unquote_to_bytes("/" + before)
    Url(fire.scheme, fire.authority, fire.target)


@given(st.text(max_size=40), st.sampled_from(["/", "http://", "http://h/", "https://h:1/?"]))
def test_any_text_is_a_url_or_a_usage_error(text: str, before: str) -> None:
    try:
        fire = build("GET", before + text)
    except UsageError:
        return
    assert fire.target.startswith("/")
    assert fire.target.isascii()
    assert fire.authority.isascii()
    Url(fire.scheme, fire.authority, fire.target)


@given(st.lists(st.tuples(st.text(max_size=12), st.text(max_size=20)), max_size=6))
def test_any_headers_are_lines_or_a_usage_error(lines: list[tuple[str, str]]) -> None:
    try:
        fire = build("GET", "/", headers=lines)
    except UsageError:
        return
    for name, value in fire.headers:
        assert name.isascii()
        value.encode("latin-1")
        assert not set(value) & {"\r", "\n", "\0"}


def test_connections_and_certificates() -> None:
    fire = build("GET", "/", connection="one", certificate=b"\x30\x82")
    assert (fire.connection, fire.certificate) == ("one", b"\x30\x82")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"connection": 1}, "1 is no name of a connection"),
        ({"connection": None}, "None is no name of a connection"),
        ({"certificate": "PEM"}, "bytes in DER, not str"),
    ],
)
def test_connections_and_certificates_that_cannot_be(options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        build("GET", "/", **options)
