// An ISAPI filter: exports GetFilterVersion, HttpFilterProc and TerminateFilter.

#include <windows.h>

extern "C" BOOL WINAPI GetFilterVersion(void*) { return TRUE; }
extern "C" DWORD WINAPI HttpFilterProc(void*, DWORD, void*) { return 0x8000001; }
extern "C" BOOL WINAPI TerminateFilter(DWORD) { return TRUE; }
