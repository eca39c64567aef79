"""What the timeline says of a call: the arguments, the results, by name; and never a byte read that is not theirs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from nativecall import NULL, chunk, of, text, wide

from pyiismod.abi.interfaces import INTERFACES
from pyiismod.host._abi import ffi
from pyiismod.host.describe import LONGEST, Describer
from pyiismod.host.trace import Event

Open = Callable[..., Any]


def last(x: Any) -> Event:
    event: Event = x.timeline.events[-1]
    return event


def test_strings_with_a_length_are_shown_by_it(exchange: Open) -> None:
    x = exchange()
    of(x.response).SetHeader_name(text(b"X-Test"), text(b"abcdef"), 3, 1)
    assert (last(x).interface, last(x).method, last(x).result) == ("IHttpResponse", "SetHeader", "S_OK")
    assert last(x).args == {"pszHeaderName": "X-Test", "pszHeaderValue": "abc", "cchHeaderValue": 3, "fReplace": True}
    of(x.request).SetUrl_w(wide("/你😀x"), 4, 0)
    assert last(x).args == {"pszUrl": "/你😀", "cchUrl": 4, "fResetQueryString": False}


def test_a_length_that_claims_too_much_is_not_trusted(exchange: Open) -> None:
    """A refused or invalid call must not crash where the call itself would read nothing."""
    x = exchange()
    of(x.request).SetUrl_a(text(b"/short"), 0xFFFFFFFF, 0)
    assert (last(x).args["pszUrl"], last(x).result) == ("/short", "E_INVALIDARG")
    of(x.request).SetUrl_w(wide("/short"), 0xFFFFFFFF, 0)
    assert last(x).args["pszUrl"] == "/short"


def test_header_ids_have_names_by_kind_of_message(exchange: Open) -> None:
    x = exchange()
    of(x.request).GetHeader_id(20, NULL)
    assert last(x).args == {"ulHeaderIndex": "Accept"}
    of(x.response).GetHeader_id(20, NULL)
    assert last(x).args == {"ulHeaderIndex": "Accept-Ranges"}
    of(x.response).GetHeader_id(40, NULL)
    assert last(x).args == {"ulHeaderIndex": 40}


def test_out_values_are_shown_after_success_only(exchange: Open) -> None:
    x = exchange(headers=[("Host", "localhost")])
    length = ffi.new("USHORT *")
    of(x.request).GetHeader_id(28, length)
    assert (last(x).args, last(x).result) == ({"ulHeaderIndex": "Host", "pcchHeaderValue": 9}, "localhost")
    out, size = ffi.new("PCWSTR *"), ffi.new("DWORD *", 77)
    of(x.context).GetServerVariable_w(text(b"URL"), out, size)
    assert last(x).args == {"pszVariableName": "URL", "ppszValue": "/", "pcchValueLength": 1}
    of(x.context).GetServerVariable_w(text(b"NONE"), out, size)
    assert (last(x).args, last(x).result) == ({"pszVariableName": "NONE"}, "ERROR_INVALID_INDEX")


def test_masks_and_codes_have_names(exchange: Open) -> None:
    x = exchange()
    of(x.context).DisableNotifications(0x801, 0x2)
    assert last(x).args == {
        "dwNotifications": ["RQ_BEGIN_REQUEST", "RQ_END_REQUEST"],
        "dwPostNotifications": ["RQ_AUTHENTICATE_REQUEST"],
    }
    of(x.response).SetStatus(404, NULL, 5, 0x80070002 - (1 << 32), NULL, 1)
    assert last(x).args == {
        "statusCode": 404,
        "pszReason": None,
        "uSubStatus": 5,
        "hrErrorToReport": "ERROR_FILE_NOT_FOUND",
        "pException": None,
        "fTrySkipCustomErrors": True,
    }


def test_pointers_are_shown_by_what_they_point_to(exchange: Open) -> None:
    x = exchange()
    of(x.context).GetRequest()
    assert last(x).result == "IHttpRequest"
    of(x.response).GetRawHttpResponse_mutable()
    assert last(x).result == "HTTP_RESPONSE"
    of(x.response).WriteEntityChunks(chunk(b"abc"), 1, 0, 1, NULL, NULL)
    assert last(x).args == {"pDataChunks": "HTTP_DATA_CHUNK", "nChunks": 1, "fAsync": False, "fMoreData": True}
    of(x.context).GetParentContext()
    assert last(x).result is None


def test_the_buffer_of_map_path_is_not_read_before_it_is_written(exchange: Open) -> None:
    """It is in and out, and uninitialised: reading it as text could run over its end."""
    x = exchange()
    buffer = ffi.new("char[]", b"\xcc" * 200)
    of(x.context).MapPath(wide("/a"), ffi.cast("WCHAR *", buffer), ffi.new("DWORD *", 2))
    assert "pszPhysicalPath" not in last(x).args
    of(x.context).MapPath(wide("/a"), ffi.cast("WCHAR *", buffer), ffi.new("DWORD *", 200))
    assert last(x).args["pszPhysicalPath"] == "C:\\inetpub\\wwwroot\\a"


def test_long_strings_are_cut(exchange: Open) -> None:
    x = exchange()
    of(x.response).SetHeader_name(text(b"X"), text(b"v" * 60000), 60000, 1)
    assert last(x).args["pszHeaderValue"] == "v" * LONGEST
    of(x.response).GetHeader_name(text(b"X"), NULL)
    assert last(x).result == "v" * LONGEST


@pytest.mark.parametrize("name", [n for n, i in INTERFACES.items() if i.implemented_by != "module"])
def test_every_parameter_of_every_slot_can_be_shown(name: str) -> None:
    """Each input by its name, whatever its type; NULL as None."""
    for method in INTERFACES[name].table():
        describer = Describer(method)
        types = ffi.typeof(f"{method.interface}_{method.overload}").args[1:]
        values = [0 if t.kind == "primitive" else ffi.cast(t, 0) for t in types]
        shown = describer.arguments(tuple(values))
        inputs = [p.name for p in method.params if p.direction == "in"]
        assert [n for n in shown if n in inputs] == inputs
        msgspec.json.encode(shown)
        describer.outputs(shown, tuple(values), 0)
        assert set(shown) <= {p.name for p in method.params}
