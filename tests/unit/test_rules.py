"""The catalogue of rules: each has an id of its own, says what it must, and the docs list it."""

from __future__ import annotations

import re

import pytest

from pyiismod.rules import ERROR, NOTE, RULES, WARNING, Rule


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule_says_what_why_and_what_to_do(rule: Rule) -> None:
    assert re.fullmatch(r"IM\d{3}", rule.id)
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.name)
    assert rule.severity in (ERROR, WARNING, NOTE)
    assert 1 <= rule.level <= 10
    assert rule.fact
    assert rule.title.endswith(".")
    for text in (rule.why, rule.fix):
        assert text.endswith(".")
        assert "  " not in text


def test_names_are_unique() -> None:
    assert len({rule.name for rule in RULES.values()}) == len(RULES)
    with pytest.raises(ValueError, match="two rules are called IM001"):
        Rule("IM001", "again", ERROR, "Again.", why="Never.", fix="Nothing.", fact="1")
    assert RULES["IM001"].name == "registered-for-nothing"
