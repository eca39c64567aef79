"""Request memory (fact sheet 5.1, AllocateRequestMemory): aligned, apart, as large as asked, gone at the end."""

from __future__ import annotations

from itertools import pairwise
from threading import Thread
from typing import Any

import pytest
from nativecall import NULL, Host, address, of, read_wide

from pyiismod.host import memory
from pyiismod.host._abi import ffi
from pyiismod.host.allocator import ModuleAllocator
from pyiismod.host.memory import RequestPool
from pyiismod.host.trace import Timeline
from pyiismod.worker.inprocess import NoBox


def test_lone_surrogates_survive() -> None:
    assert read_wide(RequestPool().wide("a\ud800b")) == "a\ud800b"


def test_zeroed_memory_is_zero_even_where_memory_was_used_before() -> None:
    for _ in range(20):
        pool = RequestPool()
        ffi.memmove(pool.allocate(8000), b"\xff" * 8000, 8000)
        headers = pool.zeroed("HTTP_UNKNOWN_HEADER", 400)
        size = 400 * ffi.sizeof("HTTP_UNKNOWN_HEADER")
        assert ffi.buffer(headers, size)[:] == bytes(size)
        pool.release()


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 4096, 16384, 16385, 1 << 20])
def test_allocate_request_memory(size: int, host: Host) -> None:
    """Size 0 gives a valid pointer (unconfirmed; the safest)."""
    x = host.open()
    block = of(x.context).AllocateRequestMemory(size)
    assert block != NULL
    assert address(block) % 16 == 0
    ffi.memmove(block, b"\x5a" * size, size)
    assert of(x.context).AllocateRequestMemory(size) != block
    x._end()


def test_no_memory_left_is_null(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """AllocateRequestMemory and IModuleAllocator: pointer or NULL; no fault of the host."""

    def exhausted(*_: Any) -> Any:
        raise MemoryError

    x = host.open()
    allocator = ModuleAllocator(host.timeline, x.pool)
    monkeypatch.setattr(memory, "_new", exhausted)
    assert of(x.context).AllocateRequestMemory(0xFFFFFFFF) == NULL
    assert of(allocator).AllocateMemory(1 << 30) == NULL
    monkeypatch.undo()
    assert of(x.context).AllocateRequestMemory(100) != NULL
    assert [(e.method, e.result) for e in host.timeline.events][:2] == [
        ("AllocateRequestMemory", None),
        ("AllocateMemory", None),
    ]
    assert host.timeline.faults == []
    allocator.end()
    x._end()


def test_four_gigabytes_are_null_or_a_pointer_but_never_a_crash(host: Host) -> None:
    x = host.open()
    of(x.context).AllocateRequestMemory(0xFFFFFFFF)
    assert host.timeline.faults == []
    x._end()


def test_the_allocator_gives_request_memory() -> None:
    """Section 2.2: what IModuleAllocator gave lives to the end of the request; the allocator itself does not."""
    pool = RequestPool()
    allocator = ModuleAllocator(Timeline(NoBox()), pool)
    block = of(allocator).AllocateMemory(64)
    ffi.memmove(block, b"object", 6)
    allocator.end()
    pool.allocate(64)
    assert ffi.buffer(ffi.cast("char *", block), 6)[:] == b"object"


def test_many_threads() -> None:
    pool = RequestPool()
    taken: list[int] = []

    def work() -> None:
        taken.extend(address(pool.allocate(48)) for _ in range(500))

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken.sort()
    assert all(later - earlier >= 48 for earlier, later in pairwise(taken))
    assert len(taken) == 2000


def test_memory_of_requests_that_are_over_does_not_meet_that_of_others() -> None:
    """Blocks are used again after the end of their request, never before, on any number of threads."""
    wrong: list[int] = []

    def work(number: int) -> None:
        for round_ in range(60):
            pool = RequestPool()
            mark = bytes([number, round_])
            blocks = [(pool.data(mark * size), size) for size in (1, 100, 1000, 5000, 9000)]
            zeros = pool.zeroed("HTTP_UNKNOWN_HEADER", 50)
            wrong.extend(number for block, size in blocks if ffi.string(block) != mark * size and round_)
            if ffi.buffer(zeros, 50 * 24)[:] != bytes(50 * 24):
                wrong.append(number)
            pool.release()

    threads = [Thread(target=work, args=(n,)) for n in range(1, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
