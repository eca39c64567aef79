// Uses each GetHeader, SetHeader and DeleteHeader overload, by id and by name, on request and response; the body tells.
//
// One line per step, "what = result". The response leaves with two Set-Cookie lines, one joined Vary and no X-Gone.

#include "module.h"

class CHeaders : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        Text text;
        request(pHttpContext->GetRequest(), text);
        response(pHttpContext->GetResponse(), text);
        writeBody(pHttpContext->GetResponse(), text.data(), text.length());
        return RQ_NOTIFICATION_FINISH_REQUEST;
    }

private:
    static void request(IHttpRequest* p, Text& text)
    {
        get(text, "request Host by id", p, HttpHeaderHost);
        get(text, "request host by name", p, "host");
        get(text, "request X-Test", p, "X-Test");
        get(text, "request X-Absent", p, "X-Absent");
        text << "request Referer without length = " << p->GetHeader(HttpHeaderReferer) << "\n";

        step(text, "set User-Agent by id", p->SetHeader(HttpHeaderUserAgent, "changed", 7, TRUE));
        get(text, "request User-Agent", p, "User-Agent");
        step(text, "set X-Test by name", p->SetHeader("X-Test", "one", 3, TRUE));
        step(text, "append X-Test", p->SetHeader("X-Test", "two", 3, FALSE));
        get(text, "request X-Test", p, "X-Test");
        step(text, "append Accept", p->SetHeader(HttpHeaderAccept, "text/x", 6, FALSE));
        get(text, "request Accept", p, HttpHeaderAccept);
        step(text, "delete Accept by id", p->DeleteHeader(HttpHeaderAccept));
        get(text, "request Accept", p, HttpHeaderAccept);
        step(text, "delete X-Test by name", p->DeleteHeader("x-test"));
        get(text, "request X-Test", p, "X-Test");
        step(text, "delete X-Absent", p->DeleteHeader("X-Absent"));
        step(text, "set a null value", p->SetHeader("X-Null", NULL, 0, TRUE));
    }

    static void response(IHttpResponse* p, Text& text)
    {
        step(text, "set Content-Type by id", p->SetHeader(HttpHeaderContentType, "text/plain", 10, TRUE));
        get(text, "response content-type", p, "content-type");
        step(text, "set ETag by name", p->SetHeader("ETag", "\"1\"", 3, TRUE));
        get(text, "response ETag by id", p, HttpHeaderEtag);
        step(text, "first Vary", p->SetHeader(HttpHeaderVary, "Accept", 6, FALSE));
        step(text, "second Vary", p->SetHeader("Vary", "Cookie", 6, FALSE));
        get(text, "response Vary", p, HttpHeaderVary);
        step(text, "first Set-Cookie", p->SetHeader("Set-Cookie", "a=1; path=/", 11, FALSE));
        step(text, "second Set-Cookie", p->SetHeader(HttpHeaderSetCookie, "b=2; path=/", 11, FALSE));
        step(text, "set X-Gone", p->SetHeader("X-Gone", "here", 4, TRUE));
        step(text, "delete X-Gone", p->DeleteHeader("X-Gone"));
        get(text, "response X-Gone", p, "X-Gone");
        step(text, "delete X-Absent", p->DeleteHeader("X-Absent"));
        step(text, "set a value with a line break", p->SetHeader("X-Split", "a\r\nb: c", 7, TRUE));
        step(text, "set half of a value", p->SetHeader("X-Half", "abcdef", 3, TRUE));
        get(text, "response X-Half", p, "X-Half");
    }

    template <class Message, class Key> static void get(Text& text, PCSTR what, Message* message, Key key)
    {
        USHORT length = 0xFFFF;
        PCSTR value = message->GetHeader(key, &length);
        text << what << " = " << value << ", " << length << "\n";
    }

    static void step(Text& text, PCSTR what, HRESULT hr)
    {
        text << what << " = " << Hex{static_cast<DWORD>(hr)} << "\n";
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CHeaders>(pModuleInfo, RQ_BEGIN_REQUEST);
}
