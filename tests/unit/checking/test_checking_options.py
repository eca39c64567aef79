"""Options: ranges, names of rules, and what a project's files say."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyiismod.checking import Options, read_options
from pyiismod.errors import UsageError
from pyiismod.rules import RULES


def test_a_rule_is_named_by_id_or_name() -> None:
    options = Options(only=["im010", "not-overridden"])
    assert {rule.id for rule in RULES.values() if options.wants(rule)} == {"IM010", "IM005"}
    assert not Options(only=["IM010"], skip=["completed-twice"]).wants(RULES["IM010"])


def test_a_level_wants_what_it_can_see() -> None:
    assert not Options(level=5).wants(RULES["IM035"])
    assert Options(level=6).wants(RULES["IM035"])


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"level": 0}, "out of range"),
        ({"level": 11}, "1 .quick. to 10"),
        ({"requests": -1}, "cannot be sent"),
        ({"slow": 0}, "quicker"),
        ({"timeout": 0}, "no time"),
        ({"skip": ["complete-twice"]}, "Did you mean completed-twice"),
        ({"only": ["nonsense"]}, "docs/rules.md"),
    ],
)
def test_what_makes_no_sense_is_refused(given: dict[str, object], text: str) -> None:
    with pytest.raises(UsageError, match=text):
        Options(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "text"),
    [("pyproject.toml", "[tool.pyiismod]\n"), ("pyiismod.toml", "[check]\n")],
)
def test_a_projects_file_is_found_above(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(f'{text}level = 3\nskip = ["IM018"]\ntimeout = 2.5\n')
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    options = read_options(below, level=None, seed=7)
    assert (options.level, list(options.skip), options.timeout, options.seed) == (3, ["IM018"], 2.5, 7)
    assert read_options(below, level=9).level == 9


def test_a_file_without_our_table_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    (tmp_path / "pyiismod.toml").write_text("")
    assert read_options(tmp_path) == Options()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[check]\nlevle = 3\n", "unknown key 'levle'"),
        ("[check]\nlevel = '3'\n", "must be of type int"),
        ("[check]\nlevel = true\n", "must be of type int"),
        ("[check]\nskip = [1]\n", "array of rules"),
        ("check = 3\n", "no table"),
        ("[check\n", "cannot be read"),
        ("[check]\nlevel = 99\n", "out of range"),
    ],
)
def test_a_wrong_file_is_named(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "pyiismod.toml").write_text(text)
    with pytest.raises(UsageError, match=said):
        read_options(tmp_path)
