"""Headers against a plain model: known ids, unknown lines, listed ones, and arrays that a module put in itself.

The model is a list of (lower-case name, value) lines plus the rules of fact sheet 5.2 and 5.3 in their shortest form.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from nativecall import NULL, Host, address, header_table, of, text

from pyiismod.abi.headers import REQUEST_HEADER_NAMES, RESPONSE_HEADER_NAMES
from pyiismod.host._abi import ffi

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


TestHeadered.settings = settings(max_examples=40, stateful_step_count=15, deadline=None)


@given(st.lists(st.tuples(names, usable), max_size=40))
def test_many_lines_keep_their_order(added: list[tuple[str, bytes]]) -> None:
    raw, headers = header_table()
    for name, value in added:
        headers.append(b"X-" + name.encode(), value)
    assert headers.items() == [(b"X-" + name.encode(), value) for name, value in added]
    assert raw.UnknownHeaderCount == len(added)
