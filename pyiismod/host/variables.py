"""https://learn.microsoft.com/en-us/previous-versions/iis/6.0-sdk/ms524602(v=vs.90)

Server variables (fact sheet 5.10). A value is text, or bytes where the wire's own bytes are what it is; both overloads
of ``GetServerVariable`` read the same value.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pyiismod.host.user import Account

if TYPE_CHECKING:
    from pyiismod.host.exchange import Exchange

_Value = str | bytes | None
_NOBODY = Account()


class ServerVariables:
    """The variables of one request: computed, unless a module has set its own.

    Attributes:
        inherited: names of those that child requests get (``InheritServerVariable``).
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._own: dict[str, str] = {}
        self.inherited: set[str] = set()

    def get(self, name: str) -> _Value:
        """Return the value, or None when there is no such variable. Names are case-insensitive."""
        name = name.upper()
        if name in self._own:
            return self._own[name]
        if name in _COMPUTED:
            return _COMPUTED[name](self._exchange)
        if name.startswith("HTTP_"):
            return _header(self._exchange, name.removeprefix("HTTP_"))
        return None

    def inherit(self, name: str) -> bool:
        """Take the parent's value, and have child requests take it from here; False when there is none."""
        parent = self._exchange.parent
        value = None if parent is None or parent.is_freed else parent.variables.get(name)
        if value is not None:
            self.set(name, wide(value))
        if self.get(name) is None:
            return False
        self.inherited.add(name.upper())
        return True

    def own(self) -> list[tuple[str, str]]:
        """Return (name, value) of what modules have set."""
        return list(self._own.items())

    def set(self, name: str, value: str | None) -> None:
        """Create or overwrite a variable; None takes the module's own value away (unconfirmed)."""
        if value is None:
            self._own.pop(name.upper(), None)
        else:
            self._own[name.upper()] = value


def narrow(value: str | bytes) -> bytes:
    """Return a value as ANSI."""
    return value if isinstance(value, bytes) else value.encode("cp1252", "replace")


def wide(value: str | bytes) -> str:
    """Return a value as UTF-16 text; header bytes are widened one by one."""
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _header(x: Exchange, name: str) -> _Value:
    for wire_name, value in x.request.headers.items():
        if wire_name.decode("latin-1").upper().replace("-", "_") == name:
            return value
    return None


def _all_http(x: Exchange) -> bytes:
    return b"".join(
        b"HTTP_" + name.upper().replace(b"-", b"_") + b":" + value + b"\n" for name, value in x.request.headers.items()
    )


def _all_raw(x: Exchange) -> bytes:
    return b"".join(name + b": " + value + b"\r\n" for name, value in x.request.headers.items())


def _account(x: Exchange) -> Account:
    user = x.around.user
    return _NOBODY if user is None else user.account


def _secure(x: Exchange) -> bool:
    return x.incoming.url.scheme == "https"


_COMPUTED: dict[str, Callable[[Exchange], _Value]] = {
    "ALL_HTTP": _all_http,
    "ALL_RAW": _all_raw,
    "APPL_MD_PATH": lambda x: x.settings.application_id,
    "APPL_PHYSICAL_PATH": lambda x: x.root,
    "APP_POOL_CONFIG": lambda x: x.settings.app_pool_config,
    "APP_POOL_ID": lambda x: x.settings.app_pool,
    "AUTH_PASSWORD": lambda x: _account(x).password,
    "AUTH_TYPE": lambda x: _account(x).kind,
    "AUTH_USER": lambda x: _account(x).remote_name,
    "CACHE_URL": lambda x: x.incoming.url.full,
    "CERT_FLAGS": lambda x: "1" if x.incoming.certificate else "",
    "CONTENT_LENGTH": lambda x: _header(x, "CONTENT_LENGTH") or "0",
    "CONTENT_TYPE": lambda x: _header(x, "CONTENT_TYPE") or "",
    "DOCUMENT_ROOT": lambda x: x.root,
    "GATEWAY_INTERFACE": lambda x: "CGI/1.1",
    "HTTPS": lambda x: "on" if _secure(x) else "off",
    "HTTP_METHOD": lambda x: x.request.method,
    "HTTP_URL": lambda x: x.request.url.target.encode("latin-1"),
    "HTTP_VERSION": lambda x: f"HTTP/{x.incoming.version[0]}.{x.incoming.version[1]}",
    "INSTANCE_ID": lambda x: str(x.settings.site_id),
    "INSTANCE_META_PATH": lambda x: f"/LM/W3SVC/{x.settings.site_id}",
    "INSTANCE_NAME": lambda x: x.settings.site_name,
    "LOGON_USER": lambda x: _account(x).name,
    "LOCAL_ADDR": lambda x: x.incoming.local[0],
    "MANAGED_PIPELINE_MODE": lambda x: "Integrated",
    "PATH_INFO": lambda x: x.request.url.path,
    "PATH_TRANSLATED": lambda x: x.physical_path,
    "QUERY_STRING": lambda x: x.request.url.query[1:].encode("latin-1"),
    "REMOTE_ADDR": lambda x: x.incoming.remote[0],
    "REMOTE_HOST": lambda x: x.incoming.remote[0],
    "REMOTE_PORT": lambda x: str(x.incoming.remote[1]),
    "REMOTE_USER": lambda x: _account(x).remote_name,
    "REQUEST_FILENAME": lambda x: x.physical_path,
    "REQUEST_FLAGS": lambda x: str(x.request.raw.Flags),
    "REQUEST_METHOD": lambda x: x.request.method,
    "REQUEST_URI": lambda x: x.request.url.path,
    "SCRIPT_FILENAME": lambda x: x.physical_path,
    "SCRIPT_NAME": lambda x: x.mapping.script_name,
    "SCRIPT_TRANSLATED": lambda x: "\\\\?\\" + x.physical_path,
    "SERVER_ADDR": lambda x: x.incoming.local[0],
    "SERVER_NAME": lambda x: x.incoming.url.host,
    "SERVER_PORT": lambda x: str(x.incoming.url.port),
    "SERVER_PORT_SECURE": lambda x: "1" if _secure(x) else "0",
    "SERVER_PROTOCOL": lambda x: f"HTTP/{x.incoming.version[0]}.{x.incoming.version[1]}",
    "SERVER_SOFTWARE": lambda x: x.settings.server_software,
    "UNENCODED_URL": lambda x: x.request.url.path + x.request.url.query,
    "UNMAPPED_REMOTE_USER": lambda x: _account(x).remote_name,
    "URL": lambda x: x.incoming.url.path,
}
_EMPTY = (
    *("CERT_COOKIE", "CERT_ISSUER", "CERT_SERIALNUMBER", "CERT_SUBJECT"),  # certificates are not read
    *("CERT_KEYSIZE", "CERT_SECRETKEYSIZE", "CERT_SERVER_ISSUER", "CERT_SERVER_SUBJECT"),  # no TLS session
    *("CRYPT_CIPHER_ALG_ID", "CRYPT_HASH_ALG_ID", "CRYPT_KEYEXCHANGE_ALG_ID", "CRYPT_PROTOCOL"),
    *("HTTPS_KEYSIZE", "HTTPS_SECRETKEYSIZE", "HTTPS_SERVER_ISSUER", "HTTPS_SERVER_SUBJECT"),
    "FORWARDED_URL",  # nothing is forwarded to another server
)
_COMPUTED |= dict.fromkeys(_EMPTY, lambda x: "")
