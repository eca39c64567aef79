"""Microsoft's rule for the order of overloads, recomputed without a compiler."""

from __future__ import annotations

import pytest
from oracle import ABI
from probe import msvc_order, natural_order

pytestmark = pytest.mark.unit

DOCUMENTED = {
    "IHttpRequest": [
        *("GetRawHttpRequest_mutable", "GetRawHttpRequest_const", "GetHeader_name", "GetHeader_id", "SetHeader_name"),
        *("SetHeader_id", "DeleteHeader_name", "DeleteHeader_id", "GetHttpMethod", "SetHttpMethod", "SetUrl_w"),
        *("SetUrl_a", "GetUrlChanged"),
    ],
    "IHttpResponse": [
        *("GetRawHttpResponse_mutable", "GetRawHttpResponse_const", "GetCachePolicy", "SetStatus", "SetHeader_name"),
        *("SetHeader_id", "DeleteHeader_name", "DeleteHeader_id", "GetHeader_name", "GetHeader_id", "Clear"),
    ],
    "IHttpContext": ["GetExecuteFlags", "GetServerVariable_w", "GetServerVariable_a", "SetServerVariable"],
}
"""How the header writes the classes that have overloads, around these."""


@pytest.mark.parametrize("name", ABI["interfaces"])
def test_the_rule_gives_every_table(name: str) -> None:
    methods = ABI["interfaces"][name]["methods"]
    assert msvc_order(natural_order(methods)) == methods


@pytest.mark.parametrize("name", DOCUMENTED)
def test_the_order_of_declaration(name: str) -> None:
    declared = [m["overload"] for m in natural_order(ABI["interfaces"][name]["methods"])]
    start = declared.index(DOCUMENTED[name][0])
    assert declared[start : start + len(DOCUMENTED[name])] == DOCUMENTED[name]


def test_only_three_classes_have_overloads_of_their_own() -> None:
    changed = {name for name, cls in ABI["interfaces"].items() if natural_order(cls["methods"]) != cls["methods"]}
    assert changed == set(DOCUMENTED)
