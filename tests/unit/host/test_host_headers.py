"""The header slots of requests and responses: lengths, odd arguments, the listed headers (fact sheet 5.2, 5.3)."""

from __future__ import annotations

from typing import Any

import pytest
from nativecall import INVALID_DATA, INVALID_PARAMETER, NULL, Host, header_table, of, text

from pyiismod.host._abi import ffi

# --- lengths and odd arguments, on both kinds of message


@pytest.fixture(params=["request", "response"])
def message(request: pytest.FixtureRequest) -> Any:
    host = Host()
    x = host.open()
    yield of(x.request if request.param == "request" else x.response)
    x._end()
    assert host.timeline.faults == []


def get(message: Any, name: bytes) -> tuple[bytes | None, int]:
    length = ffi.new("USHORT *", 0xDEAD)
    pointer = message.GetHeader_name(text(name), length)
    return ffi.buffer(pointer, length[0])[:] if pointer else None, length[0]


@pytest.mark.parametrize("size", [0, 1, 65534, 65535])
def test_lengths_up_to_a_ushort(size: int, message: Any) -> None:
    value = b"v" * size
    assert message.SetHeader_name(text(b"X-Long"), text(value), size, 1) == 0
    assert get(message, b"X-Long") == (value, size)
    assert message.SetHeader_id(12, text(value), size, 1) == 0
    assert get(message, b"Content-Type") == (value, size)


@pytest.mark.parametrize("name", [b"X-Long", b"Content-Type"])
@pytest.mark.parametrize(
    ("there", "more", "result"), [(65530, 3, 0), (65530, 4, INVALID_DATA), (65535, 65535, INVALID_DATA)]
)
def test_a_joined_value_that_is_too_long_is_refused_and_the_old_one_stays(
    name: bytes, there: int, more: int, result: int, message: Any
) -> None:
    assert message.SetHeader_name(text(name), text(b"a" * there), there, 1) == 0
    assert message.SetHeader_name(text(name), text(b"b" * more), more, 0) == result
    joined = b"a" * there + (b", " + b"b" * more if result == 0 else b"")
    assert get(message, name) == (joined, len(joined))


def test_a_name_that_is_too_long_is_refused(message: Any) -> None:
    assert message.SetHeader_name(text(b"X" * 65535), text(b"v"), 1, 1) == 0
    assert message.SetHeader_name(text(b"X" * 65536), text(b"v"), 1, 1) == INVALID_DATA
    assert get(message, b"X" * 65536) == (None, 0)


def test_the_length_counts_not_the_nul(message: Any) -> None:
    """cchHeaderValue is the length, whatever follows; bytes after it are not the value."""
    assert message.SetHeader_name(text(b"X-Half"), text(b"abcdef"), 3, 1) == 0
    assert get(message, b"X-Half") == (b"abc", 3)
    assert ffi.string(message.GetHeader_name(text(b"X-Half"), NULL)) == b"abc"


def test_an_embedded_nul_is_a_byte(message: Any) -> None:
    assert message.SetHeader_name(text(b"X-Nul"), ffi.from_buffer(b"a\0b"), 3, 1) == 0
    assert get(message, b"X-Nul") == (b"a\0b", 3)


def test_values_are_copied(message: Any) -> None:
    value, name = ffi.new("char[]", b"before"), ffi.new("char[]", b"X-Copy")
    assert message.SetHeader_name(name, value, 6, 1) == 0
    ffi.memmove(value, b"after!", 6)
    ffi.memmove(name, b"Y-Copy", 6)
    assert get(message, b"X-Copy") == (b"before", 6)


def test_a_returned_string_is_the_modules_to_write(message: Any) -> None:
    """Section 8: a shipping module edits it in place; others see the edit, no other header does."""
    message.SetHeader_name(text(b"X-Edit"), text(b"abc"), 3, 1)
    message.SetHeader_name(text(b"X-Other"), text(b"abc"), 3, 1)
    pointer = message.GetHeader_name(text(b"X-Edit"), NULL)
    ffi.memmove(ffi.cast("char *", pointer), b"ABC", 3)
    assert get(message, b"X-Edit") == (b"ABC", 3)
    assert get(message, b"X-Other") == (b"abc", 3)


def test_an_old_pointer_stays_readable_after_the_header_changed(message: Any) -> None:
    message.SetHeader_name(text(b"X-Old"), text(b"old"), 3, 1)
    pointer = message.GetHeader_name(text(b"X-Old"), NULL)
    message.SetHeader_name(text(b"X-Old"), text(b"new"), 3, 1)
    message.DeleteHeader_name(text(b"X-Old"))
    assert ffi.string(pointer) == b"old"


@pytest.mark.parametrize("value", [b"a\r\nX: y", b"\n", b"a\r", b"a\nb"])
def test_line_breaks_are_refused(value: bytes, message: Any) -> None:
    """ "Breaking Changes" item 13: 0x80070057."""
    assert message.SetHeader_name(text(b"X-Split"), text(value), len(value), 1) == INVALID_PARAMETER
    assert message.SetHeader_id(12, text(value), len(value), 1) == INVALID_PARAMETER
    assert get(message, b"X-Split") == (None, 0)


@pytest.mark.parametrize("replace", [0, 1])
def test_null_arguments(replace: int, message: Any) -> None:
    assert message.SetHeader_name(NULL, text(b"v"), 1, replace) == INVALID_PARAMETER
    assert message.SetHeader_name(text(b""), text(b"v"), 1, replace) == INVALID_PARAMETER
    assert message.SetHeader_name(text(b"X"), NULL, 0, replace) == INVALID_PARAMETER
    assert message.SetHeader_id(12, NULL, 5, replace) == INVALID_PARAMETER
    length = ffi.new("USHORT *", 0xDEAD)
    assert (message.GetHeader_name(NULL, length), length[0]) == (NULL, 0)
    assert message.GetHeader_name(NULL, NULL) == NULL
    assert message.GetHeader_name(text(b""), NULL) == NULL


@pytest.mark.parametrize("header_id", [-1, 41, 42, 1000, 0x7FFFFFFF, -0x80000000])
def test_an_id_out_of_range(header_id: int, message: Any) -> None:
    length = ffi.new("USHORT *", 0xDEAD)
    assert (message.GetHeader_id(header_id, length), length[0]) == (NULL, 0)
    assert message.SetHeader_id(header_id, text(b"v"), 1, 1) == INVALID_PARAMETER
    message.DeleteHeader_id(header_id)


def test_response_ids_end_at_30(host: Host) -> None:
    x = host.open()
    assert of(x.response).SetHeader_id(29, text(b"v"), 1, 1) == 0
    assert of(x.response).SetHeader_id(30, text(b"v"), 1, 1) == INVALID_PARAMETER
    assert of(x.request).SetHeader_id(40, text(b"v"), 1, 1) == 0
    assert of(x.response).DeleteHeader_id(30) == 0  # always S_OK (5.3)
    assert of(x.response).DeleteHeader_name(NULL) == 0
    assert of(x.request).DeleteHeader_id(41) == INVALID_PARAMETER
    assert of(x.request).DeleteHeader_name(NULL) == INVALID_PARAMETER
    x._end()


def test_ids_from_20_on_differ(host: Host) -> None:
    """5.3: 20–29 mean other headers in a response."""
    x = host.open()
    for thing, expected in ((x.request, b"Accept"), (x.response, b"Accept-Ranges")):
        of(thing).SetHeader_id(20, text(b"v"), 1, 1)
        assert get(of(thing), expected) == (b"v", 1)
    x._end()


# --- the response's listed headers


def lines(x: Any, name: bytes) -> list[bytes]:
    return [value for n, value in x.response.headers.items() if n.lower() == name.lower() and value]


def test_cookies_are_lines_of_their_own(host: Host) -> None:
    """5.3, section 6 item 15: comma-joining breaks cookies; by id and by name."""
    x = host.open()
    native = of(x.response)
    native.SetHeader_name(text(b"Set-Cookie"), text(b"a=1"), 3, 0)
    native.SetHeader_id(27, text(b"b=2"), 3, 0)
    assert lines(x, b"Set-Cookie") == [b"a=1", b"b=2"]
    assert get(native, b"set-cookie") == (b"a=1", 3)
    native.SetHeader_name(text(b"set-cookie"), text(b"c=3"), 3, 1)
    assert lines(x, b"Set-Cookie") == [b"c=3"]
    x._end()


def test_long_cookies_are_not_joined_and_so_not_too_long(host: Host) -> None:
    x = host.open()
    for letter in (b"a", b"b", b"c"):
        assert of(x.response).SetHeader_name(text(b"Set-Cookie"), text(letter * 40000), 40000, 0) == 0
    assert [len(line) for line in lines(x, b"Set-Cookie")] == [40000] * 3
    x._end()


def test_the_server_header(host: Host) -> None:
    """5.3: the known slot holds "", an unknown entry the value; by id it appends, by name it replaces, "" hides it."""
    x = host.open()
    native, raw = of(x.response), x.response.raw
    assert (ffi.string(raw.Headers.KnownHeaders[26].pRawValue), raw.Headers.KnownHeaders[26].RawValueLength) == (b"", 0)
    assert lines(x, b"Server") == [b"Microsoft-IIS/10.0"]
    assert get(native, b"Server") == (b"Microsoft-IIS/10.0", 18)
    assert native.SetHeader_id(26, text(b"mine"), 4, 1) == 0
    assert lines(x, b"Server") == [b"Microsoft-IIS/10.0", b"mine"]
    assert native.SetHeader_name(text(b"server"), text(b"only"), 4, 1) == 0
    assert lines(x, b"Server") == [b"only"]
    assert native.SetHeader_id(26, text(b""), 0, 1) == 0
    assert lines(x, b"Server") == []
    native.ClearHeaders()
    assert lines(x, b"Server") == [b"Microsoft-IIS/10.0"]
    assert native.DeleteHeader_id(26) == 0
    assert lines(x, b"Server") == []
    x._end()


# --- what only a broken module leaves behind


def test_null_pointers_in_the_struct_are_no_headers() -> None:
    """http.sys would refuse such a struct; we must live on."""
    raw, headers = header_table()
    raw.UnknownHeaderCount = 3
    assert headers.items() == []
    assert headers.get(b"X") is None
    headers.set(b"X", b"v", replace=False)
    assert headers.get(b"X") == b"v"
    raw.KnownHeaders[12].RawValueLength = 9
    assert headers.get(12) is None
    entry = raw.pUnknownHeaders[raw.UnknownHeaderCount - 1]
    entry.pRawValue = NULL
    assert headers.find(b"X") is None
    headers.set(b"X", b"w", replace=False)
    assert headers.get(b"X") == b"w"


def test_the_count_is_a_ushort() -> None:
    """65535 lines are the most; one more is refused, not wrapped."""
    raw, headers = header_table()
    array = ffi.new("HTTP_UNKNOWN_HEADER[]", 65535)
    raw.pUnknownHeaders, raw.UnknownHeaderCount = array, 65534
    headers.append(b"X-Last", b"v")
    assert raw.UnknownHeaderCount == 65535
    with pytest.raises(MemoryError):
        headers.append(b"X-Over", b"v")
    assert raw.UnknownHeaderCount == 65535
