"""IHttpContext4, slot by slot (fact sheet 5.1), and server variables (5.10)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from nativecall import (
    CONTINUE,
    E_FAIL,
    FINISH,
    INSUFFICIENT_BUFFER,
    INVALID_INDEX,
    INVALID_PARAMETER,
    NULL,
    Host,
    Native,
    address,
    chunk,
    of,
    read_wide,
    response_of,
    text,
    variable,
    wide,
    wide_variable,
)

from pyiismod.abi.request import IHttpRequest4
from pyiismod.host._abi import ffi

Open = Callable[..., Any]

OUT_A, OUT_W = "PCSTR *", "PCWSTR *"


# --- neighbours


def test_request_and_response_are_the_same_objects_each_time(exchange: Open) -> None:
    x = exchange()
    context = of(x.context)
    assert address(context.GetRequest()) == address(context.GetRequest()) == x.request.this
    assert address(context.GetResponse()) == x.response.this
    assert Native(context.GetRequest(), IHttpRequest4).GetSiteId() == 1


def test_a_top_level_request_has_no_parent_and_no_root(exchange: Open) -> None:
    context = of(exchange().context)
    assert context.GetParentContext() == NULL
    assert context.GetRootContext() == NULL
    assert context.GetExecuteFlags() == 0


def test_get_extended_interface_has_nothing_to_ask_for(exchange: Open) -> None:
    out = ffi.new("void **", ffi.cast("void *", 0xDEAD))
    assert of(exchange().context).GetExtendedInterface(0, out) == E_FAIL
    assert address(out[0]) == 0xDEAD


def test_headers_sent_after_the_first_flush(exchange: Open) -> None:
    x = exchange()
    assert of(x.context).GetResponseHeadersSent() == 0
    assert of(x.response).Flush(0, 1, NULL, NULL) == 0
    assert of(x.context).GetResponseHeadersSent() == 1


def test_times(exchange: Open) -> None:
    context = of(exchange().context)
    assert context.GetRequestStartTime() > 0
    assert 0 <= context.GetRequestElapsedTime() < 60_000


# --- strings with a length


@pytest.mark.parametrize(
    ("target", "physical", "script"),
    [
        ("/", "C:\\site", "/"),
        ("/a/b.txt?x=1", "C:\\site\\a\\b.txt", "/a/b.txt"),
        ("/a/../b%20c/", "C:\\site\\b c\\", "/b c/"),
        ("/%E4%BD%A0/%F0%9F%98%80.html", "C:\\site\\你\\😀.html", "/你/😀.html"),
    ],
)
def test_paths(target: str, physical: str, script: str, exchange: Open) -> None:
    context = of(exchange(target=target, settings={"root": "C:\\site\\"}).context)
    for slot, expected in (
        ("GetPhysicalPath", physical),
        ("GetScriptName", script),
        ("GetScriptTranslated", "\\\\?\\" + physical),
    ):
        length = ffi.new("DWORD *", 0xDEAD)
        first, second = context.slot(slot)(length), context.slot(slot)(NULL)
        assert read_wide(first) == read_wide(second) == expected
        assert length[0] == len(expected.encode("utf-16-le")) // 2
        assert address(first) != address(second)


def map_path(context: Native, url: str, room: int) -> tuple[int, str, int]:
    """Call MapPath with a buffer of ``room`` bytes that ends at a poisoned edge."""
    buffer = ffi.new("char[]", b"\xcc" * (room + 64))
    size = ffi.new("DWORD *", room)
    result = context.MapPath(wide(url), ffi.cast("WCHAR *", buffer), size)
    assert ffi.buffer(buffer)[room : room + 64] == b"\xcc" * 64
    return result, read_wide(buffer) if result == 0 else "", size[0]


def test_map_path_counts_bytes_with_the_nul(exchange: Open) -> None:
    context = of(exchange(settings={"root": "C:\\site"}).context)
    expected = "C:\\site\\a\\你.txt"
    needed = 2 * len(expected) + 2
    size = ffi.new("DWORD *", 0)
    assert context.MapPath(wide("/a/你.txt"), NULL, size) == INSUFFICIENT_BUFFER
    assert size[0] == needed
    assert map_path(context, "/a/你.txt", needed - 1) == (INSUFFICIENT_BUFFER, "", needed)
    assert map_path(context, "/a/你.txt", needed) == (0, expected, needed)
    assert map_path(context, "/a/你.txt", needed + 10) == (0, expected, needed)


def test_map_path_of_nothing(exchange: Open) -> None:
    context = of(exchange().context)
    assert context.MapPath(NULL, NULL, ffi.new("DWORD *")) == INVALID_PARAMETER
    assert context.MapPath(wide("/"), NULL, NULL) == INVALID_PARAMETER


@pytest.mark.parametrize(
    ("url", "path"),
    [("/", "C:\\site"), ("/a/", "C:\\site\\a\\"), ("/../../x", "C:\\site\\x"), ("/a/./b/../c", "C:\\site\\a\\c")],
)
def test_map_path_stays_below_the_root(url: str, path: str, exchange: Open) -> None:
    context = of(exchange(settings={"root": "C:\\site"}).context)
    assert map_path(context, url, 200)[:2] == (0, path)


# --- server variables


def test_the_two_widths_agree_and_lengths_are_characters_without_nul(exchange: Open) -> None:
    context = of(exchange(target="/d%C3%A9j%C3%A0?q=%20").context)
    assert variable(context, b"QUERY_STRING") == (0, b"q=%20", 5)
    assert wide_variable(context, b"query_string") == (0, "q=%20", 5)
    assert wide_variable(context, b"PATH_INFO") == (0, "/déjà", 5)
    assert variable(context, b"PATH_INFO") == (0, "/déjà".encode("cp1252"), 5)


def test_a_value_outside_of_the_bmp(exchange: Open) -> None:
    context = of(exchange(target="/%F0%9F%98%80").context)
    assert wide_variable(context, b"PATH_INFO") == (0, "/😀", 3)
    assert variable(context, b"PATH_INFO")[:2] == (0, b"/?")


@pytest.mark.parametrize("name", [b"NO_SUCH", b"HTTP_X_ABSENT", b"", b"HTTP_", b"\xff"])
def test_an_unknown_name_leaves_the_out_values_alone(name: bytes, exchange: Open) -> None:
    """5.10: the length and pointer stay as the caller filled them."""
    context = of(exchange().context)
    mine = ffi.new("char[]", b"mine")
    out, length = ffi.new(OUT_A, mine), ffi.new("DWORD *", 77)
    assert context.GetServerVariable_a(text(name), out, length) == INVALID_INDEX
    assert (address(out[0]), length[0], ffi.string(mine)) == (address(mine), 77, b"mine")
    wide_out = ffi.new(OUT_W, ffi.cast("PCWSTR", 0xDEAD))
    assert context.GetServerVariable_w(text(name), wide_out, length) == INVALID_INDEX
    assert (address(wide_out[0]), length[0]) == (0xDEAD, 77)


def test_null_everywhere(exchange: Open) -> None:
    context = of(exchange().context)
    length = ffi.new("DWORD *", 77)
    for slot in ("GetServerVariable_a", "GetServerVariable_w"):
        assert context.slot(slot)(NULL, NULL, length) == INVALID_INDEX
        assert context.slot(slot)(text(b"URL"), NULL, NULL) == 0
    assert length[0] == 77
    assert context.SetServerVariable(NULL, wide("x")) == INVALID_PARAMETER


def test_the_callers_buffer_is_never_written_to(exchange: Open) -> None:
    """Marlin passes its own buffers: the pointer is replaced."""
    mine = ffi.new("char[]", b"mine")
    out, length = ffi.new(OUT_A, mine), ffi.new("DWORD *", 4)
    assert of(exchange().context).GetServerVariable_a(text(b"URL"), out, length) == 0
    assert ffi.string(mine) == b"mine"
    assert address(out[0]) != address(mine)
    assert length[0] == 1


def test_an_empty_value_is_a_value(exchange: Open) -> None:
    context = of(exchange(headers=[("X-Empty", "")]).context)
    for name in (b"QUERY_STRING", b"CONTENT_TYPE", b"REMOTE_USER", b"HTTP_X_EMPTY", b"CERT_SUBJECT", b"HTTPS_KEYSIZE"):
        assert variable(context, name) == (0, b"", 0), name


def test_headers_as_variables(exchange: Open) -> None:
    context = of(exchange(headers=[("X-Forwarded-For", "1.2.3.4"), ("Accept", "a/b"), ("X-\xe9", "\xff")]).context)
    assert variable(context, b"HTTP_X_FORWARDED_FOR") == (0, b"1.2.3.4", 7)
    assert variable(context, b"http_accept") == (0, b"a/b", 3)
    assert variable(context, b"ALL_RAW")[1] == b"Accept: a/b\r\nX-Forwarded-For: 1.2.3.4\r\nX-\xe9: \xff\r\n"
    assert variable(context, b"ALL_HTTP")[1].startswith(b"HTTP_ACCEPT:a/b\nHTTP_X_FORWARDED_FOR:1.2.3.4\n")


def test_a_header_that_a_module_set_is_seen(exchange: Open) -> None:
    x = exchange()
    assert of(x.request).SetHeader_name(text(b"X-New"), text(b"v"), 1, 1) == 0
    assert variable(of(x.context), b"HTTP_X_NEW") == (0, b"v", 1)


EXPECTED = {
    b"REQUEST_METHOD": b"POST",
    b"HTTP_METHOD": b"POST",
    b"URL": b"/a b",
    b"HTTP_URL": b"/a%20b?c=d",
    b"UNENCODED_URL": b"/a b?c=d",
    b"REQUEST_URI": b"/a b",
    b"QUERY_STRING": b"c=d",
    b"CACHE_URL": b"http://localhost:8080/a b?c=d",
    b"SERVER_PROTOCOL": b"HTTP/1.1",
    b"HTTP_VERSION": b"HTTP/1.1",
    b"PATH_INFO": b"/a b",
    b"PATH_TRANSLATED": b"C:\\inetpub\\wwwroot\\a b",
    b"SCRIPT_NAME": b"/a b",
    b"SCRIPT_FILENAME": b"C:\\inetpub\\wwwroot\\a b",
    b"REQUEST_FILENAME": b"C:\\inetpub\\wwwroot\\a b",
    b"SCRIPT_TRANSLATED": b"\\\\?\\C:\\inetpub\\wwwroot\\a b",
    b"DOCUMENT_ROOT": b"C:\\inetpub\\wwwroot\\",
    b"APPL_PHYSICAL_PATH": b"C:\\inetpub\\wwwroot\\",
    b"APPL_MD_PATH": b"/LM/W3SVC/1/ROOT",
    b"CONTENT_LENGTH": b"3",
    b"CONTENT_TYPE": b"text/plain",
    b"SERVER_NAME": b"localhost",
    b"SERVER_PORT": b"8080",
    b"SERVER_PORT_SECURE": b"0",
    b"SERVER_ADDR": b"10.0.0.2",
    b"LOCAL_ADDR": b"10.0.0.2",
    b"REMOTE_ADDR": b"10.0.0.1",
    b"REMOTE_HOST": b"10.0.0.1",
    b"REMOTE_PORT": b"4711",
    b"SERVER_SOFTWARE": b"Microsoft-IIS/10.0",
    b"GATEWAY_INTERFACE": b"CGI/1.1",
    b"INSTANCE_ID": b"1",
    b"INSTANCE_NAME": b"Default Web Site",
    b"INSTANCE_META_PATH": b"/LM/W3SVC/1",
    b"APP_POOL_ID": b"DefaultAppPool",
    b"MANAGED_PIPELINE_MODE": b"Integrated",
    b"HTTPS": b"off",
    b"AUTH_TYPE": b"",
    b"REQUEST_FLAGS": b"0",
}


@pytest.mark.parametrize("name", EXPECTED)
def test_computed(name: bytes, exchange: Open) -> None:
    x = exchange(
        "POST",
        "/a%20b?c=d",
        authority="localhost:8080",
        headers=[("Content-Type", "text/plain"), ("Content-Length", "3")],
        body=b"abc",
        remote=("10.0.0.1", 4711),
        local=("10.0.0.2", 8080),
    )
    assert variable(of(x.context), name) == (0, EXPECTED[name], len(EXPECTED[name]))


def test_https(exchange: Open) -> None:
    context = of(exchange(scheme="https").context)
    values = {name: variable(context, name)[1] for name in (b"HTTPS", b"SERVER_PORT_SECURE", b"SERVER_PORT")}
    assert values == {b"HTTPS": b"on", b"SERVER_PORT_SECURE": b"1", b"SERVER_PORT": b"443"}


DOCUMENTED = """ALL_HTTP ALL_RAW APPL_MD_PATH APPL_PHYSICAL_PATH APP_POOL_CONFIG APP_POOL_ID AUTH_PASSWORD AUTH_TYPE
AUTH_USER CACHE_URL CERT_COOKIE CERT_FLAGS CERT_ISSUER CERT_KEYSIZE CERT_SECRETKEYSIZE CERT_SERIALNUMBER
CERT_SERVER_ISSUER CERT_SERVER_SUBJECT CERT_SUBJECT CONTENT_LENGTH CONTENT_TYPE CRYPT_CIPHER_ALG_ID CRYPT_HASH_ALG_ID
CRYPT_KEYEXCHANGE_ALG_ID CRYPT_PROTOCOL DOCUMENT_ROOT FORWARDED_URL GATEWAY_INTERFACE HTTPS HTTPS_KEYSIZE
HTTPS_SECRETKEYSIZE HTTPS_SERVER_ISSUER HTTPS_SERVER_SUBJECT HTTP_METHOD HTTP_URL HTTP_VERSION INSTANCE_ID
INSTANCE_META_PATH INSTANCE_NAME LOCAL_ADDR LOGON_USER MANAGED_PIPELINE_MODE PATH_INFO PATH_TRANSLATED QUERY_STRING
REMOTE_ADDR REMOTE_HOST REMOTE_PORT REMOTE_USER REQUEST_FILENAME REQUEST_FLAGS REQUEST_METHOD REQUEST_URI
SCRIPT_FILENAME SCRIPT_NAME SCRIPT_TRANSLATED SERVER_ADDR SERVER_NAME SERVER_PORT SERVER_PORT_SECURE SERVER_PROTOCOL
SERVER_SOFTWARE UNENCODED_URL UNMAPPED_REMOTE_USER URL"""


@pytest.mark.parametrize("name", DOCUMENTED.split())
def test_every_documented_variable_is_known(name: str, exchange: Open) -> None:
    context = of(exchange().context)
    result, value, length = variable(context, name.encode())
    assert result == 0
    assert length == len(value)
    assert wide_variable(context, name.encode())[0] == 0


def test_null_takes_the_own_value_away(exchange: Open) -> None:
    """Unconfirmed (section 7): NULL deletes."""
    context = of(exchange().context)
    context.SetServerVariable(text(b"MINE"), wide("1"))
    context.SetServerVariable(text(b"URL"), wide("/own"))
    assert variable(context, b"URL")[1] == b"/own"
    assert context.SetServerVariable(text(b"MINE"), NULL) == 0
    assert context.SetServerVariable(text(b"URL"), NULL) == 0
    assert variable(context, b"MINE")[0] == INVALID_INDEX
    assert variable(context, b"URL")[1] == b"/"


def test_lone_surrogates_in_a_value(exchange: Open) -> None:
    context = of(exchange().context)
    assert context.SetServerVariable(text(b"ODD"), wide("a\ud800")) == 0
    assert wide_variable(context, b"ODD") == (0, "a\ud800", 2)
    assert variable(context, b"ODD") == (0, b"a?", 2)


# --- what changes the pipeline


def test_disable_notifications_counts_for_this_module_only(host: Host) -> None:
    """2.3: this module, this request, deterministic events; unknown bits are ignored."""
    told: list[str] = []

    def note(name: str) -> Callable[[Native, Native], int]:
        def handler(context: Native, provider: Native) -> int:
            told.append(name)
            if name == "a:begin":
                context.DisableNotifications(0x800 | 0x40000 | 0x20000000, 0x400)
            return CONTINUE

        return handler

    events = {"OnBeginRequest": "begin", "OnLogRequest": "log", "OnPostLogRequest": "post log", "OnEndRequest": "end"}
    for module in "ab":
        handlers = {method: note(f"{module}:{name}") for method, name in events.items()}
        host.load(module, {**handlers, "OnSendResponse": note(f"{module}:send")})
    host.fire()
    expected = ["a:begin", "b:begin", "a:log", "b:log", "b:post log", "b:end", "b:send", "a:send"]
    assert told == expected
    told.clear()
    host.fire()
    assert told == expected


def test_set_request_handled_ends_the_handler_stage_only(host: Host) -> None:
    """2.3: it does not end the request."""
    told: list[str] = []

    def handle(context: Native, provider: Native) -> int:
        told.append("handler")
        context.SetRequestHandled()
        response_of(context).WriteEntityChunks(chunk(b"mine"), 1, 0, 0, NULL, NULL)
        return CONTINUE

    def never(context: Native, provider: Native) -> int:
        told.append("second handler")
        return CONTINUE

    def later(context: Native, provider: Native) -> int:
        told.append("release")
        return CONTINUE

    host.load("first", {"OnExecuteRequestHandler": handle})
    host.load("second", {"OnExecuteRequestHandler": never, "OnReleaseRequestState": later})
    outgoing = host.fire()
    assert told == ["handler", "release"]
    assert (outgoing.status, b"".join(outgoing.body)) == (200, b"mine")


def test_a_finished_request_is_not_handled_by_content(host: Host) -> None:
    host.load("first", {"OnExecuteRequestHandler": lambda context, provider: FINISH})
    assert host.fire().status == 200
