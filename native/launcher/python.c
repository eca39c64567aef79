/* python.exe of the installed runtime: a Windows CPython that starts fast under Wine.
 *
 * Under Wine a look at the file system costs about a hundred times more than on Linux, and an interpreter looks there
 * for every module it imports. So the few modules that CPython needs before any of our Python can run lie in one file,
 * `start.frozen`, which is mapped and handed to CPython as frozen modules (PyImport_FrozenModules, documented C API).
 * One of them, `_pyiismod_finder`, is imported right after initialisation; it finds everything else in bundles.
 *
 * Beside this program lie python3XX.dll (any version from 3.11 on; no CPython header is used), python3XX._pth (sys.path,
 * and isolation from PYTHON* variables) and start.frozen:
 *     "PYIIFRZ1", u32 count, count * { u32 name, u32 code, u32 size, u32 is_package }, bytes; little endian,
 *     `name` and `code` are offsets from the start of the file, names end with NUL.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

typedef struct { int kind; const char *func; const char *message; int exit_code; } PyStatus;

/* struct _frozen; up to 3.12 it ends with a fifth, optional member get_code. */
typedef struct { const char *name; const unsigned char *code; int size; int is_package; } Frozen;
typedef struct { Frozen module; void *get_code; } Frozen312;

typedef struct { char magic[8]; uint32_t count; } FileHeader;
typedef struct { uint32_t name, code, size, is_package; } FileEntry;

static struct {
    const void **PyImport_FrozenModules;
    void (*PyConfig_InitPythonConfig)(void *);
    void (*PyConfig_Clear)(void *);
    PyStatus (*PyConfig_SetArgv)(void *, intptr_t, wchar_t *const *);
    PyStatus (*Py_InitializeFromConfig)(const void *);
    int (*PyStatus_Exception)(PyStatus);
    void (*Py_ExitStatusException)(PyStatus);
    void *(*PyImport_ImportModule)(const char *);
    void (*PyErr_Print)(void);
    int (*Py_RunMain)(void);
} py;

static void die(const char *what)
{
    fprintf(stderr, "python.exe (pyiismod): %s (Windows error %lu)\n", what, GetLastError());
    exit(3);
}

enum { LONGEST_PATH = 32768 };

/* Load the python3XX.dll that lies beside us; returns XX. */
static int load_python(const wchar_t *directory)
{
    static wchar_t path[LONGEST_PATH];
    WIN32_FIND_DATAW found;
    int minor = 0;
    swprintf(path, LONGEST_PATH, L"%lspython3??.dll", directory);
    HANDLE search = FindFirstFileW(path, &found);
    if (search == INVALID_HANDLE_VALUE) die("python3XX.dll is missing");
    do minor = _wtoi(found.cFileName + 7);
    while (minor == 0 && FindNextFileW(search, &found));
    FindClose(search);
    swprintf(path, LONGEST_PATH, L"%ls%ls", directory, found.cFileName);
    HMODULE dll = LoadLibraryExW(path, NULL, LOAD_WITH_ALTERED_SEARCH_PATH);
    if (!dll) die("python3XX.dll cannot be loaded");
#define GET(name) if (!(py.name = (void *)GetProcAddress(dll, #name))) die("python3XX.dll has no " #name)
    GET(PyImport_FrozenModules);
    GET(PyConfig_InitPythonConfig);
    GET(PyConfig_Clear);
    GET(PyConfig_SetArgv);
    GET(Py_InitializeFromConfig);
    GET(PyStatus_Exception);
    GET(Py_ExitStatusException);
    GET(PyImport_ImportModule);
    GET(PyErr_Print);
    GET(Py_RunMain);
#undef GET
    return minor;
}

/* Map start.frozen and make it CPython's table of frozen modules; the mapping lives as long as the process. */
static void freeze(const wchar_t *directory, int minor)
{
    static wchar_t path[LONGEST_PATH];
    swprintf(path, LONGEST_PATH, L"%lsstart.frozen", directory);
    HANDLE file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE, NULL, OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE) die("start.frozen is missing");
    HANDLE mapping = CreateFileMappingW(file, NULL, PAGE_READONLY, 0, 0, NULL);
    const unsigned char *base = mapping ? MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 0) : NULL;
    if (!base || memcmp(base, "PYIIFRZ1", 8) != 0) die("start.frozen is damaged");
    CloseHandle(mapping);
    CloseHandle(file);

    uint32_t count = ((const FileHeader *)base)->count;
    const FileEntry *entry = (const FileEntry *)(base + sizeof(FileHeader));
    size_t stride = minor <= 12 ? sizeof(Frozen312) : sizeof(Frozen);
    char *table = calloc(count + 1, stride);
    if (!table) die("out of memory");
    for (uint32_t i = 0; i < count; i++, entry++) {
        Frozen *module = (Frozen *)(table + i * stride);
        module->name = (const char *)base + entry->name;
        module->code = base + entry->code;
        module->size = (int)entry->size;
        module->is_package = (int)entry->is_package;
    }
    *py.PyImport_FrozenModules = table;
}

static void check(PyStatus status)
{
    if (py.PyStatus_Exception(status)) py.Py_ExitStatusException(status);
}

int wmain(int argc, wchar_t **argv)
{
    static uint64_t config[1024]; /* PyConfig is opaque here: it takes about 400 bytes */
    static wchar_t directory[LONGEST_PATH];
    DWORD length = GetModuleFileNameW(NULL, directory, LONGEST_PATH);
    if (length == 0 || length == LONGEST_PATH) die("the path of python.exe is too long");
    wcsrchr(directory, L'\\')[1] = 0;

    freeze(directory, load_python(directory));
    py.PyConfig_InitPythonConfig(config);
    check(py.PyConfig_SetArgv(config, argc, argv));
    check(py.Py_InitializeFromConfig(config));
    py.PyConfig_Clear(config);
    if (!py.PyImport_ImportModule("_pyiismod_finder")) py.PyErr_Print();
    return py.Py_RunMain();
}
