// A DLL beside modules that has CompanionHere and lacks CompanionGone.

#include <windows.h>

extern "C" HRESULT WINAPI CompanionHere() { return S_OK; }
