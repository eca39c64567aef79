// The start-up of a DLL built for the MSVC ABI without an SDK: what msvcrt.lib links statically into every module.
//
// lld-link gathers pointers to initialisers in the sections .CRT$XI? (C) and .CRT$XC? (C++). They run in that order
// before DllMain sees DLL_PROCESS_ATTACH. atexit() handlers, with them the destructors of global objects, run after
// DllMain has seen DLL_PROCESS_DETACH. Everything else (malloc, exceptions, printf) comes from the real run-time DLLs.

#include <stddef.h>

using BOOL = int;
using DWORD = unsigned long;
using HINSTANCE = void*;

struct OnExitTable
{
    void* first;
    void* last;
    void* end;
};

extern "C"
{
    // api-ms-win-crt-runtime
    int _initialize_onexit_table(OnExitTable*);
    int _register_onexit_function(OnExitTable*, int(__cdecl*)());
    int _execute_onexit_table(OnExitTable*);
    [[noreturn]] void abort();
    // api-ms-win-crt-heap
    void* malloc(size_t);
    void free(void*);

    using Initialiser = void(__cdecl*)();
    using FallibleInitialiser = int(__cdecl*)();

#pragma section(".CRT$XIA", read)
#pragma section(".CRT$XIZ", read)
#pragma section(".CRT$XCA", read)
#pragma section(".CRT$XCZ", read)
    __declspec(allocate(".CRT$XIA")) FallibleInitialiser const __xi_a[] = {nullptr};
    __declspec(allocate(".CRT$XIZ")) FallibleInitialiser const __xi_z[] = {nullptr};
    __declspec(allocate(".CRT$XCA")) Initialiser const __xc_a[] = {nullptr};
    __declspec(allocate(".CRT$XCZ")) Initialiser const __xc_z[] = {nullptr};

    int _fltused = 0x9875;  // the compiler refers to it as soon as a floating-point number is used

    BOOL __stdcall DllMain(HINSTANCE, DWORD, void*);
    BOOL __stdcall DefaultDllMain(HINSTANCE, DWORD, void*) { return 1; }
#if defined(_M_IX86)
#pragma comment(linker, "/alternatename:_DllMain@12=_DefaultDllMain@12")
#else
#pragma comment(linker, "/alternatename:DllMain=DefaultDllMain")
#endif
}

namespace
{
enum Reason : DWORD
{
    ProcessDetach = 0,
    ProcessAttach = 1
};

OnExitTable onExit;

bool runInitialisers()
{
    _initialize_onexit_table(&onExit);
    for (auto p = __xi_a; p < __xi_z; ++p)
        if (*p && (*p)())
            return false;
    for (auto p = __xc_a; p < __xc_z; ++p)
        if (*p)
            (*p)();
    return true;
}
}

extern "C" int __cdecl atexit(void(__cdecl* handler)())
{
    return _register_onexit_function(&onExit, reinterpret_cast<int(__cdecl*)()>(handler));
}

extern "C" BOOL __stdcall _DllMainCRTStartup(HINSTANCE instance, DWORD reason, void* reserved)
{
    if (reason == ProcessAttach && !runInitialisers())
        return 0;
    BOOL accepted = DllMain(instance, reason, reserved);
    if (reason == ProcessAttach && !accepted)
        DllMain(instance, ProcessDetach, reserved);
    if (reason == ProcessDetach || (reason == ProcessAttach && !accepted))
        _execute_onexit_table(&onExit);
    return accepted;
}

void* operator new(size_t size)
{
    void* memory = malloc(size ? size : 1);
    if (!memory)
        abort();
    return memory;
}

void* operator new[](size_t size) { return operator new(size); }
void operator delete(void* memory) noexcept { free(memory); }
void operator delete(void* memory, size_t) noexcept { free(memory); }
void operator delete[](void* memory) noexcept { free(memory); }
void operator delete[](void* memory, size_t) noexcept { free(memory); }
