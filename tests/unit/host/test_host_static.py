"""The content behind the modules: static files as IIS answers for them. RFC 9110 says the rest."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nativecall import CONTINUE, Host, Native, response_of

from pyiismod.host.dates import http_date, unix_time
from pyiismod.host.incoming import Outgoing
from pyiismod.host.mimemap import TYPES, type_of
from pyiismod.host.names import is_hidden, is_plain

TEN = b"0123456789"
WRITTEN = 1_700_000_000
LAST_MODIFIED = "Tue, 14 Nov 2023 22:13:20 GMT"
EARLIER, LATER = "Tue, 14 Nov 2023 22:13:19 GMT", "Tue, 14 Nov 2023 22:13:21 GMT"
BIG = 300_000
"""More than IIS holds in memory: the file goes by its handle."""

Ask = Callable[..., Outgoing]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "ten.txt").write_bytes(TEN)
    (tmp_path / "big.bin").write_bytes(TEN * (BIG // 10))
    (tmp_path / "empty.css").write_bytes(b"")
    (tmp_path / "noext").write_bytes(b"x")
    (tmp_path / "secret.cfg").write_bytes(b"x")
    (tmp_path / "web.config").write_bytes(b"x")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "a.txt").write_bytes(b"x")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.html").write_bytes(b"<p>docs")
    (tmp_path / "docs" / "Default.htm").write_bytes(b"<p>first")
    (tmp_path / "plain").mkdir()
    for file in tmp_path.rglob("*"):
        os.utime(file, (WRITTEN, WRITTEN))
    return tmp_path


@pytest.fixture
def ask(root: Path) -> Ask:
    host = Host(root=str(root))

    def fire(target: str, method: str = "GET", **headers: str) -> Outgoing:
        lines = [(name.replace("_", "-"), value) for name, value in headers.items()]
        outgoing = host.fire(method, target, headers=lines)
        assert host.timeline.faults == []
        assert host.violations == []
        return outgoing

    return fire


def body(outgoing: Outgoing) -> bytes:
    return b"".join(outgoing.body)


def header(outgoing: Outgoing, name: str) -> str | None:
    return dict(outgoing.headers).get(name)


def etag(ask: Ask, target: str = "/ten.txt") -> str:
    return header(ask(target), "ETag") or ""


# --- which file


def test_a_file(ask: Ask) -> None:
    outgoing = ask("/ten.txt")
    assert (outgoing.status, body(outgoing)) == (200, TEN)
    known = ("Content-Type", "Last-Modified", "Accept-Ranges", "Content-Length")
    assert [header(outgoing, name) for name in known] == ["text/plain", LAST_MODIFIED, "bytes", "10"]
    assert (header(outgoing, "ETag") or "").startswith('"')


def test_a_file_that_is_not_held_in_memory(ask: Ask) -> None:
    outgoing = ask("/big.bin")
    assert (outgoing.status, outgoing.size, header(outgoing, "Content-Length")) == (200, BIG, str(BIG))


@pytest.mark.parametrize(
    ("target", "status", "substatus"),
    [
        ("/none.txt", 404, 0),
        ("/none/none.txt", 404, 0),
        ("/noext", 404, 3),
        ("/secret.cfg", 404, 3),
        ("/ten.txt/", 404, 0),
        ("/plain/", 403, 14),
        ("/", 403, 14),
        ("/web.config", 404, 8),
        ("/WEB.Config", 404, 8),
        ("/bin/a.txt", 404, 8),
        ("/" + "x" * 5000 + ".txt", 404, 0),
        ("/../../../etc/passwd", 404, 0),
        ("/%2e%2e%5c%2e%2e/etc/passwd", 404, 0),
        ("/docs/..%5c..%5cten.txt", 200, 0),
    ],
)
def test_what_is_not_given(target: str, status: int, substatus: int, ask: Ask) -> None:
    outgoing = ask(target)
    assert (outgoing.status, outgoing.substatus) == (status, substatus)


@pytest.mark.parametrize(
    "name",
    [
        *("ten.txt.", "ten.txt ", "ten.txt...", "ten.txt::$DATA", "ten.txt:stream", "ten.txt\0", "ten.txt\0.html"),
        *("nul", "NUL.txt", "con", "Con .txt", "aux.c.d", "com1", "COM9.html", "lpt\u00b3", "CONIN$", "clock$"),
        *("ten?.txt", "*.txt", "te<n.txt", 'ten".txt', "t|n.txt", "ten.txt\x1f"),
    ],
)
def test_odd_names(name: str, ask: Ask) -> None:
    """None of them may open a file or a device."""
    from urllib.parse import quote

    for target in (f"/{quote(name)}", f"/{quote(name)}/ten.txt", f"/docs/{quote(name)}"):
        outgoing = ask(target)
        assert (outgoing.status, outgoing.substatus) == (404, 0), target
    assert not is_plain(f"/{name}")


@pytest.mark.parametrize(
    "name", ["ten.txt", "console", "nullable.txt", "com", "com10", "lptx", ".hidden", "a~b", "ä ö"]
)
def test_plain_names(name: str) -> None:
    assert is_plain(f"/{name}/x")
    assert not is_hidden(f"/{name}/x")


def test_a_short_name_is_no_name(ask: Ask, root: Path) -> None:
    (root / "real~1.txt").write_bytes(b"real")
    assert body(ask("/real~1.txt")) == b"real"
    assert ask("/secret~1.txt").status == 404


def test_default_documents_in_the_order_of_the_settings(ask: Ask, root: Path) -> None:
    assert body(ask("/docs/")) == b"<p>first"
    host = Host(root=str(root), default_documents=("none.htm", "index.html"))
    assert body(host.fire("GET", "/docs/")) == b"<p>docs"


@pytest.mark.parametrize(
    ("target", "location"),
    [("/docs", "/docs/"), ("/docs?a=b/c", "/docs/?a=b/c"), ("/x/../docs", "/x/../docs/"), ("//docs", "//docs/")],
)
def test_a_folder_without_its_slash(target: str, location: str, ask: Ask) -> None:
    outgoing = ask(target)
    assert (outgoing.status, outgoing.reason) == (301, "Moved Permanently")
    assert header(outgoing, "Location") == f"http://localhost{location}"
    assert f'<a HREF="http://localhost{location}">'.encode() in body(outgoing)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "PROPFIND"])
@pytest.mark.parametrize(("target", "status"), [("/ten.txt", 405), ("/docs/", 405), ("/docs", 405), ("/none.txt", 404)])
def test_other_methods(method: str, target: str, status: int, ask: Ask) -> None:
    outgoing = ask(target, method)
    assert outgoing.status == status
    assert header(outgoing, "Allow") == ("GET, HEAD, OPTIONS, TRACE" if status == 405 else None)


def test_options_and_trace(ask: Ask) -> None:
    outgoing = ask("/ten.txt", "OPTIONS")
    assert (outgoing.status, body(outgoing), header(outgoing, "Content-Length")) == (200, b"", "0")
    assert header(outgoing, "Allow") == header(outgoing, "Public") == "OPTIONS, TRACE, GET, HEAD, POST"
    assert ask("/ten.txt", "TRACE").status == 501


def test_head(ask: Ask) -> None:
    for target, size in (("/ten.txt", 10), ("/big.bin", BIG)):
        outgoing = ask(target, "HEAD", Range="bytes=0-1")
        assert (outgoing.status, body(outgoing), header(outgoing, "Content-Length")) == (200, b"", str(size))


def test_a_file_that_changes(ask: Ask, root: Path) -> None:
    before = etag(ask)
    (root / "ten.txt").write_bytes(b"changed")
    assert body(ask("/ten.txt")) == b"changed"
    assert etag(ask) != before


def test_a_file_that_may_not_be_read(ask: Ask, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError

    monkeypatch.setattr(Path, "read_bytes", refuse)
    outgoing = ask("/ten.txt")
    assert (outgoing.status, outgoing.substatus) == (401, 3)


def test_a_module_sees_the_file_before_it_is_sent(root: Path) -> None:
    """A big one is a chunk with a file's handle, as with StaticFileModule."""
    host = Host(root=str(root))
    seen: list[tuple[int, int]] = []

    def send(context: Native, provider: Native) -> int:
        raw = response_of(context).GetRawHttpResponse_mutable()
        chunk = raw.pEntityChunks[0]
        seen.append((raw.EntityChunkCount, chunk.DataChunkType))
        return CONTINUE

    host.load("a", {"OnSendResponse": send})
    host.fire("GET", "/ten.txt")
    host.fire("GET", "/big.bin")
    assert seen == [(1, 0), (1, 1)]


# --- conditions


def test_if_none_match(ask: Ask) -> None:
    tag = etag(ask)
    for value in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        outgoing = ask("/ten.txt", If_None_Match=value)
        assert (outgoing.status, body(outgoing), header(outgoing, "Content-Length")) == (304, b"", None), value
        assert (header(outgoing, "ETag"), header(outgoing, "Last-Modified")) == (tag, LAST_MODIFIED)
        assert header(outgoing, "Content-Type") is None
    assert ask("/ten.txt", If_None_Match='"x"', If_Modified_Since=LATER).status == 200


@pytest.mark.parametrize(
    ("value", "status"),
    [
        (LAST_MODIFIED, 304),
        (LATER, 304),
        (EARLIER, 200),
        ("Tuesday, 14-Nov-23 22:13:20 GMT", 304),
        ("Tue Nov 14 22:13:20 2023", 304),
        (f"{LAST_MODIFIED}; length=10", 304),
        ("yesterday", 200),
        ("", 200),
    ],
)
def test_if_modified_since(value: str, status: int, ask: Ask) -> None:
    assert ask("/ten.txt", If_Modified_Since=value).status == status


def test_preconditions(ask: Ask) -> None:
    tag = etag(ask)
    assert [ask("/ten.txt", If_Match=value).status for value in (tag, "*", '"x"', f"W/{tag}")] == [200, 200, 412, 412]
    assert [ask("/ten.txt", If_Unmodified_Since=date).status for date in (EARLIER, LAST_MODIFIED)] == [412, 200]


# --- ranges


@pytest.mark.parametrize(
    ("wish", "expected", "content_range"),
    [
        ("bytes=0-0", TEN[:1], "bytes 0-0/10"),
        ("bytes=2-5", TEN[2:6], "bytes 2-5/10"),
        ("BYTES = 2-5", TEN[2:6], "bytes 2-5/10"),
        ("bytes=7-", TEN[7:], "bytes 7-9/10"),
        ("bytes=7-99", TEN[7:], "bytes 7-9/10"),
        ("bytes=-3", TEN[-3:], "bytes 7-9/10"),
        ("bytes=-99", TEN, "bytes 0-9/10"),
        ("bytes=99-,1-2", TEN[1:3], "bytes 1-2/10"),
    ],
)
def test_one_range(wish: str, expected: bytes, content_range: str, ask: Ask) -> None:
    outgoing = ask("/ten.txt", Range=wish)
    assert (outgoing.status, body(outgoing)) == (206, expected)
    assert (header(outgoing, "Content-Range"), header(outgoing, "Content-Length")) == (
        content_range,
        str(len(expected)),
    )


@pytest.mark.parametrize("wish", ["bytes=10-", "bytes=10-20", "bytes=-0", "bytes=99-100,200-"])
def test_a_range_that_is_not_there(wish: str, ask: Ask) -> None:
    outgoing = ask("/ten.txt", Range=wish)
    assert (outgoing.status, header(outgoing, "Content-Range")) == (416, "bytes */10")
    assert ask("/empty.css", Range="bytes=0-").status == 416


@pytest.mark.parametrize(
    "wish",
    ["", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=3-2", "lines=1-2", "bytes=1-2,x", f"bytes={'9' * 99}-"],
)
def test_a_range_that_is_none(wish: str, ask: Ask) -> None:
    outgoing = ask("/ten.txt", Range=wish)
    assert (outgoing.status, body(outgoing)) == (200, TEN)


@pytest.mark.parametrize("target", ["/ten.txt", "/big.bin"])
def test_many_ranges(target: str, ask: Ask) -> None:
    from email import message_from_bytes, policy

    outgoing = ask(target, Range="bytes=0-1, 3-3 ,-2")
    kind = header(outgoing, "Content-Type") or ""
    assert outgoing.status == 206
    assert kind.startswith("multipart/byteranges; boundary=")
    assert header(outgoing, "Content-Length") == str(len(body(outgoing)))
    parsed: Any = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body(outgoing), policy=policy.HTTP)
    size = 10 if target == "/ten.txt" else BIG
    parts = [(part["Content-Range"], part.get_payload(decode=True)) for part in parsed.iter_parts()]
    assert parts == [
        (f"bytes 0-1/{size}", b"01"),
        (f"bytes 3-3/{size}", b"3"),
        (f"bytes {size - 2}-{size - 1}/{size}", b"89"),
    ]


def test_if_range(ask: Ask) -> None:
    tag = etag(ask)
    for value, status in ((tag, 206), ('"x"', 200), (f"W/{tag}", 200), (LAST_MODIFIED, 206), (LATER, 200), ("x", 200)):
        assert ask("/ten.txt", Range="bytes=1-2", If_Range=value).status == status, value


def test_a_range_of_a_big_file(ask: Ask) -> None:
    outgoing = ask("/big.bin", Range=f"bytes={BIG - 15}-")
    assert (outgoing.status, body(outgoing)) == (206, b"567890123456789")


# --- parts


def test_dates_there_and_back() -> None:
    for day in range(-200, 60_000, 13):
        second = day * 86400 + day % 86400
        assert unix_time(http_date(second)) == second
    assert unix_time("Sun, 06 Nov 1994 08:49:37 GMT") == 784111777
    assert unix_time("Sunday, 06-Nov-94 08:49:37 GMT") == 784111777
    assert unix_time("Sun Nov  6 08:49:37 1994") == 784111777
    assert unix_time("Thu, 29 Feb 2024 00:00:00 GMT") == 1709164800


@pytest.mark.parametrize(
    "text",
    ["", "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:49:37", "784111777", "Thu, 30 Feb 2024 00:00:00 GMT"],
)
def test_what_is_no_date(text: str) -> None:
    assert unix_time(text) is None


def test_types() -> None:
    assert (type_of("a.HTML"), type_of("a.tar.gz"), type_of("html"), type_of("a.")) == (
        "text/html",
        "application/x-gzip",
        None,
        None,
    )
    assert all(kind.count("/") == 1 and " " not in extension for extension, kind in TYPES.items())
    assert len(TYPES) > 300
