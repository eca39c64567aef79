// The part of <objbase.h> that the modules in native/modules use.

#pragma once

#include <iismod/platform.h>

using CLSID = GUID;

class IUnknown
{
public:
    virtual HRESULT __stdcall QueryInterface(REFIID, void**) = 0;
    virtual ULONG __stdcall AddRef() = 0;
    virtual ULONG __stdcall Release() = 0;
};

#define CLSCTX_INPROC_SERVER 1

extern "C" __declspec(dllimport) HRESULT __stdcall CoCreateInstance(const CLSID&, IUnknown*, DWORD, REFIID, void**);
