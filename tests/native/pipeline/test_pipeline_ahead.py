"""Looking ahead and taking part no longer. Docstrings name the fact sheet's section."""

from __future__ import annotations

import pytest
from schedules import Load

from pyiismod.abi.notifications import REQUEST

HANDLERS = [h for n in REQUEST if n.post_handler for h in (n.handler, n.post_handler)]


def order(header: str) -> list[str]:
    return header.split(", ")


def test_the_next_notification_is_run_by_the_module_itself(both: Load) -> None:
    """2.6: TRUE as long as nothing is between; it advances the pipeline, and the host does not call those."""
    response = both("next_notification").get("/")
    assert order(response.headers["X-Order"]) == [
        "core:BeginRequest",
        "self:PostBeginRequest",
        "self:AuthenticateRequest",
        "core:LogRequest",  # IIS's own handler stage was between
        "core:EndRequest",
    ]
    assert [e.method for e in response.trace.notifications] == ["OnBeginRequest", "OnLogRequest", "OnEndRequest"]


def test_with_finish_it_skips_what_finish_skips(both: Load) -> None:
    """2.6: the next one, given that status, is LOG_REQUEST."""
    response = both("next_notification").get("/?finish")
    assert order(response.headers["X-Order"]) == ["core:BeginRequest", "self:LogRequest", "self:EndRequest"]


def test_another_module_in_between_ends_it(both: Load) -> None:
    """2.6: FALSE when somebody else is registered in between; the pipeline stays where it is."""
    response = both("next_notification", "order_a", environment={"IISMOD_ORDER_A": "1,0"}).get("/")
    assert order(response.headers["X-Order"])[:3] == ["core:BeginRequest", "a:BeginRequest", "core:PostBeginRequest"]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/", ["BeginRequest 0 0", "AuthorizeRequest 0 0", "EndRequest 0 0", "PostEndRequest 1 1"]),
        ("/?disable", ["BeginRequest 0 0", "AuthorizeRequest 0 0", "EndRequest 1 1"]),
    ],
)
def test_the_last_notification(target: str, expected: list[str], both: Load) -> None:
    """2.6: TRUE when none of the module's is left, what it has disabled not counted; the page's prose is wrong."""
    assert order(both("last_notification").get(target).headers["X-Last"]) == expected


def test_disabled_notifications_are_not_told(both: Load) -> None:
    """2.3: only deterministic ones, in this request, for this module; each phase by itself."""
    iis = both("disable_notifications", "order_a", environment={"IISMOD_ORDER_A": "801,0"})
    disabled, post = 0xF06, 0x003
    told = [
        str(handler).removeprefix("On")
        for n in REQUEST
        if n.post_handler
        for handler, mask in ((n.handler, disabled), (n.post_handler, post))
        if not n.bit & mask
    ]
    found = order(iis.get(f"/?{disabled | 0x20000000:X},{post:X}").headers["X-Order"])
    assert [name for name in found if ":" not in name] == [*told, "SendResponse"]
    assert [name for name in found if ":" in name] == ["a:BeginRequest", "a:EndRequest"]
    everything = [str(handler).removeprefix("On") for handler in HANDLERS]
    found = order(iis.get("/?0,0").headers["X-Order"])
    assert [name for name in found if ":" not in name] == [*everything, "SendResponse"]
