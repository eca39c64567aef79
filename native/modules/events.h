// EACH_EVENT(USE) is USE(event, provider) for each deterministic notification in pipeline order, each followed by its post
// half, and for SEND_RESPONSE.

#pragma once

#define EACH_EVENT(USE)                                                                                                \
    USE(BeginRequest, IHttpEventProvider)                                                                              \
    USE(PostBeginRequest, IHttpEventProvider)                                                                          \
    USE(AuthenticateRequest, IAuthenticationProvider)                                                                  \
    USE(PostAuthenticateRequest, IHttpEventProvider)                                                                   \
    USE(AuthorizeRequest, IHttpEventProvider)                                                                          \
    USE(PostAuthorizeRequest, IHttpEventProvider)                                                                      \
    USE(ResolveRequestCache, IHttpEventProvider)                                                                       \
    USE(PostResolveRequestCache, IHttpEventProvider)                                                                   \
    USE(MapRequestHandler, IMapHandlerProvider)                                                                        \
    USE(PostMapRequestHandler, IHttpEventProvider)                                                                     \
    USE(AcquireRequestState, IHttpEventProvider)                                                                       \
    USE(PostAcquireRequestState, IHttpEventProvider)                                                                   \
    USE(PreExecuteRequestHandler, IHttpEventProvider)                                                                  \
    USE(PostPreExecuteRequestHandler, IHttpEventProvider)                                                              \
    USE(ExecuteRequestHandler, IHttpEventProvider)                                                                     \
    USE(PostExecuteRequestHandler, IHttpEventProvider)                                                                 \
    USE(ReleaseRequestState, IHttpEventProvider)                                                                       \
    USE(PostReleaseRequestState, IHttpEventProvider)                                                                   \
    USE(UpdateRequestCache, IHttpEventProvider)                                                                        \
    USE(PostUpdateRequestCache, IHttpEventProvider)                                                                    \
    USE(LogRequest, IHttpEventProvider)                                                                                \
    USE(PostLogRequest, IHttpEventProvider)                                                                            \
    USE(EndRequest, IHttpEventProvider)                                                                                \
    USE(PostEndRequest, IHttpEventProvider)                                                                            \
    USE(SendResponse, ISendResponseProvider)
