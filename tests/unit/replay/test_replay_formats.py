"""Requests out of files: HAR, .http, curl command lines and raw HTTP."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pyiismod.errors import UsageError
from pyiismod.replay import curl, files, har, httpfile, raw
from pyiismod.replay.recorded import Recorded, Reply

HERE = Path()


def test_har() -> None:
    entry = {
        "startedDateTime": "2026-01-02T03:04:05.000Z",
        "time": 12,
        "request": {
            "method": "POST",
            "url": "https://h/x?a=1",
            "httpVersion": "h2",
            "headers": [
                {"name": ":authority", "value": "h"},
                {"name": "X-A", "value": "1"},
                {"name": "content-length", "value": "3"},
            ],
            "postData": {"mimeType": "text/plain", "text": "abc"},
        },
        "response": {
            "status": 201,
            "statusText": "Created",
            "headers": [],
            "content": {"text": "eA==", "encoding": "base64"},
        },
    }
    (found,) = har.read(json.dumps({"log": {"entries": [entry]}}), "s.har")
    assert (found.method, found.url, found.headers, found.content) == (
        "POST",
        "https://h/x?a=1",
        (("X-A", "1"),),
        b"abc",
    )
    assert found.reply == Reply(201, "Created", (), b"x")
    assert (found.place, found.began, found.seconds) == ("s.har entry 1", 1767323045.0, 0.012)


def test_har_that_was_written_is_read() -> None:
    requests = [
        Recorded(
            "GET",
            "http://h/a?b=c",
            (("Host", "h"),),
            None,
            "1.0",
            Reply(200, "OK", (("A", "b"),), b"text"),
            "",
            1.0,
            0.5,
        ),
        Recorded("PUT", "http://h/", (), b"\xff\x00", reply=None),
    ]
    back = har.read(har.write(requests), "x")
    assert [each._replace(place="") for each in back] == [requests[0], requests[1]._replace(began=0.0)]


@pytest.mark.parametrize(
    "text", ["", "{}", '{"log": {"entries": [{}]}}', "[1]", '{"log": {"entries": [{"request": 3}]}}']
)
def test_what_is_no_har(text: str) -> None:
    with pytest.raises(UsageError, match=r"x\.har is no HAR document"):
        har.read(text, "x.har")


def test_http_files(tmp_path: Path) -> None:
    (tmp_path / "body.bin").write_bytes(b"\x00\x01")
    text = """
@host = http://localhost:8080
@path = {{host}}/api

# @name first
GET {{path}}/items
    ?a=1
    &b=2
Accept: text/html
// a comment

### the second
POST {{path}} HTTP/1.0
Content-Length: 99
Content-Type: application/json

{"a": "{{host}}"}

###

### only a comment
# nothing

###
PUT /upload

< body.bin
"""
    first, second, third = httpfile.read(text, "a.http", tmp_path)
    assert (first.method, first.url) == ("GET", "http://localhost:8080/api/items?a=1&b=2")
    assert first.headers == (("Accept", "text/html"),)
    assert first.content is None
    assert (second.method, second.http_version) == ("POST", "1.0")
    assert second.headers == (("Content-Type", "application/json"),)
    assert second.content == b'{"a": "http://localhost:8080"}'
    assert (third.url, third.content) == ("/upload", b"\x00\x01")
    assert third.place == "a.http line 25"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hello", "a.http line 1 is no request: 'hello'"),
        ("GET {{nowhere}}/", r"uses \{\{nowhere\}\}, which is not defined"),
        ("GET /\nno colon", "a.http line 2 is no header"),
        ("PUT /\n\n< absent", "absent, which cannot be read"),
    ],
)
def test_http_files_with_faults(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        httpfile.read(text, "a.http", HERE)


def test_http_file_that_was_written_is_read() -> None:
    requests = [Recorded("GET", "http://h/a", (("A", "b"),)), Recorded("POST", "http://h/", (), b"line\nline")]
    back = httpfile.read(httpfile.write(requests), "x", HERE)
    assert [each._replace(place="") for each in back] == requests
    assert "left out" in httpfile.write([Recorded("PUT", "http://h/", (), b"\xff")])


def test_raw_requests() -> None:
    data = (
        b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
        b"POST /b HTTP/1.1\nHost: h\nContent-Length: 3\n\nabc"
        b"POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: v\r\n\r\n"
        b"GET /d\r\n\r\n"
    )
    found = raw.read(data, "x")
    assert [(each.method, each.url, each.content, each.http_version) for each in found] == [
        ("GET", "/a", None, "1.1"),
        ("POST", "/b", b"abc", "1.1"),
        ("POST", "/c", b"abcde", "1.1"),
        ("GET", "/d", None, "1.0"),
    ]
    assert found[1].headers == (("Host", "h"),)


@pytest.mark.parametrize(
    "data", [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n"]
)
def test_raw_requests_with_faults(data: bytes) -> None:
    with pytest.raises(UsageError, match="x request 1"):
        raw.read(data, "x")


@pytest.mark.parametrize(
    ("line", "method", "url", "headers", "content"),
    [
        ("curl http://h/", "GET", "http://h/", {}, None),
        ("curl h/x", "GET", "http://h/x", {}, None),
        ("curl -I http://h/", "HEAD", "http://h/", {}, None),
        ("curl -XPUT -dA=1 -d B=2 /p", "PUT", "/p", {"Content-Type": "application/x-www-form-urlencoded"}, b"A=1&B=2"),
        ("curl -G -d a=1 --data-urlencode 'b=x y' 'http://h/?c'", "GET", "http://h/?c&a=1&b=x+y", {}, None),
        (
            "curl -sSLk -o out.txt -H 'A: b' -A me -e from -b 'c=d' /",
            "GET",
            "/",
            {"A": "b", "User-Agent": "me", "Referer": "from", "Cookie": "c=d"},
            None,
        ),
        ("curl -u al:pw /", "GET", "/", {"Authorization": "Basic YWw6cHc="}, None),
        ("curl --json '{}' /", "POST", "/", {"Accept": "application/json", "Content-Type": "application/json"}, b"{}"),
        (
            r"curl --data-raw $'a=\'1\'\n' /",
            "POST",
            "/",
            {"Content-Type": "application/x-www-form-urlencoded"},
            b"a='1'\n",
        ),
        ("curl --request=DELETE /", "DELETE", "/", {}, None),
        ("curl -r 0-9 /", "GET", "/", {"Range": "bytes=0-9"}, None),
        ("curl -T body.txt /up", "PUT", "/up", {}, b"from\r\na file"),
        (
            "curl --data-binary @body.txt -H 'Content-Type: t/p' /",
            "POST",
            "/",
            {"Content-Type": "t/p"},
            b"from\r\na file",
        ),
        ("curl -d @body.txt /", "POST", "/", {"Content-Type": "application/x-www-form-urlencoded"}, b"froma file"),
    ],
)
def test_curl(tmp_path: Path, line: str, method: str, url: str, headers: dict[str, str], content: bytes | None) -> None:
    (tmp_path / "body.txt").write_bytes(b"from\r\na file")
    (found,) = curl.read(line, "x", tmp_path)
    assert (found.method, found.url, dict(found.headers), found.content) == (method, url, headers, content)


def test_curl_forms(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("content")
    (found,) = curl.read("curl -F name=value -F 'file=@a.txt;type=text/plain' /", "x", tmp_path)
    kind = dict(found.headers)["Content-Type"]
    assert kind.startswith("multipart/form-data; boundary=")
    assert found.content is not None
    assert b'name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\ncontent\r\n' in found.content
    assert found.content.endswith(f"--{kind.partition('=')[2]}--\r\n".encode())


def test_curl_lines_go_on(tmp_path: Path) -> None:
    text = "# first\ncurl -X POST \\\n  -d 'two\nlines' \\\n  /a\n\ncurl /b\n"
    first, second = curl.read(text, "x", tmp_path)
    assert (first.content, first.place, second.url, second.place) == (b"two\nlines", "x line 2", "/b", "x line 7")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("wget /", "is no curl command"),
        ("curl", "names no URL"),
        ("curl --nonsense /", "option --nonsense is not known"),
        ("curl -K cfg /", "option -K is not known"),
        ("curl / -d", "has no value"),
        ("curl 'http://h/", "never closed"),
        ("curl -d @absent /", "cannot be read"),
    ],
)
def test_curl_with_faults(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        curl.read(line, "x", tmp_path)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.har", b'{"log": {"entries": [{"request": {"method": "GET", "url": "/"}}]}}'),
        ("a.json", b' {"log": {"entries": [{"request": {"method": "GET", "url": "/"}}]}}'),
        ("a.http", b"GET /"),
        ("a.rest", b"\xef\xbb\xbfGET /"),
        ("a.sh", b"#!/bin/sh\nset -e\ncurl /"),
        ("a.txt", b"\n# one\ncurl /"),
        ("a.raw", b"GET / HTTP/1.1\r\n\r\n"),
    ],
)
def test_the_format_is_told_from_name_and_beginning(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    (found,) = files.read(tmp_path / name)
    assert (found.method, found.url) == ("GET", "/")


def test_files_with_nothing_in_them(tmp_path: Path) -> None:
    (tmp_path / "a.http").write_text("# nothing\n")
    with pytest.raises(UsageError, match="There is no request in"):
        files.read(tmp_path / "a.http")
    with pytest.raises(UsageError, match="Cannot read"):
        files.read(tmp_path / "absent.har")
