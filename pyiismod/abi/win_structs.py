"""https://learn.microsoft.com/en-us/windows/win32/api/winsock/ns-winsock-sockaddr_in

Structs of the general Windows headers that Httpserv.h and http.h use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiismod.abi.structs import Struct, Union

if TYPE_CHECKING:
    from typing import Literal

    from pyiismod.abi.types import (
        DWORD,
        HANDLE,
        LONGLONG,
        PVOID,
        UCHAR,
        ULONG,
        ULONG_PTR,
        ULONGLONG,
        USHORT,
        Array,
        char,
    )


class GUID(Struct):
    """An interface or provider id."""

    Data1: ULONG
    Data2: USHORT
    Data3: USHORT
    Data4: Array[UCHAR, Literal[8]]


class FILETIME(Struct):
    """100-nanosecond steps since 1601, UTC."""

    dwLowDateTime: DWORD
    dwHighDateTime: DWORD


class ULARGE_INTEGER(Union):
    """A 64-bit number with access to its halves."""

    class _Halves(Struct):
        LowPart: DWORD
        HighPart: DWORD

    _halves: _Halves
    QuadPart: ULONGLONG


class OVERLAPPED(Struct):
    """State of an asynchronous Win32 operation."""

    class _Position(Union):
        class _Halves(Struct):
            Offset: DWORD
            OffsetHigh: DWORD

        _halves: _Halves
        Pointer: PVOID

    Internal: ULONG_PTR
    InternalHigh: ULONG_PTR
    _position: _Position
    hEvent: HANDLE


class SOCKADDR(Struct):
    """A socket address of any family, cut short."""

    sa_family: USHORT
    sa_data: Array[char, Literal[14]]


class SOCKADDR_IN(Struct):
    """An IPv4 socket address; port and address in network byte order."""

    class _Address(Union):
        S_un_b: Array[UCHAR, Literal[4]]
        S_addr: ULONG

    sin_family: USHORT
    sin_port: USHORT
    sin_addr: _Address
    sin_zero: Array[char, Literal[8]]


class SOCKADDR_IN6(Struct):
    """An IPv6 socket address; port and address in network byte order."""

    sin6_family: USHORT
    sin6_port: USHORT
    sin6_flowinfo: ULONG
    sin6_addr: Array[UCHAR, Literal[16]]
    sin6_scope_id: ULONG


class SOCKADDR_STORAGE(Struct):
    """Room for a socket address of any family."""

    ss_family: USHORT
    ss_pad1: Array[char, Literal[6]]
    ss_align: LONGLONG
    ss_pad2: Array[char, Literal[112]]
