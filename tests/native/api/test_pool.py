"""Workers that are used again: servers share nothing but the process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pyiismod import ModuleCrashed, Server, WorkerPool
from pyiismod.runtime import Runtime

Dll = Callable[[str], Path]


@pytest.fixture
def pool(windows: Runtime) -> Iterator[WorkerPool]:
    with WorkerPool(windows) as made:
        yield made


def test_statics_output_and_violations_stay_with_their_server(pool: WorkerPool, dll: Dll) -> None:
    seen = []
    for name in ("singleton", "stdout_noise", "bad_status", "singleton", "hello"):
        with Server(pool=pool) as iis:
            iis.load(dll(name))
            seen.append((iis.get("/").text[:1], bool(iis.output), len(iis.trace.violations)))
    assert [(text, noise, broken) for text, noise, broken in seen if text == "1"] == [("1", False, 0)] * 2
    assert [noise for _, noise, _ in seen] == [False, True, False, False, False]
    assert [broken for *_, broken in seen] == [0, 0, 1, 0, 0]
    assert pool.started == 1


@pytest.mark.parametrize("name", ["threads", "async_timer", "async_stress", "com_user", "style_async", "cpp_runtime"])
def test_modules_that_clean_up_cost_no_worker(pool: WorkerPool, dll: Dll, name: str) -> None:
    for _ in range(2):
        with Server(pool=pool) as iis:
            iis.load(dll(name))
            iis.get("/")
    assert pool.started == 1


def test_a_crash_costs_the_worker(pool: WorkerPool, dll: Dll) -> None:
    with Server(pool=pool) as iis:
        iis.load(dll("crash_read"))
        with pytest.raises(ModuleCrashed):
            iis.get("/")
    with Server(pool=pool) as iis:
        iis.load(dll("hello"))
        assert iis.get("/").text == "Hello World"
    assert pool.started == 2


def test_variables_are_those_of_one_process(pool: WorkerPool, dll: Dll) -> None:
    with Server(pool=pool, environment={"IISMOD_TEST": "x"}) as iis:
        iis.load(dll("hello"))
        assert iis.get("/").status == 200
    assert pool.started == 0


def test_a_dll_that_has_changed_is_examined_anew(pool: WorkerPool, dll: Dll, tmp_path: Path) -> None:
    path = tmp_path / "module.dll"
    for name, answer in (("hello", "Hello World"), ("bad_pinned", "pinned")):
        path.write_bytes(dll(name).read_bytes())
        with Server(pool=pool) as iis:
            iis.load(path)
            assert iis.get("/").text == answer


def test_servers_at_the_same_time(pool: WorkerPool, dll: Dll) -> None:
    def use(_: int) -> list[str]:
        with Server(pool=pool) as iis:
            iis.load(dll("singleton"))
            return [iis.get("/").text for _ in range(5)]

    with ThreadPoolExecutor(3) as threads:
        assert list(threads.map(use, range(9))) == [["1", "2", "3", "4", "5"]] * 9
    assert pool.started < 9
