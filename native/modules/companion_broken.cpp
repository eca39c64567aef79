// A DLL beside a module that itself needs the missing iismod_absent.dll.

#include <windows.h>

extern "C" HRESULT WINAPI OpenBackEnd();
extern "C" HRESULT WINAPI CompanionBroken() { return OpenBackEnd(); }
