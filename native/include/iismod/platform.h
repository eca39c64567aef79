// The Windows types and functions that httpserv.h stands on: those of <windows.h> where there is an SDK (Microsoft's or
// mingw's), else a minimal set declared here. IISMOD_NO_WINDOWS_H leaves Microsoft's alone; mingw's is always there.

#pragma once

#if !defined(_WIN32)
#error "httpserv.h is for Windows targets: use MSVC, clang --target=x86_64-pc-windows-msvc, or mingw-w64"
#endif

#if defined(__MINGW32__) || !defined(IISMOD_NO_WINDOWS_H)
#if __has_include(<winsock2.h>) && __has_include(<ws2tcpip.h>) && !defined(_WINSOCKAPI_)
#include <winsock2.h>
#include <ws2tcpip.h>
#endif
#if __has_include(<windows.h>)
#include <windows.h>
#endif
#endif

#ifndef _WINDOWS_  // every SDK's <windows.h> defines it

typedef void VOID;
typedef char CHAR;
typedef wchar_t WCHAR;
typedef unsigned char BYTE, UCHAR, BOOLEAN;
typedef short SHORT;
typedef unsigned short WORD, USHORT;
typedef int INT, BOOL;
typedef unsigned int UINT;
typedef long LONG, HRESULT;
typedef unsigned long DWORD, ULONG;
typedef long long LONGLONG, LONG64;
typedef unsigned long long ULONGLONG, DWORD64;
#ifdef _WIN64
typedef long long INT_PTR, LONG_PTR;
typedef unsigned long long UINT_PTR, ULONG_PTR, DWORD_PTR, SIZE_T;
#else
typedef int INT_PTR;
typedef long LONG_PTR;
typedef unsigned int UINT_PTR;
typedef unsigned long ULONG_PTR, DWORD_PTR, SIZE_T;
#endif

typedef void *PVOID, *LPVOID, *HANDLE, *PSID;
typedef const void *LPCVOID;
typedef BOOL *PBOOL, *LPBOOL;
typedef BYTE *PBYTE, *LPBYTE;
typedef CHAR *PCHAR, *PSTR, *LPSTR;
typedef UCHAR *PUCHAR;
typedef WCHAR *PWCHAR, *PWSTR, *LPWSTR;
typedef USHORT *PUSHORT;
typedef ULONG *PULONG;
typedef DWORD *PDWORD, *LPDWORD;
typedef const CHAR *PCSTR, *LPCSTR;
typedef const WCHAR *PCWSTR, *LPCWSTR;
typedef struct HINSTANCE__ *HINSTANCE, *HMODULE;

typedef struct _GUID
{
    ULONG Data1;
    USHORT Data2;
    USHORT Data3;
    UCHAR Data4[8];
} GUID, IID;
typedef const GUID *LPCGUID;
typedef const GUID &REFGUID, &REFIID;

typedef struct _FILETIME
{
    DWORD dwLowDateTime;
    DWORD dwHighDateTime;
} FILETIME, *PFILETIME, *LPFILETIME;

typedef union _ULARGE_INTEGER
{
    struct
    {
        DWORD LowPart;
        DWORD HighPart;
    };
    struct
    {
        DWORD LowPart;
        DWORD HighPart;
    } u;
    ULONGLONG QuadPart;
} ULARGE_INTEGER, *PULARGE_INTEGER;

typedef struct _OVERLAPPED
{
    ULONG_PTR Internal;
    ULONG_PTR InternalHigh;
    union
    {
        struct
        {
            DWORD Offset;
            DWORD OffsetHigh;
        };
        PVOID Pointer;
    };
    HANDLE hEvent;
} OVERLAPPED, *LPOVERLAPPED;

#define WINAPI __stdcall
#define CALLBACK __stdcall
#define APIENTRY __stdcall

typedef VOID(WINAPI *LPOVERLAPPED_COMPLETION_ROUTINE)(DWORD, DWORD, LPOVERLAPPED);

#ifndef NULL
#define NULL 0
#endif
#ifndef TRUE
#define FALSE 0
#define TRUE 1
#endif
#ifndef DLL_PROCESS_ATTACH
#define DLL_PROCESS_DETACH 0
#define DLL_PROCESS_ATTACH 1
#define DLL_THREAD_ATTACH 2
#define DLL_THREAD_DETACH 3
#endif

#define SUCCEEDED(hr) ((HRESULT)(hr) >= 0)
#define FAILED(hr) ((HRESULT)(hr) < 0)
#define S_OK ((HRESULT)0L)
#define S_FALSE ((HRESULT)1L)
#define E_NOTIMPL ((HRESULT)0x80004001L)
#define E_NOINTERFACE ((HRESULT)0x80004002L)
#define E_POINTER ((HRESULT)0x80004003L)
#define E_ABORT ((HRESULT)0x80004004L)
#define E_FAIL ((HRESULT)0x80004005L)
#define E_UNEXPECTED ((HRESULT)0x8000FFFFL)
#define E_ACCESSDENIED ((HRESULT)0x80070005L)
#define E_OUTOFMEMORY ((HRESULT)0x8007000EL)
#define E_INVALIDARG ((HRESULT)0x80070057L)
#define NO_ERROR 0L
#define ERROR_SUCCESS 0L
#define ERROR_FILE_NOT_FOUND 2L
#define ERROR_ACCESS_DENIED 5L
#define ERROR_NOT_ENOUGH_MEMORY 8L
#define ERROR_INVALID_DATA 13L
#define ERROR_HANDLE_EOF 38L
#define ERROR_NOT_SUPPORTED 50L
#define ERROR_INVALID_PARAMETER 87L
#define ERROR_INSUFFICIENT_BUFFER 122L
#define ERROR_ALREADY_EXISTS 183L
#define ERROR_MORE_DATA 234L
#define ERROR_ARITHMETIC_OVERFLOW 534L
#define ERROR_NOT_FOUND 1168L
#define ERROR_INVALID_INDEX 1413L

inline HRESULT HRESULT_FROM_WIN32(unsigned long error)
{
    return (HRESULT)error <= 0 ? (HRESULT)error : (HRESULT)((error & 0xFFFF) | 0x80070000);
}

extern "C"
{
    __declspec(dllimport) void WINAPI DebugBreak();
    __declspec(dllimport) void WINAPI OutputDebugStringA(PCSTR);
    __declspec(dllimport) void WINAPI OutputDebugStringW(PCWSTR);
    __declspec(dllimport) DWORD WINAPI GetLastError();
    __declspec(dllimport) void WINAPI SetLastError(DWORD);
    __declspec(dllimport) DWORD WINAPI GetCurrentThreadId();
    __declspec(dllimport) void WINAPI Sleep(DWORD);
}

#endif  // _WINDOWS_

#if !defined(_WINSOCKAPI_) && !defined(_WINSOCK2API_)

#define AF_INET 2
#define AF_INET6 23

struct in_addr
{
    union
    {
        UCHAR s_b[4];
        ULONG S_addr;
    } S_un;
};
#define s_addr S_un.S_addr

struct in6_addr
{
    union
    {
        UCHAR Byte[16];
        USHORT Word[8];
    } u;
};

typedef struct sockaddr
{
    USHORT sa_family;
    CHAR sa_data[14];
} SOCKADDR, *PSOCKADDR;

typedef struct sockaddr_in
{
    USHORT sin_family;
    USHORT sin_port;
    in_addr sin_addr;
    CHAR sin_zero[8];
} SOCKADDR_IN, *PSOCKADDR_IN;

typedef struct sockaddr_in6
{
    USHORT sin6_family;
    USHORT sin6_port;
    ULONG sin6_flowinfo;
    in6_addr sin6_addr;
    ULONG sin6_scope_id;
} SOCKADDR_IN6, *PSOCKADDR_IN6;

typedef struct sockaddr_storage
{
    USHORT ss_family;
    CHAR ss_pad1[6];
    LONGLONG ss_align;
    CHAR ss_pad2[112];
} SOCKADDR_STORAGE, *PSOCKADDR_STORAGE;

#endif

typedef LONG SECURITY_STATUS;

// The layouts are asserted for 64 bits.
#ifdef _WIN64
#define IISMOD_SIZE(type, size) static_assert(sizeof(type) == size, #type)
#define IISMOD_OFFSET(type, field, offset) static_assert(__builtin_offsetof(type, field) == offset, #type "::" #field)
#else
#define IISMOD_SIZE(type, size) static_assert(true, "")
#define IISMOD_OFFSET(type, field, offset) static_assert(true, "")
#endif

// IISMOD_INTERFACE(name, iid text, iid numbers…) declares a class so that __uuidof(name) is its IID.
#ifdef __MINGW32__
#define IISMOD_INTERFACE(name, text, ...) \
    class name; \
    __CRT_UUID_DECL(name, __VA_ARGS__)
#else
#define IISMOD_INTERFACE(name, text, ...) class __declspec(uuid(text)) name;
#endif
