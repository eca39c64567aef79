/* Writes postmortem.json. Codes and ids are numbers; addresses and registers are hexadecimal strings. */
#include "report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct { char *data; size_t size, room; } json;

static void add(const char *text, size_t size)
{
    if (json.size + size > json.room) {
        json.room = 2 * (json.size + size);
        char *grown = realloc(json.data, json.room);
        if (!grown) abort();
        json.data = grown;
    }
    memcpy(json.data + json.size, text, size);
    json.size += size;
}

static void quote(const char *text)
{
    add("\"", 1);
    for (; *text; text++) {
        char escaped[8];
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') add((char[]){'\\', *text}, 2);
        else if (c < 0x20) add(escaped, (size_t)snprintf(escaped, sizeof escaped, "\\u%04x", c));
        else add(text, 1);
    }
    add("\"", 1);
}

/* Starts a value: the comma, where one is due, and the key, where there is one. */
static void key(const char *name)
{
    if (json.size && !strchr("[{", json.data[json.size - 1])) add(",", 1);
    if (name) {
        quote(name);
        add(":", 1);
    }
}

static void open(const char *name, const char *bracket)
{
    key(name);
    add(bracket, 1);
}

static void close(const char *bracket) { add(bracket, 1); }

static void string(const char *name, const char *text)
{
    key(name);
    quote(text);
}

static void number(const char *name, DWORD64 value)
{
    char text[24];
    key(name);
    add(text, (size_t)snprintf(text, sizeof text, "%llu", value));
}

static void hex(const char *name, DWORD64 value)
{
    char text[24];
    snprintf(text, sizeof text, "0x%llx", value);
    string(name, text);
}

static void place(DWORD64 address)
{
    Module *module = module_at(address);
    hex("address", address);
    string("module", module ? module->name : "");
    number("rva", module ? address - module->base : 0);
}

static void registers(const CONTEXT *c)
{
    open("registers", "{");
    const struct { const char *name; DWORD64 value; } all[] = {
        {"rip", c->Rip}, {"rsp", c->Rsp}, {"rbp", c->Rbp}, {"rax", c->Rax}, {"rbx", c->Rbx}, {"rcx", c->Rcx},
        {"rdx", c->Rdx}, {"rsi", c->Rsi}, {"rdi", c->Rdi}, {"r8", c->R8},   {"r9", c->R9},   {"r10", c->R10},
        {"r11", c->R11}, {"r12", c->R12}, {"r13", c->R13}, {"r14", c->R14}, {"r15", c->R15}, {"eflags", c->EFlags}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) hex(all[i].name, all[i].value);
    close("}");
}

static void snapshot(const Snapshot *s)
{
    number("thread", s->thread);
    registers(&s->context);
    open("stack", "[");
    for (int i = 0; i < s->count; i++) {
        const Frame *f = &s->frames[i];
        open(NULL, "{");
        hex("address", f->address);
        string("module", f->module);
        number("rva", f->rva);
        if (f->unloaded) number("unloaded", 1);
        if (f->symbol[0]) {
            string("symbol", f->symbol);
            number("displacement", f->displacement);
        }
        if (f->file[0]) {
            string("file", f->file);
            number("line", f->line);
        }
        if (s->omitted && i + 1 == s->gap) number("omitted", s->omitted);
        close("}");
    }
    close("]");
}

static void exception(const Report *r)
{
    open("exception", "{");
    number("code", r->exception.ExceptionCode);
    number("flags", r->exception.ExceptionFlags);
    number("thread", r->exception_thread);
    place((DWORD64)(ULONG_PTR)r->exception.ExceptionAddress);
    open("parameters", "[");
    for (DWORD i = 0; i < min(r->exception.NumberParameters, EXCEPTION_MAXIMUM_PARAMETERS); i++)
        hex(NULL, r->exception.ExceptionInformation[i]);
    close("]");
    if (r->cxx_type[0]) string("cxx_type", r->cxx_type);
    if (r->cxx_what[0]) string("cxx_what", r->cxx_what);
    close("}");
}

static void history(const Report *r)
{
    open("seen", "[");
    for (DWORD i = r->seen_count > HISTORY ? r->seen_count - HISTORY : 0; i < r->seen_count; i++) {
        const Seen *s = &r->seen[i % HISTORY];
        open(NULL, "{");
        number("code", s->code);
        number("thread", s->thread);
        place(s->address);
        close("}");
    }
    close("]");
    open("ended_threads", "[");
    for (DWORD i = r->ended_count > HISTORY ? r->ended_count - HISTORY : 0; i < r->ended_count; i++) {
        const Ended *e = &r->ended[i % HISTORY];
        open(NULL, "{");
        number("thread", e->thread);
        number("code", e->code);
        close("}");
    }
    close("]");
}

static void all_modules(void)
{
    open("modules", "[");
    for (Module *m = modules; m; m = m->next) {
        open(NULL, "{");
        string("name", m->name);
        string("path", m->path);
        hex("base", m->base);
        number("size", m->size);
        if (m->unloaded) number("unloaded", 1);
        close("}");
    }
    close("]");
}

static bool save(const WCHAR *path)
{
    WCHAR temporary[MAX_PATH + 8];
    DWORD got;
    swprintf(temporary, MAX_PATH + 8, L"%ls.new", path);
    HANDLE file = CreateFileW(temporary, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    if (file == INVALID_HANDLE_VALUE) return false;
    bool whole = WriteFile(file, json.data, (DWORD)json.size, &got, NULL) && got == json.size;
    CloseHandle(file);
    return whole && MoveFileExW(temporary, path, MOVEFILE_REPLACE_EXISTING);
}

bool report_write(const Report *r, const WCHAR *path)
{
    json.size = 0;
    open(NULL, "{");
    number("version", 1);
    string("cause", r->cause);
    number("process", process_id);
    if (r->exited) number("exit_code", r->exit_code);
    if (r->exception.ExceptionCode) exception(r);
    if (r->exit_function) {
        open("exit", "{");
        string("function", r->exit_function);
        number("thread", r->exit_thread);
        number("code", r->exit_asked);
        close("}");
    }
    if (r->culprit) {
        open("culprit", "{");
        snapshot(r->culprit);
        close("}");
    }
    open("threads", "[");
    for (int i = 0; i < r->all_count; i++) {
        open(NULL, "{");
        snapshot(&r->all[i]);
        close("}");
    }
    close("]");
    history(r);
    all_modules();
    close("}");
    return save(path);
}
