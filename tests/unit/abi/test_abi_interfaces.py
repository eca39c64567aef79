"""Every class and every slot of the declaration against the oracle."""

from __future__ import annotations

from typing import Any

import pytest
from oracle import ABI, full_table

from pyiismod.abi.interfaces import BY_IID, CHAINS, INTERFACES
from pyiismod.abi.model import INTERFACE_ALIASES, Interface, Method

pytestmark = pytest.mark.unit


def as_oracle(method: Method, first_seen: str) -> dict[str, Any]:
    """Write a method the way the oracle writes it: keys that have their usual value are left out."""
    defaults = [p.default for p in method.params if p.default is not None]
    row: dict[str, Any] = {
        "slot": method.slot,
        "name": method.name,
        "overload": method.overload,
        "returns": method.returns,
        "params": [[p.name, p.type] for p in method.params],
        "dirs": [p.direction for p in method.params],
        "default_params": len(defaults),
    }
    optional = {
        "defaults": defaults,
        "optional": [i for i, p in enumerate(method.params) if p.optional],
        "arrays": {str(i): p.array for i, p in enumerate(method.params) if p.array},
        "const": method.const,
        "deprecated": method.deprecated,
    }
    row |= {key: value for key, value in optional.items() if value}
    if method.first_seen != first_seen:
        row["first_seen"] = method.first_seen
    if method.protected:
        row |= {"kind": "deleting_destructor", "access": "protected"}
    elif not method.pure:
        row["pure"] = False
    return row


HTTPSERV = {name: cls for name, cls in INTERFACES.items() if cls.header == "httpserv.h"}


def test_the_same_classes() -> None:
    assert set(HTTPSERV) == set(ABI["interfaces"])


def test_what_is_declared_elsewhere() -> None:
    """``httpserv.h`` only names it; its slots are those of ``wpframework.h``."""
    others = {name: [m.name for m in cls.table()] for name, cls in INTERFACES.items() if name not in HTTPSERV}
    getters = [f"Get{kind}Property" for kind in ("Dword", "Ulonglong", "String", "Bool", "Handle")]
    assert others == {"IWpfReferencedObject": ["AddRef", "Release"], "IWpfSettings": ["AddRef", "Release", *getters]}


@pytest.mark.parametrize("name", ABI["interfaces"])
def test_class(name: str) -> None:
    cls, expected = INTERFACES[name], ABI["interfaces"][name]
    base = cls.__bases__[0]
    assert (None if base is Interface else base.__name__) == expected["base"]
    assert cls.iid == expected["iid"]
    assert cls.implemented_by == expected["implemented_by"]
    assert cls.first_seen == expected["first_seen"]
    assert len(cls.table()) == expected["slots"]


@pytest.mark.parametrize("name", ABI["interfaces"])
def test_slots(name: str) -> None:
    cls = INTERFACES[name]
    assert [as_oracle(m, cls.first_seen) for m in cls.own_slots()] == ABI["interfaces"][name]["methods"]
    assert [(m.slot, m.interface, m.overload) for m in cls.table()] == [
        (i, owner, method["overload"]) for i, (owner, method) in enumerate(full_table(name))
    ]


def test_counts() -> None:
    own = [m for cls in HTTPSERV.values() for m in cls.own_slots()]
    assert {
        "interfaces": len(HTTPSERV),
        "declared_slots": len(own),
        "methods": sum(not m.protected for m in own),
        "destructor_slots": sum(m.protected for m in own),
        "total_slots_with_inherited": sum(len(cls.table()) for cls in HTTPSERV.values()),
    } == ABI["counts"]


def test_destructor() -> None:
    expected = ABI["destructor"]
    [destructor] = [m for cls in INTERFACES.values() for m in cls.own_slots() if m.protected]
    assert (destructor.interface, destructor.slot) == (expected["class"], expected["slot"])


def test_aliases() -> None:
    assert ABI["aliases"] == INTERFACE_ALIASES


def test_overload_names_are_unique_in_the_whole_table() -> None:
    for cls in INTERFACES.values():
        names = [m.overload for m in cls.table()]
        assert len(set(names)) == len(names)


def test_chains_of_versions() -> None:
    names = [[cls.__name__ for cls in chain] for chain in CHAINS]
    assert sorted(names) == sorted(ABI["extended_interface"]["chains"])
    for chain in CHAINS:
        assert chain[-1].chain()[-len(chain) :] == list(chain)


def test_every_iid_is_found() -> None:
    assert {iid: cls.__name__ for iid, cls in BY_IID.items()} == {
        row["iid"]: name for name, row in ABI["interfaces"].items() if row["iid"]
    }
