// The part of <windows.h> that the modules in native/modules use and iismod/platform.h does not declare, for builds
// without an SDK. It does not claim to be the whole (_WINDOWS_ stays undefined). x64 and ARM64.

#pragma once

using BOOL = int;
using BYTE = unsigned char;
using DWORD = unsigned long;
using HANDLE = void*;
using HINSTANCE = struct HINSTANCE__*;
using HMODULE = HINSTANCE;
using HRESULT = long;
using LONG = long;
using LPSTR = char*;
using LPVOID = void*;
using LPWSTR = wchar_t*;
using PCSTR = const char*;
using PCWSTR = const wchar_t*;
using SIZE_T = unsigned long long;
using UINT = unsigned int;
using UINT_PTR = unsigned long long;
using ULONGLONG = unsigned long long;
using ULONG_PTR = unsigned long long;

#define NTAPI __stdcall
#define WINAPI __stdcall
#define IN
#define OUT
#define UNREFERENCED_PARAMETER(parameter) (void)(parameter)
#define INFINITE 0xFFFFFFFF
#define CP_UTF8 65001
#define EXCEPTION_EXECUTE_HANDLER 1
#define FILE_APPEND_DATA 4
#define FILE_ATTRIBUTE_NORMAL 0x80
#define FILE_SHARE_READ 1
#define FILE_SHARE_WRITE 2
#define GENERIC_READ 0x80000000
#define GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS 4
#define GET_MODULE_HANDLE_EX_FLAG_PIN 1
#define GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT 2
#define INVALID_HANDLE_VALUE ((HANDLE)-1)
#define MAX_PATH 260
#define OPEN_ALWAYS 4
#define OPEN_EXISTING 3
#define SEM_FAILCRITICALERRORS 1
#define STD_INPUT_HANDLE ((DWORD)-10)
#define STD_OUTPUT_HANDLE ((DWORD)-11)
#define STD_ERROR_HANDLE ((DWORD)-12)
#define WT_EXECUTEONLYONCE 8

#ifndef S_OK
#define S_OK ((HRESULT)0L)
#endif
#ifndef TRUE
#define FALSE 0
#define TRUE 1
#endif
#ifndef NULL
#define NULL 0
#endif

using LPTHREAD_START_ROUTINE = DWORD(WINAPI*)(LPVOID);
using WAITORTIMERCALLBACK = void(WINAPI*)(void*, BYTE);

struct EXCEPTION_POINTERS;
using LPTOP_LEVEL_EXCEPTION_FILTER = LONG(WINAPI*)(EXCEPTION_POINTERS*);

struct CRITICAL_SECTION
{
    void* opaque[5];
};

extern "C"
{
    __declspec(dllimport) BOOL WINAPI CloseHandle(HANDLE);
    __declspec(dllimport) HANDLE WINAPI CreateEventA(void*, BOOL, BOOL, PCSTR);
    __declspec(dllimport) HANDLE WINAPI CreateFileW(PCWSTR, DWORD, DWORD, void*, DWORD, DWORD, HANDLE);
    __declspec(dllimport) HANDLE WINAPI CreateSemaphoreA(void*, LONG, LONG, PCSTR);
    __declspec(dllimport) HANDLE WINAPI CreateThread(void*, SIZE_T, LPTHREAD_START_ROUTINE, LPVOID, DWORD, DWORD*);
    __declspec(dllimport) HANDLE WINAPI CreateTimerQueue();
    __declspec(dllimport) BOOL WINAPI CreateTimerQueueTimer(HANDLE*, HANDLE, WAITORTIMERCALLBACK, void*, DWORD, DWORD, DWORD);
    __declspec(dllimport) void WINAPI DebugBreak();
    __declspec(dllimport) void WINAPI DeleteCriticalSection(CRITICAL_SECTION*);
    __declspec(dllimport) BOOL WINAPI DeleteTimerQueueEx(HANDLE, HANDLE);
    __declspec(dllimport) void WINAPI EnterCriticalSection(CRITICAL_SECTION*);
    [[noreturn]] __declspec(dllimport) void WINAPI ExitProcess(UINT);
    [[noreturn]] __declspec(dllimport) void WINAPI ExitThread(DWORD);
    [[noreturn]] __declspec(dllimport) void WINAPI FreeLibraryAndExitThread(HMODULE, DWORD);
    __declspec(dllimport) DWORD WINAPI GetCurrentDirectoryW(DWORD, LPWSTR);
    __declspec(dllimport) HANDLE WINAPI GetCurrentProcess();
    __declspec(dllimport) DWORD WINAPI GetCurrentThreadId();
    __declspec(dllimport) DWORD WINAPI GetEnvironmentVariableA(PCSTR, LPSTR, DWORD);
    __declspec(dllimport) DWORD WINAPI GetModuleFileNameW(HMODULE, LPWSTR, DWORD);
    __declspec(dllimport) BOOL WINAPI GetModuleHandleExA(DWORD, PCSTR, HMODULE*);
    __declspec(dllimport) HANDLE WINAPI GetStdHandle(DWORD);
    __declspec(dllimport) ULONGLONG WINAPI GetTickCount64();
    __declspec(dllimport) void WINAPI InitializeCriticalSection(CRITICAL_SECTION*);
    __declspec(dllimport) BOOL WINAPI IsDebuggerPresent();
    __declspec(dllimport) void WINAPI LeaveCriticalSection(CRITICAL_SECTION*);
    __declspec(dllimport) void WINAPI OutputDebugStringA(PCSTR);
    __declspec(dllimport) void WINAPI OutputDebugStringW(PCWSTR);
    __declspec(dllimport) void WINAPI RaiseException(DWORD, DWORD, DWORD, const ULONG_PTR*);
    __declspec(dllimport) BOOL WINAPI ReleaseSemaphore(HANDLE, LONG, LONG*);
    __declspec(dllimport) BOOL WINAPI SetCurrentDirectoryA(PCSTR);
    __declspec(dllimport) BOOL WINAPI SetEnvironmentVariableA(PCSTR, PCSTR);
    __declspec(dllimport) UINT WINAPI SetErrorMode(UINT);
    __declspec(dllimport) BOOL WINAPI SetEvent(HANDLE);
    __declspec(dllimport) LPTOP_LEVEL_EXCEPTION_FILTER WINAPI SetUnhandledExceptionFilter(LPTOP_LEVEL_EXCEPTION_FILTER);
    __declspec(dllimport) void WINAPI Sleep(DWORD);
    __declspec(dllimport) BOOL WINAPI TerminateProcess(HANDLE, UINT);
    __declspec(dllimport) DWORD WINAPI WaitForSingleObject(HANDLE, DWORD);
    __declspec(dllimport) int WINAPI WideCharToMultiByte(UINT, DWORD, PCWSTR, int, LPSTR, int, PCSTR, BOOL*);
    __declspec(dllimport) BOOL WINAPI WriteFile(HANDLE, const void*, DWORD, DWORD*, void*);
}

inline LONG InterlockedDecrement(volatile LONG* value)
{
    return __atomic_sub_fetch(value, 1, __ATOMIC_SEQ_CST);
}

inline LONG InterlockedIncrement(volatile LONG* value)
{
    return __atomic_add_fetch(value, 1, __ATOMIC_SEQ_CST);
}

#ifndef DLL_PROCESS_ATTACH
#define DLL_PROCESS_DETACH 0
#define DLL_PROCESS_ATTACH 1
#define DLL_THREAD_ATTACH 2
#define DLL_THREAD_DETACH 3
#endif
