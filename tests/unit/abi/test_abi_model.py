"""The machinery of the declaration: slots, inheritance, annotations, struct layout."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from pyiismod.abi import model
from pyiismod.abi.allocator import IModuleAllocator
from pyiismod.abi.context import IHttpContext4
from pyiismod.abi.model import INTERFACES, Interface, Type, is_stub, parse, slot
from pyiismod.abi.request import IHttpRequest4
from pyiismod.abi.structs import Struct, Union

if TYPE_CHECKING:
    from typing import Literal

    from pyiismod.abi.types import BYTE, ULONGLONG, USHORT, Array

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def registries_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    from pyiismod.abi import structs

    monkeypatch.setattr(model, "INTERFACES", dict(INTERFACES))
    monkeypatch.setattr(model, "_TABLES", {})
    monkeypatch.setattr(structs, "_STRUCTS", dict(structs.structs()))


@pytest.mark.parametrize("numbers", [(0, 2), (1, 2), (0, 0)])
def test_slots_must_be_consecutive(numbers: tuple[int, int]) -> None:
    class Broken(Interface, first_seen="iis7.0"):
        @slot(numbers[0])
        def First(self) -> None: ...

        @slot(numbers[1])
        def Second(self) -> None: ...

    with pytest.raises(TypeError, match=r"Broken: slots .* are not consecutive"):
        Broken.table()


def test_a_host_class_has_the_table_of_its_declaration() -> None:
    class Mixin:
        pass

    class Allocator(Mixin, IModuleAllocator):
        def AllocateMemory(self, cbAllocation: int) -> object:
            return cbAllocation

    assert Allocator.table() == IModuleAllocator.table()
    assert "Allocator" not in INTERFACES
    assert is_stub(IModuleAllocator.AllocateMemory)
    assert not is_stub(Allocator.AllocateMemory)


def test_order_of_definition_does_not_matter() -> None:
    class Shuffled(Interface, first_seen="iis7.0"):
        @slot(1)
        def Second(self) -> None: ...

        @slot(0, name="Second")
        def First(self) -> None: ...

    assert [(m.slot, m.name, m.overload) for m in Shuffled.table()] == [(0, "Second", "First"), (1, "Second", "Second")]


def test_later_versions_append() -> None:
    for cls in (IHttpRequest4, IHttpContext4):
        chain = cls.chain()
        for older, newer in pairwise(chain):
            assert newer.table()[: len(older.table())] == older.table()


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        ("DWORD", Type("DWORD")),
        ("None", Type("void")),
        ("unsigned_int", Type("unsigned int")),
        ("Ptr[Ptr[CHttpModule]]", Type("CHttpModule **")),
        ("ConstPtr[BYTE]", Type("const BYTE *")),
        ("ConstRef[GUID]", Type("const GUID &")),
        ("Out[Ptr[DWORD]]", Type("DWORD *", "out")),
        ("Nullable[InOut[PWSTR]]", Type("PWSTR", "inout", optional=True)),
        ("InOut[Array[PCSTR, Literal[41]]]", Type("PCSTR", "inout", length=41)),
    ],
)
def test_annotations(annotation: str, expected: Type) -> None:
    assert parse(annotation) == expected


def test_an_unknown_wrapper_is_an_error() -> None:
    with pytest.raises(TypeError, match="unknown wrapper Pointer"):
        parse("Pointer[DWORD]")


def test_layout_by_the_c_rules() -> None:
    class Mixed(Struct):
        class _Either(Union):
            class _Pair(Struct):
                low: USHORT
                high: ULONGLONG

            pair: _Pair
            small: BYTE

        first: BYTE
        _either: _Either
        last: Array[USHORT, Literal[3]]

    layout = Mixed.layout()
    assert (layout.size, layout.align) == (32, 8)
    assert [(f.name, f.offset, f.size) for f in layout.fields] == [
        ("first", 0, 1),
        ("pair", 8, 16),
        ("pair.low", 8, 2),
        ("pair.high", 16, 8),
        ("small", 8, 1),
        ("last", 24, 6),
    ]


def test_the_declaration_is_cheap_to_import() -> None:
    """Annotations stay text: neither the type aliases nor the generators are loaded with the stubs."""
    code = "import sys, pyiismod.abi.interfaces; print(*(m for m in sys.modules if m.startswith('pyiismod.abi.')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert {"pyiismod.abi.interfaces", "pyiismod.abi.request"} <= loaded
    assert loaded.isdisjoint(f"pyiismod.abi.{m}" for m in ("types", "structs", "http_structs", "cdef", "header"))
