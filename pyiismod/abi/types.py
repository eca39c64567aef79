"""The C types that the declarations are written in. Each alias carries its fixed-size C spelling.

Integers are ``int`` on the Python side, everything behind a pointer is ``Any``. The spellings make layouts the same
on every operating system: ``LONG`` is 32 bits and ``WCHAR`` is a UTF-16 unit wherever the code runs. Nothing imports
this module at run time except the generators and the tests.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias, TypeVar

_T = TypeVar("_T")
_N = TypeVar("_N")

Ptr: TypeAlias = Any | _T
ConstPtr: TypeAlias = Any | _T
ConstRef: TypeAlias = Any | _T
Array: TypeAlias = Any | _T | _N
"""``N`` elements in a struct; as a parameter, a pointer to ``N`` elements."""

Out: TypeAlias = Annotated[_T, "out"]
"""The callee writes through this pointer; test it for NULL first."""
InOut: TypeAlias = Annotated[_T, "inout"]
Nullable: TypeAlias = Annotated[_T, "optional"]
"""The header says that this may be null."""


class C(str):
    """A fixed-size C spelling."""

    __slots__ = ()


CALLBACK = "a type of pyiismod.abi.callbacks"
OPAQUE = "an interface that Httpserv.h names but does not define"

BOOL: TypeAlias = Annotated[int, C("int32_t")]
LONG: TypeAlias = Annotated[int, C("int32_t")]
HRESULT: TypeAlias = Annotated[int, C("int32_t")]
SECURITY_STATUS: TypeAlias = Annotated[int, C("int32_t")]
BOOLEAN: TypeAlias = Annotated[int, C("uint8_t")]
BYTE: TypeAlias = Annotated[int, C("uint8_t")]
UCHAR: TypeAlias = Annotated[int, C("uint8_t")]
WORD: TypeAlias = Annotated[int, C("uint16_t")]
USHORT: TypeAlias = Annotated[int, C("uint16_t")]
DWORD: TypeAlias = Annotated[int, C("uint32_t")]
ULONG: TypeAlias = Annotated[int, C("uint32_t")]
UINT: TypeAlias = Annotated[int, C("uint32_t")]
unsigned_int: TypeAlias = Annotated[int, C("unsigned int")]
ULONGLONG: TypeAlias = Annotated[int, C("uint64_t")]
LONGLONG: TypeAlias = Annotated[int, C("int64_t")]
ULONG_PTR: TypeAlias = Annotated[int, C("uint64_t")]
char: TypeAlias = Annotated[int, C("char")]
WCHAR: TypeAlias = Annotated[int, C("char16_t")]
HTTP_OPAQUE_ID: TypeAlias = Annotated[int, C("uint64_t")]
HTTP_REQUEST_ID: TypeAlias = Annotated[int, C("uint64_t")]
HTTP_CONNECTION_ID: TypeAlias = Annotated[int, C("uint64_t")]
HTTP_RAW_CONNECTION_ID: TypeAlias = Annotated[int, C("uint64_t")]
HTTP_URL_CONTEXT: TypeAlias = Annotated[int, C("uint64_t")]
HTTP_AUTHENTICATION_HARDENING_LEVELS: TypeAlias = Annotated[int, C("int32_t")]

void: TypeAlias = Annotated[Any, C("void")]
PVOID: TypeAlias = Annotated[Any, C("void *")]
HANDLE: TypeAlias = Annotated[Any, C("void *")]
PSID: TypeAlias = Annotated[Any, C("void *")]
HTTP_MODULE_ID: TypeAlias = Annotated[Any, C("void *")]
PCSTR: TypeAlias = Annotated[Any, C("const char *")]
PCHAR: TypeAlias = Annotated[Any, C("char *")]
PWCHAR: TypeAlias = Annotated[Any, C("WCHAR *")]
PWSTR: TypeAlias = Annotated[Any, C("WCHAR *")]
PCWSTR: TypeAlias = Annotated[Any, C("const WCHAR *")]
LPCWSTR: TypeAlias = Annotated[Any, C("const WCHAR *")]
PBYTE: TypeAlias = Annotated[Any, C("BYTE *")]
PUCHAR: TypeAlias = Annotated[Any, C("UCHAR *")]
PULONG: TypeAlias = Annotated[Any, C("ULONG *")]
LPCGUID: TypeAlias = Annotated[Any, C("const GUID *")]
PSOCKADDR: TypeAlias = Annotated[Any, C("SOCKADDR *")]
LPOVERLAPPED: TypeAlias = Annotated[Any, C("OVERLAPPED *")]
PHTTP_DATA_CHUNK: TypeAlias = Annotated[Any, C("HTTP_DATA_CHUNK *")]
PHTTP_KNOWN_HEADER: TypeAlias = Annotated[Any, C("HTTP_KNOWN_HEADER *")]
PHTTP_UNKNOWN_HEADER: TypeAlias = Annotated[Any, C("HTTP_UNKNOWN_HEADER *")]
PHTTP_SSL_INFO: TypeAlias = Annotated[Any, C("HTTP_SSL_INFO *")]
PHTTP_SSL_CLIENT_CERT_INFO: TypeAlias = Annotated[Any, C("HTTP_SSL_CLIENT_CERT_INFO *")]
PHTTP_REQUEST_INFO: TypeAlias = Annotated[Any, C("HTTP_REQUEST_INFO *")]
PHTTP_RESPONSE_INFO: TypeAlias = Annotated[Any, C("HTTP_RESPONSE_INFO *")]
PHTTP_SERVICE_BINDING_BASE: TypeAlias = Annotated[Any, C("void *")]

PFN_REGISTERMODULE: TypeAlias = Annotated[Any, CALLBACK]
PFN_ASYNC_COMPLETION: TypeAlias = Annotated[Any, CALLBACK]
LPOVERLAPPED_COMPLETION_ROUTINE: TypeAlias = Annotated[Any, CALLBACK]

IAppHostAdminManager: TypeAlias = Annotated[Any, OPAQUE]
IAppHostConfigException: TypeAlias = Annotated[Any, OPAQUE]
IWorkerProcessFramework: TypeAlias = Annotated[Any, OPAQUE]

C_TYPES: dict[str, str] = {
    name: alias.__metadata__[0]
    for name, alias in list(globals().items())
    if isinstance(getattr(alias, "__metadata__", (None,))[0], C)
}
"""Every name here that is a plain C type, with its spelling."""

OPAQUE_INTERFACES = [name for name, alias in list(globals().items()) if getattr(alias, "__metadata__", ()) == (OPAQUE,)]
