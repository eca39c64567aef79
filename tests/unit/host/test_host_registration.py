"""IHttpModuleRegistrationInfo2, slot by slot (fact sheet 1.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from nativecall import ALREADY_EXISTS, INVALID_PARAMETER, NULL, Native, address, of, read_wide, wide

from pyiismod.host._abi import ffi
from pyiismod.host.registration import RegistrationInfo
from pyiismod.host.trace import Timeline
from pyiismod.worker.inprocess import NoBox

FACTORY, OTHER, GLOBAL = (ffi.cast("void *", n) for n in (0x1000, 0x2000, 0x3000))
BEGIN, AUTHENTICATE, END, SEND = 0x1, 0x2, 0x800, 0x20000000


@pytest.fixture
def info() -> Iterator[RegistrationInfo]:
    made = RegistrationInfo("Mödul 你", 7, Timeline(NoBox()))
    yield made
    made.end()
    assert made.timeline.faults == []


@pytest.fixture
def native(info: RegistrationInfo) -> Native:
    return of(info)


def violations(info: RegistrationInfo) -> list[str]:
    return [e.method for e in info.timeline.events if e.event == "violation"]


def test_name_is_wide_stable_and_the_hosts(native: Native) -> None:
    first = native.GetName()
    assert read_wide(first) == "Mödul 你"
    assert address(native.GetName()) == address(first)


def test_id_is_opaque_and_never_null(native: Native) -> None:
    """iisnode refuses a NULL id."""
    assert address(native.GetId()) == 7


def test_request_notifications_once(info: RegistrationInfo, native: Native) -> None:
    assert native.SetRequestNotifications(FACTORY, BEGIN | SEND, END) == 0
    assert native.SetRequestNotifications(OTHER, AUTHENTICATE, 0) == ALREADY_EXISTS
    assert (address(info.factory), info.request_mask, info.post_mask) == (0x1000, BEGIN | SEND, END)


def test_all_32_bits_of_the_masks(info: RegistrationInfo, native: Native) -> None:
    assert native.SetRequestNotifications(FACTORY, 0xFFFFFFFF, 0x80000000) == 0
    assert (info.request_mask, info.post_mask) == (0xFFFFFFFF, 0x80000000)


def test_no_factory_is_refused_when_something_was_wanted(info: RegistrationInfo, native: Native) -> None:
    assert native.SetRequestNotifications(NULL, BEGIN, 0) == INVALID_PARAMETER
    assert native.SetRequestNotifications(NULL, 0, END) == INVALID_PARAMETER
    assert native.SetRequestNotifications(FACTORY, BEGIN, 0) == 0


def test_zero_masks_are_accepted(info: RegistrationInfo, native: Native) -> None:
    """Unconfirmed; accepted: the module gets nothing."""
    assert native.SetRequestNotifications(FACTORY, 0, 0) == 0
    assert info.factory == FACTORY


def test_global_notifications_once(info: RegistrationInfo, native: Native) -> None:
    assert native.SetGlobalNotifications(GLOBAL, 0x202) == 0
    assert native.SetGlobalNotifications(GLOBAL, 0x4) == ALREADY_EXISTS
    assert (address(info.global_module), info.global_mask) == (0x3000, 0x202)


def test_no_global_module_is_refused(info: RegistrationInfo, native: Native) -> None:
    assert native.SetGlobalNotifications(NULL, 0x200) == INVALID_PARAMETER
    assert native.SetGlobalNotifications(GLOBAL, 0x200) == 0


@pytest.mark.parametrize("alias", ["FIRST", "HIGH", "MEDIUM", "LOW", "LAST"])
def test_priorities_of_several_bits_at_once(alias: str, info: RegistrationInfo, native: Native) -> None:
    """Marlin passes its whole mask."""
    assert native.SetPriorityForRequestNotification(BEGIN | SEND, wide(alias)) == 0
    assert native.SetPriorityForPostRequestNotification(END, wide(alias)) == 0
    assert native.SetPriorityForGlobalNotification(0x202, wide(alias)) == 0
    assert info.priorities == {(BEGIN, False): alias, (SEND, False): alias, (END, True): alias}
    assert info.global_priorities == {0x2: alias, 0x200: alias}
    assert info.described_priorities() == {
        "RQ_BEGIN_REQUEST": alias,
        "RQ_SEND_RESPONSE": alias,
        "post RQ_END_REQUEST": alias,
        "GL_STOP_LISTENING": alias,
        "GL_APPLICATION_START": alias,
    }


def test_the_last_priority_counts(info: RegistrationInfo, native: Native) -> None:
    assert native.SetPriorityForRequestNotification(BEGIN, wide("LOW")) == 0
    assert native.SetPriorityForRequestNotification(BEGIN | END, wide("HIGH")) == 0
    assert info.priorities == {(BEGIN, False): "HIGH", (END, False): "HIGH"}


@pytest.mark.parametrize("alias", [None, "", "first", "FIRS", "FIRSTS", "FIRST" + "X" * 100, "1", "F\ud800"])
@pytest.mark.parametrize("which", ["Request", "PostRequest", "Global"])
def test_an_unknown_alias_is_refused(alias: str | None, which: str, info: RegistrationInfo, native: Native) -> None:
    slot = native.slot(f"SetPriorityFor{which}Notification")
    assert slot(2, NULL if alias is None else wide(alias)) == INVALID_PARAMETER
    assert (info.priorities, info.global_priorities) == ({}, {})


@pytest.mark.parametrize("which", ["Request", "PostRequest", "Global"])
@pytest.mark.parametrize("mask", [0, 0x04000000])
def test_a_priority_for_no_notification_is_refused(
    which: str, mask: int, info: RegistrationInfo, native: Native
) -> None:
    assert native.slot(f"SetPriorityFor{which}Notification")(mask, wide("FIRST")) == INVALID_PARAMETER
    assert (info.priorities, info.global_priorities) == ({}, {})


@pytest.mark.parametrize(
    ("request_mask", "post_mask", "words"),
    [
        (BEGIN | 0x1000, 0, "0x00001000"),
        (0x08000000, 0, "RQ_SEND_RESPONSE_STATUS_AND_HEADERS"),
        (BEGIN, SEND, "post RQ_SEND_RESPONSE"),
        (BEGIN, 0x1000, "post 0x00001000"),
        (0, 0, "nothing"),
    ],
)
def test_what_can_never_be_told_is_a_finding(
    request_mask: int, post_mask: int, words: str, info: RegistrationInfo, native: Native
) -> None:
    """Accepted, and said: unknown bits, the reserved one, a post half of an event without any, nothing at all."""
    assert native.SetRequestNotifications(FACTORY, request_mask, post_mask) == 0
    (found,) = violations(info)
    assert words in found


def test_unknown_global_bits_are_a_finding(info: RegistrationInfo, native: Native) -> None:
    assert native.SetGlobalNotifications(GLOBAL, 0x2 | 0x1 | 0x8) == 0
    (found,) = violations(info)
    assert "0x00000001" in found
    assert "0x00000008" in found


def test_what_can_be_told_is_no_finding(info: RegistrationInfo, native: Native) -> None:
    assert native.SetRequestNotifications(FACTORY, 0xFFF | 0xF0000000, 0xFFF) == 0
    assert native.SetGlobalNotifications(GLOBAL, 0x3FFF6) == 0
    assert native.SetPriorityForRequestNotification(0xFFF | SEND, wide("LOW")) == 0
    assert violations(info) == []


def test_a_priority_for_what_is_not_registered_is_a_finding(info: RegistrationInfo, native: Native) -> None:
    native.SetRequestNotifications(FACTORY, BEGIN, 0)
    assert native.SetPriorityForRequestNotification(BEGIN | AUTHENTICATE, wide("FIRST")) == 0
    (found,) = violations(info)
    assert "RQ_AUTHENTICATE_REQUEST" in found
    assert "RQ_BEGIN_REQUEST" not in found


@pytest.mark.parametrize(
    "ask",
    [
        lambda n: n.SetRequestNotifications(FACTORY, BEGIN, 0),
        lambda n: n.SetGlobalNotifications(GLOBAL, 0x2),
        lambda n: n.SetPriorityForRequestNotification(BEGIN, wide("FIRST")),
        lambda n: n.SetPriorityForPostRequestNotification(BEGIN, wide("FIRST")),
        lambda n: n.SetPriorityForGlobalNotification(0x2, wide("FIRST")),
    ],
)
def test_what_comes_after_register_module_fails_and_is_a_finding(
    ask: Callable[[Native], int], info: RegistrationInfo, native: Native
) -> None:
    """The plan of all requests is made then; S_OK would be a lie."""
    info.is_open = False
    assert ask(native) == INVALID_PARAMETER
    (found,) = violations(info)
    assert "after RegisterModule has returned" in found
    assert (info.factory, info.global_module, info.priorities, info.global_priorities) == (NULL, NULL, {}, {})
