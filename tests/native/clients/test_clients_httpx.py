"""httpx2 and httpx through modules: sync and async, bodies that flow, modules that fail."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest

from pyiismod import ModuleCrashed, Server
from pyiismod.transport import AsyncTransport, Transport, library

Make = Callable[..., Server]
Dll = Callable[[str], Path]
MEGABYTE = 1 << 20


@pytest.fixture
def one(server: Make, dll: Dll) -> Callable[..., Server]:
    """A server with one fixture."""

    def make(name: str, **options: Any) -> Server:
        iis = server(**options)
        iis.load(dll(name))
        return iis

    return make


@pytest.mark.parametrize("http", [httpx2, httpx])
def test_a_client(one: Make, http: Any) -> None:
    iis = one("echo")
    assert library() is httpx2
    with http.Client(transport=Transport(iis), base_url="http://localhost:8080") as client:
        response = client.get("/a", params={"b": "c"}, headers={"X-Test": "1"})
        assert (response.status_code, response.reason_phrase) == (200, "OK")
        assert response.text.startswith("GET /a?b=c\n")
        assert "Host: localhost:8080\n" in response.text
        assert "X-Test: 1\n" in response.text
        seen = response.extensions["iismod"]
        assert [event.method for event in seen.trace.notifications] == ["OnExecuteRequestHandler"]
        assert seen.connection == "keep-alive"

        assert client.post("/", content=b"").text.endswith("\n\n")
        assert client.post("/", json={"a": 1}).text.endswith('{"a":1}')
        pieces = (bytes([number]) * 100_000 for number in range(50))
        assert client.put("/", content=pieces).content.endswith(bytes([49]) * 100_000)
        big = bytes(range(256)) * (5 * MEGABYTE // 256)
        assert client.post("/", content=big).content.endswith(big)
        assert client.head("/").content == b""


def test_a_download_flows(one: Make) -> None:
    iis = one("body_pour")
    with (
        httpx2.Client(transport=Transport(iis), base_url="http://localhost") as client,
        client.stream("GET", "/?500") as response,
    ):
        assert response.headers.get("Transfer-Encoding") is None  # it is gone from the body
        first = next(response.iter_raw())
        assert 0 < len(first) < 2 * MEGABYTE
    # leaving early was a client that goes away
    assert iis.get("/?1").status == 200


def test_coroutines(one: Make) -> None:
    iis = one("echo")

    async def pieces() -> AsyncIterator[bytes]:
        for number in range(30):
            yield bytes([number]) * 100_000
            await asyncio.sleep(0)

    async def main() -> None:
        async with httpx2.AsyncClient(transport=AsyncTransport(iis), base_url="http://localhost") as client:
            response = await client.post("/", content=pieces())
            assert response.content.endswith(bytes([29]) * 100_000)
            assert response.extensions["iismod"].trace.calls("ReadEntityBody")
            responses = await asyncio.gather(*(client.get(f"/{number}") for number in range(40)))
            assert [each.text.partition("\n")[0] for each in responses] == [f"GET /{number}" for number in range(40)]

    asyncio.run(main())


def test_a_download_flows_to_a_coroutine(one: Make) -> None:
    iis = one("body_pour")

    async def main() -> int:
        transport = AsyncTransport(iis)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            async with client.stream("GET", "/?30") as response:
                size = 0
                async for piece in response.aiter_raw():
                    size += len(piece)
            async with client.stream("GET", "/?500") as response:
                await anext(response.aiter_raw())
            return size

    assert asyncio.run(main()) == 30 * MEGABYTE
    assert iis.get("/?1").status == 200


def test_a_recycled_worker_loses_no_request(one: Make) -> None:
    """Those that come while it ends find the next worker, as under overlapped recycling."""
    iis = one("hello")

    async def some(client: httpx2.AsyncClient) -> list[str]:
        return [(await client.get("/")).text for _ in range(40)]

    async def main() -> list[list[str]]:
        async with httpx2.AsyncClient(transport=AsyncTransport(iis), base_url="http://localhost") as client:
            requests = [asyncio.ensure_future(some(client)) for _ in range(8)]
            for _ in range(2):
                await asyncio.sleep(0.02)
                await asyncio.to_thread(iis.recycle)
            return await asyncio.gather(*requests)

    assert {text for each in asyncio.run(main()) for text in each} == {"Hello World"}


def test_a_crash_is_the_error_that_it_is(one: Make) -> None:
    iis = one("crash_read")
    client = httpx2.Client(transport=Transport(iis), base_url="http://localhost")
    with client, pytest.raises(ModuleCrashed, match="access violation"):
        client.get("/")

    async def main() -> None:
        async with httpx2.AsyncClient(transport=AsyncTransport(iis), base_url="http://localhost") as client:
            with pytest.raises(ModuleCrashed, match="access violation"):
                await client.get("/")

    asyncio.run(main())


def test_a_connection_that_is_cut(one: Make) -> None:
    iis = one("wire_options")
    with (
        httpx2.Client(transport=Transport(iis), base_url="http://localhost") as client,
        pytest.raises(httpx2.RemoteProtocolError, match="cut the connection"),
    ):
        client.get("/?reset")


def test_an_upload_that_fails_is_its_own_error(one: Make) -> None:
    iis = one("echo")

    def broken() -> Iterator[bytes]:
        yield b"x" * 300_000
        raise RuntimeError("no more")

    async def abroken() -> AsyncIterator[bytes]:
        for piece in (b"x" * 300_000, b"x" * 300_000):
            yield piece
        raise RuntimeError("no more")

    with (
        httpx2.Client(transport=Transport(iis), base_url="http://localhost") as client,
        pytest.raises(RuntimeError, match="no more"),
    ):
        client.post("/", content=broken())

    async def main() -> None:
        async with httpx2.AsyncClient(transport=AsyncTransport(iis), base_url="http://localhost") as client:
            with pytest.raises(RuntimeError, match="no more"):
                await client.post("/", content=abroken())

    asyncio.run(main())
    assert iis.get("/").status == 200


def test_httpx_alone_will_do(dll: Dll) -> None:
    code = f"""
import sys
sys.modules["httpx2"] = None
import httpx, pyiismod
from pyiismod.transport import Transport, library
assert library() is httpx
with pyiismod.Server() as iis:
    iis.load({str(dll("hello"))!r})
    print(httpx.Client(transport=Transport(iis)).get("http://localhost/").text)
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.stdout == "Hello World\n", ended.stderr


@pytest.mark.parametrize(
    ("module", "absent", "said"),
    [
        ("pyiismod.transport", ["httpx2", "httpx"], "pip install 'pyiismod[client]'"),
        ("pyiismod.port", ["uvicorn"], "pip install 'pyiismod[serve]'"),
    ],
)
def test_what_to_install_is_said(module: str, absent: list[str], said: str) -> None:
    hide = "; ".join(f"sys.modules[{name!r}] = None" for name in absent)
    code = f"import sys; {hide}; import {module}"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert said in ended.stderr
