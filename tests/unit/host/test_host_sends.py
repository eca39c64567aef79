"""SEND_RESPONSE: when it is told, what it may change, what its status does (fact sheet 3.1, 3.2)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from nativecall import (
    CONTINUE,
    FINISH,
    INVALID_PARAMETER,
    NULL,
    PENDING,
    Host,
    Native,
    chunk,
    ffi,
    noting,
    response_of,
    text,
    told,
    write_to,
)

from pyiismod.abi.constants import RQ_SEND_RESPONSE

# --- sends

NAMES = {1: "RQ_NOTIFICATION_PENDING", 2: "RQ_NOTIFICATION_FINISH_REQUEST"}


def sends(host: Host, work: Callable[[Native], None]) -> list[tuple[int, int]]:
    """Return (GetHeadersBeingSent, GetFlags) of each SEND_RESPONSE while ``work`` runs in BEGIN_REQUEST."""
    seen: list[tuple[int, int]] = []

    def begin(context: Native, provider: Native) -> int:
        work(context)
        return FINISH

    def send(context: Native, provider: Native) -> int:
        seen.append((provider.GetHeadersBeingSent(), provider.GetFlags()))
        assert (provider.GetReadyToLogData(), provider.GetLogData()) == (0, NULL)
        return CONTINUE

    host.load("m", {"OnBeginRequest": begin, "OnSendResponse": send})
    host.fire()
    return seen


MORE = 2


def test_send_at_the_end(host: Host) -> None:
    assert sends(host, lambda context: write_to(context, b"x")) == [(1, 0)]


def test_sends_of_flushes(host: Host) -> None:
    def work(context: Native) -> None:
        for _ in range(2):
            assert response_of(context).Flush(0, 1, NULL, NULL) == 0

    assert sends(host, work) == [(1, MORE), (0, MORE), (0, 0)]


def test_send_of_the_last_flush(host: Host) -> None:
    assert sends(host, lambda context: response_of(context).Flush(0, 0, NULL, NULL)) == [(1, 0)]


def test_sends_without_buffering() -> None:
    def work(context: Native) -> None:
        response_of(context).DisableBuffering()
        write_to(context, b"a")
        write_to(context, b"b")

    assert sends(Host(), work) == [(1, MORE), (0, MORE), (0, 0)]


def test_send_of_a_full_buffer() -> None:
    assert sends(Host(response_buffer_limit=3), lambda context: write_to(context, b"four")) == [(1, MORE), (0, 0)]


def test_headers_are_not_being_sent_when_suppressed(host: Host) -> None:
    assert sends(host, lambda context: response_of(context).SuppressHeaders()) == [(0, 0)]


def test_a_send_module_may_change_everything(host: Host) -> None:
    """3.2: headers while they are being sent, status, and the chunks; it sees the response last when it is first."""

    def begin(context: Native, provider: Native) -> int:
        write_to(context, b"old body")
        return FINISH

    def replace(context: Native, provider: Native) -> int:
        response = response_of(context)
        assert response.SetStatus(403, text(b"No"), 0, 0, NULL, 0) == 0
        assert response.SetHeader_name(text(b"X-Sent"), text(b"yes"), 3, 1) == 0
        response.GetRawHttpResponse_mutable().EntityChunkCount = 0
        assert response.WriteEntityChunkByReference(data, -1) == 0
        return CONTINUE

    data = chunk(b"new")
    host.load("m", {"OnBeginRequest": begin, "OnSendResponse": replace})
    outgoing = host.fire()
    headers = dict(outgoing.headers)
    assert (outgoing.status, outgoing.body, headers["X-Sent"], headers["Content-Length"]) == (403, [b"new"], "yes", "3")
    assert host.violations == []


def test_a_send_module_may_clear_the_more_data_flag(host: Host) -> None:
    def begin(context: Native, provider: Native) -> int:
        assert response_of(context).Flush(0, 1, NULL, NULL) == 0
        return CONTINUE

    def send(context: Native, provider: Native) -> int:
        provider.SetFlags(0)
        assert provider.SetLogData(NULL) == INVALID_PARAMETER
        return CONTINUE

    host.load("m", {"OnBeginRequest": begin, "OnSendResponse": send})
    outgoing = host.fire()
    assert (outgoing.ended, told(host).count("m.dll:OnSendResponse")) == (True, 1)


@pytest.mark.parametrize("status", [FINISH, PENDING, 9])
def test_any_other_status_from_send_response_is_a_violation(status: int, host: Host) -> None:
    """Section 7: FINISH counts as CONTINUE; 3.1: PENDING is illegal from a nested notification."""
    notes: list[str] = []
    noting(host, "inner", notes, "OnSendResponse")
    host.load("odd", {"OnSendResponse": lambda context, provider: status})
    host.fire()
    assert notes == ["inner:OnSendResponse"]
    assert len(host.violations) == 1
    assert f"OnSendResponse (RQ_SEND_RESPONSE) of odd.dll returned {NAMES.get(status, status)};" in host.violations[0]


def test_a_send_inside_a_send_has_an_end(host: Host) -> None:
    """3.1: a SEND_RESPONSE module that flushes triggers another; for ever, if nobody stops it."""
    depth: list[int] = []

    def send(context: Native, provider: Native) -> int:
        depth.append(1)
        response_of(context).Flush(0, 1, NULL, NULL)
        return CONTINUE

    host.load("m", {"OnSendResponse": send})
    host.fire()
    assert len(depth) == 10
    assert host.violations == ["OnSendResponse sends again, 10 deep: it is not told any more"]


def test_a_send_that_ends_inside_a_send_stays_ended(host: Host) -> None:
    first: list[int] = []

    def begin(context: Native, provider: Native) -> int:
        write_to(context, b"body")
        assert response_of(context).Flush(0, 1, NULL, NULL) == 0
        return CONTINUE

    def send(context: Native, provider: Native) -> int:
        if not first:
            first.append(1)
            response_of(context).Flush(0, 0, NULL, NULL)
        return CONTINUE

    host.load("m", {"OnBeginRequest": begin, "OnSendResponse": send})
    outgoing = host.fire()
    assert (outgoing.ended, outgoing.body) == (True, [b"body"])
    assert told(host).count("m.dll:OnSendResponse") == 2


def test_log_data(host: Host) -> None:
    """3.2: on the last send, for modules with HIGH or FIRST; what they leave there is logged, read behind the send."""
    seen: list[tuple[int, bool]] = []
    mine, name = ffi.new("HTTP_LOG_FIELDS_DATA *"), ffi.new("char[]", b"10.0.0.9")

    def send(context: Native, provider: Native) -> int:
        data = provider.GetLogData()
        seen.append((provider.GetReadyToLogData(), data != NULL))
        if data == NULL:
            assert provider.SetLogData(ffi.addressof(mine, "Base")) == 0  # too early: no effect
            return CONTINUE
        fields = ffi.cast("HTTP_LOG_FIELDS_DATA *", data)
        assert (ffi.string(fields.ClientIp), fields.ClientIpLength) == (b"127.0.0.1", 9)
        assert (ffi.string(fields.UserName), fields.UserNameLength) == ("-", 2)
        ffi.memmove(mine, fields, ffi.sizeof(mine[0]))
        mine.ClientIp, mine.ClientIpLength = name, 8
        assert provider.SetLogData(ffi.addressof(mine, "Base")) == 0
        return CONTINUE

    def begin(context: Native, provider: Native) -> int:
        assert response_of(context).Flush(0, 1, NULL, NULL) == 0
        return CONTINUE

    host.load("low", {"OnBeginRequest": begin, "OnSendResponse": send})
    host.load("high", {"OnSendResponse": send}, priorities=[(RQ_SEND_RESPONSE, "HIGH")])
    outgoing = host.fire(target="/a%20b?x=1", headers=[("Host", "h"), ("Referer", "there")])
    assert seen == [(0, False)] * 3 + [(1, True)]
    expected = {
        "ClientIp": "10.0.0.9",
        "UriStem": "/a b",
        "UriQuery": "x=1",
        "Referrer": "there",
        "ServiceName": "W3SVC1",
    }
    assert expected.items() <= outgoing.log.items()
    assert (outgoing.log["ProtocolStatus"], outgoing.log["ServerPort"]) == (200, 80)
