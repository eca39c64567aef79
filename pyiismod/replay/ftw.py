"""https://github.com/coreruleset/ftw-tests-schema

FTW tests, the format in which the community tests web application firewalls: YAML files with requests, and what must
become of them. Both generations of the schema are read.

A test says of the firewall's log what must be in it and what must not. The log is what the module sent to
OutputDebugString, printed, or traced, and what was added to a log file if one is named.
"""

from __future__ import annotations

import re
from base64 import b64decode
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pyiismod.errors import UsageError
from pyiismod.replay import raw
from pyiismod.replay.recorded import Recorded, framed_anew

if TYPE_CHECKING:
    from pyiismod.response import Response
    from pyiismod.server import Server

__all__ = ["Expected", "FtwTest", "Stage", "fire", "read"]

_REFUSED = 400
"""What http.sys answers to a request that it does not let through."""


class Expected(NamedTuple):
    """What must become of a request.

    Attributes:
        statuses: any of these; every one when empty.
        body: a regular expression that the body matches somewhere.
        log, not_log: regular expressions that the log must, and must not, match.
        error: whether the connection must fail; None where both will do.
    """

    statuses: tuple[int, ...] = ()
    body: str = ""
    log: tuple[str, ...] = ()
    not_log: tuple[str, ...] = ()
    error: bool | None = None


class Stage(NamedTuple):
    """One request of a test."""

    request: Recorded | None
    """None for bytes that are no request: http.sys refuses them."""
    expected: Expected


class FtwTest(NamedTuple):
    """One test.

    Attributes:
        title: ``"911100-1"``.
        description: what it is about.
        stages: its requests, in order.
    """

    title: str
    description: str
    stages: tuple[Stage, ...]


def read(text: str, name: str) -> list[FtwTest]:
    """Return the tests of a file; none when it is disabled.

    Args:
        text: the file.
        name: of it, for messages.

    Raises:
        UsageError: it is no FTW file, or there is no PyYAML to read it with.
    """
    try:
        import yaml
    except ImportError:
        hint = "Run: pip install 'pyiismod[ftw]'"
        raise UsageError("FTW files are YAML, and there is no PyYAML.", hint=hint) from None
    try:
        document = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        if not (document.get("meta") or {}).get("enabled", True):
            return []
        rule = document.get("rule_id")
        return [_test(test, rule, f"{name} test {number}") for number, test in enumerate(document["tests"], 1)]
    except (yaml.YAMLError, KeyError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, UsageError):
            raise
        raise UsageError(f"{name} is no FTW file: {type(error).__name__}: {error}.") from None


def _test(test: dict[str, Any], rule: Any, place: str) -> FtwTest:
    title = test.get("test_title") or "-".join(str(part) for part in (rule, test.get("test_id")) if part is not None)
    stages = [_stage(each.get("stage", each), place) for each in test["stages"]]
    return FtwTest(str(title or place), str(test.get("desc") or test.get("test_description") or ""), tuple(stages))


def _stage(stage: dict[str, Any], place: str) -> Stage:
    return Stage(_request(stage["input"], place), _expected(stage.get("output") or {}))


def _request(given: dict[str, Any], place: str) -> Recorded | None:
    if encoded := given.get("encoded_request"):
        try:
            return raw.read(b64decode(encoded), place)[0]
        except (UsageError, IndexError):
            return None
    headers = [(str(key), str(value)) for key, value in (given.get("headers") or {}).items()]
    data = given.get("data")
    content = None if data is None else ("\r\n".join(data) if isinstance(data, list) else str(data)).encode()
    names = {key.lower() for key, _ in headers}
    if content and "content-type" not in names and given.get("autocomplete_headers", not given.get("stop_magic")):
        headers.append(("Content-Type", "application/x-www-form-urlencoded"))
    version = str(given.get("version") or "HTTP/1.1").rpartition("/")[2]
    return Recorded(
        str(given.get("method") or "GET"),
        str(given.get("uri") or "/"),
        framed_anew(headers),
        content or None,
        "1.0" if version == "1.0" else "1.1",
        place=place,
    )


def _expected(given: dict[str, Any]) -> Expected:
    status = given.get("status")
    statuses = tuple(status) if isinstance(status, list) else () if status is None else (int(status),)
    log = given.get("log") or {}
    must = [given.get("log_contains"), log.get("match_regex"), *map(_id, log.get("expect_ids") or ())]
    must_not = [given.get("no_log_contains"), log.get("no_match_regex"), *map(_id, log.get("no_expect_ids") or ())]
    return Expected(
        tuple(map(int, statuses)),
        given.get("response_contains") or "",
        tuple(filter(None, must)),
        tuple(filter(None, must_not)),
        given.get("expect_error"),
    )


def _id(number: Any) -> str:
    return rf"""\bid["']?\s*[ =:]\s*["']?{int(number)}\b"""


def fire(iis: Server, test: FtwTest, log: Path | None = None) -> list[str]:
    """Fire the requests of a test and return what was not as expected, in words.

    Args:
        iis: the firewall.
        test: what to do.
        log: a file to which it writes its log, if it does.

    Raises:
        ModuleError: it crashed, hung, or ended the process.
    """
    found = []
    for number, stage in enumerate(test.stages, 1):
        where = f"stage {number}: " if len(test.stages) > 1 else ""
        printed, written = len(iis.output), _size(log)
        response = _fire(iis, stage.request)
        said = iis.output[printed:] + _since(log, written)
        if response is not None:
            traced = (f"\n{e.method} {e.args}" for e in response.trace if e.event == "trace")
            said += response.trace.output + "".join(traced)
        found += [where + problem for problem in _problems(stage.expected, response, said)]
    return found


def _fire(iis: Server, request: Recorded | None) -> Response | None:
    """Return the response; None for a request that http.sys does not let through."""
    if request is None:
        return None
    try:
        return iis.request(
            request.method,
            request.url,
            headers=request.headers,
            content=request.content,
            http_version=request.http_version,
        )
    except UsageError:
        return None


def _problems(expected: Expected, response: Response | None, log: str) -> list[str]:
    status = _REFUSED if response is None else response.status
    cut = response is not None and response.connection == "reset"
    found = []
    if expected.error is not None and expected.error != (cut or response is None):
        found.append("the connection did not fail" if expected.error else "the connection failed")
    if expected.statuses and status not in expected.statuses and not (expected.error and (cut or response is None)):
        found.append(f"the status is {status}, expected was {' or '.join(map(str, expected.statuses))}")
    if expected.body and (response is None or not re.search(expected.body, response.text)):
        found.append(f"the body does not match {expected.body!r}")
    found += [f"the log does not match {pattern!r}" for pattern in expected.log if not re.search(pattern, log)]
    found += [f"the log matches {pattern!r}" for pattern in expected.not_log if re.search(pattern, log)]
    return found


def _size(log: Path | None) -> int:
    return log.stat().st_size if log is not None and log.is_file() else 0


def _since(log: Path | None, size: int) -> str:
    if log is None or not log.is_file():
        return ""
    with log.open("rb") as file:
        file.seek(size)
        return file.read().decode("utf-8", "replace")
