// What the sample modules share: the factory that everybody writes, and text for response bodies.
//
// hello.cpp, alloc.cpp and singleton.cpp spell everything out, as a module outside of this directory would.

#pragma once

#include <iismod/httpserv.h>
#include <string.h>
#include <windows.h>

template <class Module> class ModuleFactory : public IHttpModuleFactory
{
public:
    HRESULT GetHttpModule(CHttpModule** ppModule, IModuleAllocator*) override
    {
        *ppModule = new Module;
        return S_OK;
    }

    void Terminate() override { delete this; }
};

template <class Module> HRESULT registerModule(IHttpModuleRegistrationInfo* pModuleInfo, DWORD events, DWORD post = 0)
{
    return pModuleInfo->SetRequestNotifications(new ModuleFactory<Module>, events, post);
}

// An unsigned number to be written in hexadecimal: 0x80070005.
struct Hex
{
    DWORD value;
};

// Text of at most 16 KiB; what does not fit is cut off.
class Text
{
public:
    Text& append(PCSTR text, size_t length)
    {
        for (size_t i = 0; i < length; ++i)
            put(text[i]);
        return *this;
    }

    Text& operator<<(PCSTR text) { return text ? append(text, strlen(text)) : *this << "(null)"; }

    // Writes UTF-16 as Latin-1; other characters become "?".
    Text& operator<<(PCWSTR text)
    {
        if (!text)
            return *this << "(null)";
        for (; *text; ++text)
            put(*text < 0x100 ? static_cast<char>(*text) : '?');
        return *this;
    }

    Text& operator<<(unsigned long number) { return digits(number, 10, 1); }
    Text& operator<<(unsigned number) { return digits(number, 10, 1); }
    Text& operator<<(int number) { return number < 0 ? (*this << "-").digits(0u - number, 10, 1) : digits(number, 10, 1); }
    Text& operator<<(Hex number) { return (*this << "0x").digits(number.value, 16, 8); }

    PCSTR data() const { return text_; }
    USHORT length() const { return static_cast<USHORT>(length_); }

private:
    void put(char c)
    {
        if (length_ + 1 < sizeof text_)
            text_[length_++] = c;
        text_[length_] = '\0';
    }

    Text& digits(unsigned long number, unsigned base, int width)
    {
        char reversed[16];
        int count = 0;
        for (; number || count < width; number /= base)
            reversed[count++] = "0123456789ABCDEF"[number % base];
        while (count)
            put(reversed[--count]);
        return *this;
    }

    size_t length_ = 0;
    char text_[16384] = "";
};

// Writes bytes into the response body; the host copies them.
inline HRESULT writeBody(IHttpResponse* pResponse, const void* data, DWORD size)
{
    HTTP_DATA_CHUNK chunk = {};
    chunk.DataChunkType = HttpDataChunkFromMemory;
    chunk.FromMemory.pBuffer = const_cast<void*>(data);
    chunk.FromMemory.BufferLength = size;
    DWORD cbSent = 0;
    return pResponse->WriteEntityChunks(&chunk, 1, FALSE, TRUE, &cbSent);
}

// Answers the request with text/plain and finishes it.
inline REQUEST_NOTIFICATION_STATUS reply(IHttpContext* pHttpContext, const Text& text)
{
    IHttpResponse* pResponse = pHttpContext->GetResponse();
    pResponse->Clear();
    pResponse->SetHeader(HttpHeaderContentType, "text/plain", 10, TRUE);
    HRESULT hr = writeBody(pResponse, text.data(), text.length());
    if (FAILED(hr))
        pResponse->SetStatus(500, "Server Error", 0, hr);
    return RQ_NOTIFICATION_FINISH_REQUEST;
}

// Copies the query string without its "?" into a buffer and returns the buffer.
template <size_t Size> PCSTR queryString(IHttpContext* pHttpContext, char (&buffer)[Size])
{
    const HTTP_COOKED_URL& url = pHttpContext->GetRequest()->GetRawHttpRequest()->CookedUrl;
    size_t length = 0;
    for (size_t i = 1; i < url.QueryStringLength / sizeof(WCHAR) && length + 1 < Size; ++i)
        buffer[length++] = static_cast<char>(url.pQueryString[i]);
    buffer[length] = '\0';
    return buffer;
}
