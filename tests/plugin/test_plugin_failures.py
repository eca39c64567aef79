"""What a failure shows, and what fails a test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import plugin_processes
import pytest
from plugin_processes import VARIABLE, supervisors

Dll = Callable[[str], Path]


def test_a_failure_shows_what_happened(project: pytest.Pytester, dll: Dll) -> None:
    project.makepyfile(
        f"""
        import pytest

        @pytest.mark.iismod(dll={str(dll("refused_calls"))!r})
        def test_refused(iis, iis_module):
            assert iis.get("/").status == 299

        @pytest.mark.iismod(dll={str(dll("stdout_noise"))!r})
        def test_output(iis, iis_module):
            assert iis.get("/").status == 299
        """
    )
    result = project.runpytest_inprocess()
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "*- iismod: response -*",
            "HTTP/1.1 200 OK",
            "*- iismod: timeline -*",
            "load",
            "*OnBeginRequest*",
            "*- iismod: calls that the host does not serve -*",
            "I*::*",
            "*- iismod: printed -*",
            "printf in OnBeginRequest",
        ]
    )


def test_a_crash_fails_one_test_and_the_next_one_runs(project: pytest.Pytester, dll: Dll) -> None:
    project.makepyfile(
        f"""
        import pytest

        @pytest.mark.iismod(dll={str(dll("crash_read"))!r})
        def test_crash(iis, iis_module):
            iis.get("/")

        @pytest.mark.iismod(dll={str(dll("hello"))!r})
        def test_next(iis, iis_module):
            assert iis.get("/").text == "Hello World"

        @pytest.mark.iismod(dll={str(dll("crash_hang"))!r}, timeout=1)
        def test_hang(iis, iis_module):
            iis.get("/")

        @pytest.mark.iismod(dll={str(dll("missing_dll"))!r})
        def test_does_not_load(iis, iis_module):
            pass
        """
    )
    result = project.runpytest_inprocess("-rA")
    result.assert_outcomes(failed=2, passed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "*- iismod: what failed -*",
            "*crash_read.dll crashed in OnBeginRequest (RQ_BEGIN_REQUEST): access violation*",
            "native stack",
        ]
    )
    result.stdout.no_fnmatch_line("*server.py:*def _settle*")


def test_violations_fail_a_test_that_would_pass(project: pytest.Pytester, dll: Dll) -> None:
    path = str(dll("bad_status"))
    project.makepyfile(
        f"""
        import pytest

        def fire(iis):
            iis.get("/")

        @pytest.mark.iismod(dll={path!r})
        def test_fails(iis, iis_module):
            fire(iis)

        @pytest.mark.iismod(dll={path!r}, allow=["IM016"])
        def test_is_allowed(iis, iis_module):
            fire(iis)
        """
    )
    result = project.runpytest_inprocess()
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(
        [
            "the module broke a rule of IIS",
            "IM016 strange-status: *",
            "  fix: Return one of*",
            'A test that means it says @pytest.mark.iismod(allow=["IM016"]).',
        ]
    )


def test_what_a_module_does_on_its_way_out_counts(project: pytest.Pytester, dll: Dll) -> None:
    project.makepyfile(
        f"""
        import pytest

        @pytest.mark.iismod(dll={str(dll("bad_late_thread"))!r})
        def test_leaves_a_thread(iis, iis_module):
            assert iis.get("/").text == "ticking"
        """
    )
    result = project.runpytest_inprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*unloaded bad_late_thread.dll*"])


def test_responses_are_compared_as_a_client_sees_them(project: pytest.Pytester, dll: Dll) -> None:
    project.makepyfile(
        f"""
        import pytest

        @pytest.mark.iismod(dll={str(dll("echo"))!r})
        def test_same(iis, iis_module):
            assert iis.get("/a") == iis.get("/a")

        @pytest.mark.iismod(dll={str(dll("echo"))!r})
        def test_other(iis, iis_module):
            assert iis.get("/a") == iis.get("/a?b")

        @pytest.mark.iismod(dll={str(dll("echo"))!r})
        def test_number(iis, iis_module):
            assert iis.get("/a") == 200
        """
    )
    result = project.runpytest_inprocess()
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        [
            "E * header content-length: '*' != '*'",
            "E * body: * bytes != * bytes, first at byte 6: *",
            "E * a response equals only a response; compare one of its status, *",
        ]
    )


def test_xdist_workers_do_not_meet(project: pytest.Pytester, dll: Dll, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each process has workers of its own, and none is left."""
    mark = f"xdist-{os.getpid()}"
    monkeypatch.setenv(VARIABLE, mark)
    shutil.copy(plugin_processes.__file__, project.path)
    project.makepyfile(
        f"""
        import pytest
        from plugin_processes import supervisors

        @pytest.mark.parametrize("number", range(12))
        @pytest.mark.iismod(dll={str(dll("singleton"))!r})
        def test_counts(iis, iis_module, number):
            assert [iis.get("/").text for _ in range(3)] == ["1", "2", "3"]
            assert supervisors({mark!r})

        @pytest.mark.iismod(dll={str(dll("crash_read"))!r})
        def test_crashes(iis, iis_module):
            iis.get("/")
        """
    )
    result = project.runpytest_subprocess("-n", "2", "-p", "xdist")
    result.assert_outcomes(passed=12, failed=1)
    assert supervisors(mark) == []
