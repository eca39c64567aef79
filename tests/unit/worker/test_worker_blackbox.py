"""The black box: what a writer noted is there for a reader, whatever became of the writer."""

from __future__ import annotations

import os
import re
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyiismod.worker import blackbox
from pyiismod.worker.blackbox import BlackBox, BlackBoxReader

HEADER = Path(__file__).parents[3] / "native" / "launcher" / "blackbox.h"


@pytest.fixture
def path(tmp_path: Path) -> str:
    return os.fspath(tmp_path / "box")


@pytest.fixture
def reader(path: str) -> Iterator[BlackBoxReader]:
    box = BlackBoxReader.create(path)
    yield box
    box.close()


@pytest.fixture
def box(reader: BlackBoxReader, path: str) -> Iterator[BlackBox]:
    box = BlackBox(path)
    yield box
    box.close()


class Ring:
    """The supervisor's half, as native/launcher/blackbox.c writes it."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.head = self.tail = 0

    def append(self, text: bytes, *, thread: int = 7, kind: int = 0, torn: bool = False) -> None:
        record = struct.pack("<IIQII", len(text), thread, 123, kind, 0) + text + b"\0" * (-len(text) % 8)
        with Path(self.path).open("r+b") as file:
            while self.head + len(record) - self.tail > blackbox.DEBUG_SIZE:
                file.seek(blackbox.DEBUG + self.tail % blackbox.DEBUG_SIZE)
                (size,) = struct.unpack("<I", file.read(4))
                self.tail += blackbox.DEBUG_RECORD + (size + 7 & ~7)
            file.seek(blackbox.DEBUG_TAIL)
            file.write(struct.pack("<Q", self.tail))
            start = self.head % blackbox.DEBUG_SIZE
            first = min(len(record), blackbox.DEBUG_SIZE - start)
            file.seek(blackbox.DEBUG + start)
            file.write(record[:first])
            file.seek(blackbox.DEBUG)
            file.write(record[first:])
            if not torn:
                self.head += len(record)
                file.seek(blackbox.DEBUG_HEAD)
                file.write(struct.pack("<Q", self.head))


def test_the_c_header_has_the_same_numbers() -> None:
    constants: dict[str, int] = {}
    for name, expression in re.findall(r"#define BOX_(\w+) ([^\"\n/]+)", HEADER.read_text()):
        constants[name] = eval(re.sub(r"BOX_(\w+)", r"\1", expression), {}, constants)
    assert len(constants) > 20
    renamed = {"SLOT_COUNT", "SLOT_SIZE", "FRAME_COUNT", "FRAME_SIZE", "CALL_COUNT", "CALL_SIZE"}
    assert renamed <= constants.keys()
    for name, value in constants.items():
        if name == "CONTROL_RUN":
            assert value == 0
        else:
            assert value == getattr(blackbox, name), name


def test_phases_nest_and_end(box: BlackBox, reader: BlackBoxReader) -> None:
    assert not reader.used()
    outer = box.begin("notification", "a.dll", "OnBeginRequest", False)
    box.begin("notification", "b.dll", "OnPostMapPath", True)
    (thread,) = reader.threads()
    assert thread.id == threading.get_native_id()
    assert [(f.phase, f.module, f.notification, f.post) for f in thread.frames] == [
        ("notification", "a.dll", "OnBeginRequest", False),
        ("notification", "b.dll", "OnPostMapPath", True),
    ]
    assert thread.frames[0].since <= thread.frames[1].since
    box.end(outer)
    assert reader.threads() == []
    assert reader.used()


def test_phases_deeper_than_the_slot_keep_the_outer_ones(box: BlackBox, reader: BlackBoxReader) -> None:
    tokens = [box.begin("Dispose", f"{number}.dll") for number in range(12)]
    (thread,) = reader.threads()
    assert [frame.module for frame in thread.frames] == [f"{number}.dll" for number in range(7)]
    for token in reversed(tokens):
        box.end(token)
    assert reader.threads() == []


def test_a_command_is_noted_per_thread(box: BlackBox, reader: BlackBoxReader) -> None:
    box.command(41)
    other = threading.Thread(target=box.command, args=(42,))
    other.start()
    other.join()
    assert {thread.command for thread in reader.threads()} == {41, 42}
    box.command(0)
    assert [thread.command for thread in reader.threads()] == [42]


def test_more_threads_than_slots_reuse_idle_ones(box: BlackBox, reader: BlackBoxReader) -> None:
    barrier = threading.Barrier(40)

    def work() -> None:
        token = box.begin("GetHttpModule", "many.dll")
        barrier.wait()
        box.end(token)

    for _ in range(4):
        threads = [threading.Thread(target=work) for _ in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert reader.threads() == []
    box.begin("Terminate", "last.dll")
    assert [thread.frames[0].module for thread in reader.threads()] == ["last.dll"]


def test_the_last_64_calls_are_kept_in_order(box: BlackBox, reader: BlackBoxReader) -> None:
    for number in range(200):
        box.call(f"call {number}")
    assert [call.text for call in reader.calls()] == [f"call {number}" for number in range(136, 200)]
    assert {call.thread for call in reader.calls()} == {threading.get_native_id()}


def test_a_long_call_is_cut(box: BlackBox, reader: BlackBoxReader) -> None:
    box.call("ä" * 500)
    (call,) = reader.calls()
    assert call.text == "ä" * 119


def test_a_call_torn_by_death_is_dropped(box: BlackBox, reader: BlackBoxReader, path: str) -> None:
    box.call("whole")
    box.call("torn")
    with Path(path).open("r+b") as file:
        file.seek(blackbox.CALLS + 2 * blackbox.CALL_SIZE - 4)
        file.write(b"\0\0\0\0")
    assert [call.text for call in reader.calls()] == ["whole"]


def test_debug_strings_come_once_and_in_order(box: BlackBox, reader: BlackBoxReader, path: str) -> None:
    ring = Ring(path)
    assert box.drain_debug(0) == ([], 0)
    ring.append("grüße 你好".encode(), thread=9)
    ring.append(b"0xC0000005 at bad.dll+0x10", kind=1)
    texts, cursor = box.drain_debug(0)
    assert [(t.thread, t.exception, t.text) for t in texts] == [
        (9, False, "grüße 你好"),
        (7, True, "0xC0000005 at bad.dll+0x10"),
    ]
    assert box.drain_debug(cursor) == ([], cursor)
    ring.append(b"next")
    assert [text.text for text in box.drain_debug(cursor)[0]] == ["next"]
    assert len(reader.drain_debug()[0]) == 3


def test_the_debug_ring_forgets_the_oldest(reader: BlackBoxReader, path: str) -> None:
    ring = Ring(path)
    for number in range(3000):
        ring.append(f"{number} ".encode() * 40)
    texts = [text.text.split()[0] for text in reader.drain_debug()[0]]
    assert texts == [str(number) for number in range(3000 - len(texts), 3000)]
    assert len(texts) > 500


def test_a_torn_debug_record_is_not_seen(reader: BlackBoxReader, path: str) -> None:
    ring = Ring(path)
    ring.append(b"whole")
    ring.append(b"torn", torn=True)
    assert [text.text for text in reader.drain_debug()[0]] == ["whole"]


@settings(deadline=None, max_examples=60)
@given(noise=st.binary(min_size=64, max_size=2000), at=st.integers(16, blackbox.SIZE - 2000))
def test_a_reader_survives_any_content(tmp_path_factory: pytest.TempPathFactory, noise: bytes, at: int) -> None:
    path = tmp_path_factory.mktemp("noise") / "box"
    reader = BlackBoxReader.create(os.fspath(path))
    with path.open("r+b") as file:
        for offset in (at, blackbox.DEBUG_HEAD, blackbox.SLOTS, blackbox.CALLS, blackbox.DEBUG):
            file.seek(offset)
            file.write(noise)
    reader.threads()
    reader.calls()
    reader.drain_debug()
    reader.close()
    path.unlink()


def test_what_is_no_box_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "box"
    path.write_bytes(b"\0" * blackbox.SIZE)
    with pytest.raises(ValueError, match="not a black box of this version"):
        BlackBox(os.fspath(path))


def test_a_box_is_created_only_where_none_is(reader: BlackBoxReader, path: str) -> None:
    with pytest.raises(FileExistsError):
        BlackBoxReader.create(path)


def test_the_control_words(box: BlackBox, reader: BlackBoxReader, path: str) -> None:
    reader.request_dump()
    box.leave(asked=True)
    assert Path(path).read_bytes()[16:24] == struct.pack("<II", 1, 1)
    box.leave(asked=False)
    assert Path(path).read_bytes()[16:24] == struct.pack("<II", 1, 2)
    with Path(path).open("r+b") as file:
        file.seek(blackbox.PIPE_IN)
        file.write(struct.pack("<QQ", 0x54, 0x58))
    assert box.pipes() == (0x54, 0x58)


def test_what_a_thread_waits_for_may_change(box: BlackBox, reader: BlackBoxReader) -> None:
    """Any thread may say so; the phases around it stay."""
    box.begin("DllMain", "a.dll")
    token = box.begin("pending", "", None)
    arguments = (token, "b.dll", "OnPostLogRequest", True, 3, "Flush, ReadEntityBody")
    other = threading.Thread(target=box.change, args=arguments)
    other.start()
    other.join()
    (thread,) = reader.threads()
    outer, inner = thread.frames
    assert (outer.phase, outer.module, outer.told, outer.armed) == ("DllMain", "a.dll", 0, "")
    assert (inner.phase, inner.module, inner.notification, inner.post) == ("pending", "b.dll", "OnPostLogRequest", True)
    assert (inner.told, inner.armed) == (3, "Flush, ReadEntityBody")
    assert inner.since >= outer.since
    box.change(token, "b.dll", None, False, 0, "")
    assert [(f.notification, f.told, f.armed) for f in reader.threads()[0].frames][1] == (None, 0, "")
    box.end(token)
    assert len(reader.threads()[0].frames) == 1


def test_what_is_deeper_than_the_slot_cannot_change(box: BlackBox, reader: BlackBoxReader) -> None:
    tokens = [box.begin("pending", f"{number}.dll") for number in range(12)]
    box.change(tokens[-1], "late.dll", "OnLogRequest", False, 1, "x")
    (thread,) = reader.threads()
    assert [frame.module for frame in thread.frames] == [f"{number}.dll" for number in range(7)]
