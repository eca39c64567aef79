"""The pytest plugin: fixtures for tests of native modules.

    @pytest.mark.iismod(dll="build/auth.dll", root="tests/wwwroot")
    def test_asks_for_credentials(iis, iis_module):
        response = iis.get("/private/")
        assert response.status == 401

- ``iis``: a fresh :class:`~pyiismod.Server` a test, on a pooled worker;
- ``iis_module``: the module under test, loaded into it: that of the marker, or each one of ``--iismod-dll``;
- ``iis_client``: an ``httpx2`` (or ``httpx``) client whose requests go through it.

FTW files, the tests of web application firewalls, are tests as well: ``*.ftw.yaml``, or what ``iismod_ftw`` names.

A test whose module breaks a rule of IIS fails although its own assertions hold, unless the rule is allowed. The server
ends with the test's own code, so that what a module does wrong on its way out counts as well.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pyiismod.module import Module
    from pyiismod.pool import WorkerPool
    from pyiismod.testing import Watched

_MARKER = "iismod"
_SERVER = pytest.StashKey["Watched"]()
_POOL = pytest.StashKey["WorkerPool"]()
_NO_MODULE = (
    "There is no module to test. Name one with pytest --iismod-dll FILE, with iismod_dll = FILE in the ini file, or "
    "with @pytest.mark.iismod(dll=FILE)."
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and the ini keys of the same names."""
    group = parser.getgroup("iismod", "native IIS modules")
    group.addoption(
        "--iismod-dll", action="append", metavar="FILE", help="Test this module; repeated: each test with each of them."
    )
    group.addoption(
        "--iismod-timeout", type=float, metavar="SECONDS", help="How long one step of a module may take (30)."
    )
    group.addoption(
        "--iismod-in-process",
        action="store_true",
        default=None,
        help="Load modules into this process, for a debugger (Windows only).",
    )
    parser.addini("iismod_dll", "modules to test", type="linelist")
    parser.addini("iismod_timeout", "seconds that one step of a module may take", default="30")
    parser.addini("iismod_in_process", "load modules into this process", type="bool", default=False)
    parser.addini("iismod_ftw", "FTW files, as patterns", type="linelist", default=["*.ftw.yaml", "*.ftw.yml"])
    parser.addini("iismod_ftw_log", "file to which the module under FTW tests writes its log")
    parser.addini("iismod_allow", "ids of rules that every module may break", type="linelist")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line(
        "markers",
        "iismod(dll, allow=[], root=None, user=None, **options): the modules of this test, the rules that they may "
        "break (['IM012']), and the options of pyiismod.Server.",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test that needs a module once for each one, unless its marker names it."""
    options = _marked(metafunc.definition)
    if "dll" not in options and "iis_module" in metafunc.fixturenames and (dlls := dlls_of(metafunc.config)):
        metafunc.parametrize("iis_module", dlls, indirect=True, ids=[path.stem for path in dlls], scope="function")


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the workers of the session."""
    if (pool := config.stash.get(_POOL, None)) is not None:
        pool.close()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect FTW files."""
    if file_path.suffix not in (".yaml", ".yml"):
        return None
    root = parent.config.rootpath
    path = file_path.relative_to(root) if file_path.is_relative_to(root) else file_path
    patterns = parent.config.getini("iismod_ftw")
    if not any(fnmatch(path.as_posix(), pattern) or fnmatch(path.name, pattern) for pattern in patterns):
        return None
    from pyiismod.ftw_items import FtwFile

    return FtwFile.from_parent(parent, path=file_path)


def pool_of(config: pytest.Config) -> WorkerPool:
    """Return the workers of this session."""
    from pyiismod.pool import WorkerPool

    if _POOL not in config.stash:
        config.stash[_POOL] = WorkerPool()
    return config.stash[_POOL]


@pytest.fixture(scope="session")
def iis_pool(pytestconfig: pytest.Config) -> WorkerPool:
    """The workers of this session, which its tests use one after the other."""
    return pool_of(pytestconfig)


@pytest.fixture
def iis(request: pytest.FixtureRequest) -> Iterator[Watched]:
    """A fresh server, without modules; the marker ``iismod`` has its options."""
    from pyiismod.errors import PyiismodError
    from pyiismod.testing import Watched

    options = _server_options(request.node)
    if not options["in_process"]:
        options["pool"] = request.getfixturevalue("iis_pool")
    try:
        server = Watched(**options)
    except (PyiismodError, TypeError) as error:
        raise _failed(str(error)) from None
    request.node.stash[_SERVER] = server
    yield server
    server.close()


@pytest.fixture
def iis_module(request: pytest.FixtureRequest, iis: Watched) -> Module:
    """The module under test, loaded into ``iis``; the first one where the marker names several."""
    from pyiismod.errors import UsageError
    from pyiismod.testing import find_module

    named = getattr(request, "param", None) or _marked(request.node).get("dll")
    if not named:
        pytest.fail(_NO_MODULE, pytrace=False)
    folders = dict.fromkeys((request.path.parent, request.config.rootpath, Path.cwd()))
    try:
        paths = [find_module(str(each), folders) for each in (named if isinstance(named, (list, tuple)) else [named])]
    except UsageError as error:
        raise _failed(str(error)) from None
    return iis.load_all(paths)


@pytest.fixture
def iis_client(iis: Watched, iis_module: Module) -> Iterator[Any]:
    """An HTTP client (of httpx2, or of httpx where only that is installed) that talks to the module under test."""
    from pyiismod.transport import Transport, library

    with library().Client(transport=Transport(iis), base_url="http://localhost") as client:
        yield client


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """End the server with the test, and fail the test if a module broke a rule."""
    result = yield
    if (server := item.stash.get(_SERVER, None)) is not None:
        from pyiismod.testing import explained, violations

        server.close()
        if broken := violations(server):
            rules = ", ".join(f'"{rule}"' for rule in dict.fromkeys(v.rule.id for v in broken))
            allow = f"A test that means it says @pytest.mark.iismod(allow=[{rules}])."
            pytest.fail("\n".join(["the module broke a rule of IIS", *map(explained, broken), allow]), pytrace=False)
    return result


def watched(item: pytest.Item, modules: Iterable[Path]) -> Watched:
    """Return a server for an item that is no function, with modules loaded; it ends with the item's own code.

    Raises:
        PyiismodError: a module did not load.
    """
    from pyiismod.testing import Watched

    server = item.stash[_SERVER] = Watched(pool=pool_of(item.config), **_server_options(item))
    server.load_all(modules)
    return server


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let a failure show what the modules did."""
    report = yield
    server = item.stash.get(_SERVER, None)
    if server is not None and report.failed:
        from pyiismod.errors import PyiismodError
        from pyiismod.testing import failure_text, sections

        error = call.excinfo.value if call.excinfo is not None else None
        if isinstance(error, PyiismodError):
            report.sections.append(("iismod: what failed", failure_text(error)))
        report.sections += [(f"iismod: {title}", text) for title, text in sections(server)]
    return report


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Explain how two responses differ."""
    if op != "==" or "pyiismod.response" not in (type(left).__module__, type(right).__module__):
        return None
    from pyiismod.response import Response
    from pyiismod.testing import differences

    if isinstance(left, Response) and isinstance(right, Response):
        return [f"{left!r} == {right!r}", *differences(left, right)]
    names = "status, reason, headers, content, text"
    return [f"{left!r} == {right!r}", f"a response equals only a response; compare one of its {names}"]


def _failed(text: str) -> BaseException:
    """Return what pytest shows as text alone."""
    return pytest.fail.Exception(text, pytrace=False)


def _marked(node: pytest.Item | pytest.Collector) -> dict[str, Any]:
    """Return what the markers of a test say, those nearest to it first."""
    options: dict[str, Any] = {}
    for mark in node.iter_markers(_MARKER):
        given = {"dll": list(mark.args) if len(mark.args) > 1 else mark.args[0]} if mark.args else {}
        options = {**given, **mark.kwargs, **options}
    return options


def _server_options(node: pytest.Item) -> dict[str, Any]:
    config = node.config
    options = {name: value for name, value in _marked(node).items() if name != "dll"}
    timeout = config.getoption("--iismod-timeout")
    in_process = config.getoption("--iismod-in-process")
    if options.get("root") is not None:
        options["root"] = _folder(options["root"], node)
    return {
        "timeout": float(config.getini("iismod_timeout")) if timeout is None else timeout,
        "in_process": config.getini("iismod_in_process") if in_process is None else in_process,
        **options,
        "allow": [*config.getini("iismod_allow"), *options.get("allow", ())],
    }


def _folder(root: Any, node: pytest.Item) -> Path:
    """Return a folder that may be named from the test's own, from pytest's root, or from here."""
    places = [Path(base, root) for base in (node.path.parent, node.config.rootpath, Path.cwd())]
    return next((place for place in places if place.is_dir()), places[0])


def dlls_of(config: pytest.Config) -> list[Path]:
    """Return the modules of the command line, from here, else those of the ini file, from its folder."""
    if given := config.getoption("--iismod-dll"):
        return [Path.cwd() / name for name in given]
    return [config.rootpath / name for name in config.getini("iismod_dll")]
