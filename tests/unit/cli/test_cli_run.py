"""``pyiismod run``: from what is typed to what the server is asked, and from what it answers to what is shown."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from cli_fakes import LOAD, REQUEST, UNLOAD, FakeServer, answer, crash

from pyiismod.errors import MissingEntryPoint, ModuleHung, RuntimeMissing, WorkerError
from pyiismod.inspection import LoadWarning

RUN = ("run", "hello.dll")


# --- what is asked


@pytest.mark.parametrize(
    ("arguments", "method", "url"),
    [
        (("/",), "GET", "/"),
        (("http://localhost/a?b=c#d",), "GET", "http://localhost/a?b=c#d"),
        (("/", "-d", "x"), "POST", "/"),
        (("PUT", "/", "-d", "x"), "PUT", "/"),
        (("-X", "DELETE", "/"), "DELETE", "/"),
        (("PROPFIND", "/with space/ä"), "PROPFIND", "/with space/ä"),
    ],
)
def test_method_and_url(
    arguments: tuple[str, ...], method: str, url: str, pyiismod: Callable, fake: FakeServer
) -> None:
    assert pyiismod(*RUN, *arguments).code == 0
    assert (fake.asked[0].method, fake.asked[0].url) == (method, url)


def test_a_method_in_lower_case_is_sent_and_noted(pyiismod: Callable, fake: FakeServer) -> None:
    ran = pyiismod(*RUN, "get", "/")
    assert fake.asked[0].method == "get"
    assert "'get' is sent as it is" in ran.err


def test_headers_keep_their_order_and_repeat(pyiismod: Callable, fake: FakeServer) -> None:
    pyiismod(*RUN, "/", "-H", "B: 1", "-H", "a:2: 3", "--header", "B: 4", "-H", "Empty:")
    assert fake.asked[0].headers == [("B", " 1"), ("a", "2: 3"), ("B", " 4"), ("Empty", "")]


def test_without_data_there_is_no_body(pyiismod: Callable, fake: FakeServer) -> None:
    pyiismod(*RUN, "/")
    assert fake.asked[0].content is None
    assert fake.asked[0].headers == []


def test_data_is_sent_like_a_form(pyiismod: Callable, fake: FakeServer) -> None:
    pyiismod(*RUN, "/", "-d", "a=ä", "-d", "b=2")
    assert fake.asked[0].content == "a=ä&b=2".encode()
    assert fake.asked[0].headers == [("Content-Type", "application/x-www-form-urlencoded")]


def test_a_given_content_type_stays(pyiismod: Callable, fake: FakeServer) -> None:
    pyiismod(*RUN, "/", "-d", "{}", "-H", "content-type: application/json")
    assert fake.asked[0].headers == [("content-type", " application/json")]


def test_empty_data_is_an_empty_body(pyiismod: Callable, fake: FakeServer) -> None:
    pyiismod(*RUN, "/", "-d", "")
    assert (fake.asked[0].method, fake.asked[0].content) == ("POST", b"")


def test_data_from_a_file_is_sent_byte_for_byte(pyiismod: Callable, fake: FakeServer, tmp_path: Path) -> None:
    file = tmp_path / "bödy with space"
    file.write_bytes(bytes(range(256)) + b"\r\n")
    pyiismod(*RUN, "/", "-d", f"@{file}")
    assert fake.asked[0].content == bytes(range(256)) + b"\r\n"


def test_data_from_standard_input(pyiismod: Callable, fake: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"\0piped")))
    pyiismod(*RUN, "/", "-d", "@-")
    assert fake.asked[0].content == b"\0piped"


def test_modules_load_in_order(pyiismod: Callable, fake: FakeServer) -> None:
    pyiismod(*RUN, "/", "--name", "First", "--module", "b.dll", "--module", "c d.dll")
    assert fake.loaded == [(Path("hello.dll"), "First"), (Path("b.dll"), None), (Path("c d.dll"), None)]


def test_server_settings(pyiismod: Callable, fake: FakeServer) -> None:
    named = ["--root", "www", "--timeout", "2.5", "--iis-version", "8.5", "--schedule", "7"]
    pyiismod(*RUN, "/", *named, "--env", "A=1=2", "--env", "B=")
    assert fake.settings == {
        "root": Path("www"),
        "timeout": 2.5,
        "schedule": 7,
        "iis_version": "8.5",
        "environment": {"A": "1=2", "B": ""},
    }


# --- what is shown


def test_a_pipe_gets_head_and_body_as_they_are(pyiismod: Callable, fake: FakeServer) -> None:
    fake.response = answer(b"\x89PNG\r\n\0", Content_Type="image/png")
    ran = pyiismod(*RUN, "/")
    assert ran.out == b"HTTP/1.1 200 OK\nContent-Type: image/png\n\n\x89PNG\r\n\0"


def test_a_status_of_400_or_more_is_no_failure(pyiismod: Callable, fake: FakeServer) -> None:
    fake.response = answer(status=404, substatus=3, reason="Not Found")
    ran = pyiismod(*RUN, "/")
    assert ran.code == 0
    assert ran.text.startswith("HTTP/1.1 404 Not Found (substatus 3)\n")


@pytest.mark.parametrize(("status", "code"), [(200, 0), (399, 0), (400, 1), (500, 1)])
def test_with_fail_it_is(status: int, code: int, pyiismod: Callable, fake: FakeServer) -> None:
    fake.response = answer(b"why", status=status)
    ran = pyiismod(*RUN, "/", "--fail")
    assert ran.code == code
    assert ran.text.endswith("\nwhy")


def test_output_goes_to_a_file(pyiismod: Callable, tmp_path: Path) -> None:
    ran = pyiismod(*RUN, "/", "-o", str(tmp_path / "body"))
    assert (tmp_path / "body").read_bytes() == b"Hello World"
    assert ran.text == "HTTP/1.1 200 OK\nContent-Type: text/plain\n\n"


def test_only_the_body_goes_to_standard_output(pyiismod: Callable) -> None:
    ran = pyiismod(*RUN, "/", "-o", "-", "--trace")
    assert ran.out == b"Hello World"
    assert "HTTP/1.1 200 OK" in ran.err
    assert "RegisterModule" in ran.err


def test_what_was_refused_or_forbidden_is_noted(pyiismod: Callable) -> None:
    ran = pyiismod(*RUN, "/")
    assert "IHttpContext::GetUser (--trace shows where)" in ran.err
    assert "note: IM016 returned 7 from RQ_BEGIN_REQUEST" in ran.err


def test_what_was_printed_and_what_may_fail_elsewhere_is_told(pyiismod: Callable, fake: FakeServer) -> None:
    fake.output = "hello from printf\n"
    fake.warnings = [LoadWarning("wine_gap", "KERNEL32.dll here lacks Foo", "KERNEL32.dll", ["Foo"])]
    ran = pyiismod(*RUN, "/")
    assert "The module printed:\nhello from printf\n" in ran.err
    assert "note: KERNEL32.dll here lacks Foo" in ran.err


def test_headers_cannot_control_the_terminal(pyiismod: Callable, fake: FakeServer) -> None:
    fake.response = answer(b"", X_Evil="a\x1b[31mb\u202e\r\nSet: x")
    assert "X-Evil: a\\x1b[31mb\\u202e\\r" in pyiismod(*RUN, "/").text


def test_suppressed_headers(pyiismod: Callable, fake: FakeServer) -> None:
    fake.response = answer(b"raw", status=0)
    assert pyiismod(*RUN, "/").text.startswith("(no status line and no headers")


def test_trace_shows_registration_timeline_and_response_in_order(pyiismod: Callable) -> None:
    ran = pyiismod(*RUN, "/", "--trace")
    parts = (
        "hello  ",
        "request RQ_BEGIN_REQUEST (FIRST), RQ_SEND_RESPONSE",
        "post    none",
        "global  none",
        "load\n",
        "hello.dll  LoadLibrary  1.5 ms",
        "RegisterModule(dwServerVersion=0x000A0000) → S_OK  80 µs",
        "    └── IHttpModuleRegistrationInfo::SetRequestNotifications(pModuleFactory=IHttpModuleFactory, "
        "dwRequestNotifications=RQ_BEGIN_REQUEST) → S_OK  3 µs",
        "request\n",
        "├── GetHttpModule → S_OK",
        "├── OnBeginRequest → RQ_NOTIFICATION_FINISH_REQUEST  41 µs",
        "│   ├── IHttpContext::GetResponse() → IHttpResponse  3 µs",
        '│   ├── IHttpResponse::SetHeader(pszHeaderName="X-Said", pszHeaderValue="a \\"b\\"\\n", fReplace=TRUE) → S_OK',
        "│   ├── IHttpContext::GetUser()  refused: the host does not serve this",
        "│   └── OutputDebugString: hello from the module",
        "├── violation IM016: returned 7 from RQ_BEGIN_REQUEST",
        "└── Dispose",
        "unload\n",
        "├── Terminate",
        "└── FreeLibrary",
        "HTTP/1.1 200 OK",
        "Hello World",
    )
    found = [ran.text.find(part) for part in parts]
    assert -1 not in found
    assert found == sorted(found)
    assert "\x1b" not in ran.text
    assert not any(line.endswith(" ") for line in ran.text.splitlines())


# --- failures


FAILURES = {
    "load": (MissingEntryPoint("a.dll exports no RegisterModule."), 1, "load_failed", [], None),
    "request": (ModuleHung("a.dll hung."), 1, "hung", LOAD, None),
    "close": (crash(), 1, "crashed", LOAD + REQUEST, 200),
}


@pytest.mark.parametrize("step", FAILURES)
def test_the_document_of_a_failure_has_all_that_happened_before(
    step: str, pyiismod: Callable, fake: FakeServer
) -> None:
    error, code, outcome, trace, status = FAILURES[step]
    fake.errors[step] = error
    ran = pyiismod(*RUN, "/", "--json")
    document = json.loads(ran.out)
    assert ran.code == code
    assert document["outcome"] == outcome
    assert document["error"] == error.as_dict()
    assert (document["response"] or {}).get("status") == status
    assert [event["method"] for event in document["trace"]] == [event.method for event in trace]
    assert ran.err == ""


@pytest.mark.parametrize("step", FAILURES)
def test_a_failure_is_told_to_people(step: str, pyiismod: Callable, fake: FakeServer) -> None:
    error, code, _, _, status = FAILURES[step]
    fake.errors[step] = error
    ran = pyiismod(*RUN, "/")
    assert ran.code == code
    assert f"error: {error.message}\n" in ran.err
    assert ("HTTP/1.1 200 OK" in ran.text) == (status == 200)


def test_a_missing_runtime_exits_with_3(pyiismod: Callable, fake: FakeServer) -> None:
    fake.errors["load"] = RuntimeMissing("There is no runtime.", hint="pyiismod runtime install")
    assert pyiismod(*RUN, "/").err == "error: There is no runtime.\n\nFix: pyiismod runtime install\n"
    ran = pyiismod(*RUN, "/", "--json")
    assert ran.code == 3
    assert json.loads(ran.out)["outcome"] == "load_failed"


def test_our_own_failure_after_the_load_counts_as_crashed(pyiismod: Callable, fake: FakeServer) -> None:
    fake.errors["request"] = WorkerError("lost")
    ran = pyiismod(*RUN, "/", "--json")
    assert ran.code == 1
    assert json.loads(ran.out)["outcome"] == "crashed"


def test_a_defect_is_owned_up_to(pyiismod: Callable, fake: FakeServer) -> None:
    fake.errors["request"] = ZeroDivisionError("oops")
    ran = pyiismod(*RUN, "/")
    assert ran.code == 1
    assert "This is a defect of pyiismod, not of your module: ZeroDivisionError: oops (pyiismod " in ran.err
    assert "Please report it" in ran.err
    assert json.loads(pyiismod(*RUN, "/", "--json").out)["error"]["type"] == "WorkerError"


def test_an_interrupt_is_quiet(pyiismod: Callable, fake: FakeServer) -> None:
    fake.errors["request"] = KeyboardInterrupt()
    ran = pyiismod(*RUN, "/")
    assert ran.code == 130
    assert ran.out == b""
    assert "Traceback" not in ran.err


def test_a_crash_report_has_everything_with_verbose(pyiismod: Callable, fake: FakeServer) -> None:
    fake.errors["request"] = crash()
    short, full = pyiismod(*RUN, "/").err, pyiismod(*RUN, "/", "-v").err
    for text in (short, full):
        assert "0xC0000005 STATUS_ACCESS_VIOLATION" in text
        assert "hello.dll+0x1234" in text
        assert "hello.dll+0x1234  OnBeginRequest" in text
        assert "IHttpResponse::Clear" in text
        assert "about to fail" in text
        assert "Fix: Look at the top frame" in text
    assert "… 20 more below" in short
    assert "0x18001234" not in short
    assert "#20" in full
    assert "rip 0x18001234" in pyiismod(*RUN, "/", "--trace").err
    assert "rip 0x18001234" in full


def test_a_group_without_a_command_shows_its_help(pyiismod: Callable) -> None:
    ran = pyiismod("runtime")
    assert ran.code == 0
    assert "install" in ran.text
    assert ran.err == ""


# --- the document


def test_the_document_has_exactly_these_members(pyiismod: Callable, fake: FakeServer) -> None:
    fake.response = answer(b"\xff\0", Set_Cookie="a=1")
    document = json.loads(pyiismod(*RUN, "/", "--json").out)
    assert list(document) == ["outcome", "error", "modules", "response", "trace", "refused"]
    assert document["outcome"] == "completed"
    assert document["error"] is None
    assert document["modules"] == [
        {
            "name": "hello",
            "path": str(Path("hello.dll").resolve()),
            "request_notifications": ["RQ_BEGIN_REQUEST", "RQ_SEND_RESPONSE"],
            "post_notifications": [],
            "global_notifications": [],
            "priorities": {"RQ_BEGIN_REQUEST": "FIRST"},
        }
    ]
    assert b64decode(document["response"].pop("body_base64")) == b"\xff\0"
    assert document["response"] == {
        "status": 200,
        "substatus": 0,
        "reason": "OK",
        "headers": [["Content-Type", "text/plain"], ["Set-Cookie", "a=1"]],
    }
    members = ["event", "module", "notification", "post", "interface", "method", "args", "result", "us"]
    assert all(list(event) == members for event in document["trace"])
    assert [event["method"] for event in document["trace"]] == [event.method for event in LOAD + REQUEST + UNLOAD]
    assert document["refused"] == ["IHttpContext::GetUser"]


def test_the_document_is_ascii_whatever_is_in_it(pyiismod: Callable, fake: FakeServer) -> None:
    fake.response = answer(reason="Schön \udc80")
    ran = pyiismod(*RUN, "/", "--json")
    assert ran.out.isascii()
    assert json.loads(ran.out)["response"]["reason"] == "Schön \udc80"


# --- start-up


def test_a_plain_run_imports_no_rich() -> None:
    """Painting costs more than half of what the command line may take."""
    code = """
import sys
from cli_fakes import FakeServer
import pyiismod.server
pyiismod.server.Server = FakeServer()
from pyiismod.cli.app import main
main(["run", "hello.dll", "/"])
print(sorted(name for name in sys.modules if name.partition(".")[0] == "rich"))
"""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True)
    assert ran.stdout.endswith(b"Hello World[]\n")
