"""What only Windows has behind the host's objects: tokens, file handles, completions of overlapped handles."""

from __future__ import annotations

from pathlib import Path
from threading import Event
from typing import Any

import msgspec

from pyiismod.host import win32
from pyiismod.host._abi import ffi
from pyiismod.host.fileinfo import FileInfo
from pyiismod.host.iis import Iis
from pyiismod.host.settings import Settings
from pyiismod.host.trace import Timeline
from pyiismod.host.user import Account, User
from pyiismod.worker import protocol
from pyiismod.worker.engine import Engine
from pyiismod.worker.inprocess import NoBox

FIXTURES = Path(__file__).parents[3] / "fixtures"

ERROR_IO_PENDING, ERROR_INVALID_PARAMETER = 997, -0x7FF8FFA9


def server() -> Iis:
    return Iis(Settings(), NoBox())


def is_open(handle: Any) -> bool:
    """Return whether there is such a handle."""
    kernel32 = ffi.dlopen("kernel32.dll")
    copy = ffi.new("HANDLE *")
    process = kernel32.GetCurrentProcess()
    there = kernel32.DuplicateHandle(process, handle, process, copy, 0, 0, 2)
    if there:
        kernel32.CloseHandle(copy[0])
    return bool(there)


def test_tokens_of_a_user_are_real_until_the_request_is_over() -> None:
    iis = server()
    user = User(Account("somebody"), iis.timeline)
    tokens = user.GetPrimaryToken(), user.GetImpersonationToken()
    assert [user.GetPrimaryToken(), user.GetImpersonationToken()] == list(tokens)
    assert all(is_open(token) for token in tokens)
    assert tokens[0] != tokens[1]
    user.release(iis.timeline)
    assert not any(is_open(token) for token in tokens)


def test_tokens_of_an_entry_are_real_until_it_is_dereferenced() -> None:
    iis = server()
    entry = iis.process.token("somebody")
    token = entry.GetPrimaryToken()
    assert is_open(token)
    entry.DereferenceCacheData()
    assert is_open(token), "the cache still holds it"
    iis.process.end(Timeline(NoBox()))
    assert not is_open(token)


def test_the_handle_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    info = server().process.file(str(tmp_path / "file"), is_cached=False)
    assert isinstance(info, FileInfo)
    handle = info.GetFileHandle()
    assert is_open(handle)
    info.DereferenceCacheData()
    assert not is_open(handle)


def test_completions_of_an_associated_handle_arrive(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    done, seen = Event(), []

    def complete(code: int, size: int, overlapped: Any) -> None:
        seen.append((code, size, overlapped == state))
        done.set()

    routine = ffi.callback("LPOVERLAPPED_COMPLETION_ROUTINE", complete)
    handle = win32.open_file(str(tmp_path / "file"))
    iis = server()
    assert iis.server.AssociateWithThreadPool(handle, routine) == 0
    assert iis.server.AssociateWithThreadPool(handle, routine) == ERROR_INVALID_PARAMETER
    state, buffer = ffi.new("OVERLAPPED *"), ffi.new("char[16]")
    kernel32 = ffi.dlopen("kernel32.dll")
    assert kernel32.ReadFile(handle, buffer, 16, ffi.NULL, state) or kernel32.GetLastError() == ERROR_IO_PENDING
    assert done.wait(30)
    assert seen == [(0, 7, True)]
    assert ffi.buffer(buffer, 7)[:] == b"content"
    win32.close(handle)


def test_a_command_brings_user_and_connection() -> None:
    """The options of a request on their way from the message to the module."""
    engine = Engine(NoBox())
    engine.handle(protocol.Configure(1, {"handlers": [{"name": "x", "modules": "vars"}], "accounts": {"a": "b"}}))
    loaded = engine.handle(protocol.Load(2, str(FIXTURES / "vars.dll"), "vars"))
    assert isinstance(loaded, protocol.Loaded)
    address = ("127.0.0.1", 80)
    fire = protocol.Fire(
        3,
        "GET",
        "http",
        "localhost",
        "/?CERT_FLAGS",
        [("Host", "localhost")],
        b"",
        address,
        address,
        user=protocol.User("D\\anna", "secret"),
        connection="one",
        certificate=b"DER",
        schedule="inline",
    )
    answer = engine.handle(msgspec.msgpack.decode(msgspec.msgpack.encode(fire), type=protocol.Command))
    assert isinstance(answer, protocol.Fired)
    assert answer.body == b"CERT_FLAGS = 1, 1 | 1, 1\n"
    engine.handle(protocol.Unload(4))
