"""https://learn.microsoft.com/en-us/windows/win32/seccrypto/common-hresult-values

HRESULTs: constants, and names and meanings of the codes that modules return or die with.

An HRESULT here is a signed 32-bit ``int``, as it crosses the vtables; functions that explain a code take the unsigned
form as well.
"""

from __future__ import annotations

from pyiismod.abi.ntstatus import STATUS_CODES
from pyiismod.abi.win32_errors import WIN32_ERRORS

_FACILITY_WIN32 = 7


def signed(code: int) -> int:
    """Return the signed form of a 32-bit code."""
    code &= 0xFFFFFFFF
    return code - 0x1_0000_0000 if code & 0x8000_0000 else code


def hresult_from_win32(error: int) -> int:
    """Return the HRESULT for a Win32 error; what is no plain error number stays as it is."""
    if error <= 0 or error > 0xFFFF:
        return signed(error)
    return signed(0x8000_0000 | _FACILITY_WIN32 << 16 | error)


S_OK = 0
S_FALSE = 1
E_NOTIMPL = signed(0x80004001)
E_NOINTERFACE = signed(0x80004002)
E_POINTER = signed(0x80004003)
E_ABORT = signed(0x80004004)
E_FAIL = signed(0x80004005)
E_UNEXPECTED = signed(0x8000FFFF)
E_ACCESSDENIED = signed(0x80070005)
E_HANDLE = signed(0x80070006)
E_OUTOFMEMORY = signed(0x8007000E)
E_INVALIDARG = signed(0x80070057)

HRESULTS: dict[int, tuple[str, str]] = {
    0x00000000: ("S_OK", "success"),
    0x00000001: ("S_FALSE", "success, but the answer is no"),
    0x8000000A: ("E_PENDING", "the data is not there yet"),
    0x8000000B: ("E_BOUNDS", "outside the bounds"),
    0x8000000C: ("E_CHANGED_STATE", "the object changed meanwhile"),
    0x8000000D: ("E_ILLEGAL_STATE_CHANGE", "the state cannot change so"),
    0x8000000E: ("E_ILLEGAL_METHOD_CALL", "the method was called at a wrong time"),
    0x80004001: ("E_NOTIMPL", "not implemented"),
    0x80004002: ("E_NOINTERFACE", "the object has no such interface"),
    0x80004003: ("E_POINTER", "a pointer is NULL or wrong"),
    0x80004004: ("E_ABORT", "the operation was aborted"),
    0x80004005: ("E_FAIL", "an unspecified failure"),
    0x8000FFFF: ("E_UNEXPECTED", "an unexpected failure"),
    0x80010001: ("RPC_E_CALL_REJECTED", "the other side rejected the call"),
    0x80010105: ("RPC_E_SERVERFAULT", "the other side raised an exception"),
    0x80010106: ("RPC_E_CHANGED_MODE", "COM runs in another threading mode on this thread"),
    0x80010108: ("RPC_E_DISCONNECTED", "the other side is gone"),
    0x8001010D: ("RPC_E_CANTCALLOUT_ININPUTSYNCCALL", "a call out is not possible now"),
    0x8001010E: ("RPC_E_WRONG_THREAD", "the object belongs to another thread"),
    0x80010119: ("RPC_E_TOO_LATE", "COM security was set up already"),
    0x80020003: ("DISP_E_MEMBERNOTFOUND", "there is no such member"),
    0x80020005: ("DISP_E_TYPEMISMATCH", "a value has the wrong type"),
    0x80020006: ("DISP_E_UNKNOWNNAME", "the name is not known"),
    0x80020008: ("DISP_E_BADVARTYPE", "the variant has a wrong type"),
    0x80020009: ("DISP_E_EXCEPTION", "the called code raised an exception"),
    0x8002000A: ("DISP_E_OVERFLOW", "the number does not fit"),
    0x8002000B: ("DISP_E_BADINDEX", "the index is wrong"),
    0x8002000E: ("DISP_E_BADPARAMCOUNT", "the number of arguments is wrong"),
    0x8002802B: ("TYPE_E_ELEMENTNOTFOUND", "the type library has no such element"),
    0x80029C4A: ("TYPE_E_CANTLOADLIBRARY", "the type library cannot be loaded"),
    0x80030002: ("STG_E_FILENOTFOUND", "there is no such file"),
    0x80030005: ("STG_E_ACCESSDENIED", "access is denied"),
    0x80040110: ("CLASS_E_NOAGGREGATION", "the class cannot be aggregated"),
    0x80040111: ("CLASS_E_CLASSNOTAVAILABLE", "the DLL does not have the class"),
    0x80040154: ("REGDB_E_CLASSNOTREG", "the class is not registered"),
    0x80040155: ("REGDB_E_IIDNOTREG", "the interface is not registered"),
    0x800401E4: ("MK_E_SYNTAX", "the syntax of the name is wrong"),
    0x800401F0: ("CO_E_NOTINITIALIZED", "CoInitialize was not called on this thread"),
    0x800401F1: ("CO_E_ALREADYINITIALIZED", "CoInitialize was called already"),
    0x800401F3: ("CO_E_CLASSSTRING", "the class name is not valid"),
    0x800401F8: ("CO_E_DLLNOTFOUND", "the DLL of the class was not found"),
    0x800401F9: ("CO_E_ERRORINDLL", "the DLL of the class cannot be used"),
    0x800401FC: ("CO_E_OBJISREG", "the object is registered already"),
    0x800401FD: ("CO_E_OBJNOTCONNECTED", "the object is not connected"),
    0x80070005: ("E_ACCESSDENIED", "access is denied"),
    0x80070006: ("E_HANDLE", "the handle is not valid"),
    0x8007000E: ("E_OUTOFMEMORY", "memory ran out"),
    0x80070057: ("E_INVALIDARG", "an argument is wrong"),
    0x80080005: ("CO_E_SERVER_EXEC_FAILURE", "the COM server could not be started"),
    0x80090008: ("NTE_BAD_ALGID", "the algorithm is not known"),
    0x8009000D: ("NTE_NO_KEY", "there is no such key"),
    0x80090016: ("NTE_BAD_KEYSET", "there is no such key set"),
    0x80090020: ("NTE_FAIL", "cryptography failed internally"),
    0x80090301: ("SEC_E_INVALID_HANDLE", "the security handle is not valid"),
    0x80090303: ("SEC_E_TARGET_UNKNOWN", "the target is not known"),
    0x80090304: ("SEC_E_INTERNAL_ERROR", "the security package failed internally"),
    0x80090305: ("SEC_E_SECPKG_NOT_FOUND", "there is no such security package"),
    0x80090308: ("SEC_E_INVALID_TOKEN", "the security token is not valid"),
    0x8009030C: ("SEC_E_LOGON_DENIED", "the logon was denied"),
    0x8009030E: ("SEC_E_NO_CREDENTIALS", "there are no credentials"),
    0x80090311: ("SEC_E_NO_AUTHENTICATING_AUTHORITY", "no domain controller answers"),
    0x80090317: ("SEC_E_CONTEXT_EXPIRED", "the security context has expired"),
    0x80090325: ("SEC_E_UNTRUSTED_ROOT", "the certificate chain is not trusted"),
    0x80090326: ("SEC_E_ILLEGAL_MESSAGE", "the message was unexpected or malformed"),
    0x00090312: ("SEC_I_CONTINUE_NEEDED", "the other side has to answer first"),
    0x80092004: ("CRYPT_E_NOT_FOUND", "the certificate or object was not found"),
    0x80131500: ("COR_E_EXCEPTION", ".NET: an exception"),
    0x80131509: ("COR_E_INVALIDOPERATION", ".NET: not possible in the present state"),
    0x80131513: ("COR_E_MISSINGMETHOD", ".NET: there is no such method"),
    0x80131522: ("COR_E_TYPELOAD", ".NET: a type cannot be loaded"),
    0x80131604: ("COR_E_TARGETINVOCATION", ".NET: the called code raised an exception"),
    0x80131040: ("FUSION_E_REF_DEF_MISMATCH", ".NET: the assembly has another version"),
    0x80190190: ("HTTP_E_STATUS_BAD_REQUEST", "HTTP 400"),
    0x80190191: ("HTTP_E_STATUS_DENIED", "HTTP 401"),
    0x80190193: ("HTTP_E_STATUS_FORBIDDEN", "HTTP 403"),
    0x80190194: ("HTTP_E_STATUS_NOT_FOUND", "HTTP 404"),
    0x801901F4: ("HTTP_E_STATUS_SERVER_ERROR", "HTTP 500"),
}
"""Codes by their unsigned form; those of Win32 errors are in ``WIN32_ERRORS``."""


def lookup(code: int) -> tuple[str, str] | None:
    """Return name and meaning of an HRESULT, NTSTATUS or exception code, or ``None``."""
    code &= 0xFFFFFFFF
    if code in HRESULTS:
        return HRESULTS[code]
    if code >> 16 == 0x8000 | _FACILITY_WIN32:
        return WIN32_ERRORS.get(code & 0xFFFF)
    return STATUS_CODES.get(code)


def name_of(code: int) -> str:
    """Return the name (``"E_FAIL"``; ``"ERROR_FILE_NOT_FOUND"`` for 0x80070002), or the number as ``"0x8ABCDEF0"``."""
    found = lookup(code)
    return found[0] if found else f"0x{code & 0xFFFFFFFF:08X}"


def describe(code: int) -> str:
    """Return ``"0x80070005 E_ACCESSDENIED (access is denied)"``; for an unknown code the number alone."""
    return _describe(f"0x{code & 0xFFFFFFFF:08X}", lookup(code))


def describe_win32(error: int) -> str:
    """Return ``"5 ERROR_ACCESS_DENIED (access is denied)"`` for a ``GetLastError`` value."""
    return _describe(str(error), WIN32_ERRORS.get(error))


def _describe(number: str, found: tuple[str, str] | None) -> str:
    return f"{number} {found[0]} ({found[1]})" if found else number
