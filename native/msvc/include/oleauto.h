// The part of <oleauto.h> that the modules in native/modules use.

#pragma once

#include <iismod/platform.h>

using BSTR = wchar_t*;

extern "C"
{
    __declspec(dllimport) BSTR __stdcall SysAllocString(const wchar_t*);
    __declspec(dllimport) void __stdcall SysFreeString(BSTR);
    __declspec(dllimport) UINT __stdcall SysStringLen(BSTR);
}
