"""Fixtures, options, ini keys and the marker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Dll = Callable[[str], Path]


def test_each_test_gets_a_server_of_its_own_and_the_module_begins_anew(project: pytest.Pytester, dll: Dll) -> None:
    """``singleton`` counts its requests in a static object: a module that stays loaded would go on counting."""
    project.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("round", range(3))
        def test_counts_from_one(iis, iis_module, iis_pool, round):
            assert [iis.get("/").text for _ in range(2)] == ["1", "2"]
            assert iis.modules == [iis_module]
            assert iis_pool.started == 1
        """
    )
    project.runpytest_inprocess("--iismod-dll", str(dll("singleton"))).assert_outcomes(passed=3)


def test_what_modules_leave_behind_costs_their_worker_and_nobody_else(project: pytest.Pytester, dll: Dll) -> None:
    names = ["bad_pinned", "bad_environment"]
    paths = [str(dll(name)) for name in names]
    project.makepyfile(
        f"""
        import pytest

        @pytest.mark.iismod(dll={paths[0]!r})
        def test_pins_itself(iis, iis_module):
            assert iis.get("/").text == "pinned"

        @pytest.mark.iismod(dll={paths[1]!r})
        def test_changes_the_process(iis, iis_module, iis_pool):
            assert iis_pool.started == 2
            assert iis.get("/").text == "changed"

        @pytest.mark.iismod(dll={str(dll("hello"))!r})
        def test_finds_a_fresh_one(iis, iis_module, iis_pool):
            assert iis.get("/").text == "Hello World"
            assert iis_pool.started == 3

        @pytest.mark.iismod(dll={str(dll("hello"))!r})
        def test_and_shares_that(iis, iis_module, iis_pool):
            assert iis.get("/").text == "Hello World"
            assert iis_pool.started == 3
        """
    )
    project.runpytest_inprocess().assert_outcomes(passed=4)


def test_every_module_of_the_command_line_is_tested(project: pytest.Pytester, dll: Dll) -> None:
    project.makepyfile("def test_answers(iis, iis_module): assert iis.get('/').text == 'Hello World'")
    result = project.runpytest_inprocess(
        "-v", "--iismod-dll", str(dll("hello")), "--iismod-dll", str(dll("hello.msvc"))
    )
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*test_answers?hello? PASSED*", "*test_answers?hello.msvc? PASSED*"])


def test_ini_keys_have_the_names_of_the_options(project: pytest.Pytester, hello: str) -> None:
    project.makeini(f"[pytest]\niismod_dll =\n    {hello}\niismod_timeout = 7\n")
    project.makepyfile(
        "def test_it(iis, iis_module): assert (iis_module.name, iis._timeout, iis._in_process) == ('hello', 7.0, False)"
    )
    project.runpytest_inprocess().assert_outcomes(passed=1)
    project.makepyfile("def test_it(iis): assert iis._timeout == 3.5")
    project.runpytest_inprocess("--iismod-timeout", "3.5").assert_outcomes(passed=1)


def test_the_marker_gives_the_server_its_options(project: pytest.Pytester, dll: Dll) -> None:
    project.mkdir("site").joinpath("a.txt").write_text("content")
    project.makepyfile(
        f"""
        import pytest

        pytestmark = pytest.mark.iismod(root="site", iis_version="8.5")

        @pytest.mark.iismod(dll=[{str(dll("order_a"))!r}, {str(dll("order_b"))!r}])
        def test_modules(iis, iis_module):
            assert [module.name for module in iis.modules] == ["order_a", "order_b"]
            assert iis_module.name == "order_a"

        @pytest.mark.iismod(anonymous=False, user=("alice", "secret"))
        def test_user(iis):
            assert iis.get("/a.txt").status == 200

        @pytest.mark.iismod(anonymous=False)
        def test_nobody(iis):
            assert iis.get("/a.txt").status == 401
            assert iis.get("/a.txt", user="bob").status == 200

        def test_root(iis):
            response = iis.get("/a.txt")
            assert (response.text, response.headers["Server"]) == ("content", "Microsoft-IIS/8.5")
        """
    )
    project.runpytest_inprocess().assert_outcomes(passed=4)


def test_the_client_is_that_of_httpx(project: pytest.Pytester, hello: str) -> None:
    project.makepyfile(
        """
        def test_client(iis_client):
            response = iis_client.get("/hello", params={"x": "1"})
            assert response.text == "Hello World"
            assert [e.method for e in response.extensions["iismod"].trace.notifications] == ["OnBeginRequest"]
        """
    )
    project.runpytest_inprocess("--iismod-dll", hello).assert_outcomes(passed=1)


def test_wrong_use_is_explained(project: pytest.Pytester, hello: str) -> None:
    project.makepyfile(
        f"""
        import pytest

        def test_none(iis, iis_module): iis.get("/")

        @pytest.mark.iismod(dll="build/nowhere.dll")
        def test_absent(iis, iis_module): iis.get("/")

        @pytest.mark.iismod(dll={hello!r}, allow=["IM999"])
        def test_no_such_rule(iis, iis_module): iis.get("/")

        @pytest.mark.iismod(dll={hello!r}, tiemout=3)
        def test_no_such_option(iis, iis_module): iis.get("/")

        @pytest.mark.iismod(dll={hello!r}, root="absent")
        def test_no_such_folder(iis, iis_module): iis.get("/")
        """
    )
    result = project.runpytest_inprocess()
    result.assert_outcomes(errors=5)
    result.stdout.fnmatch_lines(
        [
            "There is no module to test. Name one with pytest --iismod-dll FILE*",
            "There is no module build/nowhere.dll*",
            "There is no rule IM999*",
            "*the server cannot be configured so: * 'tiemout'*",
            "The site's root * is not a folder*",
        ]
    )


def test_in_process_is_for_windows(project: pytest.Pytester, hello: str) -> None:
    project.makepyfile("def test_it(iis, iis_module): pass")
    result = project.runpytest_inprocess("--iismod-dll", hello, "--iismod-in-process")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*in_process=True loads the DLL into this very process*"])


def test_projects_that_do_not_test_modules_pay_nothing(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import sys

        def test_nothing_is_loaded():
            ours = {name for name in sys.modules if name.startswith("pyiismod.")}
            assert ours == {"pyiismod.pytest_plugin"}
        """
    )
    project.runpytest_subprocess().assert_outcomes(passed=1)
