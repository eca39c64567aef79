"""Handler mappings (fact sheet 2.1, 5.7): who runs at EXECUTE_REQUEST_HANDLER, and what modules may change of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from nativecall import (
    CONTINUE,
    INVALID_PARAMETER,
    NULL,
    Host,
    Native,
    chunk,
    make,
    of,
    read_wide,
    response_of,
    text,
    wide,
)
from stored import view

from pyiismod.host._abi import ffi
from pyiismod.host.handlers import Handler
from pyiismod.host.settings import Settings


def mapped(context: Native) -> Native | None:
    pointer = context.GetScriptMap()
    return view(pointer, "IScriptMapInfo") if pointer else None


def running(host: Host, notes: list[str], *names: str, handles: str = "") -> None:
    """Load modules that note when they handle a request."""
    for name in names:

        def execute(context: Native, provider: Native, name: str = name) -> int:
            notes.append(name)
            if name in handles:
                context.SetRequestHandled()
            return CONTINUE

        host.load(name, {"OnExecuteRequestHandler": execute})


def test_by_default_every_module_runs_and_then_the_content(host: Host) -> None:
    notes: list[str] = []
    running(host, notes, "a", "b")
    outgoing = host.fire()
    assert notes == ["a", "b"]
    assert outgoing.status == 404  # there is no root
    script_map = mapped(of(host.open().context))
    assert script_map is not None
    assert read_wide(script_map.GetName()) == "StaticFile"
    assert read_wide(script_map.GetModules(NULL)).startswith("a,b,StaticFileModule")
    assert script_map.GetResourceType() == 2
    assert script_map.GetRequiredAccess() == 1
    assert script_map.GetIsStarScriptMap() == 1
    assert script_map.GetResponseBufferLimit() == 4194304


TABLE: list[dict[str, Any]] = [
    {"name": "Posts", "path": "*.do", "verb": "POST,PUT", "modules": "b"},
    {"name": "Pages", "path": "*.do,page", "modules": "b,a", "script_processor": "C:\\x.dll", "type": "T.U"},
    {"name": "Folder", "path": "/api/*", "modules": "a", "require_access": "Execute", "allow_path_info": True},
    {"name": "Broken", "path": "broken", "modules": "missing"},
    {"name": "Rest", "path": "*", "modules": "StaticFileModule"},
]


@pytest.mark.parametrize(
    ("method", "target", "name", "ran"),
    [
        ("POST", "/x.do", "Posts", ["b"]),
        ("put", "/x.DO", "Posts", ["b"]),
        ("GET", "/x.do?y", "Pages", ["b", "a"]),
        ("GET", "/a/page", "Pages", ["b", "a"]),
        ("GET", "/page/a", "Rest", []),
        ("GET", "/api/x/y", "Folder", ["a"]),
        ("GET", "/x.dot", "Rest", []),
    ],
)
def test_the_first_entry_that_fits_decides_who_runs(method: str, target: str, name: str, ran: list[str]) -> None:
    host = Host(handlers=TABLE)
    notes: list[str] = []
    names: list[str] = []
    running(host, notes, "a", "b")

    def begin(context: Native, provider: Native) -> int:
        script_map = mapped(context)
        assert script_map is not None
        names.append(read_wide(script_map.GetName()))
        return CONTINUE

    host.load("c", {"OnBeginRequest": begin})
    host.fire(method, target)
    assert (names, notes) == ([name], ran)


def test_the_attributes_of_an_entry() -> None:
    script_map = mapped(of(Host(handlers=TABLE).open(target="/x.do").context))
    assert script_map is not None
    length = ffi.new("DWORD *")
    assert ffi.string(script_map.GetAllowedVerbs()) == b"*"
    assert read_wide(script_map.GetPath()) == "*.do,page"
    for slot, expected in (("GetModules", "b,a"), ("GetScriptProcessor", "C:\\x.dll"), ("GetManagedType", "T.U")):
        assert read_wide(script_map.slot(slot)(length)) == expected
        assert length[0] == len(expected)
    assert (script_map.GetResourceType(), script_map.GetRequiredAccess()) == (3, 3)
    assert (script_map.GetIsStarScriptMap(), script_map.GetAllowPathInfoForScriptMappings()) == (0, 0)


@pytest.mark.parametrize("settings", [{}, {"handlers": [{"name": "x", "modules": "a"}]}])
def test_the_same_module_twice_runs_twice(settings: dict[str, Any]) -> None:
    host = Host(**settings)
    notes: list[str] = []
    running(host, notes, "a", "a")
    host.fire()
    assert notes == ["a", "a"]


def test_handling_ends_the_list() -> None:
    host = Host(handlers=[{"name": "x", "modules": "b,a"}])
    notes: list[str] = []
    running(host, notes, "a", "b", handles="b")
    assert host.fire().status == 200
    assert notes == ["b"]


@pytest.mark.parametrize(("target", "answer"), [("/broken", (500, 21)), ("/none", (404, 4))])
def test_errors_of_the_mapping(target: str, answer: tuple[int, int]) -> None:
    outgoing = Host(handlers=TABLE[:-1]).fire(target=target)
    assert (outgoing.status, outgoing.substatus) == answer


def test_nothing_mapped_is_null() -> None:
    assert mapped(of(Host(handlers=TABLE[:-1]).open(target="/none").context)) is None


@pytest.mark.parametrize(
    ("resource_type", "fits"),
    [("File", (True, False, False)), ("Directory", (False, True, False)), ("Either", (True, True, False))],
)
def test_resource_types(resource_type: str, fits: tuple[bool, ...], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    handler = Handler("x", resource_type=resource_type)
    paths = tmp_path / "file", tmp_path, tmp_path / "nothing"
    assert tuple(handler.fits("/x", "GET", str(path)) for path in paths) == fits


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("*", "/", True),
        ("*.php", "/a/b.PHP", True),
        ("*.php", "/a.php/b", False),
        ("a*b*c", "/aXbYc", True),
        ("a*b", "/ab", True),
        ("ab*ba", "/aba", False),
        ("/x/*.html", "/x/y/z.html", True),
        ("/x/*.html", "/y/x/z.html", False),
    ],
)
def test_patterns(pattern: str, path: str, fits: bool) -> None:
    assert Handler("x", pattern).fits(path, "GET", "") is fits


def test_path_info_fits_a_part_in_the_middle() -> None:
    assert Handler("x", "*.php", allow_path_info=True).fits("/a.php/b", "GET", "")


@pytest.mark.parametrize(
    "attributes", [{"name": "x", "resource_type": "?"}, {"name": "x", "require_access": "All"}, {"name": "x", "y": 1}]
)
def test_entries_that_cannot_be(attributes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="x"):
        Settings.of({"handlers": [attributes]})


def test_map_handler_asks_without_changing_anything() -> None:
    host = Host(handlers=TABLE)
    context = of(host.open(target="/x.do").context)
    out = ffi.new("void **")

    def find(url: str, verb: bytes, ignore_wildcard: int = 0) -> str:
        assert context.MapHandler(1, wide("Default Web Site"), wide(url), text(verb), out, ignore_wildcard) == 0
        return read_wide(view(out[0], "IScriptMapInfo").GetName()) if out[0] else ""

    assert find("/x.do", b"POST") == "Posts"
    assert find("/api/a/../b", b"GET") == "Folder"
    assert (find("/x", b"GET"), find("/x", b"GET", 1)) == ("Rest", "")
    assert context.MapHandler(1, NULL, NULL, text(b"GET"), out, 0) == INVALID_PARAMETER
    script_map = mapped(context)
    assert script_map is not None
    assert read_wide(script_map.GetName()) == "Pages"


def test_a_module_may_map_another_handler() -> None:
    host = Host(handlers=TABLE)
    notes: list[str] = []
    running(host, notes, "a", "b")

    def map_handler(context: Native, provider: Native) -> int:
        out = ffi.new("void **")
        assert context.MapHandler(1, NULL, wide("/api/x"), text(b"GET"), out, 0) == 0
        provider.SetScriptMap(out[0])
        assert context.GetScriptMap() == out[0]
        return CONTINUE

    host.load("c", {"OnMapRequestHandler": map_handler})
    host.fire(target="/x.do")
    assert notes == ["a"]


def test_a_module_may_map_a_handler_of_its_own_making() -> None:
    host = Host(handlers=TABLE)
    notes: list[str] = []
    running(host, notes, "a", "b")
    name, modules = wide("Own"), wide("a")
    own = make("IScriptMapInfo", {"GetName": lambda: name, "GetModules": lambda pcch: modules})

    def map_handler(context: Native, provider: Native) -> int:
        provider.SetScriptMap(NULL)
        provider.SetScriptMap(own)
        assert context.GetScriptMap() == own
        return CONTINUE

    host.load("c", {"OnMapRequestHandler": map_handler})
    host.fire(target="/x.do")
    assert notes == ["a"]


def test_too_late_to_map(host: Host) -> None:
    providers: list[Native] = []
    host.load("a", {"OnMapRequestHandler": lambda c, p: providers.append(p) or CONTINUE})

    def late(context: Native, provider: Native) -> int:
        providers[0].SetScriptMap(context.GetScriptMap())
        return CONTINUE

    host.load("b", {"OnExecuteRequestHandler": late})
    host.fire()
    assert host.violations == ["SetScriptMap was called after the handler stage had begun: no effect"]


def test_the_script_name_of_a_module(host: Host) -> None:
    seen: list[str] = []

    def map_handler(context: Native, provider: Native) -> int:
        assert provider.SetScriptName(wide("/other.do/info"), 9) == 0
        seen.append(read_wide(context.GetScriptName(NULL)))
        out = ffi.new("PCSTR *")
        assert context.GetServerVariable_a(text(b"SCRIPT_NAME"), out, NULL) == 0
        seen.append(ffi.string(out[0]).decode())
        return CONTINUE

    host.load("a", {"OnMapRequestHandler": map_handler})
    host.fire()
    assert seen == ["/other.do", "/other.do"]


def test_the_buffer_limit_is_the_handlers() -> None:
    host = Host(handlers=[{"name": "x", "modules": "a", "response_buffer_limit": 3}])

    def write(context: Native, provider: Native) -> int:
        context.SetRequestHandled()
        for data in (b"abc", b"d"):
            assert response_of(context).WriteEntityChunks(chunk(data), 1, 0, 1, NULL, NULL) == 0
        return CONTINUE

    host.load("a", {"OnExecuteRequestHandler": write})
    outgoing = host.fire()
    assert (b"".join(outgoing.body), dict(outgoing.headers)["Transfer-Encoding"]) == (b"abcd", "chunked")
