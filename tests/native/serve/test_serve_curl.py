"""What curl and a bare socket see of ``pyiismod serve``."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from serve_clients import Serving, curl

Serve = Callable[..., Serving]
MEGABYTE = 1 << 20


def test_curl(serve: Serve, tmp_path: Path) -> None:
    """One server, and everything that a client may do with a body and a connection."""
    serving = serve("echo")
    url = serving.url + "a?b=c"

    answer = curl("-i", url, "-H", "X-Test: 1").stdout.decode()
    assert answer.startswith("HTTP/1.1 200 OK\r\n")
    assert "server: Microsoft-IIS/10.0\r\n" in answer
    assert "GET /a?b=c\n" in answer
    assert "X-Test: 1" in answer or "x-test: 1" in answer

    # keep-alive: one connection carries both
    said = curl("-v", url, url).stderr.decode()
    assert said.count("Connected to") == 1
    assert "Re-using existing connection" in said

    head = curl("--head", url).stdout.decode()
    assert head.startswith("HTTP/1.1 200 OK\r\n")
    assert head.endswith("\r\n\r\n")

    big = tmp_path / "big"
    big.write_bytes(os.urandom(MEGABYTE) * 20)
    digest = hashlib.sha256(big.read_bytes()).hexdigest()
    for extra in ([], ["-H", "Transfer-Encoding: chunked"], ["-H", "Expect: 100-continue"]):
        body = curl("-v", "--data-binary", f"@{big}", *extra, url)
        assert hashlib.sha256(body.stdout[-20 * MEGABYTE :]).hexdigest() == digest
        said = body.stderr.decode("latin-1")
        assert ("HTTP/1.1 100 Continue" in said) == ("Expect: 100-continue" in said)
    assert "Expect: 100-continue" in said

    refused = curl(url, "-H", "Host: a b").stdout.decode()
    assert "is no host" in refused
    assert serving.stop() == 0
    assert "Ending: modules are told, and unloaded." in serving.log
    assert "GET /a?b=c  200" in serving.log


def test_pipelined_requests_are_answered_in_order(serve: Serve) -> None:
    serving = serve("echo")
    at = urlsplit(serving.url)
    with socket.create_connection((at.hostname, at.port), timeout=30) as connection:
        count = 20
        for number in range(count):
            last = "Connection: close\r\n" if number == count - 1 else ""
            connection.sendall(f"GET /{number} HTTP/1.1\r\nHost: h\r\n{last}\r\n".encode())
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    places = [answer.index(f"GET /{number}\n".encode()) for number in range(count)]
    assert places == sorted(places)
    assert answer.count(b"HTTP/1.1 200 OK") == count


def test_a_client_that_leaves_is_one_that_has_left_for_the_module(serve: Serve) -> None:
    """5.3: the module's write fails, and others are served."""
    serving = serve("body_pour")
    at = urlsplit(serving.url)
    with socket.create_connection((at.hostname, at.port), timeout=30) as connection:
        connection.sendall(b"GET /?200 HTTP/1.1\r\nHost: h\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")
    serving.wait_for("GET /?200")
    assert len(curl(serving.url + "?3").stdout) == 3 * MEGABYTE
    assert serving.stop() == 0


def test_a_download_flows(serve: Serve) -> None:
    serving = serve("body_pour")
    body = subprocess.run(["curl", "-s", serving.url + "?50"], capture_output=True, check=True, timeout=90).stdout
    assert len(body) == 50 * MEGABYTE
    assert all(body[at] == at // 4096 % 251 for at in range(0, len(body), 4096))


def test_a_connection_that_the_module_cuts_is_cut(serve: Serve) -> None:
    serving = serve("wire_options")
    ended = curl(serving.url + "?reset", check=False)
    assert ended.returncode in (52, 56)  # nothing came, or the connection was reset
    assert curl("-o", "/dev/null", "-w", "%{http_code}", serving.url).stdout == b"200"


def test_a_crash_is_a_502_with_a_report_and_others_go_on(serve: Serve, tmp_path: Path) -> None:
    serving = serve("crash_read", "--root", tmp_path)
    answers = [curl("-w", " %{http_code}", serving.url).stdout.decode() for _ in range(2)]
    for answer in answers:
        text, _, status = answer.rpartition(" ")
        assert status == "502"
        assert text.startswith("crash_read.dll crashed in OnBeginRequest. The report is ")
        number = text.split()[-1].rstrip(".")
        report = (tmp_path / "reports" / f"{number}.txt").read_text("utf-8")
        assert "access violation reading 0x18" in report
        assert "native stack" in report
    assert answers[0] != answers[1]
    assert "GET /  502" in serving.log
    assert serving.stop() == 0


def test_others_go_on_while_one_request_crashes(serve: Serve) -> None:
    """They get their answer, or, when they were in the same process, the 502 of that crash; never nothing at all."""
    serving = serve("crash_on_path")
    urls = [part for number in range(40) for part in ("-o", "/dev/null", f"{serving.url}{number}")]
    with ThreadPoolExecutor(4) as pool:
        others = [pool.submit(curl, "-w", "%{http_code} ", *urls) for _ in range(3)]
        crashed = [curl("-w", " %{http_code}", f"{serving.url}crash").stdout for _ in range(2)]
        codes = [code for other in others for code in other.result().stdout.split()]
    assert all(each.endswith(b" 502") for each in crashed)
    assert len(codes) == 120
    assert set(codes) <= {b"200", b"502"}
    assert codes.count(b"200") > 100
    assert curl(serving.url).stdout == b"fine"
    assert serving.stop() == 0


def test_many_clients_at_once(serve: Serve) -> None:
    serving = serve("async_routine")
    with ThreadPoolExecutor(8) as pool:
        urls = ["-o", "/dev/null", serving.url] * 25
        codes = list(pool.map(lambda _: curl("-w", "%{http_code} ", *urls).stdout, range(8)))
    assert b"".join(codes).split() == [b"200"] * 200


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_end_is_graceful(serve: Serve, number: int) -> None:
    """Requests that are under way end, modules hear of the shutdown, and the exit code is 0."""
    serving = serve("global_events", "--trace")
    curl(serving.url)
    assert serving.stop(number) == 0
    ending = serving.log.partition("Ending:")[2]
    assert "OnGlobalStopListening" in ending
    assert "Terminate" in ending
    assert "FreeLibrary" in ending


def test_what_was_recorded_can_be_replayed(serve: Serve, tmp_path: Path) -> None:
    record = tmp_path / "session.har"
    serving = serve("echo", "--record", record)
    curl(serving.url + "x?y=1", "-d", "a=1")
    curl(serving.url + "z")
    assert serving.stop() == 0
    entries = json.loads(record.read_text("utf-8"))["log"]["entries"]
    assert [(e["request"]["method"], e["response"]["status"]) for e in entries] == [("POST", 200), ("GET", 200)]
    assert entries[0]["request"]["postData"]["text"] == "a=1"
    assert "a=1" in entries[0]["response"]["content"]["text"]


def test_a_port_that_is_taken_is_wrong_usage(serve: Serve) -> None:
    serving = serve("hello")
    port = urlsplit(serving.url).port
    ended = subprocess.run(
        [sys.executable, "-m", "pyiismod", "serve", "x.dll", "--port", str(port)], capture_output=True, text=True
    )
    assert ended.returncode == 2
    assert f"Nothing can listen at 127.0.0.1 port {port}: " in ended.stderr
