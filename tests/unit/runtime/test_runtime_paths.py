"""Host paths and Windows paths: there and back again for every path that Windows can name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyiismod.errors import UsageError
from pyiismod.runtime import paths
from pyiismod.runtime.paths import home, unix_path, windows_path

PREFIX = Path("/home/me/prefix")
UNUSABLE = '\\/<>:"|?*'

names = st.text(
    st.characters(exclude_characters=UNUSABLE, min_codepoint=32, exclude_categories=["Cs"]), min_size=1, max_size=20
).filter(lambda name: name[-1] not in ". " and name not in (".", ".."))


@given(st.lists(names, max_size=6))
def test_there_and_back_again(parts: list[str]) -> None:
    path = "/" + "/".join(parts)
    windows = windows_path(path)
    assert windows == "Z:\\" + "\\".join(parts)
    assert unix_path(windows, PREFIX) == path


@given(st.lists(names, min_size=1, max_size=4))
def test_a_relative_path_starts_here(parts: list[str]) -> None:
    assert windows_path("/".join(parts)) == windows_path(Path.cwd().joinpath(*parts))


@given(names, st.sampled_from(UNUSABLE.replace("/", "") + "\n\0"), names)
def test_what_windows_cannot_name_is_refused(before: str, bad: str, after: str) -> None:
    with pytest.raises(UsageError, match="Windows has no name for"):
        windows_path(f"/tmp/{before}{bad}{after}/module.dll")


@pytest.mark.parametrize("path", ["/a./b", "/a/b.", "/a /b", "/a/b ", "/caf\udce9.dll"])
def test_names_that_windows_would_change_are_refused(path: str) -> None:
    with pytest.raises(UsageError, match="Windows has no name for"):
        windows_path(path)


@pytest.mark.parametrize(
    ("path", "windows"),
    [
        ("/", "Z:\\"),
        ("/srv/My Modules/größe.dll", "Z:\\srv\\My Modules\\größe.dll"),
        ("/srv/./a/../モジュール.dll", "Z:\\srv\\モジュール.dll"),
        ("//server/share/x", "Z:\\server\\share\\x"),
        ("/a/.hidden", "Z:\\a\\.hidden"),
    ],
)
def test_host_to_windows(path: str, windows: str) -> None:
    assert windows_path(path) == windows


@pytest.mark.parametrize(
    ("windows", "path"),
    [
        ("Z:\\", "/"),
        ("z:/srv/a b.dll", "/srv/a b.dll"),
        ("\\\\?\\Z:\\srv\\a.dll", "/srv/a.dll"),
        ("\\??\\Z:\\srv\\a.dll", "/srv/a.dll"),
        ("\\\\?\\unix\\srv\\a.dll", "/srv/a.dll"),
        ("C:\\windows\\system32\\kernel32.dll", "/home/me/prefix/drive_c/windows/system32/kernel32.dll"),
    ],
)
def test_windows_to_host(windows: str, path: str) -> None:
    assert unix_path(windows, PREFIX) == path


@pytest.mark.parametrize(
    "path", ["", "a.dll", "\\a.dll", "Z:a.dll", "D:\\a.dll", "\\\\server\\share\\a.dll", "/srv/a.dll"]
)
def test_what_this_side_does_not_have_is_refused(path: str) -> None:
    with pytest.raises(UsageError, match="no absolute path on drive C: or Z:"):
        unix_path(path, PREFIX)


def test_home_is_the_users_or_where_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths.platformdirs, "user_data_dir", lambda name, appauthor: f"/data/{name}")
    monkeypatch.delenv("PYIISMOD_HOME", raising=False)
    assert home() == Path("/data/pyiismod")
    monkeypatch.setenv("PYIISMOD_HOME", "elsewhere")
    assert home() == Path(os.getcwd(), "elsewhere")  # noqa: PTH109 - what it must be, computed another way
