"""FTW files of both generations, and what they expect."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from pyiismod.errors import UsageError
from pyiismod.headers import Headers
from pyiismod.replay import ftw
from pyiismod.response import Response
from pyiismod.trace import Trace

V1 = """
meta: {author: a, enabled: true, name: 1.yaml}
tests:
  - test_title: 911100-1
    desc: first
    stages:
      - stage:
          input:
            dest_addr: 127.0.0.1
            method: POST
            uri: /x?a=1
            version: HTTP/1.0
            headers: {Host: h, User-Agent: u}
            data: [a=1, b=2]
          output:
            status: [403, 404]
            log_contains: id "911100"
            no_log_contains: fatal
            response_contains: denied
"""
V2 = """
rule_id: 942100
tests:
  - test_id: 3
    stages:
      - input: {uri: /, headers: {Host: h}, data: a=1, autocomplete_headers: false}
        output: {log: {expect_ids: [942100], no_expect_ids: [1]}}
      - input: {encoded_request: NONSENSE}
        output: {status: 400, expect_error: true}
      - input: {encoded_request: SECOND}
        output: {}
"""
V2 = V2.replace("NONSENSE", b64encode(b"no request at all\r\n\r\n").decode())
V2 = V2.replace("SECOND", b64encode(b"GET /b HTTP/1.1\r\nHost: h\r\n\r\n").decode())


class Fake:
    """A server that answers with what it was given, one after the other."""

    def __init__(self, *answers: Response) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str, Any]] = []
        self.output = ""

    def request(self, method: str, url: str, **options: Any) -> Response:
        self.asked.append((method, url, options))
        self.output += "printed\n"
        return self.answers.pop(0)


def answer(status: int, text: str = "", connection: str = "keep-alive") -> Response:
    return Response(status, 0, "", Headers(), text.encode(), Trace(), (), connection)


def test_the_first_generation() -> None:
    (test,) = ftw.read(V1, "1.yaml")
    assert (test.title, test.description) == ("911100-1", "first")
    request, expected = test.stages[0].request, test.stages[0].expected
    assert request is not None
    assert (request.method, request.url, request.http_version, request.content) == (
        "POST",
        "/x?a=1",
        "1.0",
        b"a=1\r\nb=2",
    )
    assert ("Content-Type", "application/x-www-form-urlencoded") in request.headers
    assert expected.statuses == (403, 404)
    assert (expected.log, expected.not_log, expected.body) == (('id "911100"',), ("fatal",), "denied")


def test_the_second_generation() -> None:
    (test,) = ftw.read(V2, "2.yaml")
    assert test.title == "942100-3"
    first, second, third = test.stages
    assert first.request is not None
    assert third.request is not None
    assert first.request.headers == (("Host", "h"),)
    assert second.request is None
    assert third.request.url == "/b"


def test_what_is_not_as_expected_is_said() -> None:
    (test,) = ftw.read(V1, "1.yaml")
    assert ftw.fire(Fake(answer(200, "welcome")), test) == [  # type: ignore[arg-type]
        "the status is 200, expected was 403 or 404",
        "the body does not match 'denied'",
        "the log does not match 'id \"911100\"'",
    ]


def test_requests_that_never_reach_iis() -> None:
    (test,) = ftw.read(V2, "2.yaml")
    found = ftw.fire(Fake(answer(200), answer(200)), test)  # type: ignore[arg-type]
    assert [problem.partition(" does")[0] for problem in found] == ["stage 1: the log"]


@pytest.mark.parametrize(
    ("log", "fits"), [('[id "942100"]', True), ("id=942100", True), ("id: 942100 x", True), ("id 9421001", False)]
)
def test_rule_ids_in_logs(log: str, fits: bool) -> None:
    import re

    assert bool(re.search(ftw._id(942100), log)) == fits


@pytest.mark.parametrize("text", ["tests: 3", "[]", "tests: [{}]", "a: [", "tests: [{stages: [{stage: {}}]}]"])
def test_what_is_no_ftw_file(text: str) -> None:
    with pytest.raises(UsageError, match=r"x\.yaml is no FTW file"):
        ftw.read(text, "x.yaml")


def test_a_disabled_file_has_no_tests() -> None:
    assert ftw.read("meta: {enabled: false}\ntests: []", "x") == []
