// What custom_raiser and custom_listener have agreed on: a notification by name, and a provider that takes notes.

#pragma once

#include "module.h"

class CExampleProvider : public ICustomNotificationProvider
{
public:
    explicit CExampleProvider(PCWSTR type) : m_type(type) {}

    PCWSTR QueryNotificationType() override { return m_type; }
    void SetErrorStatus(HRESULT hr) override { m_notes << "error " << Hex{static_cast<DWORD>(hr)} << ". "; }

    Text m_notes;

private:
    PCWSTR m_type;
};

static const WCHAR g_example[] = L"Example.Event";

inline bool isExample(PCWSTR type)
{
    for (size_t i = 0; i < sizeof g_example / sizeof *g_example; ++i)
        if (type[i] != g_example[i])
            return false;
    return true;
}
