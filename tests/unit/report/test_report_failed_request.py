"""The failed request trace, read as viewers of IIS's logs read it."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from report_runs import completed

from pyiismod.errors import ModuleCrashed
from pyiismod.report import Run, failed_request

NAMES = {
    "ev": "http://schemas.microsoft.com/win/2004/08/events/event",
    "freb": "http://schemas.microsoft.com/win/2006/06/iis/freb",
}


def root(run: Run) -> ET.Element:
    return ET.fromstring(failed_request(run))


def name(event: ET.Element) -> str:
    return event.findtext("ev:RenderingInfo/ev:Opcode", "", NAMES)


def data(event: ET.Element) -> dict[str, str | None]:
    return {d.get("Name", ""): d.text for d in event.findall("ev:EventData/ev:Data", NAMES)}


def words(event: ET.Element) -> dict[str, str | None]:
    return {d.get("Data", ""): d.text for d in event.findall("ev:RenderingInfo/freb:Description", NAMES)}


def named(run: Run, wanted: str) -> list[ET.Element]:
    return [event for event in root(run).findall("ev:Event", NAMES) if name(event) == wanted]


def test_the_file_asks_for_the_style_sheet_of_iis() -> None:
    assert "<?xml-stylesheet type='text/xsl' href='freb.xsl'?>" in failed_request(completed()).splitlines()


def test_the_summary() -> None:
    summary = root(completed())
    assert summary.tag == "failedRequest"
    assert summary.get("url") == "http://localhost/a?b=<c>&d"
    assert summary.get("verb") == "POST"
    assert (summary.get("statusCode"), summary.get("triggerStatusCode")) == ("403.1001", "403.1001")
    assert summary.get("timeTaken") == "1"


def test_only_the_request_is_in_it_and_in_order() -> None:
    assert [name(event) for event in root(completed()).findall("ev:Event", NAMES)] == [
        "GENERAL_REQUEST_START",
        "GENERAL_REQUEST_HEADERS",
        "GENERAL_REQUEST_ENTITY",
        "MODULE_PHASE",
        "NOTIFY_MODULE_START",
        "MODULE_CALLS_HOST",
        "MODULE_SET_RESPONSE_ERROR_STATUS",
        "MODULE_CALLS_HOST",
        "MODULE_CALLS_HOST",
        "MODULE_OUTPUT",
        "MODULE_VIOLATES_RULE",
        "MY_EVENT",
        "MODULE_CALLS_HOST",
        "NOTIFY_MODULE_END",
        "NOTIFY_MODULE_COMPLETION",
        "NOTIFY_MODULE_END",
        "MODULE_PHASE",
        "GENERAL_RESPONSE_HEADERS",
        "GENERAL_RESPONSE_ENTITY_BUFFER",
        "GENERAL_REQUEST_END",
    ]


def test_a_notification_begins_and_ends() -> None:
    (start,) = named(completed(), "NOTIFY_MODULE_START")
    end, last = named(completed(), "NOTIFY_MODULE_END")
    assert data(start)["ModuleName"] == "a.dll"
    assert (data(start)["Notification"], data(start)["fIsPostNotification"]) == ("1", "false")
    assert words(start) == {"Notification": "BEGIN_REQUEST"}
    assert words(end) == {"Notification": "BEGIN_REQUEST", "NotificationStatus": "NOTIFICATION_PENDING"}
    assert words(last)["NotificationStatus"] == "NOTIFICATION_FINISH"


def test_a_completion_has_its_bytes() -> None:
    (found,) = named(completed(), "NOTIFY_MODULE_COMPLETION")
    assert (data(found)["CompletionBytes"], data(found)["ErrorCode"]) == ("12", "S_OK")


def test_an_error_status_is_a_warning_with_its_module() -> None:
    (found,) = named(completed(), "MODULE_SET_RESPONSE_ERROR_STATUS")
    assert found.findtext("ev:System/ev:Level", "", NAMES) == "3"
    expected = {"HttpStatus": "403", "HttpSubStatus": "1001", "HttpReason": "For</script>bidden", "ErrorCode": "E_FAIL"}
    assert data(found).items() >= expected.items()


def test_times_have_the_one_form_that_the_style_sheet_reads() -> None:
    times = [t.get("SystemTime", "") for t in root(completed()).iterfind(".//ev:TimeCreated", NAMES)]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text) for text in times)
    assert times == sorted(times)
    assert times[0] == "2026-09-21T14:13:20.252Z"


def test_what_xml_cannot_hold_is_replaced() -> None:
    (found,) = named(completed(), "GENERAL_RESPONSE_HEADERS")
    assert "X-Odd: \ufffd<b>" in (data(found)["Headers"] or "")
    (output,) = named(completed(), "MODULE_OUTPUT")
    assert data(output)["Text"] == "hello\\x1b[31m\\x00"


def test_a_crash_is_the_end() -> None:
    crash = ModuleCrashed("a.dll crashed")
    found = root(completed(response=None, error=crash))
    assert (found.get("failureReason"), found.get("statusCode")) == ("WORKER_PROCESS_FAILED", "0")
    last = found.findall("ev:Event", NAMES)[-1]
    assert (name(last), data(last)["Message"]) == ("WORKER_PROCESS_FAILED", "a.dll crashed")
    assert last.findtext("ev:System/ev:Level", "", NAMES) == "1"


def test_nothing_happened() -> None:
    assert [name(event) for event in root(Run()).findall("ev:Event", NAMES)] == ["GENERAL_REQUEST_START"]
