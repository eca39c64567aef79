// Exports RegisterModule as a forwarder to hello.dll: the code that runs belongs to another DLL.

#include <windows.h>

extern "C" BOOL WINAPI DllMain(HINSTANCE, DWORD, void*) { return TRUE; }
