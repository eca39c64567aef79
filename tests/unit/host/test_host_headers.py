"""Headers against a plain model: known ids, unknown lines, listed ones, and arrays that a module put in itself.

The model is a list of (lower-case name, value) lines plus the rules of fact sheet 5.2 and 5.3 in their shortest form.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from nativecall import INVALID_DATA, INVALID_PARAMETER, NULL, Host, address, of, text

from pyiismod.abi.headers import REQUEST_HEADER_NAMES, RESPONSE_HEADER_NAMES
from pyiismod.host._abi import ffi
from pyiismod.host.headers import Headers, HeaderTable
from pyiismod.host.memory import RequestPool

LISTED = {"server", "set-cookie", "www-authenticate"}  # 5.3: lines of their own in a response, though they have an id
NAMES = (
    "X-A",
    "x-a",
    "X-Longer-Name",
    "Accept",
    "content-type",
    "Set-Cookie",
    "SERVER",
    "Www-Authenticate",
    "Vary",
    "Cookie",
)

names = st.sampled_from(NAMES)
values = st.one_of(st.sampled_from([b"", b"v", b"two words", b"a, b"]), st.binary(max_size=12))
usable = values.map(lambda v: v.replace(b"\r", b"").replace(b"\n", b""))


class Model:
    """What a message's headers are, as a list of lines."""

    def __init__(self, known: tuple[str, ...], listed: set[str]) -> None:
        self.known = [name.lower() for name in known]
        self.listed = listed
        self.lines: list[tuple[str, bytes]] = []

    def values(self, name: str) -> list[bytes]:
        return [value for n, value in self.lines if n == name.lower()]

    def set(self, name: str, value: bytes, replace: bool) -> None:
        name, old = name.lower(), self.values(name)
        if replace or (name not in self.listed and old):
            if not replace and old[0]:
                value = old[0] + b", " + value
            at = next((i for i, (n, _) in enumerate(self.lines) if n == name), len(self.lines))
            if name in self.listed:
                at = len(self.lines)  # a new line: listed ones are never edited in place
            rest = [line for line in self.lines[at + 1 :] if replace is False or line[0] != name]
            before = [line for line in self.lines[:at] if replace is False or line[0] != name]
            self.lines = [*before, (name, value), *rest]
        else:
            self.lines.append((name, value))

    def delete(self, name: str) -> None:
        self.lines = [line for line in self.lines if line[0] != name.lower()]


class Headered(RuleBasedStateMachine):
    """Any order of set, append, delete, by id and by name, on a request or a response."""

    @initialize(response=st.booleans())
    def start(self, response: bool) -> None:
        self.host = Host()
        self.x = self.host.open()
        self.native = of(self.x.response if response else self.x.request)
        self.raw = self.native.slot("GetRawHttpResponse_mutable" if response else "GetRawHttpRequest_mutable")()
        self.names = RESPONSE_HEADER_NAMES if response else REQUEST_HEADER_NAMES
        self.headers = self.x.response.headers if response else self.x.request.headers
        self.headers.clear()
        self.model = Model(self.names, LISTED if response else set())
        self.is_response = response
        self.keep: list[Any] = []

    def id_of(self, name: str) -> int | None:
        return self.model.known.index(name.lower()) if name.lower() in self.model.known else None

    @rule(name=names, value=usable, replace=st.booleans())
    def set_by_name(self, name: str, value: bytes, replace: bool) -> None:
        assert self.native.SetHeader_name(text(name.encode()), text(value), len(value), replace) == 0
        self.model.set(name, value, replace)

    @rule(name=names, value=usable, replace=st.booleans())
    def set_by_id(self, name: str, value: bytes, replace: bool) -> None:
        header_id = self.id_of(name)
        if header_id is None or (self.is_response and name.lower() == "server"):
            return  # Server by id has a rule of its own, tested below
        assert self.native.SetHeader_id(header_id, text(value), len(value), replace) == 0
        self.model.set(name, value, replace)

    @rule(name=names)
    def delete_by_name(self, name: str) -> None:
        assert self.native.DeleteHeader_name(text(name.encode())) == 0
        self.model.delete(name)

    @rule(name=names)
    def delete_by_id(self, name: str) -> None:
        header_id = self.id_of(name)
        if header_id is not None:
            assert self.native.DeleteHeader_id(header_id) == 0
            self.model.delete(name)

    @rule(lines=st.lists(st.tuples(st.sampled_from(["X-A", "x-a", "X-Raw"]), usable), max_size=4))
    def a_module_puts_in_its_own_array(self, lines: list[tuple[str, bytes]]) -> None:
        """The struct is the state: modules replace pUnknownHeaders as they like."""
        array = ffi.new("HTTP_UNKNOWN_HEADER[]", max(len(lines), 1))
        for entry, (name, value) in zip(array, lines, strict=False):
            memory = (ffi.new("char[]", name.encode()), ffi.new("char[]", value))
            self.keep.append(memory)
            entry.pName, entry.NameLength = memory[0], len(name)
            entry.pRawValue, entry.RawValueLength = memory[1], len(value)
        self.keep.append(array)
        self.raw.Headers.pUnknownHeaders, self.raw.Headers.UnknownHeaderCount = array, len(lines)
        slots = set(self.model.known) - self.model.listed
        self.model.lines = [line for line in self.model.lines if line[0] in slots]
        self.model.lines += [(name.lower(), value) for name, value in lines]

    @rule(name=st.sampled_from(["Accept", "Content-Type", "Vary"]), value=usable)
    def a_module_edits_a_known_slot(self, name: str, value: bytes) -> None:
        header_id = self.id_of(name)
        if header_id is None:
            return
        self.keep.append(memory := ffi.new("char[]", value))
        known = self.raw.Headers.KnownHeaders[header_id]
        known.pRawValue, known.RawValueLength = memory, len(value)
        self.model.set(name, value, True)

    @rule()
    def a_module_zeroes_the_count(self) -> None:
        self.raw.Headers.UnknownHeaderCount = 0
        slots = set(self.model.known) - self.model.listed
        self.model.lines = [line for line in self.model.lines if line[0] in slots]

    @invariant()
    def every_look_up_agrees(self) -> None:
        if not hasattr(self, "model"):
            return
        for name in (*NAMES, "X-Raw", "X-Absent"):
            expected = self.model.values(name)
            length = ffi.new("USHORT *", 0xDEAD)
            for pointer in self.look_up(name, length):
                if expected:
                    assert ffi.buffer(pointer, length[0])[:] == expected[0]
                    assert ffi.buffer(pointer, length[0] + 1)[length[0]] == b"\0"
                else:
                    assert (pointer, length[0]) == (NULL, 0)

    def look_up(self, name: str, length: Any) -> list[Any]:
        found = [
            self.native.GetHeader_name(text(name.encode()), length),
            self.native.GetHeader_name(text(name.encode()), NULL),
        ]
        if self.id_of(name) is not None:
            found.append(self.native.GetHeader_id(self.id_of(name), length))
        assert len({address(pointer) for pointer in found}) == 1
        return found

    @invariant()
    def the_lines_agree(self) -> None:
        if not hasattr(self, "model"):
            return
        items = [(name.decode("latin-1").lower(), value) for name, value in self.headers.items()]
        slots = [name for name in self.model.known if name not in self.model.listed]
        by_slot = [(name, self.model.values(name)[0]) for name in slots if self.model.values(name)]
        assert items == by_slot + [line for line in self.model.lines if line[0] not in slots]

    def teardown(self) -> None:
        if hasattr(self, "x"):
            self.x._end()
            assert self.host.timeline.faults == []


TestHeadered = Headered.TestCase
TestHeadered.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)


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


def table(**listed: Any) -> tuple[Any, Headers]:
    raw = ffi.new("HTTP_RESPONSE_HEADERS *")
    return raw, Headers(raw, HeaderTable(RESPONSE_HEADER_NAMES, listed=("Set-Cookie",)), RequestPool())


def test_null_pointers_in_the_struct_are_no_headers() -> None:
    """http.sys would refuse such a struct; we must live on."""
    raw, headers = table()
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
    raw, headers = table()
    array = ffi.new("HTTP_UNKNOWN_HEADER[]", 65535)
    raw.pUnknownHeaders, raw.UnknownHeaderCount = array, 65534
    headers.append(b"X-Last", b"v")
    assert raw.UnknownHeaderCount == 65535
    with pytest.raises(MemoryError):
        headers.append(b"X-Over", b"v")
    assert raw.UnknownHeaderCount == 65535


@given(st.lists(st.tuples(names, usable), max_size=40))
def test_many_lines_keep_their_order(added: list[tuple[str, bytes]]) -> None:
    raw, headers = table()
    for name, value in added:
        headers.append(b"X-" + name.encode(), value)
    assert headers.items() == [(b"X-" + name.encode(), value) for name, value in added]
    assert raw.UnknownHeaderCount == len(added)
