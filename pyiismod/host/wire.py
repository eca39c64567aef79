"""What http.sys makes of a response: status line, headers and the framing of the body (fact sheet 5.3)."""

from __future__ import annotations

from functools import lru_cache
from time import gmtime, time

from pyiismod.host.incoming import Outgoing
from pyiismod.host.response import Response

_NO_BODY = (204, 304)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def send(outgoing: Outgoing, response: Response, method: bytes, more: bool) -> int:
    """Move the response's chunks to the client, the headers first; return the bytes of body that left."""
    body = response.chunks.take()
    if not outgoing.started:
        outgoing.started = True
        outgoing.has_body = method != b"HEAD" and _allows_body(response.status)
        if not response.headers_suppressed:
            outgoing.status, outgoing.substatus = response.status, response.substatus
            outgoing.reason = response.reason.decode("latin-1")
            outgoing.headers = _headers(response, len(body), more)
    outgoing.ended = not more
    if not outgoing.has_body:
        return 0
    outgoing.body.append(body)
    return len(body)


def _allows_body(status: int) -> bool:
    return status >= 200 and status not in _NO_BODY


def _headers(response: Response, size: int, more: bool) -> list[tuple[str, str]]:
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.items() if value]
    present = {name.lower() for name, _ in headers}
    if not present & {"content-length", "transfer-encoding"} and _allows_body(response.status):
        headers.append(("Transfer-Encoding", "chunked") if more else ("Content-Length", str(size)))
    if response.needs_disconnect and "connection" not in present:
        headers.append(("Connection", "close"))
    if "date" not in present:
        headers.append(("Date", _date()))
    return headers


def _date() -> str:
    return http_date(int(time()))


@lru_cache(maxsize=64)
def http_date(second: int) -> str:
    """Return a Unix time as HTTP writes it."""
    now = gmtime(second)  # spelt out, because strftime follows the locale
    day, month = _DAYS[now.tm_wday], _MONTHS[now.tm_mon - 1]
    return f"{day}, {now.tm_mday:02} {month} {now.tm_year} {now.tm_hour:02}:{now.tm_min:02}:{now.tm_sec:02} GMT"
