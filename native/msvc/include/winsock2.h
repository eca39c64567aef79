// The part of <winsock2.h> that the modules in native/modules use and iismod/platform.h does not declare.

#pragma once

extern "C" __declspec(dllimport) unsigned short __stdcall htons(unsigned short);
