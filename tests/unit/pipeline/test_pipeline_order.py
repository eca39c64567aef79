"""Who is told when: priorities, <modules> order, the double inversion of SEND_RESPONSE (fact sheet 1.3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyiismod.abi.notifications import DETERMINISTIC, REQUEST
from pyiismod.pipeline import ALIASES, Plan, Subscriber

BEGIN, EXECUTE, END, SEND, MAP_PATH, READ_ENTITY = 0x1, 0x80, 0x800, 0x20000000, 0x80000000, 0x40000000


def order(bit: int, aliases: list[str | None], *, post: bool = False) -> list[int]:
    """Return positions in the order in which modules with these aliases are told."""
    subscribers = [
        Subscriber(i, i, bit, bit, {(bit, post): alias} if alias else None) for i, alias in enumerate(aliases)
    ]
    return [s.position for s in Plan(subscribers).told(bit, post)]


def test_the_aliases() -> None:
    assert ALIASES == ("FIRST", "HIGH", "MEDIUM", "LOW", "LAST")


def test_priority_first_position_second() -> None:
    assert order(BEGIN, ["LAST", None, "HIGH", "MEDIUM", "FIRST", "LOW", "HIGH"]) == [4, 2, 6, 1, 3, 5, 0]


def test_without_priorities_it_is_the_order_of_modules() -> None:
    """The default is MEDIUM (unconfirmed, section 7)."""
    assert order(BEGIN, [None, "MEDIUM", None]) == [0, 1, 2]


def test_send_response_is_inverted_twice() -> None:
    """LAST first, and <modules> from bottom to top: who is outermost on the way in sees the response last."""
    assert order(SEND, ["LAST", None, "HIGH", "MEDIUM", "FIRST", "LOW", "HIGH"]) == [0, 5, 3, 1, 6, 2, 4]
    assert order(SEND, [None, None, None]) == [2, 1, 0]


@pytest.mark.parametrize("bit", [MAP_PATH, READ_ENTITY, 0x10000000])
def test_the_other_nested_notifications_are_not_inverted(bit: int) -> None:
    assert order(bit, [None, "FIRST", None]) == [1, 0, 2]


def test_the_handler_stage_ignores_priorities() -> None:
    assert order(EXECUTE, ["LAST", None, "FIRST"]) == [0, 1, 2]


def test_the_post_half_of_the_handler_stage_is_an_ordinary_one() -> None:
    assert order(EXECUTE, ["LAST", None, "FIRST"], post=True) == [2, 1, 0]


def test_a_priority_is_of_one_phase() -> None:
    both = Subscriber("a", 0, END, END, {(END, True): "LAST"})
    other = Subscriber("b", 1, END, END)
    plan = Plan([both, other])
    assert [s.key for s in plan.told(END)] == ["a", "b"]
    assert [s.key for s in plan.told(END, post=True)] == ["b", "a"]


def test_the_reserved_notification_is_told_to_nobody() -> None:
    """3.6: accept the bit, never deliver; it is no event of the pipeline."""
    plan = Plan([Subscriber("a", 0, 0x08000000)])
    assert plan.steps == ()


def test_events_where_nothing_happens_are_left_out() -> None:
    plan = Plan([Subscriber("a", 0, BEGIN | SEND, END)], core=EXECUTE)
    assert [(subscriber and subscriber.key, bit, post) for subscriber, bit, post in plan.steps] == [
        ("a", BEGIN, False),
        (None, EXECUTE, False),
        ("a", END, True),
    ]


@given(st.lists(st.tuples(st.integers(0, 0xFFFFFFFF), st.integers(0, 0xFFFFFFFF)), max_size=6))
def test_masks(masks: list[tuple[int, int]]) -> None:
    """Whoever registered for a bit is told, and nobody else; each once."""
    plan = Plan([Subscriber(i, i, mask, post) for i, (mask, post) in enumerate(masks)])
    for notification in REQUEST:
        for is_post in (False, True):
            told = sorted(s.position for s in plan.told(notification.bit, is_post))
            assert told == [i for i, mask in enumerate(masks) if mask[is_post] & notification.bit]
    assert list(dict.fromkeys(bit for _, bit, _ in plan.steps)) == [
        bit for bit in DETERMINISTIC if any((mask | post) & bit for mask, post in masks)
    ]


@given(
    st.sampled_from([n.bit for n in REQUEST]),
    st.lists(st.sampled_from([*ALIASES, None]), max_size=8),
    st.booleans(),
)
def test_the_sort_key(bit: int, aliases: list[str | None], post: bool) -> None:
    """Said pairwise: i comes before j exactly when the rules say so."""
    told = order(bit, aliases, post=post)
    assert sorted(told) == list(range(len(aliases)))
    flat = bit == EXECUTE and not post
    for i in told:
        for j in told:
            key_i = (0 if flat else ALIASES.index(aliases[i] or "MEDIUM"), i)
            key_j = (0 if flat else ALIASES.index(aliases[j] or "MEDIUM"), j)
            if i != j:
                assert (told.index(i) < told.index(j)) == ((key_i < key_j) != (bit == SEND))
