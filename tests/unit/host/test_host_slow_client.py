"""A slow client: what is asynchronous does not wait for it, and can be cancelled (fact sheet 2.4, 5.3)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from nativecall import CONTINUE, FINISH, NULL, PENDING, Host, Native, chunk, ffi, request_of, response_of

from pyiismod.host.incoming import GivenUp

ABORTED, INVALID = 0x800703E3 - (1 << 32), 0x800704CD - (1 << 32)
LATER = ("threaded", "early")

pytestmark = pytest.mark.usefixtures("pool")


class Slow:
    """Sends nothing and takes nothing until it is told to."""

    left: Callable[[], None] | None = None

    def __init__(self) -> None:
        self.moves = threading.Condition()
        self.is_awake = False
        self.heads: list[int] = []
        self.got = b""

    def begin(self, answer: Any) -> None:
        self.heads.append(answer.status)

    def receive(self, data: memoryview, is_wanted: Callable[[], bool]) -> bool:
        self.wait(is_wanted)
        self.got += bytes(data)
        return True

    def read(self, is_wanted: Callable[[], bool]) -> bytes:
        self.wait(is_wanted)
        return b"sent late"

    def wait(self, is_wanted: Callable[[], bool]) -> None:
        with self.moves:
            while not self.is_awake:
                if not is_wanted():
                    raise GivenUp
                assert self.moves.wait(10)

    def wake(self) -> None:
        with self.moves:
            self.moves.notify_all()

    def go(self) -> None:
        self.is_awake = True
        self.wake()


def write(context: Native, data: bytes, *, more: int = 1) -> tuple[int, int, int]:
    """Write asynchronously; return the HRESULT, the bytes sent and whether a completion follows."""
    sent, pending = ffi.new("DWORD *", 7), ffi.new("BOOL *", 7)
    result = response_of(context).WriteEntityChunks(chunk(data), 1, 1, more, sent, pending)
    return result, sent[0], pending[0]


@pytest.mark.parametrize("schedule", LATER)
@pytest.mark.parametrize("is_flush", [False, True])
def test_an_asynchronous_send_does_not_wait(schedule: str | int, is_flush: bool, host: Host) -> None:
    """2.4: it returns at once, and completes when the client has taken everything."""
    client, seen = Slow(), []

    def begin(context: Native, provider: Native) -> int:
        if is_flush:
            assert write(context, b"body") == (0, 0, 0)  # buffered
            sent, pending = ffi.new("DWORD *", 7), ffi.new("BOOL *", 7)
            assert response_of(context).Flush(1, 1, sent, pending) == 0
            assert (sent[0], pending[0]) == (0, 1)
        else:
            response_of(context).DisableBuffering()
            assert write(context, b"body") == (0, 0, 1)
        assert (client.heads, client.got) == ([200], b"")
        assert context.GetResponseHeadersSent() == 1
        client.go()
        return PENDING

    def completed(context: Native, bit: int, post: int, provider: Native, info: Native) -> int:
        seen.append((info.GetCompletionBytes(), info.GetCompletionStatus(), client.got))
        return FINISH

    host.load("m", {"OnBeginRequest": begin, "OnAsyncCompletion": completed})
    outgoing = host.fire(schedule=schedule, client=client)
    assert seen == [(4, 0, b"body")]
    assert (outgoing.connection, outgoing.body) == ("keep-alive", [])
    assert host.violations == []


def test_parts_leave_in_order_whoever_sends_them(host: Host) -> None:
    """What was sent before goes first: a synchronous flush waits for it, and so does the end of the request."""
    client = Slow()

    def begin(context: Native, provider: Native) -> int:
        response_of(context).DisableBuffering()
        for data in (b"one ", b"two "):
            assert write(context, data) == (0, 0, 1)
        threading.Timer(0.05, client.go).start()
        sent = ffi.new("DWORD *", 7)
        assert response_of(context).WriteEntityChunks(chunk(b"three "), 1, 0, 1, sent, NULL) == 0
        assert (sent[0], client.got) == (6, b"one two three ")
        client.is_awake = False
        assert write(context, b"four", more=0) == (0, 0, 1)
        threading.Timer(0.05, client.go).start()
        return CONTINUE

    host.load("m", {"OnBeginRequest": begin})
    host.fire(client=client)
    assert client.got == b"one two three four"
    assert [text.partition(" went")[2] for text in host.violations if "went on" in text] == [
        " on without waiting for WriteEntityChunks"
    ] * 3


@pytest.mark.parametrize("schedule", LATER)
def test_a_cancelled_send_resets_the_connection(schedule: str | int, host: Host) -> None:
    """2.4, CancelIo: it completes with ERROR_OPERATION_ABORTED; half a response cannot go on."""
    client, seen = Slow(), []
    timers: list[threading.Timer] = []

    def begin(context: Native, provider: Native) -> int:
        response_of(context).DisableBuffering()
        assert write(context, b"body") == (0, 0, 1)
        timers.append(threading.Timer(0.05, lambda: seen.append(context.CancelIo())))
        timers[0].start()
        return PENDING

    def completed(context: Native, bit: int, post: int, provider: Native, info: Native) -> int:
        seen.append((info.GetCompletionBytes(), info.GetCompletionStatus()))
        seen.append(response_of(context).Flush(0, 1, NULL, NULL))
        return FINISH

    host.load("m", {"OnBeginRequest": begin, "OnAsyncCompletion": completed})
    outgoing = host.fire(schedule=schedule, client=client)
    timers[0].join()
    assert sorted(map(str, seen)) == sorted(map(str, [0, (0, ABORTED), INVALID]))
    assert (outgoing.connection, client.got) == ("reset", b"")


def test_a_reset_ends_a_send_that_waits(host: Host) -> None:
    """5.3, ResetConnection: nobody waits for a client that was thrown out."""
    client, seen = Slow(), []

    def begin(context: Native, provider: Native) -> int:
        response_of(context).DisableBuffering()
        assert write(context, b"body") == (0, 0, 1)
        threading.Timer(0.05, response_of(context).ResetConnection).start()
        return PENDING

    def completed(context: Native, bit: int, post: int, provider: Native, info: Native) -> int:
        seen.append((info.GetCompletionBytes(), info.GetCompletionStatus()))
        return FINISH

    host.load("m", {"OnBeginRequest": begin, "OnAsyncCompletion": completed})
    assert host.fire(client=client).connection == "reset"
    assert seen == [(0, INVALID)]


# --- a body that does not come


@pytest.mark.parametrize("schedule", LATER)
@pytest.mark.parametrize("is_waiting", [False, True])
def test_a_cancelled_read(schedule: str | int, is_waiting: bool, host: Host) -> None:
    """2.4, CancelIo: it completes with ERROR_OPERATION_ABORTED; what comes later is there for the next read."""
    client, seen, buffer = Slow(), [], ffi.new("char[16]")

    def begin(context: Native, provider: Native) -> int:
        pending = ffi.new("BOOL *")
        assert request_of(context).ReadEntityBody(buffer, 16, 1, NULL, pending) == 0
        assert pending[0] == 1
        if is_waiting:
            threading.Timer(0.05, context.CancelIo).start()
        else:
            assert context.CancelIo() == 0
        return PENDING

    def completed(context: Native, bit: int, post: int, provider: Native, info: Native) -> int:
        seen.append((info.GetCompletionBytes(), info.GetCompletionStatus(), ffi.string(buffer)))
        client.go()
        got = ffi.new("DWORD *")
        assert request_of(context).ReadEntityBody(buffer, 16, 0, got, NULL) == 0
        seen.append(ffi.buffer(buffer, got[0])[:])
        return FINISH

    host.load("m", {"OnBeginRequest": begin, "OnAsyncCompletion": completed})
    host.fire("POST", headers=[("Transfer-Encoding", "chunked")], rest=client, schedule=schedule)
    assert seen == [(0, ABORTED, b""), b"sent late"]
    assert host.violations == []


def test_a_read_that_nobody_waits_for_ends_with_its_notification(host: Host) -> None:
    """2.4: the operation is dropped, and its buffer is left alone: it may be gone."""
    client, buffer = Slow(), ffi.new("char[16]")

    def begin(context: Native, provider: Native) -> int:
        assert request_of(context).ReadEntityBody(buffer, 16, 1, NULL, NULL) == 0
        threading.Timer(0.05, context.IndicateCompletion, (CONTINUE,)).start()
        return PENDING

    def end(context: Native, provider: Native) -> int:
        client.go()
        return CONTINUE

    host.load("m", {"OnBeginRequest": begin, "OnEndRequest": end})
    host.fire("POST", headers=[("Transfer-Encoding", "chunked")], rest=client)
    assert [text.partition(" m.dll ")[2] for text in host.violations] == ["went on without waiting for ReadEntityBody"]
    host.iis.threads.traffic.drain()
    assert ffi.buffer(buffer)[:] == bytes(16)
