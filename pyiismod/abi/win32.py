"""https://learn.microsoft.com/en-us/windows/win32/api/libloaderapi/nf-libloaderapi-loadlibraryexw

The Win32 functions that the host itself calls, as text for cffi. They are looked up by name in a library opened with
``ffi.dlopen``; elsewhere than on Windows nobody opens one.
"""

from __future__ import annotations

KERNEL32 = """
typedef struct MEMORY_BASIC_INFORMATION {
    PVOID BaseAddress;
    PVOID AllocationBase;
    DWORD AllocationProtect;
    WORD PartitionId;
    ULONG_PTR RegionSize;
    DWORD State;
    DWORD Protect;
    DWORD Type;
} MEMORY_BASIC_INFORMATION;

typedef struct PROCESS_HEAP_ENTRY {
    PVOID lpData;
    DWORD cbData;
    BYTE cbOverhead;
    BYTE iRegionIndex;
    WORD wFlags;
    ULONG_PTR Reserved[3];
} PROCESS_HEAP_ENTRY;

typedef struct PROCESS_MEMORY_COUNTERS_EX {
    DWORD cb;
    DWORD PageFaultCount;
    ULONG_PTR PeakWorkingSetSize;
    ULONG_PTR WorkingSetSize;
    ULONG_PTR QuotaPeakPagedPoolUsage;
    ULONG_PTR QuotaPagedPoolUsage;
    ULONG_PTR QuotaPeakNonPagedPoolUsage;
    ULONG_PTR QuotaNonPagedPoolUsage;
    ULONG_PTR PagefileUsage;
    ULONG_PTR PeakPagefileUsage;
    ULONG_PTR PrivateUsage;
} PROCESS_MEMORY_COUNTERS_EX;

typedef struct THREADENTRY32 {
    DWORD dwSize;
    DWORD cntUsage;
    DWORD th32ThreadID;
    DWORD th32OwnerProcessID;
    LONG tpBasePri;
    LONG tpDeltaPri;
    DWORD dwFlags;
} THREADENTRY32;

HANDLE LoadLibraryExW(LPCWSTR lpLibFileName, HANDLE hFile, DWORD dwFlags);
PVOID GetProcAddress(HANDLE hModule, PCSTR lpProcName);
BOOL FreeLibrary(HANDLE hLibModule);
HANDLE GetModuleHandleW(LPCWSTR lpModuleName);
BOOL GetModuleHandleExW(DWORD dwFlags, LPCWSTR lpModuleName, HANDLE *phModule);
DWORD GetModuleFileNameW(HANDLE hModule, PWSTR lpFilename, DWORD nSize);
BOOL SetDllDirectoryW(LPCWSTR lpPathName);

DWORD GetLastError(void);
void SetLastError(DWORD dwErrCode);
UINT SetErrorMode(UINT uMode);
void OutputDebugStringW(LPCWSTR lpOutputString);

PVOID VirtualAlloc(PVOID lpAddress, ULONG_PTR dwSize, DWORD flAllocationType, DWORD flProtect);
BOOL VirtualFree(PVOID lpAddress, ULONG_PTR dwSize, DWORD dwFreeType);
BOOL VirtualProtect(PVOID lpAddress, ULONG_PTR dwSize, DWORD flNewProtect, DWORD *lpflOldProtect);
ULONG_PTR VirtualQuery(PVOID lpAddress, MEMORY_BASIC_INFORMATION *lpBuffer, ULONG_PTR dwLength);

DWORD GetProcessHeaps(DWORD NumberOfHeaps, HANDLE *ProcessHeaps);
BOOL HeapValidate(HANDLE hHeap, DWORD dwFlags, PVOID lpMem);
BOOL HeapWalk(HANDLE hHeap, PROCESS_HEAP_ENTRY *lpEntry);
BOOL K32GetProcessMemoryInfo(HANDLE Process, PROCESS_MEMORY_COUNTERS_EX *ppsmemCounters, DWORD cb);
BOOL GetProcessHandleCount(HANDLE hProcess, DWORD *pdwHandleCount);
HANDLE CreateToolhelp32Snapshot(DWORD dwFlags, DWORD th32ProcessID);
BOOL Thread32First(HANDLE hSnapshot, THREADENTRY32 *lpte);
BOOL Thread32Next(HANDLE hSnapshot, THREADENTRY32 *lpte);
WORD RtlCaptureStackBackTrace(DWORD FramesToSkip, DWORD FramesToCapture, PVOID *BackTrace, DWORD *BackTraceHash);
void GetCurrentThreadStackLimits(ULONG_PTR *LowLimit, ULONG_PTR *HighLimit);

HANDLE GetCurrentProcess(void);
DWORD GetCurrentProcessId(void);
DWORD GetCurrentThreadId(void);
BOOL SetThreadStackGuarantee(ULONG *StackSizeInBytes);
DWORD GetTickCount(void);
ULONGLONG GetTickCount64(void);

HANDLE CreateFileW(LPCWSTR lpFileName, DWORD dwDesiredAccess, DWORD dwShareMode, PVOID lpSecurityAttributes,
                   DWORD dwCreationDisposition, DWORD dwFlagsAndAttributes, HANDLE hTemplateFile);
BOOL ReadFile(HANDLE hFile, PVOID lpBuffer, DWORD nNumberOfBytesToRead, DWORD *lpNumberOfBytesRead,
              LPOVERLAPPED lpOverlapped);
BOOL WriteFile(HANDLE hFile, PVOID lpBuffer, DWORD nNumberOfBytesToWrite, DWORD *lpNumberOfBytesWritten,
               LPOVERLAPPED lpOverlapped);
BOOL SetFilePointerEx(HANDLE hFile, LONGLONG liDistanceToMove, LONGLONG *lpNewFilePointer, DWORD dwMoveMethod);
BOOL GetFileSizeEx(HANDLE hFile, LONGLONG *lpFileSize);
BOOL GetOverlappedResult(HANDLE hFile, LPOVERLAPPED lpOverlapped, DWORD *lpNumberOfBytesTransferred, BOOL bWait);
HANDLE CreateEventW(PVOID lpEventAttributes, BOOL bManualReset, BOOL bInitialState, LPCWSTR lpName);
BOOL CreatePipe(HANDLE *hReadPipe, HANDLE *hWritePipe, PVOID lpPipeAttributes, DWORD nSize);
BOOL CloseHandle(HANDLE hObject);
BOOL GetHandleInformation(HANDLE hObject, DWORD *lpdwFlags);
BOOL BindIoCompletionCallback(HANDLE FileHandle, LPOVERLAPPED_COMPLETION_ROUTINE Function, ULONG Flags);
BOOL DuplicateHandle(HANDLE hSourceProcessHandle, HANDLE hSourceHandle, HANDLE hTargetProcessHandle,
                     HANDLE *lpTargetHandle, DWORD dwDesiredAccess, BOOL bInheritHandle, DWORD dwOptions);
HANDLE GetStdHandle(DWORD nStdHandle);
BOOL SetStdHandle(DWORD nStdHandle, HANDLE hHandle);
"""

OLE32 = """
HRESULT CoInitializeEx(PVOID pvReserved, DWORD dwCoInit);
void CoUninitialize(void);
"""

ADVAPI32 = """
BOOL OpenProcessToken(HANDLE ProcessHandle, DWORD DesiredAccess, HANDLE *TokenHandle);
BOOL DuplicateTokenEx(HANDLE hExistingToken, DWORD dwDesiredAccess, PVOID lpTokenAttributes, DWORD ImpersonationLevel,
                      DWORD TokenType, HANDLE *phNewToken);
"""
