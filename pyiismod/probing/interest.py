"""What a module asked the host for, notification by notification: :func:`interests`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from pyiismod.trace import TraceEvent

__all__ = ["Interest", "interests"]

_URL: Final = frozenset(
    (
        *("GetScriptName", "GetPhysicalPath", "GetScriptTranslated", "MapPath", "GetForwardedUrl", "GetUrlChanged"),
        *("GetUrlInfo", "GetFileInfo", "GetScriptMap", "GetMetadata", "GetUrl"),
    )
)
_OTHERS: Final[Mapping[str, str]] = {
    "GetHttpMethod": "method",
    "GetHttpVersion": "HTTP version",
    "GetRawHttpRequest": "the raw HTTP_REQUEST (what it reads there is not seen)",
    "GetRawHttpResponse": "the raw HTTP_RESPONSE (what it reads there is not seen)",
    "GetRemoteAddress": "client address",
    "GetLocalAddress": "server address",
    "GetRemainingEntityBytes": "size of the request body",
    "ReadEntityBody": "request body",
    "GetEntity": "request body",
    "GetUser": "user",
    "GetPrimaryToken": "user's token",
    "GetImpersonationToken": "user's token",
    "GetPassword": "user's password",
    "GetUserName": "user",
    "GetClientCertificate": "client certificate",
    "NegotiateClientCertificate": "client certificate",
    "GetChannelBindingToken": "channel binding token",
    "GetSite": "site",
    "GetApplication": "application",
    "GetAdminManager": "configuration",
    "GetStatus": "response status",
}


_CHANGING: Final = ("Set", "Delete", "Insert", "Clear", "Write", "Redirect", "Reset", "Close", "Disable", "Push")


class Interest(msgspec.Struct, frozen=True):
    """What one notification (or ``"RegisterModule"``, …) asked for.

    Attributes:
        headers: of the request, by name.
        response_headers: of the response, by name.
        server_variables: by name.
        url: parts of the URL, by the host's method.
        others: in words.
        changes: what it changed, as ``"Interface::Method(arguments)"``, each once.
    """

    notification: str
    headers: tuple[str, ...] = ()
    response_headers: tuple[str, ...] = ()
    server_variables: tuple[str, ...] = ()
    url: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()


def interests(events: Iterable[TraceEvent]) -> tuple[Interest, ...]:
    """Return what the calls among ``events`` asked for, in the order in which notifications first came."""
    found: dict[str, dict[str, dict[str, None]]] = {}
    for event in events:
        if event.event != "call":
            continue
        where = f"{'post ' if event.post else ''}{event.notification}" if event.notification else "outside of requests"
        kind, name = _kind(event)
        if kind:
            found.setdefault(where, {}).setdefault(kind, {})[name] = None
    return tuple(
        Interest(where, **{kind: tuple(names) for kind, names in kinds.items()}) for where, kinds in found.items()
    )


def _kind(event: TraceEvent) -> tuple[str, str]:
    method, args = event.method, event.args
    if method in ("GetHeader", "GetTrailer"):
        name = str(args.get("pszHeaderName") or args.get("ulHeaderIndex") or "?")
        is_request = bool(event.interface and event.interface.startswith("IHttpRequest"))
        return ("headers" if is_request else "response_headers"), name
    if method == "GetServerVariable":
        return "server_variables", str(args.get("pszVariableName", "?"))
    if method in _URL:
        return "url", f"{method}({args['pszUrl']})" if "pszUrl" in args else method
    if method in _OTHERS:
        return "others", _OTHERS[method]
    if method.startswith(
        ("Set", "Delete", "Insert", "Clear", "Write", "Redirect", "Reset", "Close", "Disable", "Push")
    ):
        shown = ", ".join(f"{name}={value}" for name, value in args.items())
        return "changes", f"{event.interface}::{method}({shown})"
    return "", ""
