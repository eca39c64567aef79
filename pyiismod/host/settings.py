"""What the fake server is: the answers that a real one takes from its configuration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyiismod.abi import wpframework  # noqa: F401  # completes ENUMS
from pyiismod.abi.enums import ENUMS
from pyiismod.host.handlers import Handler

VERSIONS = {"7.0": 0x00070000, "7.5": 0x00070005, "8.0": 0x00080000, "8.5": 0x00080005, "10.0": 0x000A0000}
"""IIS version → ``dwServerVersion``: HIWORD major, LOWORD minor (fact sheet 1.1)."""

SHUTDOWNS = (
    "normal",
    "stop_listening_twice",
    "no_stop_listening",
    "late_stop_listening",
    "cache_cleanup_first",
    "factory_first",
    "detach_first",
)
"""The orders in which the process may end; :mod:`pyiismod.host.shutdown` says what they are."""

WORKER_PROCESS = {name for kind, members in ENUMS.items() if kind.startswith("WPF_SETTINGS_") for name in members} - {
    "ANONYMOUS_USER_TOKEN"
}
"""Names of the settings of the worker process that a test may choose."""

_GENERATIONS = {"7.0": 1, "7.5": 2, "8.0": 3, "8.5": 3, "10.0": 6}
_FIRST_SEEN = ("iis7.0", "iis7.5", "sdk8.1", "sdk10.0.14393", "sdk10.0.19041", "sdk10.0.20348")
_ERROR_MODES = ("DetailedLocalOnly", "Detailed", "Custom")
_POOLS = "C:\\inetpub\\temp\\apppools"


class Settings:
    """The server's configuration.

    Args:
        iis_version: ``"7.0"``, ``"7.5"``, ``"8.0"``, ``"8.5"`` or ``"10.0"``; decides ``dwServerVersion``, the Server
            header and which interface versions ``HttpGetExtendedInterface`` finds.
        root: physical path of the site's root, as the worker sees it; None for a site without content.
        app_pool: name of the application pool.
        site_name: name of the site.
        site_id: its number.
        command_line: whether this is IIS Express (``IsCommandLineLaunch``).
        upload_read_ahead: bytes of a request body that are there before anyone reads (``uploadReadAheadSize``).
        response_buffer_limit: bytes of a response that are buffered before a send (``responseBufferLimit``).
        default_documents: what a directory answers with.
        anonymous: whether requests without credentials are let in; a 401.2 else.
        accounts: user name → password: those that ``IHttpServer2::GetToken`` logs on.
        handlers: the handler mappings as attributes (:class:`~pyiismod.host.handlers.Handler`), first match wins; with
            none every module and the static content behind them handle everything.
        trace_verbosity: of failed request tracing, 1 to 5; 0 for none.
        error_mode: who sees details in IIS's own error pages (``errorMode`` of ``httpErrors``): ``"DetailedLocalOnly"``
            (clients on this computer), ``"Detailed"`` (all) or ``"Custom"`` (none).
        shutdown: one of :data:`SHUTDOWNS`.
        worker_process: what ``GetWorkerProcessSettings`` tells, by name: ``{"IDLE_TIMEOUT": 5, "CLR_VERSION": ""}``.

    Raises:
        ValueError: an unknown version, mode or setting.
    """

    def __init__(
        self,
        *,
        iis_version: str = "10.0",
        root: str | None = None,
        app_pool: str = "DefaultAppPool",
        site_name: str = "Default Web Site",
        site_id: int = 1,
        command_line: bool = False,
        upload_read_ahead: int = 49152,
        response_buffer_limit: int = 4194304,
        default_documents: tuple[str, ...] = ("Default.htm", "Default.asp", "index.htm", "index.html", "iisstart.htm"),
        anonymous: bool = True,
        accounts: dict[str, str] | None = None,
        handlers: Sequence[dict[str, Any]] = (),
        trace_verbosity: int = 5,
        error_mode: str = "DetailedLocalOnly",
        shutdown: str = "normal",
        worker_process: dict[str, str | int] | None = None,
    ) -> None:
        if error_mode not in _ERROR_MODES:
            raise ValueError(f"unknown error_mode {error_mode!r}; known are {', '.join(_ERROR_MODES)}")
        if iis_version not in VERSIONS:
            raise ValueError(f"unknown IIS version {iis_version!r}; known are {', '.join(VERSIONS)}")
        if shutdown not in SHUTDOWNS:
            raise ValueError(f"unknown shutdown {shutdown!r}; known are {', '.join(SHUTDOWNS)}")
        if unknown := sorted(set(worker_process or {}) - WORKER_PROCESS):
            raise ValueError(f"unknown settings of the worker process: {', '.join(unknown)}")
        self.worker_process = dict(worker_process or {})
        self.iis_version = iis_version
        self.root = root
        self.app_pool = app_pool
        self.site_name = site_name
        self.site_id = site_id
        self.command_line = command_line
        self.upload_read_ahead = upload_read_ahead
        self.response_buffer_limit = response_buffer_limit
        self.default_documents = tuple(default_documents)
        self.anonymous = anonymous
        self.accounts = {name.lower(): password for name, password in (accounts or {}).items()}
        self.handlers = tuple(Handler.of(attributes) for attributes in handlers)
        self.trace_verbosity = trace_verbosity
        self.error_mode = error_mode
        self.shutdown = shutdown

    @classmethod
    def of(cls, settings: dict[str, Any]) -> Settings:
        """Return the settings of a message.

        Raises:
            ValueError: an unknown version or setting.
        """
        try:
            return cls(**settings)
        except TypeError as error:
            raise ValueError(str(error)) from None

    @property
    def server_version(self) -> int:
        """``dwServerVersion`` of RegisterModule."""
        return VERSIONS[self.iis_version]

    @property
    def server_software(self) -> bytes:
        """The Server header."""
        return f"Microsoft-IIS/{self.iis_version}".encode()

    @property
    def application_id(self) -> str:
        """Metabase path of the root application."""
        return f"/LM/W3SVC/{self.site_id}/ROOT"

    @property
    def config_path(self) -> str:
        """Configuration path of the site, and so of its root application."""
        return f"MACHINE/WEBROOT/APPHOST/{self.site_name}"

    @property
    def app_pool_config(self) -> str:
        """Where WAS puts the configuration of the application pool."""
        return f"{_POOLS}\\{self.app_pool}\\{self.app_pool}.config"

    def has(self, first_seen: str) -> bool:
        """Return whether this version of IIS has an interface that a header generation brought."""
        return _FIRST_SEEN.index(first_seen) < _GENERATIONS[self.iis_version]
