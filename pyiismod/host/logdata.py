"""https://learn.microsoft.com/en-us/windows/win32/api/http/ns-http-http_log_fields_data

What a request is logged with: made when a SEND_RESPONSE module asks for it, read when the response has left (3.2).

There is no log here. What it would have is told with the response, so that a test sees what modules made of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyiismod.abi.enums import HTTP_LOG_DATA_TYPE
from pyiismod.host._abi import ffi

if TYPE_CHECKING:
    from pyiismod.host.exchange import Exchange

_WIDE = ("UserName", "UriStem")
_NARROW = (
    "ClientIp",
    "ServerName",
    "ServiceName",
    "ServerIp",
    "Method",
    "UriQuery",
    "Host",
    "UserAgent",
    "Cookie",
    "Referrer",
)
_NUMBERS = ("ServerPort", "ProtocolStatus", "SubStatus", "Win32Status")
_SERVER = "WIN-IISMOD"


def build(exchange: Exchange) -> Any:
    """Return a ``HTTP_LOG_FIELDS_DATA *`` of the request's memory, with lengths in bytes."""
    pool, request, incoming, response = exchange.pool, exchange.request, exchange.incoming, exchange.response
    data = pool.zeroed("HTTP_LOG_FIELDS_DATA")
    data.Base.Type = HTTP_LOG_DATA_TYPE.HttpLogDataTypeFields
    headers = {name.lower(): value.decode("latin-1") for name, value in request.headers.items()}
    account = incoming.account
    texts = {
        "UserName": (account.name if account is not None else "") or "-",
        "UriStem": request.url.path,
        "ClientIp": incoming.remote[0],
        "ServerName": _SERVER,
        "ServiceName": f"W3SVC{exchange.settings.site_id}",
        "ServerIp": incoming.local[0],
        "Method": request.method.decode("latin-1"),
        "UriQuery": request.url.query.removeprefix("?"),
        "Host": headers.get(b"host", ""),
        "UserAgent": headers.get(b"user-agent", ""),
        "Cookie": headers.get(b"cookie", ""),
        "Referrer": headers.get(b"referer", ""),
    }
    for name, text in texts.items():
        encoded = text.encode("utf-16-le", "surrogatepass") if name in _WIDE else text.encode("latin-1", "replace")
        setattr(data, name, pool.wide(text) if name in _WIDE else pool.data(encoded))
        setattr(data, f"{name}Length", min(len(encoded), 0xFFFE))
    data.ServerPort = incoming.local[1]
    sent = exchange.outgoing if exchange.outgoing.started else response  # what is set later does not count
    data.ProtocolStatus, data.SubStatus = sent.status, sent.substatus
    data.Win32Status = response.error & 0xFFFF if response.error < 0 else 0
    data.MethodNum = request.raw.Verb
    return data


def fields(data: Any) -> dict[str, str | int]:
    """Return what a ``HTTP_LOG_FIELDS_DATA *`` says, by its members; nothing for another kind of record."""
    record = ffi.cast("HTTP_LOG_FIELDS_DATA *", data)
    if record.Base.Type != HTTP_LOG_DATA_TYPE.HttpLogDataTypeFields:
        return {}
    found: dict[str, str | int] = {}
    for name in (*_WIDE, *_NARROW):
        text, size = getattr(record, name), getattr(record, f"{name}Length")
        raw = ffi.buffer(text, size)[:] if text else b""
        found[name] = raw.decode("utf-16-le", "replace") if name in _WIDE else raw.decode("latin-1")
    return found | {name: int(getattr(record, name)) for name in _NUMBERS}
