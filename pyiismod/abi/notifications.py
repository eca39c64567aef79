"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/request-processing-constants

Which bit calls which handler, with which provider. Slots and providers are read from the handlers' declarations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pyiismod.abi import constants
from pyiismod.abi.module import CGlobalModule, CHttpModule

if TYPE_CHECKING:
    from pyiismod.abi.model import Interface


class Notification(NamedTuple):
    """One bit; ``None`` stands where it has no handler, post handler or provider."""

    name: str
    bit: int
    handler: str | None
    slot: int | None
    post_handler: str | None
    post_slot: int | None
    provider: str | None
    """Interface that the handler gets (``GL_SUSPEND_PROCESS``: that it hands out)."""


def _table(owner: type[Interface], handlers: dict[str, str | None]) -> tuple[Notification, ...]:
    methods = {method.name: method for method in owner.table()}
    rows = []
    for name, handler in handlers.items():
        method = methods[handler] if handler else None
        post = methods.get(f"OnPost{handler.removeprefix('On')}") if handler else None
        types = [p.type.rstrip(" *") for p in method.params if p.name != "pHttpContext"] if method else []
        rows.append(
            Notification(
                name,
                getattr(constants, name),
                handler,
                method.slot if method else None,
                post.name if post else None,
                post.slot if post else None,
                types[0] if types else None,
            )
        )
    return tuple(rows)


REQUEST = _table(
    CHttpModule,
    {
        "RQ_BEGIN_REQUEST": "OnBeginRequest",
        "RQ_AUTHENTICATE_REQUEST": "OnAuthenticateRequest",
        "RQ_AUTHORIZE_REQUEST": "OnAuthorizeRequest",
        "RQ_RESOLVE_REQUEST_CACHE": "OnResolveRequestCache",
        "RQ_MAP_REQUEST_HANDLER": "OnMapRequestHandler",
        "RQ_ACQUIRE_REQUEST_STATE": "OnAcquireRequestState",
        "RQ_PRE_EXECUTE_REQUEST_HANDLER": "OnPreExecuteRequestHandler",
        "RQ_EXECUTE_REQUEST_HANDLER": "OnExecuteRequestHandler",
        "RQ_RELEASE_REQUEST_STATE": "OnReleaseRequestState",
        "RQ_UPDATE_REQUEST_CACHE": "OnUpdateRequestCache",
        "RQ_LOG_REQUEST": "OnLogRequest",
        "RQ_END_REQUEST": "OnEndRequest",
        "RQ_SEND_RESPONSE": "OnSendResponse",
        "RQ_MAP_PATH": "OnMapPath",
        "RQ_READ_ENTITY": "OnReadEntity",
        "RQ_CUSTOM_NOTIFICATION": "OnCustomRequestNotification",
        "RQ_SEND_RESPONSE_STATUS_AND_HEADERS": None,
    },
)
"""Request notifications: the deterministic ones in pipeline order, then the others."""

GLOBAL = _table(
    CGlobalModule,
    {
        "GL_STOP_LISTENING": "OnGlobalStopListening",
        "GL_CACHE_CLEANUP": "OnGlobalCacheCleanup",
        "GL_CACHE_OPERATION": "OnGlobalCacheOperation",
        "GL_HEALTH_CHECK": "OnGlobalHealthCheck",
        "GL_CONFIGURATION_CHANGE": "OnGlobalConfigurationChange",
        "GL_FILE_CHANGE": "OnGlobalFileChange",
        "GL_PRE_BEGIN_REQUEST": "OnGlobalPreBeginRequest",
        "GL_APPLICATION_START": "OnGlobalApplicationStart",
        "GL_APPLICATION_RESOLVE_MODULES": "OnGlobalApplicationResolveModules",
        "GL_APPLICATION_STOP": "OnGlobalApplicationStop",
        "GL_RSCA_QUERY": "OnGlobalRSCAQuery",
        "GL_TRACE_EVENT": "OnGlobalTraceEvent",
        "GL_CUSTOM_NOTIFICATION": "OnGlobalCustomNotification",
        "GL_THREAD_CLEANUP": "OnGlobalThreadCleanup",
        "GL_APPLICATION_PRELOAD": "OnGlobalApplicationPreload",
        "GL_SUSPEND_PROCESS": "OnSuspendProcess",
    },
)
"""Global notifications in the order of their bits."""

REQUEST_BY_BIT: dict[int, Notification] = {n.bit: n for n in REQUEST}
GLOBAL_BY_BIT: dict[int, Notification] = {n.bit: n for n in GLOBAL}

DETERMINISTIC: tuple[int, ...] = tuple(n.bit for n in REQUEST if n.post_handler)
"""Bits of the notifications that every request passes, in pipeline order."""


def handler_of(bit: int, post: bool) -> str:
    """Return the name of the ``CHttpModule`` method that a notification calls."""
    row = REQUEST_BY_BIT[bit]
    return str(row.post_handler if post else row.handler)
