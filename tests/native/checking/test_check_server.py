"""What the check asks of a server, for tests of one's own: strict memory, a second life, what a process holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import pyiismod

Make = Callable[..., pyiismod.Server]
Dll = Callable[[str], Path]


def test_a_fault_names_the_buffer_that_it_hit(server: Make, dll: Dll) -> None:
    iis = server(strict=True)
    iis.load(dll("bad_overrun"))
    with pytest.raises(
        pyiismod.ModuleCrashed, match="12 bytes behind the 100 bytes of IHttpContext::AllocateReq"
    ) as caught:
        iis.get("/")
    guarded = caught.value.details["guarded"]
    assert guarded == {"state": "live", "what": "IHttpContext::AllocateRequestMemory", "size": 100, "offset": 112}


def test_a_write_into_the_slack_of_alignment_shows_at_the_end(server: Make, dll: Dll) -> None:
    iis = server(strict=True)
    iis.load(dll("bad_overrun_little"))
    (violation,) = iis.get("/").trace.violations
    assert violation.rule.id == "IM055"
    assert violation == "something was written behind the 100 bytes of IHttpContext::AllocateRequestMemory"


def test_memory_of_a_request_that_has_ended_faults(server: Make, dll: Dll) -> None:
    iis = server(strict=True)
    iis.load(dll("bad_keeps_memory"))
    assert iis.get("/").status == 404
    with pytest.raises(pyiismod.ModuleCrashed, match="memory of a request that has ended: 64 bytes of") as caught:
        iis.get("/")
    assert caught.value.details["guarded"]["state"] == "freed"


def test_without_strict_memory_nothing_of_that_is_seen(server: Make, dll: Dll) -> None:
    iis = server()
    iis.load(dll("bad_overrun"))
    assert iis.get("/").trace.violations == ()


@pytest.mark.parametrize("name", ["echo", "style_include.msvc", "read_entity_replaces"])
def test_strict_memory_changes_no_answer(name: str, server: Make, dll: Dll) -> None:
    answers = []
    for strict in (False, True):
        iis = server(strict=strict, content_handler=lambda request: request.read() or b"nothing")
        iis.load(dll(name))
        response = iis.post("/a/b?c=d", content=b"x" * 70_000)
        answers.append((response.status, response.content))
    assert answers[0] == answers[1]


def test_a_second_life_in_one_process(server: Make, dll: Dll) -> None:
    iis = server()
    iis.load(dll("hello"))
    before = iis.usage()
    assert iis.get("/").text == "Hello World"
    iis.reload()
    assert iis.get("/").text == "Hello World"
    after = iis.usage()
    assert (after.created - before.created, after.disposed - before.disposed) == (2, 2)
    assert [e.method for e in iis.trace if e.method in ("LoadLibrary", "FreeLibrary")] == [
        "LoadLibrary",
        "FreeLibrary",
        "LoadLibrary",
    ]


def test_what_a_worker_holds(server: Make, dll: Dll) -> None:
    iis = server()
    iis.load(dll("bad_leaks_handles"))
    iis.get("/")
    before = iis.usage()
    for _ in range(20):
        iis.get("/")
    after = iis.usage()
    assert after.handles - before.handles == 20
    assert after.threads == before.threads > 0
    assert min(after.heap_blocks, after.heap_bytes, after.private_bytes) > 0
