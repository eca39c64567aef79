"""Frames: what is sent arrives; what is no frame is an error, never more."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyiismod.worker.channel import MAX_FRAME, Channel, ChannelClosed, ChannelError
from pyiismod.worker.protocol import Done, ErrorInfo, Failed, Fired, Ready, Reply, TraceEvent


def fired(number: int, body: bytes) -> Fired:
    return Fired(number, 200, 0, "OK", [], body, [], [])


class Pipe:
    """A channel that reads what the test writes, or what another channel sends."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()
        self.channel: Channel[Any] = Channel(self.reading, self.writing, Reply)

    def close_writing(self) -> None:
        os.close(self.writing)
        self.writing = -1

    def close(self) -> None:
        for end in (self.reading, self.writing):
            if end >= 0:
                os.close(end)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    pipe.close()


def test_messages_arrive_as_they_were_sent(pipe: Pipe) -> None:
    event = TraceEvent("call", "a.dll", "RQ_BEGIN_REQUEST", False, "IHttpResponse", "Clear", {"x": b"\0"}, None, 1.5)
    failed = Failed(3, ErrorInfo("UsageError", "bad", "", {"codes": [1, 2**63]}), [event])
    for message in (Done(1), failed, Done(2)):
        pipe.channel.send(message)
    assert [pipe.channel.receive() for _ in range(3)] == [Done(1), failed, Done(2)]


def test_a_large_message_goes_through_a_small_pipe(pipe: Pipe) -> None:
    body = os.urandom(5 << 20)
    message = fired(1, body)
    sender = threading.Thread(target=pipe.channel.send, args=(message,))
    sender.start()
    assert pipe.channel.receive() == message
    sender.join()


def test_threads_do_not_mix_their_frames(pipe: Pipe) -> None:
    def send(number: int) -> None:
        for _ in range(50):
            pipe.channel.send(fired(number, bytes([number]) * (number * 1000)))

    senders = [threading.Thread(target=send, args=(number,)) for number in range(1, 9)]
    for sender in senders:
        sender.start()
    counts = dict.fromkeys(range(1, 9), 0)
    for _ in range(400):
        message = pipe.channel.receive()
        assert message.body == bytes([message.id]) * (message.id * 1000)
        counts[message.id] += 1
    assert set(counts.values()) == {50}
    for sender in senders:
        sender.join()


def test_the_end_between_frames_is_no_defect(pipe: Pipe) -> None:
    pipe.channel.send(Done(1))
    pipe.close_writing()
    assert pipe.channel.receive() == Done(1)
    with pytest.raises(ChannelClosed):
        pipe.channel.receive()


@pytest.mark.parametrize("kept", [1, 3, 4, 6])
def test_the_end_inside_a_frame(pipe: Pipe, kept: int) -> None:
    body = msgspec.msgpack.encode(Done(1))
    os.write(pipe.writing, (len(body).to_bytes(4, "little") + body)[:kept])
    pipe.close_writing()
    with pytest.raises(ChannelError, match=r"the pipe ended after \d of \d+ bytes") as caught:
        pipe.channel.receive()
    assert not isinstance(caught.value, ChannelClosed)


def test_text_in_the_pipe_is_named_as_such(pipe: Pipe) -> None:
    os.write(pipe.writing, b"Hello from printf\n")
    with pytest.raises(ChannelError, match=r"claims \d+ bytes \(first bytes: 48656c6c\)"):
        pipe.channel.receive()


@pytest.mark.parametrize(
    "message",
    [
        {"type": "Done"},
        ["Nothing", 1],
        ["Done"],
        ["Done", "one"],
        ["Done", -1, []],
        ["Failed", 1, ["WorkerError", 2, "", {}]],
        ["Fired", 1, 200, 0, "OK", [["a"]], b"", []],
        None,
        "Ready",
    ],
)
def test_msgpack_that_is_no_message(pipe: Pipe, message: Any) -> None:
    body = msgspec.msgpack.encode(message)
    os.write(pipe.writing, len(body).to_bytes(4, "little") + body)
    if message == ["Done", -1, []]:
        assert pipe.channel.receive() == Done(-1)  # more fields than known: another version may have them
        return
    with pytest.raises(ChannelError, match="is no message"):
        pipe.channel.receive()


@settings(deadline=None, max_examples=200)
@given(body=st.binary(max_size=200))
def test_any_body_is_a_message_or_a_channel_error(body: bytes) -> None:
    pipe = Pipe()
    try:
        os.write(pipe.writing, len(body).to_bytes(4, "little") + body)
        try:
            message = pipe.channel.receive()
        except ChannelError:
            return
        assert isinstance(message, Done | Ready | Failed | Fired | msgspec.Struct)
    finally:
        pipe.close()


def test_deep_nesting_is_an_error_not_a_crash(pipe: Pipe) -> None:
    body = b"\x91" * 100_000
    sender = threading.Thread(target=os.write, args=(pipe.writing, len(body).to_bytes(4, "little") + body))
    sender.start()
    with pytest.raises(ChannelError):
        pipe.channel.receive()
    sender.join()


def test_a_message_over_the_limit_is_not_sent(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyiismod.worker.channel.MAX_FRAME", 1000)
    with pytest.raises(ChannelError, match="over the limit of 1000"):
        pipe.channel.send(fired(1, b"x" * 2000))
    pipe.channel.send(Done(2))
    assert pipe.channel.receive() == Done(2)


def test_a_claim_over_the_limit_is_refused_before_it_is_read(pipe: Pipe) -> None:
    os.write(pipe.writing, (MAX_FRAME + 1).to_bytes(4, "little"))
    with pytest.raises(ChannelError, match=f"claims {MAX_FRAME + 1} bytes"):
        pipe.channel.receive()


def test_nothing_here_unpickles() -> None:
    package = Path(__file__).parents[3] / "pyiismod" / "worker"
    assert not [file.name for file in package.glob("*.py") if "import pickle" in file.read_text()]
