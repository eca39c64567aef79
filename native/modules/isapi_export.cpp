// An ISAPI extension: exports GetExtensionVersion, HttpExtensionProc and TerminateExtension.

#include <windows.h>

extern "C" BOOL WINAPI GetExtensionVersion(void*) { return TRUE; }
extern "C" DWORD WINAPI HttpExtensionProc(void*) { return 1; }
extern "C" BOOL WINAPI TerminateExtension(DWORD) { return TRUE; }
