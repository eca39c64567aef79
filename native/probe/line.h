// One line of the probe's record: a JSON object, written to the file as a whole when it ends.

#pragma once

#include <string.h>
#include <windows.h>

class Record
{
public:
    // Opens the file that the environment variable names; false when there is none.
    bool open(PCSTR variable)
    {
        char path[MAX_PATH] = "";
        WCHAR wide[MAX_PATH] = L"";
        if (!GetEnvironmentVariableA(variable, path, sizeof path))
            return false;
        for (int i = 0; path[i]; ++i)
            wide[i] = static_cast<unsigned char>(path[i]);
        m_file = CreateFileW(wide, FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_ALWAYS,
                             FILE_ATTRIBUTE_NORMAL, NULL);
        InitializeCriticalSection(&m_lock);
        return m_file != INVALID_HANDLE_VALUE;
    }

    void write(char* text, DWORD size)
    {
        DWORD written = 0;
        EnterCriticalSection(&m_lock);
        WriteFile(m_file, text, size, &written, NULL);
        LeaveCriticalSection(&m_lock);
    }

private:
    HANDLE m_file = INVALID_HANDLE_VALUE;
    CRITICAL_SECTION m_lock;
};

class Line
{
public:
    Line(Record& record, PCSTR event, PCSTR name, bool post = false) : m_record(record), m_text(new char[SIZE])
    {
        raw("{");
        text("event", event).text("notification", name).flag("post", post);
        number("tick", GetTickCount64()).number("thread", GetCurrentThreadId());
    }

    ~Line()
    {
        while (m_depth--)
            raw("}");
        raw("}\n");
        m_record.write(m_text, m_length);
        delete[] m_text;
    }

    Line& text(PCSTR key, PCSTR value) { return value ? text(key, value, strlen(value)) : null(key); }

    Line& text(PCSTR key, PCSTR value, size_t length)
    {
        name(key).raw("\"");
        for (size_t i = 0; i < length; ++i)
            character(static_cast<unsigned char>(value[i]));
        return raw("\"");
    }

    Line& text(PCSTR key, PCWSTR value)
    {
        if (!value)
            return null(key);
        name(key).raw("\"");
        for (; *value; ++value)
            character(*value);
        return raw("\"");
    }

    Line& number(PCSTR key, ULONGLONG value)
    {
        char reversed[24];
        int count = 0;
        do
            reversed[count++] = static_cast<char>('0' + value % 10);
        while (value /= 10);
        name(key);
        while (count)
            put(reversed[--count]);
        return *this;
    }

    Line& flag(PCSTR key, bool value) { return name(key).raw(value ? "true" : "false"); }
    Line& null(PCSTR key) { return name(key).raw("null"); }

    Line& hresult(PCSTR key, HRESULT value)
    {
        name(key).raw("\"0x");
        hex(static_cast<DWORD>(value), 8);
        return raw("\"");
    }

    Line& open(PCSTR key)
    {
        name(key).raw("{");
        m_first = true;
        ++m_depth;
        return *this;
    }

    Line& close()
    {
        --m_depth;
        m_first = false;
        return raw("}");
    }

private:
    static const DWORD SIZE = 65536;

    Line& name(PCSTR key)
    {
        if (!m_first)
            raw(", ");
        m_first = false;
        put('"');
        return raw(key).raw("\": ");
    }

    Line& raw(PCSTR text)
    {
        for (; *text; ++text)
            put(*text);
        return *this;
    }

    void character(unsigned value)
    {
        if (value >= 0x20 && value < 0x7F && value != '"' && value != '\\')
            return put(static_cast<char>(value));
        raw("\\u");
        hex(value, 4);
    }

    void hex(DWORD value, int digits)
    {
        while (digits--)
            put("0123456789ABCDEF"[value >> (4 * digits) & 15]);
    }

    void put(char c)
    {
        if (m_length < SIZE)
            m_text[m_length++] = c;
    }

    Record& m_record;
    char* m_text;
    DWORD m_length = 0;
    int m_depth = 0;
    bool m_first = true;
};
