// The common part of order_a, order_b and all_notifications: a module that notes each notification, with its post half,
// in the response header X-Order: "a:BeginRequest", "a:PostBeginRequest", … joined by the host with commas.
//
// The including file defines ORDER_NAME ("a") and ORDER_VARIABLE. That environment variable sets what is registered:
// "EVENTS[,POST[,PRIORITY]]", masks in hexadecimal, for example IISMOD_ORDER_A=801,800,LOW; the priority applies to all
// events. Without it ORDER_EVENTS and all deterministic post halves are registered.

#pragma once

#include "events.h"
#include "module.h"
#include <stdlib.h>

class COrder : public CHttpModule
{
public:
#define NOTE(event, provider)                                                                                          \
    REQUEST_NOTIFICATION_STATUS On##event(IHttpContext* pHttpContext, provider*) override                              \
    {                                                                                                                  \
        static const char entry[] = ORDER_NAME ":" #event;                                                             \
        pHttpContext->GetResponse()->SetHeader("X-Order", entry, sizeof entry - 1, FALSE);                             \
        return RQ_NOTIFICATION_CONTINUE;                                                                               \
    }

    EACH_EVENT(NOTE)
    NOTE(MapPath, IMapPathProvider)
    NOTE(ReadEntity, IReadEntityProvider)
#undef NOTE
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    DWORD events = ORDER_EVENTS;
    DWORD post = 0xFFF;
    char setting[64] = "";
    char* rest = setting;
    if (GetEnvironmentVariableA(ORDER_VARIABLE, setting, sizeof setting))
    {
        events = strtoul(setting, &rest, 16);
        post = *rest == ',' ? strtoul(rest + 1, &rest, 16) : 0;
    }
    HRESULT hr = registerModule<COrder>(pModuleInfo, events, post);
    if (FAILED(hr) || *rest != ',')
        return hr;

    WCHAR priority[16] = L"";
    for (size_t i = 0; rest[1 + i] && i + 1 < sizeof priority / sizeof *priority; ++i)
        priority[i] = static_cast<unsigned char>(rest[1 + i]);
    return pModuleInfo->SetPriorityForRequestNotification(events, priority);
}
