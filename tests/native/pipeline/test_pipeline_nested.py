"""Notifications inside of others: SEND_RESPONSE, READ_ENTITY, MAP_PATH, custom ones. Docstrings name the section."""

from __future__ import annotations

import pytest
from schedules import SCHEDULES, Load


def test_a_send_module_edits_headers_and_body(both: Load) -> None:
    """3.2: while GetHeadersBeingSent is TRUE headers may change; body chunks may be added by reference."""
    response = both("send_editor", "hello").get("/")
    assert (response.text, response.headers["X-Sent"]) == ("<Hello World>", "flags 0x00000000")
    assert response.headers["Content-Length"] == str(len("<Hello World>"))


def test_a_send_module_sees_every_send(both: Load) -> None:
    """3.2: MORE_DATA while more follows, GetHeadersBeingSent only the first time."""
    response = both("send_editor", "flush_early").get("/")
    assert (response.text, response.headers["X-Sent"]) == ("<one ><two ><three><>", "flags 0x00000002")
    calls = response.trace.calls("GetHeadersBeingSent")
    assert [e.result for e in calls] == [True, False, False, False]


def test_a_send_module_takes_the_more_data_flag_away(both: Load) -> None:
    """3.2, SetFlags: without MORE_DATA it is the last send; what comes later has no effect."""
    response = both("send_editor", "flush_early").get("/?last")
    assert (response.text, response.headers["Content-Length"]) == ("<one >", "6")


def test_an_asynchronous_send_is_told_of_as_well(both: Load) -> None:
    """3.2: each flush raises it, whoever waits for its completion."""
    iis = both("send_editor", "async_flush")
    for schedule in SCHEDULES:
        assert iis.get("/?3", schedule=schedule).text == "<0 ><1 ><2 ><3 ><>"


def test_a_send_module_that_flushes_is_told_again_inside(both: Load) -> None:
    """3.1: re-entrantly; the outer one finds that everything has left."""
    response = both("send_flusher", "hello").get("/")
    assert response.text == "Hello World[depth 1][depth 2]"
    assert [e.depth for e in response.trace.notifications if e.method == "OnSendResponse"] == [0, 2]
    assert response.trace.violations == ()


def test_a_read_is_edited_in_the_reader_s_buffer(both: Load) -> None:
    """3.3: the buffer of GetEntity is the reader's own."""
    iis = both("read_entity_edits", "echo")
    response = iis.post("/", content="some text")
    assert response.text.endswith("\nSOME TEXT")


def test_every_read_is_told_of_also_at_the_end(both: Load) -> None:
    """3.3: GetEntity may yield nothing; modules must bear that."""
    response = both("read_entity_edits", "async_read").post("/", content="some text")
    told = [e for e in response.trace.notifications if e.method == "OnReadEntity"]
    reads = response.trace.calls("ReadEntityBody")
    assert len(told) == len(reads) == 2
    assert "HANDLE_EOF" in reads[-1].result
    assert [e.args["pcbData"] for e in response.trace.calls("GetEntity")] == [9, 0]


def test_a_read_is_replaced(both: Load) -> None:
    """3.3, SetEntity: memory of the module's that lives as long as the request."""
    response = both("read_entity_replaces", "echo").post("/", content="some text")
    assert response.text.endswith("\n--some text")


def test_an_asynchronous_read_is_told_of_when_it_completes(both: Load) -> None:
    """3.3 and 2.4: nested in what goes on on the thread that completes it, before the reader hears of it."""
    iis = both("read_entity_edits", "async_read", upload_read_ahead=0)
    for schedule in ("threaded", "inline", "early"):
        response = iis.post("/", content=b"a" * 4096, schedule=schedule)
        assert response.text.startswith("4096 bytes, checksum 0x")
        upper = iis.post("/", content=b"A" * 4096, schedule=schedule)
        assert response.text == upper.text
        told = next(e for e in response.trace.notifications if e.method == "OnReadEntity")
        assert (told.thread == 0) == (schedule == "inline")


def test_map_path(both: Load) -> None:
    """3.5: for the request itself, before its first notification, and for every MapPath; SetPhysicalPath is copied."""
    response = both("map_path").get("/mapped/y")
    assert response.text.splitlines() == [
        r"MapPath /mapped/y -> C:\inetpub\wwwroot\mapped\y",
        r"MapPath /mapped/x -> C:\inetpub\wwwroot\mapped\x",
        r"mapped 0x00000000 C:\elsewhere, 26 bytes",
        r"request C:\elsewhere",
    ]
    assert [e.method for e in response.trace.notifications][:2] == ["OnMapPath", "OnExecuteRequestHandler"]


def test_custom_notifications_are_told_apart_by_their_names(both: Load) -> None:
    """3.4: everybody who registered sees all of them; names are compared case-sensitively; nothing is pending."""
    response = both("custom_raiser", "custom_listener").get("/")
    assert response.text.splitlines() == [
        "Example.Event 0x00000000 0: heard. error 0x80004005. ",
        "example.event 0x00000000 0: ",
    ]
    told = [e for e in response.trace.notifications if e.notification == "RQ_CUSTOM_NOTIFICATION"]
    assert [(e.depth, e.module.split(".")[0] if e.module else "") for e in told] == [(2, "custom_listener")] * 2


def test_a_custom_notification_that_nobody_hears(both: Load) -> None:
    """3.4: S_OK."""
    assert both("custom_raiser").get("/").text.startswith("Example.Event 0x00000000 0: \n")


@pytest.mark.parametrize(
    ("names", "handler"),
    [
        (("bad_nested_pending", "hello"), "OnSendResponse (RQ_SEND_RESPONSE)"),
        (("bad_nested_pending", "hello"), "OnMapPath (RQ_MAP_PATH)"),
        (("bad_nested_pending", "echo"), "OnReadEntity (RQ_READ_ENTITY)"),
        (("bad_nested_pending", "custom_raiser"), "OnCustomRequestNotification (RQ_CUSTOM_NOTIFICATION)"),
    ],
)
def test_pending_from_a_nested_notification(names: tuple[str, str], handler: str, both: Load) -> None:
    """3.1: it must complete at once; section 6, mistake 7: reported, and treated as CONTINUE."""
    response = both(*names).post("/", content="x")
    assert response.status == 200
    found = {v.split(" of ")[0]: v.partition(".dll ")[2] for v in response.trace.violations}
    assert found[handler].startswith("returned RQ_NOTIFICATION_PENDING; IIS cannot act on it here")
