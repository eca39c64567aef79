"""What the process holds, as the engine tells it."""

from __future__ import annotations

from threading import Event, Thread

from pyiismod.host.evidence import usage


def test_threads_of_the_host_do_not_count() -> None:
    """The worker's pool grows whenever a command takes long: that is no leak of a module's."""
    before, over = usage().threads, Event()
    more = [Thread(target=over.wait, daemon=True) for _ in range(3)]
    for thread in more:
        thread.start()
    meanwhile = usage().threads
    over.set()
    for thread in more:
        thread.join()
    assert meanwhile == before > 0
