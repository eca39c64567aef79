"""What only managed code asks for (fact sheet 5.1, 5.2): changes of headers and variables; trailers, certificates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nativecall import (
    CONTINUE,
    E_FAIL,
    INVALID_DATA,
    INVALID_INDEX,
    INVALID_PARAMETER,
    NOT_FOUND,
    NULL,
    Host,
    Native,
    of,
    read_wide,
    request_of,
    text,
    wide,
)

from pyiismod.host._abi import ffi

Open = Callable[..., Any]
COOKIE, HOST_HEADER, KNOWN = 25, 28, 41


class Snapshot:
    """The caller's side of GetHeaderChanges."""

    def __init__(self, known: int) -> None:
        self.number = ffi.new("DWORD *")
        self.values, self.indices = ffi.new("PCSTR[]", known), ffi.new("DWORD[]", known + 1)
        self.count, self.names, self.others = ffi.new("DWORD *"), ffi.new("PCSTR **"), ffi.new("PCSTR **")
        self.diffed, self.which = ffi.new("DWORD *"), ffi.new("DWORD **")
        self.known = known

    def ask(self, native: Native) -> tuple[list[int], list[int]]:
        """Return the indices of the known and of the other headers that have changed."""
        result = native.GetHeaderChanges(
            self.number[0],
            self.number,
            self.values,
            self.count,
            self.names,
            self.others,
            self.indices,
            self.diffed,
            self.which,
        )
        assert result == 0
        known = []
        for i in range(self.known + 1):
            if self.indices[i] >= self.known:
                break
            known.append(self.indices[i])
        return known, [self.which[0][i] for i in range(self.diffed[0])]


def test_changes_of_request_headers(exchange: Open) -> None:
    x = exchange(headers=[("Host", "h"), ("X-One", "1"), ("X-Two", "2")])
    native, snapshot = of(x.request), Snapshot(KNOWN)
    assert snapshot.ask(native) == ([HOST_HEADER], [0, 1])
    assert ffi.string(snapshot.values[HOST_HEADER]) == b"h"
    assert [ffi.string(snapshot.names[0][i]) for i in range(snapshot.count[0])] == [b"X-One", b"X-Two"]
    assert snapshot.ask(native) == ([], [])
    native.SetHeader_name(text(b"X-Two"), text(b"new"), 3, 1)
    native.SetHeader_id(COOKIE, text(b"c"), 1, 1)
    native.DeleteHeader_id(HOST_HEADER)
    assert snapshot.ask(native) == ([COOKIE, HOST_HEADER], [1])
    assert snapshot.values[HOST_HEADER] == NULL
    assert ffi.string(snapshot.others[0][1]) == b"new"
    assert snapshot.ask(native) == ([], [])


def test_changes_of_response_headers(exchange: Open) -> None:
    x = exchange()
    native, snapshot = of(x.response), Snapshot(30)
    snapshot.ask(native)
    native.SetHeader_name(text(b"Content-Type"), text(b"text/plain"), 10, 1)
    assert snapshot.ask(native) == ([12], [])


def test_changes_need_somewhere_to_go(exchange: Open) -> None:
    native = of(exchange().request)
    assert native.GetHeaderChanges(0, *[NULL] * 8) == INVALID_PARAMETER


def test_changes_of_variables(exchange: Open) -> None:
    context = of(exchange().context)
    number, count, diffed = (ffi.new("DWORD *") for _ in range(3))
    names, values, which = ffi.new("PCSTR **"), ffi.new("PCWSTR **"), ffi.new("DWORD **")

    def ask() -> list[int]:
        assert context.GetServerVarChanges(number[0], number, count, names, values, diffed, which) == 0
        return [which[0][i] for i in range(diffed[0])]

    for name, value in ((b"ONE", "1"), (b"TWO", "2")):
        assert context.SetServerVariable(text(name), wide(value)) == 0
    assert ask() == [0, 1]
    assert ask() == []
    assert context.SetServerVariable(text(b"TWO"), wide("neu")) == 0
    assert ask() == [1]
    assert ffi.string(names[0][1]) == b"TWO"
    assert read_wide(values[0][1]) == "neu"
    assert context.GetServerVarChanges(0, *[NULL] * 6) == INVALID_PARAMETER


def test_inherited_variables(exchange: Open) -> None:
    x = exchange()
    context = of(x.context)
    assert context.SetServerVariable(text(b"mine"), wide("x")) == 0
    assert context.InheritServerVariable(text(b"Mine"), 1) == 0
    assert context.InheritServerVariable(text(b"other"), 1) == INVALID_INDEX
    assert context.InheritServerVariable(text(b"other"), 0) == 0
    assert context.InheritServerVariable(NULL, 0) == INVALID_PARAMETER
    assert x.variables.inherited == {"MINE"}


def test_trailers(exchange: Open) -> None:
    native, length = of(exchange().response), ffi.new("USHORT *", 9)
    assert native.GetTrailer(text(b"X-Sum"), length) == NULL
    assert length[0] == 0
    assert native.SetTrailer(text(b"X-Sum"), text(b"one"), 3, 0) == 0
    assert native.SetTrailer(text(b"x-sum"), text(b"two"), 3, 0) == 0
    assert ffi.string(native.GetTrailer(text(b"X-SUM"), length)) == b"one, two"
    assert length[0] == 8
    assert native.SetTrailer(text(b"X-Sum"), text(b"three"), 5, 1) == 0
    assert ffi.string(native.GetTrailer(text(b"X-Sum"), NULL)) == b"three"
    assert native.DeleteTrailer(text(b"X-Sum")) == native.DeleteTrailer(text(b"X-Sum")) == 0
    assert native.GetTrailer(text(b"X-Sum"), NULL) == NULL
    assert native.SetTrailer(NULL, text(b"x"), 1, 0) == INVALID_PARAMETER
    assert native.SetTrailer(text(b"X"), text(b"a\r\nb"), 4, 0) == INVALID_PARAMETER
    assert native.DeleteTrailer(NULL) == INVALID_PARAMETER
    long = text(b"x" * 65535)
    assert native.SetTrailer(text(b"X"), long, 65535, 0) == 0
    assert native.SetTrailer(text(b"X"), long, 65535, 0) == INVALID_DATA


def test_the_end_of_a_stream(exchange: Open) -> None:
    x = exchange()
    of(x.response).SetNeedGoAway()
    assert x.response.needs_disconnect
    of(x.response).ResetStream(2)
    assert x.outgoing.aborted


def test_client_certificates(exchange: Open) -> None:
    out, negotiated, pending = ffi.new("HTTP_SSL_CLIENT_CERT_INFO **"), ffi.new("BOOL *"), ffi.new("BOOL *", 7)
    without = of(exchange().request)
    assert without.GetClientCertificate(out, negotiated) == NOT_FOUND
    assert without.NegotiateClientCertificate(0, pending) == E_FAIL
    assert pending[0] == 0
    native = of(exchange(certificate=b"0\x82DER").request)
    assert native.NegotiateClientCertificate(0, pending) == 0
    assert native.GetClientCertificate(out, negotiated) == 0
    assert negotiated[0] == 1
    assert ffi.buffer(out[0].pCertEncoded, out[0].CertEncodedSize)[:] == b"0\x82DER"
    assert native.GetClientCertificate(NULL, negotiated) == INVALID_PARAMETER


def test_no_channel_binding(exchange: Open) -> None:
    token, size = ffi.new("PBYTE *", ffi.cast("PBYTE", 5)), ffi.new("DWORD *", 7)
    native = of(exchange().request)
    assert native.GetChannelBindingToken(token, size) == 0
    assert (token[0], size[0]) == (NULL, 0)
    assert native.GetChannelBindingToken(NULL, size) == INVALID_PARAMETER


def test_execution_statistics(host: Host) -> None:
    seen: list[tuple[int, str, int, int]] = []

    def look(context: Native, provider: Native) -> int:
        numbers = [ffi.new("DWORD *", 0xCCCCCCCC) for _ in range(5)]
        name = ffi.new("PCWSTR *")
        bit, start, module_start, pending, since = numbers
        assert context.GetCurrentExecutionStats(bit, start, name, module_start, pending, since) == 0
        assert context.GetCurrentExecutionStats(NULL, NULL, NULL, NULL, NULL, NULL) == INVALID_PARAMETER
        assert context.GetCurrentExecutionStats(bit, NULL, NULL, NULL, NULL, NULL) == 0
        seen.append((bit[0], read_wide(name[0]), pending[0], since[0]))
        assert 0 < start[0] <= module_start[0] < 0xCCCCCCCC
        assert request_of(context).GetSiteId() == 1
        return CONTINUE

    host.load("m", {"OnBeginRequest": look, "OnPostBeginRequest": look, "OnLogRequest": look})
    host.fire()
    assert seen == [(1, "m", 0, 0), (1, "m", 0, 0), (0x400, "m", 0, 0)]
