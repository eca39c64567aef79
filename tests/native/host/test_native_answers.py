"""What real modules get from the host, told by their own answers. Each docstring names the section of the fact sheet.

The Microsoft ABI's build is used where tests/native/fixtures shows that both builds do the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyiismod import RegistrationFailed, Response, Server

Dll = Callable[[str], Path]
Make = Callable[..., Server]
Ask = Callable[..., Response]


@pytest.fixture
def ask(server: Make, dll: Dll) -> Ask:
    """Fire one request at one module in a fresh server; nothing may be a violation."""

    def fire(name: str, method: str = "GET", url: str = "/", *, options: Any = None, **request: Any) -> Response:
        iis = server(**(options or {}))
        iis.load(dll(f"{name}.msvc"), name=name)
        response = iis.request(method, url, **request)
        assert iis.trace.violations == ()
        return response

    return fire


def lines(response: Response) -> dict[str, str]:
    """Return "name = value" or "name value" lines of an answer."""
    assert response.status == 200, (response.status, response.reason)
    rows = [line.partition(" = ") if " = " in line else line.partition(" ") for line in response.text.splitlines()]
    return {name: value for name, _, value in rows}


@pytest.mark.parametrize("name", ["hello", "hello.msvc"])
def test_hello(name: str, server: Make, dll: Dll) -> None:
    """2.3: FINISH from BEGIN_REQUEST; 5.3: Clear, SetHeader by id, WriteEntityChunks; the implicit final send."""
    iis = server()
    module = iis.load(dll(name))
    assert module.registration.request_notifications == ("RQ_BEGIN_REQUEST",)
    assert module.registration.post_notifications == ()
    response = iis.get("/")
    assert (response.status, response.reason, response.text) == (200, "OK", "Hello World")
    assert response.headers["content-type"] == "text/plain"
    assert response.headers["Content-Length"] == "11"
    assert [(e.event, e.method) for e in response.trace] == [
        ("phase", "GetHttpModule"),
        ("notification", "OnBeginRequest"),
        ("call", "GetResponse"),
        ("call", "Clear"),
        ("call", "SetHeader"),
        ("call", "WriteEntityChunks"),
        ("phase", "Dispose"),
    ]


def test_echo_of_10_mb_through_the_request_and_back(ask: Ask) -> None:
    """5.2: the body beyond uploadReadAheadSize is read in pieces; 5.3: a response over the buffer limit is sent."""
    body = bytes(range(256)) * 40960
    response = ask("echo", "POST", "/a%20b?x=1", headers={"X-A": "1", "x-a": "2"}, content=body)
    head, _, echoed = response.content.partition(b"\n\n")
    assert echoed == body
    assert head.split(b"\n") == [
        b"POST /a%20b?x=1",
        b"Content-Length: 10485760",
        b"Host: localhost",
        b"X-A: 1",
        b"x-a: 2",
    ]
    assert response.headers["Transfer-Encoding"] == "chunked"


def test_headers_of_request_and_response(ask: Ask) -> None:
    """5.2, 5.3: each overload; length 0 for what is absent; cookies stay lines, Vary is joined, CR LF is refused."""
    response = ask("headers", headers={"User-Agent": "tests", "Accept": "a/b", "X-Test": "0"})
    told = lines(response)
    assert told == {
        "request Host by id": "localhost, 9",
        "request host by name": "localhost, 9",
        "request X-Test": "(null), 0",
        "request X-Absent": "(null), 0",
        "request Referer without length": "(null)",
        "set User-Agent by id": "0x00000000",
        "request User-Agent": "changed, 7",
        "set X-Test by name": "0x00000000",
        "append X-Test": "0x00000000",
        "append Accept": "0x00000000",
        "request Accept": "(null), 0",
        "delete Accept by id": "0x00000000",
        "delete X-Test by name": "0x00000000",
        "delete X-Absent": "0x00000000",
        "set a null value": "0x80070057",
        "set Content-Type by id": "0x00000000",
        "response content-type": "text/plain, 10",
        "set ETag by name": "0x00000000",
        "response ETag by id": '"1", 3',
        "first Vary": "0x00000000",
        "second Vary": "0x00000000",
        "response Vary": "Accept, Cookie, 14",
        "first Set-Cookie": "0x00000000",
        "second Set-Cookie": "0x00000000",
        "set X-Gone": "0x00000000",
        "delete X-Gone": "0x00000000",
        "response X-Gone": "(null), 0",
        "set a value with a line break": "0x80070057",
        "set half of a value": "0x00000000",
        "response X-Half": "abc, 3",
    }
    assert "request X-Test = one, two, 8" in response.text
    assert "request Accept = a/b, text/x, 11" in response.text
    assert response.headers.get_list("Set-Cookie") == ["a=1; path=/", "b=2; path=/"]
    assert response.headers.get_list("Vary") == ["Accept, Cookie"]
    assert "X-Gone" not in response.headers
    assert "X-Split" not in response.headers
    assert response.headers["X-Half"] == "abc"


def test_variables_in_both_widths(ask: Ask) -> None:
    """5.10: lengths without NUL; an unknown name leaves the out values alone; own names round-trip."""
    response = ask("vars", url="/d%C3%A9j%C3%A0?URL&HTTP_HOST&NOPE&MY=1&my&HTTP_X_TEST", headers={"X-Test": "v"})
    assert lines(response) == {
        "URL": "/d\ufffdj\ufffd, 5 | /d\ufffdj\ufffd, 5",
        "HTTP_HOST": "localhost, 9 | localhost, 9",
        "NOPE": "0x80070585, untouched, 999 | 0x80070585, untouched, 999",
        "set MY": "0x00000000",
        "MY": "1, 1 | 1, 1",
        "my": "1, 1 | 1, 1",
        "HTTP_X_TEST": "v, 1 | v, 1",
    }


def test_every_documented_variable_is_known(ask: Ask) -> None:
    """5.10: known but empty is S_OK with length 0."""
    response = ask("dump_vars", url="/a/b.txt?x=1")
    values = dict(line.split("=", 1) for line in response.text.split("\n") if re.match("[A-Z_]+=", line))
    assert [name for name, value in values.items() if value.startswith("0x80070585")] == []
    assert values["URL"] == "/a/b.txt"
    assert values["QUERY_STRING"] == "x=1"
    assert values["PATH_TRANSLATED"].endswith("\\a\\b.txt")


@pytest.mark.parametrize(("size", "begin", "handler"), [(0, 0, 0), (999, 1, 1), (3000, 3, 1), (60000, 61, 8)])
def test_a_body_is_read_once_and_put_back(size: int, begin: int, handler: int, ask: Ask) -> None:
    """5.2: who reads takes it from everyone after; InsertEntityBody puts it back; the end is ERROR_HANDLE_EOF."""
    body = bytes(i * 7 % 256 for i in range(size))
    checksum = 2166136261
    for byte in body:
        checksum = (checksum ^ byte) * 16777619 & 0xFFFFFFFF
    response = ask("post_body", "POST", content=body)
    reads = f"bytes {size} checksum 0x{checksum:08X} end 0x80070026"
    expected = [f"remaining {size}", f"begin reads {begin} {reads}"]
    expected += ["insert 0x00000000"] if size else []
    expected += [f"remaining {size}", f"handler reads {handler} {reads}", "remaining 0"]
    assert response.text.splitlines() == expected


def test_memory_of_the_request_holds_objects_and_data(ask: Ask) -> None:
    """2.2: placement in IModuleAllocator's memory, a Dispose that only destructs; 5.1: AllocateRequestMemory."""
    response = ask("alloc")
    assert response.content == b"p" * 1024
    assert len(response.trace.calls("AllocateRequestMemory")) == 16
    assert len(response.trace.calls("AllocateMemory")) == 1


def test_one_object_for_all_requests(server: Make, dll: Dll) -> None:
    """2.2: the host accepts the same pointer from many GetHttpModule calls."""
    iis = server()
    iis.load(dll("singleton.msvc"))
    assert [iis.get("/").text for _ in range(3)] == ["1", "2", "3"]


def test_the_structs_are_the_state(ask: Ask) -> None:
    """5.11: CookedUrl lengths are bytes; Design section 7: what is written into HTTP_RESPONSE is what is sent."""
    response = ask("raw_structs", "PATCH", "http://example.org:81/p%20q?x=1", headers={"X-Test": "v"}, content="abc")
    assert (response.status, response.reason) == (203, "Raw")
    assert response.headers.lines()[:2] == [("Content-Type", "text/plain"), ("X-Raw", "written directly")]
    assert response.text.splitlines() == [
        "version 1.1",
        "verb 1",
        "raw url /p%20q?x=1",
        "full 58 http://example.org:81/p q?x=1",
        "host 28 example.org:81",
        "path 8 /p q",
        "query 8 ?x=1",
        "Host example.org:81",
        "X-Test v",
        "chunks 1",
        "remote family 2",
    ]


def test_an_ipv6_client(ask: Ask) -> None:
    """Section 6, item 23: AF_INET6 is 23 in Windows."""
    assert "remote family 23" in ask("raw_structs", remote=("2001:db8::1", 1)).text


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("/", "https://example.com/"),
        ("/?/elsewhere", "http://localhost/elsewhere"),
        ("/d/?x.html", "http://localhost/d/x.html"),
    ],
)
def test_redirect(url: str, location: str, ask: Ask) -> None:
    """5.3: 302 and an absolute Location."""
    response = ask("redirect", url=url)
    assert (response.status, response.headers["Location"]) == (302, location)
    assert location in response.text


def test_status_and_all_that_get_status_tells(ask: Ask) -> None:
    """5.3: nine out parameters; the module and the notification tell who set it."""
    response = ask("status")
    assert (response.status, response.substatus, response.reason) == (403, 14, "Listing denied")
    assert response.text.splitlines() == [
        'start 200.0 "OK" 2 0x00000000 module (null) notification 0x00000000 exception no skip 0',
        "set 0x00000000",
        'plain 404.0 "Not Found" 9 0x00000000 module status notification 0x00000001 exception no skip 0',
        "set 0x00000000",
        'full 403.14 "Listing denied" 14 0x80070005 module status notification 0x00000001 exception no skip 1',
    ]


def test_a_returned_string_may_be_written_to(ask: Ask) -> None:
    """Section 8: a shipping module edits what GetHeader returned in place."""
    assert ask("write_in_place", headers={"User-Agent": "tests/1.0"}).text == "TESTS/1.0\nTESTS/1.0"


def test_without_the_header_there_is_nothing_to_write_to(ask: Ask) -> None:
    assert ask("write_in_place").text == "(null)\n"


def test_chunk_memory_is_copied(ask: Ask) -> None:
    """Section 8: modules free it right after a buffered write."""
    assert ask("chunk_freed").text == "first second third "


@pytest.mark.parametrize(
    ("version", "absent"),
    [
        ("7.0", {"Registration", "Server2", "Server3", "Request2", "Request3", "Request4", "Response2", "Context2"}),
        ("7.5", {"Registration", "Server3", "Request3", "Request4", "Response2", "Response3", "Context3", "Context4"}),
        ("8.5", {"Server3", "Request4", "Response3", "Response4", "Context4"}),
        ("10.0", set()),
    ],
)
def test_later_interfaces_by_the_polite_route_and_by_a_cast(version: str, absent: set[str], ask: Ask) -> None:
    """Section 0: one object with the longest table; HttpGetExtendedInterface says what an older IIS lacks."""
    told = lines(ask("extended", options={"iis_version": version}))
    assert told["elapsed"] == told["started"] == "plausible"
    for name in absent - {"Registration"}:
        assert told[f"IHttp{name}"] == "0x80004002 null"
    assert (told["IHttpModuleRegistrationInfo2"] == "0x00000000") == ("Registration" not in absent)
    if not absent:
        assert {v for n, v in told.items() if n.startswith("IHttp")} == {"0x00000000", "0x00000000 same"}


@pytest.mark.parametrize("version", ["7.0", "7.5", "8.0", "8.5", "10.0"])
def test_what_the_server_tells_of_itself(version: str, ask: Ask) -> None:
    """1.1: HIWORD major, LOWORD minor; 1.2: GetName, GetId; 5.4: pool and command line."""
    options = {"iis_version": version, "app_pool": "Pool One", "command_line": True, "site_id": 7}
    assert lines(ask("server_info", options=options)) == {
        "version": version,
        "module": "server_info",
        "id": "given",
        "pool": "Pool One",
        "command": "line 1",
        "site": "7",
    }


def test_the_settings_of_the_worker_process(ask: Ask) -> None:
    """5.4: IWpfSettings; out of range is ERROR_INVALID_PARAMETER, too small ERROR_INSUFFICIENT_BUFFER."""
    options = {"worker_process": {"IDLE_TIMEOUT": 5, "CLR_VERSION": "v2.0"}}
    assert lines(ask("worker_settings", options=options)) == {
        "small": "0x8007007A 5",
        "clr": "0x00000000 v2.0 5",
        "idle": "0x00000000 5",
        "memory": "0x00000000 0",
        "hostable": "0x00000000 0",
        "token": "0x00000000 given",
        "nonsense": "0x80070057",
    }


def test_refused_calls_fail_by_name_and_touch_nothing(ask: Ask) -> None:
    """Design section 6."""
    response = ask("refused_calls")
    rows = [line.split() for line in response.text.splitlines()]
    assert all(state == "untouched" and code.startswith("0x8") for _, code, state in rows)
    real = {  # they fail as documented
        "IHttpContext::GetExtendedInterface",
        "IHttpRequest::GetClientCertificate",
        "IHttpServer::GetFileInfo",
    }
    assert response.refused == tuple(name for name, _, _ in rows if name not in real)


def test_optional_out_pointers(ask: Ask) -> None:
    """Section 5: NULL is accepted wherever the header gives a default."""
    assert ask("null_outs", "POST", content="a body of more than sixteen bytes").text == "done"


def test_a_thread_of_the_modules_own_serves_the_request(server: Make, dll: Dll) -> None:
    """2.4: host objects are used from any thread; its calls stand in the request's timeline."""
    iis = server()
    iis.load(dll("threads.msvc"))
    for n in (1, 2):
        response = iis.get("/")
        assert response.text == f"{n} by another thread"
        assert [e.module for e in response.trace.calls("WriteEntityChunks")] == ["threads.msvc.dll"]


def test_com_without_initialising_it(ask: Ask) -> None:
    """Section 8: every thread that enters a module is in the multithreaded apartment; imports by ordinal."""
    assert lines(ask("com_user")) == {"CoCreateInstance": "0x00000000", "SysStringLen": "15", "htons": "0x00003412"}


def test_double_registration(ask: Ask) -> None:
    """1.2: ERROR_ALREADY_EXISTS on the second SetRequestNotifications; the first one counts."""
    assert ask("double_register").text == "second 0x800700B7"


@pytest.mark.parametrize("name", ["register_nothing", "register_nothing.msvc"])
def test_a_module_that_registers_nothing(name: str, server: Make, dll: Dll) -> None:
    """1.2: S_OK and nothing: the process lives, the request goes on without it."""
    iis = server()
    registration = iis.load(dll(name)).registration
    assert (registration.hresult, registration.has_factory, registration.has_global_module) == (0, False, False)
    response = iis.get("/")
    assert response.status == 404
    assert len(response.trace) == 0


@pytest.mark.parametrize("name", ["fail_register", "fail_register.msvc"])
def test_a_failing_registration(name: str, server: Make, dll: Dll) -> None:
    """1.4: event 2293, the HRESULT by name; nothing is called afterwards."""
    iis = server(environment={"IISMOD_HRESULT": "80070032"})
    with pytest.raises(RegistrationFailed, match="ERROR_NOT_SUPPORTED") as caught:
        iis.load(dll(name))
    assert caught.value.details["hresult"] == 0x80070032
    assert "Terminate" not in [e.method for e in iis.trace]


@pytest.mark.parametrize("name", ["global_events", "global_events.msvc"])
def test_a_global_module_ends_in_terminate(name: str, server: Make, dll: Dll) -> None:
    """1.5: Terminate exactly once, in slot 13, after the end of listening."""
    iis = server()
    registration = iis.load(dll(name)).registration
    assert (registration.has_factory, registration.has_global_module) == (False, True)
    assert "GL_APPLICATION_START" in registration.global_notifications
    iis.close()
    assert iis.trace.output == "global_events: StopListening\nglobal_events: Terminate\n"


def test_the_global_module_ends_before_the_factory(server: Make, dll: Dll) -> None:
    """1.5: Marlin's order."""
    iis = server()
    iis.load(dll("both.msvc"))
    assert iis.get("/").text == "starts 1"
    iis.close()
    assert iis.trace.output == "both: global Terminate\nboth: factory Terminate\n"
    ends = [(e.interface, e.method) for e in iis.trace if e.method in ("Terminate", "FreeLibrary")]
    assert ends == [("CGlobalModule", "Terminate"), ("IHttpModuleFactory", "Terminate"), (None, "FreeLibrary")]


def test_the_same_dll_twice(server: Make, dll: Dll) -> None:
    """1.1: two entries, one image: RegisterModule is called again with another registration object."""
    iis = server()
    first, second = iis.load(dll("headers.msvc"), name="one"), iis.load(dll("headers.msvc"), name="two")
    assert first.registration.request_notifications == second.registration.request_notifications
    trace = iis.get("/").trace
    assert [e.method for e in trace.notifications] == ["OnBeginRequest"]


@pytest.mark.parametrize("abi", ["", ".msvc"])
def test_the_objects_around_a_request(abi: str, server: Make, dll: Dll) -> None:
    """5.4 to 5.9: first set wins, each thing kept is cleaned up exactly once; errors as documented."""
    iis = server(accounts={"alice": "secret"})
    iis.load(dll(f"objects{abi}"))
    response = iis.get("/")
    twice = "0x80070055"
    assert response.text.splitlines() == [
        "request 0x00000000 kept",
        f"request {twice}",
        "site 0x00000000 kept",
        "application 0x00000000 kept",
        "url 0x00000000 kept",
        "metadata 0x00000000 kept",
        f"named 0x00000000 {twice} kept none",
        "dispensed 0x00000000 kept",
        "description a &lt; b 8",
        "meta MACHINE/WEBROOT/APPHOST/Default Web Site",
        "frequent 0",
        "warming 0",
        "file 0x00000000 access 0x00000000",
        "policy 0 100 0x00000000 0x80070057 X-A,X-B",
        "user [] [] roles 1 0x000000001 sid given original the same",
        "token 0x00000000 given 0x8007052E",
    ]
    assert iis.get("/").text.splitlines()[2:6] == [
        f"{each} {twice}" for each in ("site", "application", "url", "metadata")
    ]
    iis.close()
    cleaned = [e.args["text"] for e in iis.trace if e.event == "output"]
    assert cleaned[:3] == ["cleaned up dispensed", "cleaned up request", "cleaned up named"]
    assert sorted(cleaned) == sorted(
        f"cleaned up {each}"
        for each in ("site", "application", "url", "metadata", *("dispensed", "request", "named") * 2)
    )
    assert {violation.rule.name for violation in iis.trace.violations} == {"context-set-twice"}


@pytest.mark.parametrize("abi", ["", ".msvc"])
def test_a_module_chooses_the_handler(abi: str, server: Make, dll: Dll) -> None:
    """5.7, IMapHandlerProvider: the script map that is set there is that of the handler stage."""
    name = f"handler_chooser{abi}"
    handlers = [
        {"name": "x", "path": "*.x", "verb": "GET,POST", "modules": name, "response_buffer_limit": 77},
        {"name": "rest", "path": "*", "modules": "StaticFileModule"},
    ]
    iis = server(handlers=handlers)
    iis.load(dll(name))
    assert iis.get("/asked.y").text.splitlines() == [
        "before rest",
        "map 0x00000000 x",
        "script 0x00000000 /script.x",
        f"handler x of {name} {len(name)}, verbs GET,POST, limit 77",
    ]
    assert iis.trace.violations == ()
