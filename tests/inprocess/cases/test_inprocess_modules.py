"""Real modules in this very process, through the public API and through the engine itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

import pyiismod
from pyiismod.host import objects, win32
from pyiismod.host._abi import ffi
from pyiismod.worker import protocol
from pyiismod.worker.engine import Engine
from pyiismod.worker.inprocess import NoBox

FIXTURES = Path(__file__).parents[3] / "fixtures"

ANSWERS = {
    "hello": ("GET", "/", b"Hello World"),
    "alloc": ("GET", "/", b"p" * 1024),
    "chunk_freed": ("GET", "/", b"first second third "),
    "com_user": ("GET", "/", b"CoCreateInstance 0x00000000\nSysStringLen 15\nhtons 0x00003412\n"),
    "double_register": ("GET", "/", b"second 0x800700B7"),
    "null_outs": ("POST", "/", b"done"),
    "singleton": ("GET", "/", b"1"),
    "threads": ("GET", "/", b"1 by another thread"),
    "vars": ("GET", "/?URL", b"URL = /, 1 | /, 1\n"),
    "write_in_place": ("GET", "/", b"TESTS\nTESTS"),
}
BUILDS = [f"{name}{build}" for name in ANSWERS for build in ("", ".msvc")]


@pytest.fixture
def server() -> Iterator[Callable[..., pyiismod.Server]]:
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(pyiismod.Server(in_process=True, **options))


def handle_of(name: str) -> Any:
    return ffi.dlopen("kernel32.dll").GetModuleHandleW(ffi.new("WCHAR[]", f"{name}.dll"))


@pytest.mark.parametrize("name", BUILDS)
def test_an_answer_in_this_process(name: str, server: Callable[..., pyiismod.Server]) -> None:
    iis = server()
    iis.load(FIXTURES / f"{name}.dll")
    method, url, expected = ANSWERS[name.removesuffix(".msvc")]
    content = b"a body of more than sixteen bytes" if method == "POST" else None
    response = iis.request(method, url, headers={"User-Agent": "tests"}, content=content)
    assert response.content == expected
    assert response.trace.violations == ()
    assert handle_of(name)
    iis.close()
    assert not handle_of(name), "the DLL is still loaded"


def test_a_big_body_there_and_back(server: Callable[..., pyiismod.Server]) -> None:
    iis = server()
    iis.load(FIXTURES / "echo.msvc.dll")
    body = bytes(range(256)) * 8192
    assert iis.post("/", content=body).content.endswith(body)


def test_modules_load_again_after_they_were_unloaded(server: Callable[..., pyiismod.Server]) -> None:
    """The vtables stay; the objects, the ids and the DLL are new."""
    for _ in range(3):
        iis = server()
        iis.load(FIXTURES / "singleton.dll")
        assert [iis.get("/").text for _ in range(2)] == ["1", "2"]
        iis.close()


def test_nothing_of_a_request_stays(server: Callable[..., pyiismod.Server]) -> None:
    iis = server()
    iis.load(FIXTURES / "all_notifications.msvc.dll")
    iis.get("/")
    live = len(objects._live)
    for _ in range(200):
        iis.get("/")
    assert len(objects._live) == live


def test_many_threads_at_once(server: Callable[..., pyiismod.Server]) -> None:
    """2.2: factories and modules are entered concurrently; cffi releases the GIL inside the DLL."""
    iis = server()
    iis.load(FIXTURES / "headers.msvc.dll")
    iis.load(FIXTURES / "hello.msvc.dll")
    seen: list[tuple[int, int]] = []

    def work() -> None:
        for _ in range(30):
            response = iis.get("/", headers={"X-Test": "one"})
            seen.append((response.status, len(response.headers.get_list("Set-Cookie"))))

    threads = [Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [(200, 2)] * 180
    assert iis.trace.violations == ()


# --- the engine, without the checks in front of it


@pytest.fixture
def engine() -> Engine:
    made = Engine(NoBox())
    assert made.handle(protocol.Configure(1, {})) == protocol.Done(1)
    return made


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("no_such_file", "MissingDependency", "126 ERROR_MOD_NOT_FOUND"),
        ("no_export", "MissingEntryPoint", "exports no RegisterModule"),
        ("mangled_export", "MissingEntryPoint", "exports no RegisterModule"),
        ("dllmain_false", "DllMainFailed", "1114 ERROR_DLL_INIT_FAILED"),
        ("fail_register", "RegistrationFailed", "E_ACCESSDENIED"),
    ],
)
def test_a_load_that_fails(name: str, error: str, words: str, engine: Engine) -> None:
    """1.4: the last line of defence says the same as the checks on our side."""
    reply = engine.handle(protocol.Load(2, str(FIXTURES / f"{name}.dll"), name))
    assert isinstance(reply, protocol.Failed), reply
    assert reply.error.type == error
    assert words in reply.error.message
    assert reply.error.details["module"] == f"{name}.dll"


def test_what_a_registration_failed_to_give_is_not_told_of_requests(engine: Engine) -> None:
    engine.handle(protocol.Load(2, str(FIXTURES / "fail_register.dll"), "x"))
    loaded = engine.handle(protocol.Load(3, str(FIXTURES / "hello.dll"), "hello"))
    assert isinstance(loaded, protocol.Loaded)
    assert loaded.registration.request_notifications == 1
    assert isinstance(engine.handle(protocol.Unload(4)), protocol.Unloaded)


def test_imports_that_are_missing_are_named(engine: Engine) -> None:
    """What the DLLs of this machine really export, by name and by ordinal; Wine's own DLLs are told apart."""
    wanted: dict[str, list[str | int]] = {
        "kernel32.dll": ["CreateFileW", "NoSuchFunction"],
        "oleaut32.dll": [2, 64999],
        "companion.dll": ["CompanionHere", "CompanionGone"],
        "no_such.dll": ["x"],
    }
    reply = engine.handle(protocol.Resolve(2, str(FIXTURES), wanted))
    assert isinstance(reply, protocol.Resolved)
    assert reply.missing_dlls == ["no_such.dll"]
    assert reply.missing_functions == {
        "kernel32.dll": ["NoSuchFunction"],
        "oleaut32.dll": [64999],
        "companion.dll": ["CompanionGone"],
    }
    assert "companion.dll" not in reply.builtin


def test_every_thread_is_in_the_multithreaded_apartment() -> None:
    """Section 8: entering a second time is S_FALSE; a thread that was not in it would get S_OK."""
    codes: list[int] = []

    def enter() -> None:
        win32.join_apartment()
        ole32 = ffi.dlopen("ole32.dll")
        codes.append(ole32.CoInitializeEx(ffi.NULL, 0))
        ole32.CoUninitialize()

    thread = Thread(target=enter)
    thread.start()
    thread.join()
    assert codes == [1]
