"""Context containers (fact sheet 5.9): the first set wins, clean-up happens once and after Dispose."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

import pytest
from nativecall import CONTINUE, INVALID_PARAMETER, NULL, Host, Native, address, make, of, wide
from stored import ALREADY_ASSIGNED, container_of, keeper, module_id, stored, view

Open = Callable[..., Any]


def test_the_first_set_wins_and_is_cleaned_once_after_dispose(host: Host) -> None:
    notes: list[str] = []
    first, second = stored(notes, "first"), stored(notes, "second")

    def keep(context: Native, provider: Native) -> int:
        container = container_of(context)
        assert container.GetModuleContext(module_id(1)) == NULL
        assert container.SetModuleContext(first, module_id(1)) == 0
        assert container.SetModuleContext(second, module_id(1)) == ALREADY_ASSIGNED
        assert container.GetModuleContext(module_id(1)) == first
        assert address(context.GetModuleContextContainer()) == address(container.pointer)
        return CONTINUE

    host.load("m", {"OnBeginRequest": keep, "OnEndRequest": lambda c, p: notes.append("end") or CONTINUE})
    host.fire()
    assert notes == ["end", "first cleaned"]
    phases = [e.method for e in host.timeline.events if e.event == "phase"]
    assert phases.index("Dispose") < phases.index("CleanupStoredContext")
    cleaned = next(e for e in host.timeline.events if e.method == "CleanupStoredContext")
    assert (cleaned.module, cleaned.interface) == ("m.dll", "IHttpStoredContext")
    assert host.violations == ["a stored context was set where this request has one already"]


def test_contexts_are_cleaned_in_the_order_in_which_they_were_set(host: Host) -> None:
    notes: list[str] = []
    host.load("a", {"OnEndRequest": keeper(notes, "a", lambda c: c, 1)})
    host.load("b", {"OnBeginRequest": keeper(notes, "b", lambda c: c, 2)})
    host.fire()
    assert notes == ["b set", "a set", "b cleaned", "a cleaned"]


@pytest.mark.parametrize("which", ["context", "id", "both"])
def test_null_is_refused(which: str, exchange: Open) -> None:
    x = exchange()
    context = NULL if which != "id" else stored([], "never")
    number = module_id(0 if which != "context" else 1)
    assert container_of(of(x.context)).SetModuleContext(context, number) == INVALID_PARAMETER


def test_an_id_of_another_module_works_and_is_a_violation(host: Host) -> None:
    notes: list[str] = []
    host.load("a", {"OnBeginRequest": keeper(notes, "a", lambda c: c, 2)})
    host.load("b", {"OnBeginRequest": keeper(notes, "b", lambda c: c, 2)})
    host.fire()
    assert notes == ["a set", "b late", "a cleaned"]
    assert set(host.violations) == {
        "a.dll called SetModuleContext with the module id of b.dll",
        "a.dll called GetModuleContext with the module id of b.dll",
    }


def test_an_id_of_no_module_is_a_violation(host: Host) -> None:
    host.load("a", {"OnBeginRequest": keeper([], "a", lambda c: c, 77)})
    host.fire()
    assert host.violations[0] == "SetModuleContext was called with the module id 0x4d, which no module has"


def test_a_context_that_is_set_during_clean_up_is_refused(host: Host) -> None:
    results: list[int] = []
    containers: list[Native] = []
    host.load("m", {"OnBeginRequest": lambda c, p: containers.append(container_of(c)) or keep()})

    def keep() -> int:
        def clean() -> None:
            results.append(containers[0].SetModuleContext(stored([], "late"), module_id(1)))

        context = make("IHttpStoredContext", {"CleanupStoredContext": clean})
        return int(containers[0].SetModuleContext(context, module_id(1)))

    host.fire()
    assert results == [INVALID_PARAMETER]
    assert any("while its container is cleaned up" in text for text in host.violations)


def test_what_is_asked_for_during_clean_up_is_released_too(host: Host) -> None:
    """The request is still whole while its contexts are cleaned up."""
    notes: list[str] = []
    kept: list[Native] = []

    def clean() -> None:
        context, container = kept
        assert context.GetUser() != NULL
        assert context.GetUrlInfo() != NULL
        assert address(context.GetModuleContextContainer()) == address(container.pointer)
        notes.append("cleaned")

    def keep(context: Native, provider: Native) -> int:
        kept.extend((context, container_of(context)))
        return int(kept[1].SetModuleContext(stored_context, module_id(1)))

    stored_context = make("IHttpStoredContext", {"CleanupStoredContext": clean})
    host.load("m", {"OnBeginRequest": keep})
    host.fire()
    assert notes == ["cleaned"]
    assert host.violations == []
    assert host.iis.process.url("/").holders == 2  # the cache and this test


def test_a_container_that_is_used_after_the_request_is_a_violation(host: Host) -> None:
    containers: list[Native] = []
    host.load("m", {"OnBeginRequest": lambda c, p: containers.append(container_of(c)) or CONTINUE})
    host.fire()
    assert containers[0].GetModuleContext(module_id(1)) == NULL
    assert [e.method for e in host.iis.timeline.events if e.event == "violation"] == [
        "IHttpModuleContextContainer::GetModuleContext was called on an IHttpModuleContextContainer that has ended"
    ]


def test_named_contexts(host: Host) -> None:
    notes: list[str] = []
    first, second = stored(notes, "first"), stored(notes, "second")

    def keep(context: Native, provider: Native) -> int:
        container = view(context.GetNamedContextContainer(), "INamedContextContainer")
        assert container.GetNamedContext(wide("websockets")) == NULL
        assert container.SetNamedContext(first, wide("websockets")) == 0
        assert container.SetNamedContext(second, wide("websockets")) == ALREADY_ASSIGNED
        assert container.SetNamedContext(second, wide("Websockets")) == 0
        assert container.SetNamedContext(NULL, wide("x")) == INVALID_PARAMETER
        assert container.SetNamedContext(second, NULL) == INVALID_PARAMETER
        assert container.GetNamedContext(wide("websockets")) == first
        assert container.GetNamedContext(NULL) == NULL
        return CONTINUE

    host.load("m", {"OnBeginRequest": keep})
    host.fire()
    assert notes == ["first cleaned", "second cleaned"]


def test_a_dispensed_container_lives_until_it_is_released(host: Host) -> None:
    notes: list[str] = []
    host.load("m", {"OnBeginRequest": lambda c, p: CONTINUE})
    container = view(of(host.iis.server).DispenseContainer(), "IDispensedHttpModuleContextContainer")
    assert container.SetModuleContext(stored(notes, "kept"), module_id(1)) == 0
    host.fire()
    assert notes == []
    container.ReleaseContainer()
    assert notes == ["kept cleaned"]
    container.ReleaseContainer()
    assert notes == ["kept cleaned"]


def test_a_dispensed_container_that_is_never_released_is_a_violation(host: Host) -> None:
    notes: list[str] = []
    container = view(of(host.iis.server).DispenseContainer(), "IDispensedHttpModuleContextContainer")
    assert container.SetModuleContext(stored(notes, "kept"), module_id(1)) == 0
    host.iis.process.end(host.timeline)
    assert notes == ["kept cleaned"]
    assert "a container that DispenseContainer gave was never released" in host.violations


def test_one_of_many_threads_wins(exchange: Open) -> None:
    notes: list[str] = []
    x = exchange()
    container = container_of(of(x.context))
    contexts = [stored(notes, str(i)) for i in range(8)]
    results: list[int] = []
    start = Barrier(8)

    def race(i: int) -> None:
        start.wait()
        results.append(container.SetModuleContext(contexts[i], module_id(1)))

    threads = [Thread(target=race, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results, reverse=True) == [0] + [ALREADY_ASSIGNED] * 7
    x.finish()
    assert len(notes) == 1
