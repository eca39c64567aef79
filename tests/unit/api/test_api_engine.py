"""Commands in, replies out, on any machine: what needs no DLL."""

from __future__ import annotations

import msgspec
import pytest

from pyiismod.errors import UsageError
from pyiismod.host import win32
from pyiismod.request import build
from pyiismod.worker import protocol
from pyiismod.worker.engine import Engine
from pyiismod.worker.inprocess import NoBox


@pytest.fixture(autouse=True)
def no_com(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(win32, "join_apartment", lambda: None)


@pytest.fixture
def engine() -> Engine:
    made = Engine(NoBox())
    assert made.handle(protocol.Configure(1, {})) == protocol.Done(1)
    return made


def fire(engine: Engine, *args: object, **options: object) -> protocol.Fired:
    reply = engine.handle(msgspec.structs.replace(build(*args, **options), id=7))  # type: ignore[arg-type]
    assert isinstance(reply, protocol.Fired), reply
    assert reply.id == 7
    return reply


def test_a_request_without_modules(engine: Engine) -> None:
    fired = fire(engine, "GET", "/nothing?x=1", headers={"X-A": "ä"})
    assert (fired.status, fired.reason, fired.trace, fired.refused) == (404, "Not Found", [], [])
    assert b"<h1>404 - Not Found</h1>" in fired.body
    headers = dict(fired.headers)
    assert (headers["Server"], headers["Content-Length"]) == ("Microsoft-IIS/10.0", str(len(fired.body)))


def test_a_reply_goes_through_the_wire(engine: Engine) -> None:
    fired = fire(engine, "POST", "/", content=b"\0\xff", remote=("::1", 1))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(fired), type=protocol.Reply) == fired


@pytest.mark.parametrize("command", [protocol.Unload(3), msgspec.structs.replace(build("GET", "/"), id=3)])
def test_nothing_works_before_it_is_configured(command: protocol.Command) -> None:
    reply = Engine(NoBox()).handle(command)
    assert isinstance(reply, protocol.Failed)
    assert (reply.id, reply.error.type) == (3, "WorkerError")
    assert "not configured" in reply.error.message


@pytest.mark.parametrize(
    ("settings", "words"), [({"iis_version": "6.0"}, "unknown IIS version '6.0'"), ({"nonsense": 1}, "nonsense")]
)
def test_settings_that_cannot_be(settings: dict[str, object], words: str) -> None:
    reply = Engine(NoBox()).handle(protocol.Configure(1, settings))
    assert isinstance(reply, protocol.Failed)
    assert reply.error.type == UsageError.__name__
    assert words in reply.error.message


def test_a_command_that_is_none(engine: Engine) -> None:
    reply = engine.handle(protocol.Shutdown(9))
    assert isinstance(reply, protocol.Failed)
    assert (reply.id, reply.error.type) == (9, "WorkerError")
    assert "Shutdown" in reply.error.message


def test_unload_without_modules_and_twice(engine: Engine) -> None:
    for _ in range(2):
        assert engine.handle(protocol.Unload(4)) == protocol.Unloaded(4, [], [])


@pytest.mark.parametrize("method", ["GET", "PATCH", "M" * 65535])
@pytest.mark.parametrize(
    "url", ["/", "/%00", "/" + "a" * 32000, "http://[::1]:9/?" + "q" * 32000, "/%F0%9F%98%80", "/%ff"]
)
@pytest.mark.parametrize("remote", ["127.0.0.1", "2001:db8::1"])
def test_whatever_can_be_asked_can_be_fired(engine: Engine, method: str, url: str, remote: str) -> None:
    """Nothing that build() lets through may be too long or too strange for the native structs."""
    lines = [("X" * 65535, "v"), ("Accept", "a" * 32766), ("Accept", "b" * 32767), ("Cookie", "a"), ("Cookie", "b")]
    assert fire(engine, method, url, headers=lines, content=b"x", remote=(remote, 65535)).status == 404


def test_as_many_lines_as_can_be_asked_for_can_be_fired(engine: Engine) -> None:
    lines = [(f"X-{i}", "") for i in range(65534)]
    assert fire(engine, "GET", "/", headers=lines).status == 404
