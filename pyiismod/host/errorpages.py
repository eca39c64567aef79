"""https://learn.microsoft.com/en-us/iis/configuration/system.webserver/httperrors/

What CustomErrorModule does: an error without a body gets one, unless a module asked for none (fact sheet 3.2). A client
on this computer sees the details that ``SetStatus`` and ``SetErrorDescription`` were given, any other the status only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiismod.abi import hresult
from pyiismod.abi.constants import request_notification_names
from pyiismod.abi.http import REASONS

if TYPE_CHECKING:
    from pyiismod.host.exchange import Exchange
    from pyiismod.host.response import Response

_FIRST_ERROR = 400


def complete(exchange: Exchange, more: bool) -> None:
    """Give a response that is about to leave the body that it lacks.

    Args:
        exchange: whose response leaves.
        more: whether more of it follows.
    """
    response = exchange.response
    if more or exchange.outgoing.started or response.status < _FIRST_ERROR or len(response.chunks):
        return
    if response.skip_custom_errors or response.headers_suppressed or not exchange.has_error_pages:
        return
    is_detailed = exchange.settings.error_mode == "Detailed" or (
        exchange.settings.error_mode == "DetailedLocalOnly" and _is_here(exchange.incoming.remote[0])
    )
    response.headers.set(b"Content-Type", b"text/html", replace=True)
    response.chunks.append(_page(response, is_detailed).encode())


def escaped(text: str) -> str:
    """Return text as HTML shows it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _is_here(address: str) -> bool:
    return address == "::1" or address.startswith("127.")


def _page(response: Response, is_detailed: bool) -> str:
    code = f"{response.status}.{response.substatus}" if is_detailed and response.substatus else str(response.status)
    reason = response.reason.decode("latin-1") or REASONS.get(response.status, "")
    title = escaped(f"{code} - {reason}" if reason else code)
    rows = "".join(f"<p>{line}</p>\n" for line in (_details(response) if is_detailed else ()))
    head = f"<head><title>{title}</title></head>"
    return f"<!DOCTYPE html>\n<html>\n{head}\n<body>\n<h1>{title}</h1>\n{rows}</body>\n</html>\n"


def _details(response: Response) -> list[str]:
    module, bit = response.set_by
    found = [response.description] if response.description else []
    if response.error:
        found.append(f"Error: {escaped(hresult.name_of(response.error))}")
    if module is not None:
        found.append(f"Module: {escaped(module)}")
        found += [f"Notification: {name}" for name in request_notification_names(bit)]
    return found
