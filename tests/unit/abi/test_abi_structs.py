"""Struct layouts, computed from the declaration and compiled by cffi, against the oracle."""

from __future__ import annotations

import pytest
from oracle import LAYOUTS

from pyiismod.abi.structs import STRUCT_ALIASES, structs
from pyiismod.host._abi import ffi

pytestmark = pytest.mark.unit

STRUCTS = LAYOUTS["structs"]

SPELLED_OTHERWISE = {
    ("GUID", "Data1"): ("uint32", "ULONG"),
    ("GUID", "Data2"): ("uint16", "USHORT"),
    ("GUID", "Data3"): ("uint16", "USHORT"),
    ("GUID", "Data4"): ("uint8[8]", "UCHAR[8]"),
    ("SOCKADDR_IN", "sin_addr"): ("uint8[4]", None),
    ("SOCKADDR_IN6", "sin6_addr"): ("uint8[16]", "UCHAR[16]"),
    ("HTTP_TRACE_EVENT", "pEventItems"): ("struct HTTP_TRACE_EVENT_ITEM *", "HTTP_TRACE_EVENT_ITEM *"),
    ("HTTP_TRACE_EVENT_ITEM", "dwDataType"): ("enum HTTP_TRACE_TYPE", "HTTP_TRACE_TYPE"),
}
"""(struct, field) → (the oracle's words, ours)."""

BEYOND_THE_ORACLE = {
    "SOCKADDR_STORAGE": {"ss_pad1", "ss_align", "ss_pad2"},
    "SOCKADDR_IN": {"sin_addr.S_un_b", "sin_addr.S_addr"},
}
"""Fields that only we name."""


def test_the_same_structs() -> None:
    assert set(structs()) == set(STRUCTS)
    assert LAYOUTS["aliases"] == STRUCT_ALIASES


@pytest.mark.parametrize("name", STRUCTS)
def test_layout(name: str) -> None:
    layout, expected = structs()[name].layout(), STRUCTS[name]
    assert (layout.size, layout.align) == (expected["size"], expected["align"])
    ours = {f.name: [f.name, f.offset, f.size, f.type] for f in layout.fields}
    for field_name, offset, size, c_type in expected["fields"]:
        spelled = SPELLED_OTHERWISE.get((name, field_name), (c_type, c_type))
        assert spelled[0] == c_type
        assert ours.pop(field_name) == [field_name, offset, size, spelled[1]]
    assert set(ours) == BEYOND_THE_ORACLE.get(name, set())


@pytest.mark.parametrize("name", STRUCTS)
def test_cffi_agrees(name: str) -> None:
    expected = STRUCTS[name]
    assert (ffi.sizeof(name), ffi.alignof(name)) == (expected["size"], expected["align"])
    for field_name, offset, size, _ in expected["fields"]:
        path = field_name.split(".")
        assert ffi.offsetof(name, *path) == offset, field_name
        member = ffi.typeof(name)
        for part in path:
            member = dict(_members(member))[part]
        assert ffi.sizeof(member) == size, field_name


def _members(ctype: object) -> list[tuple[str, object]]:
    """The named members of a struct type; those of an unnamed member count as its own."""
    found: list[tuple[str, object]] = []
    for name, field in ctype.fields:  # type: ignore[attr-defined]
        found += [(name, field.type)] if name else _members(field.type)
    return found


def test_aliases_are_the_same_type_for_cffi() -> None:
    for alias, target in STRUCT_ALIASES.items():
        assert ffi.typeof(alias) is ffi.typeof(target)


def test_a_second_form_begins_with_the_first() -> None:
    for name in ("HTTP_REQUEST", "HTTP_RESPONSE"):
        first, second = (structs()[f"{name}_V{i}"].layout().fields for i in (1, 2))
        assert second[: len(first)] == first
