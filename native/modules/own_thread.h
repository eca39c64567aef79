// Threads of a module's own that nobody waits for: each holds its DLL until it has ended.

#pragma once

#include "module.h"

// Calls work() of an object on a thread of its own; the object may be gone when that has returned.
template <class Object> class OwnThread
{
public:
    static void start(Object* object)
    {
        OwnThread* self = new OwnThread;
        self->m_object = object;
        GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, reinterpret_cast<PCSTR>(run), &self->m_library);
        CloseHandle(CreateThread(NULL, 0, run, self, 0, NULL));
    }

private:
    static DWORD WINAPI run(void* argument)
    {
        OwnThread* self = static_cast<OwnThread*>(argument);
        HMODULE library = self->m_library;
        Object* object = self->m_object;
        delete self;
        object->work();
        FreeLibraryAndExitThread(library, 0);
    }

    Object* m_object;
    HMODULE m_library = NULL;
};
