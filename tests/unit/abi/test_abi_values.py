"""Constants, enumerations, callbacks, notifications and type sizes against the oracles."""

from __future__ import annotations

from typing import Any

import pytest
from oracle import ABI, LAYOUTS

from pyiismod.abi import constants, headers, notifications
from pyiismod.abi.callbacks import CALLBACKS
from pyiismod.abi.enums import ENUMS
from pyiismod.abi.interfaces import INTERFACES
from pyiismod.abi.types import CALLBACK, OPAQUE_INTERFACES, C
from pyiismod.host._abi import ffi

pytestmark = pytest.mark.unit


def public(kind: type) -> dict[str, Any]:
    return {n: v for n, v in vars(constants).items() if n.isupper() and not n.startswith("_") and isinstance(v, kind)}


def test_numbers() -> None:
    assert public(int) == ABI["constants"] | LAYOUTS["flags"] | LAYOUTS["address_families"]


def test_strings() -> None:
    assert public(str) == {name: row["value"] for name, row in ABI["strings"].items()}


def test_enumerations() -> None:
    assert {row["size"] for row in ABI["enums"].values()} | {LAYOUTS["enum_size"]} == {ffi.sizeof("HTTP_VERB")}
    assert {name: row["values"] for name, row in ABI["enums"].items()} | LAYOUTS["enums"] == {
        name: values for name, values in ENUMS.items() if not name.startswith("WPF_")
    }


def test_an_enumerator_is_a_plain_attribute() -> None:
    from pyiismod.abi.enums import HTTP_VERB

    assert HTTP_VERB.HttpVerbPOST == 6


@pytest.mark.parametrize("name", ABI["callbacks"])
def test_callback(name: str) -> None:
    callback, expected = CALLBACKS[name], ABI["callbacks"][name]
    assert callback.returns == expected["returns"]
    assert [[p.name, p.type] for p in callback.params] == expected["params"]


def test_the_same_callbacks() -> None:
    assert set(CALLBACKS) == set(ABI["callbacks"])


def test_request_notifications() -> None:
    assert {
        n.name: {
            "value": n.bit,
            "method": n.handler,
            "slot": n.slot,
            "post_method": n.post_handler,
            "post_slot": n.post_slot,
            "provider": n.provider,
        }
        for n in notifications.REQUEST
    } == ABI["notifications"]["request"]


def test_global_notifications() -> None:
    expected = {name: dict(row) for name, row in ABI["notifications"]["global"].items()}
    assert expected["GL_SUSPEND_PROCESS"].pop("provider_is_out")
    assert {
        n.name: {"value": n.bit, "method": n.handler, "slot": n.slot, "provider": n.provider}
        for n in notifications.GLOBAL
    } == expected


def test_completion_handler() -> None:
    expected = ABI["notifications"]["completion"]
    assert INTERFACES["CHttpModule"].table()[expected["slot"]].name == expected["method"]


def test_deterministic_notifications_are_in_pipeline_order() -> None:
    assert tuple(1 << i for i in range(12)) == notifications.DETERMINISTIC
    assert notifications.REQUEST_BY_BIT[0x80].handler == "OnExecuteRequestHandler"
    assert notifications.GLOBAL_BY_BIT[0x20000].slot == 16


def test_mask_names() -> None:
    assert constants.request_notification_names(0) == []
    assert constants.request_notification_names(0x80000081) == [
        "RQ_BEGIN_REQUEST",
        "RQ_EXECUTE_REQUEST_HANDLER",
        "RQ_MAP_PATH",
    ]
    assert constants.request_notification_names(0x1000) == ["0x00001000"]
    assert constants.global_notification_names(0x20001) == ["0x00000001", "GL_SUSPEND_PROCESS"]


def test_header_names() -> None:
    assert list(headers.REQUEST_HEADER_NAMES) == LAYOUTS["request_header_names"]
    assert list(headers.RESPONSE_HEADER_NAMES) == LAYOUTS["response_header_names"]
    ids = LAYOUTS["enums"]["HTTP_HEADER_ID"]
    assert headers.REQUEST_HEADER_IDS["user-agent"] == ids["HttpHeaderUserAgent"]
    assert headers.RESPONSE_HEADER_IDS["www-authenticate"] == ids["HttpHeaderWwwAuthenticate"]


@pytest.mark.parametrize("name", [n for n, row in ABI["types"].items() if row.get("size")])
def test_type(name: str) -> None:
    """Size, and for integers the sign, of every type that signatures use."""
    row = ABI["types"][name]
    assert ffi.sizeof(name) == row["size"]
    if row["kind"] in ("int", "uint") or row.get("signed"):
        signed = int(ffi.cast(name, -1)) < 0
        assert signed == (row["kind"] == "int" or row.get("signed", False))


def test_opaque_interfaces() -> None:
    expected = [name for name, row in ABI["types"].items() if row["kind"] == "opaque_interface"]
    assert sorted([*OPAQUE_INTERFACES, "IWpfSettings"]) == sorted(expected)


def test_annotations_are_names_of_the_types_module() -> None:
    """What the stubs are written in is what the generators read: no alias is left unclassified."""
    from pyiismod.abi import types

    aliases = {n: t.__metadata__ for n, t in vars(types).items() if hasattr(t, "__metadata__")}
    wrappers = {"Out", "InOut", "Nullable"}
    assert {n for n, (m,) in aliases.items() if not isinstance(m, C)} == wrappers | {*OPAQUE_INTERFACES, *CALLBACKS}
    assert {n for n, (m,) in aliases.items() if m == CALLBACK} == set(CALLBACKS)
