"""Child requests of real modules (fact sheet 5.1): both ABIs, through a real worker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pyiismod import Response, Server

Dll = Callable[[str], Path]
Make = Callable[..., Server]

BOTH = pytest.mark.parametrize("abi", ["", ".msvc"], ids=["mingw", "msvc"])
NO_HEADERS, IGNORE_INTERCEPTOR, BUFFER = 0x01, 0x02, 0x20


@pytest.fixture
def fire(server: Make, dll: Dll) -> Callable[..., Response]:
    """Fire one request at one module in a fresh server."""

    def fire(name: str, url: str = "/", **options: object) -> Response:
        iis = server(**options)
        iis.load(dll(name), name="Module")
        return iis.get(url)

    return fire


def notified(response: Response) -> list[tuple[str, int]]:
    return [(e.method, e.depth) for e in response.trace.notifications]


@BOTH
def test_a_child_answers_the_client(abi: str, fire: Callable[..., Response]) -> None:
    """By default the child's response is sent; what the parent writes around it cannot be, and that is said."""
    response = fire(f"child_sync{abi}", "/?0")
    assert response.text == "child 0 of the root"
    assert ("X-Child" in response.headers, "X-Parent" in response.headers) == (True, False)
    assert response.headers["Content-Length"] == str(len(response.content))
    assert len(response.trace.violations) == 2


@BOTH
@pytest.mark.parametrize(("flags", "child"), [(NO_HEADERS, False), (BUFFER, True), (BUFFER | NO_HEADERS, False)])
def test_a_child_within_its_parents_response(flags: int, child: bool, abi: str, fire: Callable[..., Response]) -> None:
    """NO_HEADERS takes the body only; BUFFER_RESPONSE gives status, headers and body to the parent."""
    response = fire(f"child_sync{abi}", f"/?{flags}")
    assert response.text == f"before child {flags} of the root after"
    assert response.headers["X-Parent"] == "1"
    assert ("X-Child" in response.headers) == child
    assert response.trace.violations == ()
    assert notified(response) == [("OnExecuteRequestHandler", 0), ("OnExecuteRequestHandler", 2)]


@BOTH
def test_each_request_has_its_own_module_object(abi: str, fire: Callable[..., Response]) -> None:
    """2.2: GetHttpModule and Dispose once for each."""
    phases = [e.method for e in fire(f"child_sync{abi}", "/?32").trace if e.event == "phase"]
    assert phases == ["GetHttpModule", "GetHttpModule", "Dispose", "Dispose"]


@BOTH
def test_a_child_that_waits(abi: str, fire: Callable[..., Response]) -> None:
    """2.4: the parent's completion has 0 bytes and S_OK."""
    response = fire(f"child_async{abi}")
    assert response.text == "child: 42 bytes, 0x00000000\nparent: 0 bytes, 0x00000000\n"
    assert response.trace.violations == ()
    assert notified(response) == [
        ("OnBeginRequest", 0),
        ("OnBeginRequest", 2),
        ("OnAsyncCompletion", 2),
        ("OnAsyncCompletion", 0),
    ]


@BOTH
def test_a_child_that_is_not_waited_for(abi: str, server: Make, dll: Dll) -> None:
    """Section 6, 5: named; the child goes on, and the worker lives."""
    iis = server()
    iis.load(dll(f"child_async{abi}"), name="Module")
    said = iis.get("/?forget").trace.violations
    assert [text.rpartition(" ")[2] for text in said] == ["ExecuteRequest", "executed"]
    assert iis.get("/").text.endswith("parent: 0 bytes, 0x00000000\n")


@BOTH
def test_ten_levels(abi: str, fire: Callable[..., Response]) -> None:
    """5.1: ERROR_STACK_OVERFLOW beyond 10 nested levels."""
    response = fire(f"child_recursion{abi}")
    assert response.text.split() == ["0x800703E9", *["0x00000000"] * 10]
    assert notified(response) == [("OnBeginRequest", 2 * level) for level in range(11)]
    assert response.trace.violations == ()


@BOTH
def test_forgotten_clones(abi: str, fire: Callable[..., Response]) -> None:
    """Section 6, 29: each is named, and ends with its parent."""
    response = fire(f"child_leak{abi}")
    said = f"a context that child_leak{abi}.dll cloned was never released: it ends with its parent"
    assert response.trace.violations == (said, said)


@BOTH
def test_a_rewriter(abi: str, fire: Callable[..., Response], tmp_path: Path) -> None:
    """SetUrl on a clone before it is executed: mapping, handler and variables follow."""
    (tmp_path / "page.txt").write_text("the page")
    response = fire(f"child_rewrite{abi}", "/old/page.txt?q=1", root=tmp_path)
    assert (response.status, response.text) == (200, "the page")
    assert response.headers["X-Original-Url"] == "/old/page.txt"
    assert response.headers["Content-Type"] == "text/plain"
    assert response.trace.violations == ()


@BOTH
def test_includes(abi: str, fire: Callable[..., Response], tmp_path: Path) -> None:
    """The response is the parent's, the parts are the children's; a missing one changes nothing of the head."""
    (tmp_path / "a.txt").write_text("A")
    (tmp_path / "b.txt").write_text("B")
    response = fire(f"style_include{abi}", "/page.inc?a.txt+gone.txt+b.txt", root=tmp_path)
    assert response.status == 200
    assert response.headers["Content-Type"] == "text/html"
    assert response.text == "<h1>/a.txt</h1>A<h1>/gone.txt</h1><h1>/b.txt</h1>B"


def test_includes_of_a_module_that_waits(server: Make, dll: Dll) -> None:
    """Children are whole requests: other modules take part, and may wait."""
    iis = server()
    iis.load(dll("style_include.msvc"), name="Include")
    iis.load(dll("style_async.msvc"), name="Async")
    response = iis.get("/page.inc?a+b")
    told = "completed 42 bytes, 0x00000000, notification 0x00000080"
    assert response.text == f"<h1>/a</h1>{told}<h1>/b</h1>{told}"
    assert response.trace.violations == ()
