// Thread-local storage and thread-safe initialisation of local statics, as the MSVC ABI lays them down.
//
// A guard is 0 (untouched), -1 (being initialised) or the epoch in which it was finished. Compiled code reads the guard
// and calls here only if it is newer than the calling thread's epoch.

using ULONG_PTR = decltype(sizeof 0);

extern "C"
{
    void __stdcall AcquireSRWLockExclusive(void**);
    void __stdcall ReleaseSRWLockExclusive(void**);
    int __stdcall SleepConditionVariableSRW(void**, void**, unsigned long, unsigned long);
    void __stdcall WakeAllConditionVariable(void**);

    using TlsCallback = void(__stdcall*)(void*, unsigned long, void*);

    struct TlsDirectory  // IMAGE_TLS_DIRECTORY
    {
        void* startOfTemplate;
        void* endOfTemplate;
        unsigned long* index;
        TlsCallback const* callbacks;
        unsigned long zeroFill;
        unsigned long characteristics;
    };

    unsigned long _tls_index;

#pragma section(".tls", read, write)
#pragma section(".tls$ZZZ", read, write)
#pragma section(".CRT$XLA", read)
#pragma section(".CRT$XLZ", read)
#pragma section(".rdata$T", read)
    __declspec(allocate(".tls")) char _tls_start = 0;
    __declspec(allocate(".tls$ZZZ")) char _tls_end = 0;
    extern __declspec(allocate(".CRT$XLA")) TlsCallback const __xl_a = nullptr;
    extern __declspec(allocate(".CRT$XLZ")) TlsCallback const __xl_z = nullptr;
    extern __declspec(allocate(".rdata$T")) TlsDirectory const _tls_used = {&_tls_start, &_tls_end, &_tls_index,
                                                                            &__xl_a + 1, 0,         0};

    constexpr int FirstEpoch = -2147483647 - 1;
    int _Init_global_epoch = FirstEpoch;
    __declspec(thread) int _Init_thread_epoch = FirstEpoch;
}

namespace
{
constexpr unsigned long Infinite = 0xFFFFFFFF;
constexpr int Untouched = 0;
constexpr int BeingInitialised = -1;

void* lock;
void* changed;
}

extern "C" void __cdecl _Init_thread_header(int* guard)
{
    AcquireSRWLockExclusive(&lock);
    while (*guard == BeingInitialised)
        SleepConditionVariableSRW(&changed, &lock, Infinite, 0);
    if (*guard == Untouched)
        *guard = BeingInitialised;
    else
        _Init_thread_epoch = _Init_global_epoch;
    ReleaseSRWLockExclusive(&lock);
}

extern "C" void __cdecl _Init_thread_footer(int* guard)
{
    AcquireSRWLockExclusive(&lock);
    *guard = ++_Init_global_epoch;
    _Init_thread_epoch = _Init_global_epoch;
    ReleaseSRWLockExclusive(&lock);
    WakeAllConditionVariable(&changed);
}

extern "C" void __cdecl _Init_thread_abort(int* guard)
{
    AcquireSRWLockExclusive(&lock);
    *guard = Untouched;
    ReleaseSRWLockExclusive(&lock);
    WakeAllConditionVariable(&changed);
}
