"""One direction of a body: pieces one way, credit the other; and the worker's ends of it."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import Any

import pytest

from pyiismod.host.incoming import ClientGone, GivenUp
from pyiismod.worker.exchanges import Streams
from pyiismod.worker.flow import PIECE, WINDOW, Inflow, Interrupted, OtherSideGone, Outflow
from pyiismod.worker.protocol import REQUEST_BODY, RESPONSE_BODY, Credit, Fire, Gone, Part


class Pair:
    """Both ends, joined without a pipe; what passes is counted."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.outflow = Outflow(self.to_reader, 7, 3)
        self.inflow = Inflow(self.to_writer, 7, 3)
        self.on_the_way = 0
        self.most = 0

    def to_reader(self, message: Any) -> None:
        self.sent.append(type(message))
        assert (message.id, message.flow) == (7, 3)
        if isinstance(message, Part):
            self.on_the_way += len(message.data)
            self.most = max(self.most, self.on_the_way)
            message = Part(7, 3, bytes(message.data))
        self.inflow.deliver(message)

    def to_writer(self, message: Any) -> None:
        self.sent.append(type(message))
        self.outflow.deliver(message)

    def read(self) -> bytes:
        piece = self.inflow.read()
        self.on_the_way -= len(piece)
        return piece


def read_all(pair: Pair) -> bytes:
    return b"".join(iter(pair.read, b""))


def in_thread(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_small_things_need_no_credit() -> None:
    pair = Pair()
    pair.outflow.write(b"one")
    pair.outflow.write(b"")
    pair.outflow.write(memoryview(b"two"))
    pair.outflow.end()
    assert [pair.read() for _ in range(4)] == [b"one", b"two", b"", b""]
    assert pair.sent == [Part, Part, Part]


@pytest.mark.parametrize("seed", range(5))
def test_whatever_the_sizes_it_arrives_and_never_more_is_on_the_way_than_the_window(seed: int) -> None:
    pair, draw = Pair(), random.Random(seed)
    pieces = [draw.randbytes(draw.choice([1, 1000, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])) for _ in range(60)]

    def write() -> None:
        for piece in pieces:
            pair.outflow.write(piece)
        pair.outflow.end()

    thread = in_thread(write)
    assert read_all(pair) == b"".join(pieces)
    thread.join(10)
    assert not thread.is_alive()
    assert pair.most <= WINDOW + PIECE


def test_a_slow_reader_stops_the_writer() -> None:
    pair = Pair()
    thread = in_thread(lambda: pair.outflow.write(bytes(4 * WINDOW)))
    thread.join(0.2)
    assert thread.is_alive()
    assert pair.inflow.is_full
    assert not pair.outflow.is_starving
    got = 0
    while got < 4 * WINDOW:
        got += len(pair.read())
    thread.join(10)
    assert not thread.is_alive()
    assert pair.outflow.is_starving


def test_a_reader_that_leaves_stops_the_writer() -> None:
    pair, raised = Pair(), []

    def write() -> None:
        try:
            pair.outflow.write(bytes(4 * WINDOW))
        except OtherSideGone as error:
            raised.append(error)

    thread = in_thread(write)
    pair.read()
    pair.inflow.leave()
    thread.join(10)
    assert len(raised) == 1
    with pytest.raises(OtherSideGone):
        pair.outflow.write(b"more")


def test_a_writer_that_leaves() -> None:
    """What came before is read first."""
    pair = Pair()
    pair.outflow.write(b"some")
    pair.outflow.leave()
    assert pair.read() == b"some"
    for _ in range(2):
        with pytest.raises(OtherSideGone):
            pair.inflow.read()


def test_an_end_reaches_whoever_waits() -> None:
    pair = Pair()
    threading.Timer(0.05, pair.inflow.cut).start()
    with pytest.raises(OtherSideGone):
        pair.inflow.read()


@pytest.mark.parametrize("end", ["reader", "writer"])
def test_a_wait_that_is_not_wanted_any_more(end: str) -> None:
    """Nothing is lost: the next one goes on where it was given up."""
    pair, wanted, raised = Pair(), [True], []

    def wait() -> None:
        if end == "reader":
            pair.inflow.read(lambda: wanted[0])
        else:
            pair.outflow.write(bytes(2 * WINDOW), lambda: wanted[0])

    def work() -> None:
        with pytest.raises(Interrupted) as caught:
            wait()
        raised.append(caught)

    thread = in_thread(work)
    thread.join(0.05)
    wake = pair.inflow.wake if end == "reader" else pair.outflow.wake
    wake()  # somebody else is meant
    thread.join(0.05)
    assert thread.is_alive()
    wanted[0] = False
    wake()
    thread.join(10)
    assert len(raised) == 1
    wake()  # nobody waits
    pair.outflow.end()
    assert len(read_all(pair)) == (0 if end == "reader" else WINDOW)


# --- the worker's side


def fire(number: int, **more: Any) -> Fire:
    local = ("127.0.0.1", 80)
    return Fire(number, "POST", "http", "localhost", "/", [], b"", local, local, **more)


def test_messages_find_their_request() -> None:
    streams, sent = Streams(), []
    streams.expect(fire(1, more=True), sent.append)
    streams.expect(fire(2, more=True), sent.append)
    for number, data in ((1, b"one"), (2, b"two"), (3, b"nobody's"), (1, b""), (2, b"")):
        streams.deliver(Part(number, REQUEST_BODY, data))
    for number, expected in ((1, b"one"), (2, b"two")):
        visitor = streams.of(number)
        assert visitor is not None
        assert [visitor.read(), visitor.read()] == [expected, b""]
    streams.end(1)
    assert streams.of(1) is None
    streams.deliver(Credit(1, RESPONSE_BODY, 5))
    assert sent == []


def test_a_client_that_goes_away() -> None:
    streams, sent = Streams(), []
    streams.expect(fire(1, more=True, stream=True), sent.append)
    visitor = streams.of(1)
    assert visitor is not None
    assert visitor.receive(memoryview(b"some")) is True
    streams.deliver(Gone(1, REQUEST_BODY))
    streams.deliver(Gone(1, RESPONSE_BODY))
    with pytest.raises(ClientGone):
        visitor.read()
    assert visitor.receive(memoryview(b"more")) is False
    assert [bytes(message.data) for message in sent] == [b"some"]


def test_whoever_waits_for_the_client_can_be_woken_and_is_at_the_end() -> None:
    streams, sent = Streams(), []
    streams.expect(fire(1, more=True, stream=True), sent.append)
    visitor = streams.of(1)
    assert visitor is not None
    for wait in (visitor.read, lambda wanted: visitor.receive(memoryview(bytes(2 * WINDOW)), wanted)):
        with pytest.raises(GivenUp):
            wait(lambda: False)
    threading.Timer(0.05, streams.end, (1,)).start()
    with pytest.raises(ClientGone):
        visitor.read()
    assert visitor.receive(memoryview(bytes(2 * WINDOW))) is False
