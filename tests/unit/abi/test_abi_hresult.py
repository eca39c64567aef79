"""Names and meanings of codes."""

from __future__ import annotations

import pytest

from pyiismod.abi import hresult
from pyiismod.abi.http import REASONS
from pyiismod.abi.ntstatus import STATUS_CODES
from pyiismod.abi.win32_errors import WIN32_ERRORS

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (0, "0x00000000 S_OK (success)"),
        (0x80070005, "0x80070005 E_ACCESSDENIED (access is denied)"),
        (hresult.E_ACCESSDENIED, "0x80070005 E_ACCESSDENIED (access is denied)"),
        (0x80070002, "0x80070002 ERROR_FILE_NOT_FOUND (there is no such file)"),
        (0x8007007E, "0x8007007E ERROR_MOD_NOT_FOUND (a DLL, or one that it needs, was not found)"),
        (0xC0000005, "0xC0000005 STATUS_ACCESS_VIOLATION (memory was used that may not be used so)"),
        (0xE06D7363, "0xE06D7363 EXCEPTION_MSVC_CPP (a C++ exception that nobody caught)"),
        (0x80000100, "0x80000100 EXCEPTION_WINE_STUB (a function that Wine does not have was called)"),
        (0x8007FFFE, "0x8007FFFE"),
        (0x12345678, "0x12345678"),
    ],
)
def test_describe(code: int, text: str) -> None:
    assert hresult.describe(code) == text


def test_describe_win32() -> None:
    assert hresult.describe_win32(5) == "5 ERROR_ACCESS_DENIED (access is denied)"
    assert hresult.describe_win32(54321) == "54321"


@pytest.mark.parametrize(
    ("code", "name"), [(-2147467259, "E_FAIL"), (1, "S_FALSE"), (0x80070585, "ERROR_INVALID_INDEX")]
)
def test_name_of(code: int, name: str) -> None:
    assert hresult.name_of(code) == name


def test_name_of_an_unknown_code_is_its_number() -> None:
    assert hresult.name_of(-1) == "0xFFFFFFFF"


def test_hresults_are_signed() -> None:
    for name in ("E_FAIL", "E_NOTIMPL", "E_POINTER", "E_OUTOFMEMORY", "E_INVALIDARG"):
        code = getattr(hresult, name)
        assert -0x80000000 <= code < 0
        assert hresult.name_of(code) == name


@pytest.mark.parametrize(
    ("error", "code"), [(0, 0), (87, hresult.E_INVALIDARG), (2, -2147024894), (0x80004005, hresult.E_FAIL)]
)
def test_hresult_from_win32(error: int, code: int) -> None:
    assert hresult.hresult_from_win32(error) == code


def test_tables_do_not_contradict_each_other() -> None:
    """No code means two things, and no name stands for two codes."""
    assert not hresult.HRESULTS.keys() & STATUS_CODES.keys()
    names = [name for table in (hresult.HRESULTS, STATUS_CODES, WIN32_ERRORS) for name, _ in table.values()]
    assert len(set(names)) == len(names)


def test_the_errors_of_the_fact_sheet_are_known() -> None:
    """Fact sheet, table before section 0."""
    for error in (2, 3, 6, 8, 13, 38, 50, 85, 87, 122, 183, 534, 995, 1001, 1168, 1229, 1236, 1413):
        assert error in WIN32_ERRORS


def test_reasons() -> None:
    assert (REASONS[200], REASONS[404]) == ("OK", "Not Found")
