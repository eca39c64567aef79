// FNV-1a over the bytes that have come so far, and their number.

#pragma once

#include "module.h"

class Checksum
{
public:
    void add(const BYTE* data, DWORD size)
    {
        for (DWORD i = 0; i < size; ++i)
            m_value = (m_value ^ data[i]) * 16777619;
        m_size += size;
    }

    void writeTo(Text& text) const { text << m_size << " bytes, checksum " << Hex{m_value}; }

private:
    DWORD m_value = 2166136261;
    DWORD m_size = 0;
};
