"""``pyiismod probe`` and ``pyiismod diff`` on modules that run, and what their confinement really keeps from one."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pyiismod.probing.comparison import compare
from pyiismod.probing.probe import Probe, probe
from pyiismod.probing.sandbox import Sandbox
from pyiismod.runtime import Runtime

Dll = Callable[[str], Path]


def command(*words: str | Path) -> tuple[int, Any]:
    """Run a command line; return its exit code and its JSON document."""
    ran = subprocess.run(
        [sys.executable, "-m", "pyiismod", *map(str, words), "--json"], capture_output=True, text=True, check=False
    )
    assert ran.stderr == ""
    return ran.returncode, json.loads(ran.stdout)


@pytest.fixture(scope="module")
def door(windows: Runtime, dll: Dll) -> Probe:
    return probe(dll("hidden_door.msvc"))


def test_probe_opens_the_hidden_door(door: Probe) -> None:
    """Nothing in masks, imports or handlers tells; the one request with the right value does."""
    seen = [reaction for reaction in door.reactions if reaction.visible]
    assert [reaction.input for reaction in seen] == ["X-Trace-Token: open-sesame-1791"]
    changes = {change.what: (change.before, change.after) for change in seen[0].changes}
    assert "hello, owner" in changes["body"][1]
    assert changes["header content-type"] == ("text/html", "text/plain")
    assert "calls" in changes
    assert door.tried["header"] >= 5
    assert door.complete


def test_probe_tells_what_was_asked_for_and_what_is_live(door: Probe) -> None:
    asked = {interest.notification: interest for interest in door.asked}
    assert asked["RQ_BEGIN_REQUEST"].headers == ("X-Trace-Token",)
    assert any("X-Trace-Id" in change for change in asked["RQ_SEND_RESPONSE"].changes)
    live = {each.kind: each for each in door.live}
    assert live["module"].overridden == ("OnBeginRequest", "OnSendResponse")
    assert door.registration is not None
    assert door.registration.request == ("RQ_BEGIN_REQUEST", "RQ_SEND_RESPONSE")
    assert [(c.what, c.before, c.after) for c in door.acts_on_plain] == [("header x-trace-id", "(absent)", "0")]


def test_probe_of_a_module_that_crashes(windows: Runtime, dll: Dll) -> None:
    code, document = command("probe", dll("crash_read"))
    assert code == 1
    assert document["outcome"] == "crashed"
    assert document["failures"][0]["input"] == "plain visitor"
    assert "access violation" in json.dumps(document["failures"][0]["changes"])
    assert document["sandbox"]["confined"]


def test_probe_finds_a_url_that_exists_only_with_the_module(windows: Runtime, dll: Dll) -> None:
    """The page is the ordinary one; without the module that URL has none."""
    found = probe(dll("style_rewriter.msvc"))
    seen = {reaction.input: reaction for reaction in found.reactions if reaction.visible}
    assert list(seen) == ["/friendly/x"]
    changes = {change.what: (change.before, change.after) for change in seen["/friendly/x"].changes}
    assert changes["status"] == ("404", "200")
    assert found.live[0].overridden == ("OnGlobalPreBeginRequest", "Terminate")


@pytest.fixture(scope="module")
def sandbox(windows: Runtime) -> Iterator[Sandbox]:
    with Sandbox(megabytes=512) as place:
        yield place


def test_the_sandbox_keeps_what_it_says(sandbox: Sandbox, dll: Dll, tmp_path: Path) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    port, target = listener.getsockname()[1], tmp_path / "written"
    with listener, sandbox.server() as server:
        server.load(sandbox.copy(dll("reaches_out")))
        url = f"/?{port}+{str(target).replace('/', chr(92)).replace(chr(92), 'Z:' + chr(92), 1)}+2048"
        text = server.get(url).text
        listener.settimeout(0)
        with pytest.raises(BlockingIOError):
            listener.accept()
    results = dict(line.split() for line in text.splitlines())
    assert not sandbox.confinement.has_network
    assert results["connect"] != "0"
    assert results["allocate"] != "0"
    keeps_files = any(line.startswith("files: writes nothing") for line in sandbox.confinement.confined)
    assert target.exists() == (not keeps_files)
    assert (results["write"] == "0") == (not keeps_files)


def test_without_the_sandbox_the_module_gets_all_of_it(
    server: Callable[..., Any], dll: Dll, tmp_path: Path, windows: Runtime
) -> None:
    """So the test above proves something."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        iis = server()
        iis.load(dll("reaches_out"))
        path = windows.to_windows(tmp_path / "written")
        text = iis.get(f"/?{listener.getsockname()[1]}+{path}+64").text
    assert text.splitlines() == ["connect 0", "write 0", "allocate 0"]
    assert (tmp_path / "written").exists()


def test_diff_of_two_builds(windows: Runtime, dll: Dll) -> None:
    """The door is the difference, and only at requests that it opens for; the header differs everywhere."""
    found = compare(dll("hello.msvc"), dll("hidden_door.msvc"))
    assert found.differs
    assert [change.what for change in found.registration] == ["request"]
    assert {change.what for change in found.static} >= {"handlers", "static request", "texts"}
    changes = {each.request: {change.what: change for change in each.changes} for each in found.behaviour}
    assert changes["plain visitor"]["header x-trace-id"].after == "0"
    assert "hello, owner" in changes["X-Trace-Token: open-sesame-1791"]["body"].after
    assert found.timing is not None
    assert found.compared == found.requests


def test_diff_of_the_same_build_on_requests_of_a_file(windows: Runtime, dll: Dll, tmp_path: Path) -> None:
    requests = tmp_path / "smoke.http"
    requests.write_text("GET http://localhost/a\n\n### second\nPOST /b\nX-Test: 1\n\nbody\n")
    code, document = command("diff", dll("echo"), dll("echo"), "--requests", requests)
    assert code == 0, document
    assert (document["differs"], document["requests"], document["compared"]) == (False, 2, 2)
    assert document["behaviour"] == []


def test_error_pages_are_not_the_modules_doing(windows: Runtime, dll: Dll) -> None:
    """IIS shows details to clients on its own computer only; that is no reaction of the module."""
    found = probe(dll("style_basic_auth.msvc"))
    assert [reaction.group for reaction in found.reactions if reaction.visible] == ["header"]
