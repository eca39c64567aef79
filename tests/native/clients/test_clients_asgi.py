"""The ASGI application, driven as ASGI servers do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyiismod import ModuleCrashed, Server, UsageError
from pyiismod.asgi import ABORT, App, Finished

Make = Callable[..., Server]
Dll = Callable[[str], Path]


def scope(path: str = "/", method: str = "GET", query: bytes = b"", **more: Any) -> dict[str, Any]:
    headers = [(b"host", b"localhost")]
    common = {"type": "http", "http_version": "1.1", "scheme": "http", "client": ("192.0.2.7", 1234)}
    return {**common, "method": method, "path": path, "query_string": query, "headers": headers, **more}


class Client:
    """The other side of an application: what it sends, and what it is told."""

    def __init__(self, *body: bytes, leaves: bool = False) -> None:
        self.to_send = [
            {"type": "http.request", "body": piece, "more_body": number < len(body) - 1 or leaves}
            for number, piece in enumerate(body or (b"",))
        ]
        self.leaves = leaves
        self.told: list[Any] = []

    async def receive(self) -> Any:
        if self.to_send:
            return self.to_send.pop(0)
        if not self.leaves:
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        self.told.append(message)

    @property
    def status(self) -> int:
        return int(self.told[0]["status"])

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.told[1:])


@pytest.fixture
def one(server: Make, dll: Dll) -> Callable[..., Server]:
    """A server with one fixture."""

    def make(name: str, **options: Any) -> Server:
        iis = server(**options)
        iis.load(dll(name))
        return iis

    return make


def ask(app: App, client: Client, **fields: Any) -> Client:
    asyncio.run(asyncio.wait_for(app(scope(**fields), client.receive, client.send), 60))
    return client


def test_a_request(one: Make) -> None:
    ended: list[Finished] = []
    app = App(one("echo"), on_end=ended.append)
    answered = ask(app, Client(b"a", b"bc", b""), path="/x y", raw_path=b"/x%20y", method="POST", query=b"q=1")
    assert answered.status == 200
    assert answered.body.startswith(b"POST /x%20y?q=1\n")
    assert answered.body.endswith(b"abc")
    assert [message.get("more_body", False) for message in answered.told[1:]][-1] is False
    (finished,) = ended
    assert (finished.status, finished.size, finished.error) == (200, len(answered.body), None)
    assert finished.stream is not None
    assert finished.stream.trace.calls("ReadEntityBody")


def test_modules_see_the_client(one: Make) -> None:
    assert b"192.0.2.7" in ask(App(one("dump_vars")), Client()).body


def test_a_client_that_leaves_while_the_module_works(one: Make) -> None:
    """It is cancelled, and the module hears of it; the next request is served."""
    iis = one("body_pour")
    app = App(iis)
    slow = Client(leaves=True)
    slow.to_send[0]["more_body"] = False

    async def send(message: Any) -> None:
        slow.told.append(message)
        await asyncio.sleep(0.05)

    asyncio.run(asyncio.wait_for(app(scope(query=b"200"), slow.receive, send), 60))
    assert 1 < len(slow.told) < 200
    assert len(ask(app, Client(), query=b"2").body) == 2 << 20


def test_a_client_that_leaves_while_it_sends(one: Make) -> None:
    iis = one("echo")
    client = ask(App(iis), Client(b"x" * 1000, leaves=True), method="POST")
    assert client.told == []
    assert iis.get("/").status == 200


def test_a_failing_module_is_raised_or_answered(one: Make) -> None:
    iis = one("crash_read")
    with pytest.raises(ModuleCrashed):
        ask(App(iis), Client())
    answered = ask(App(iis, on_error=lambda error, scope: f"report of {scope['path']}"), Client(), path="/here")
    assert (answered.status, answered.body) == (502, b"report of /here")


def test_a_cut_connection(one: Make) -> None:
    iis, cut = one("wire_options"), []
    assert ask(App(iis), Client(), query=b"reset").status == 502
    extensions = {ABORT: lambda: cut.append(1)}
    assert ask(App(iis), Client(), query=b"reset", extensions=extensions).told == []
    assert cut == [1]


def test_what_is_no_http_request(one: Make) -> None:
    app = App(one("hello"))
    bad = ask(app, Client(), headers=[(b"host", b"a b")])
    assert (bad.status, bad.body) == (400, b"'a b' is no host.\n")
    with pytest.raises(UsageError, match="not asked for websocket"):
        asyncio.run(app({"type": "websocket"}, Client().receive, Client().send))


def test_the_life_of_an_application(one: Make) -> None:
    client = Client()
    client.to_send = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    asyncio.run(App(one("hello"))({"type": "lifespan"}, client.receive, client.send))
    assert [message["type"] for message in client.told] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
