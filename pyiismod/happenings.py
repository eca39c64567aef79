"""What may happen to a server besides requests: the part of :class:`pyiismod.Server` that global modules hear of.

iis.configuration_changed()                      # GL_CONFIGURATION_CHANGE
iis.file_changed("wwwroot/web.config")           # GL_FILE_CHANGE
iis.preload()                                    # GL_APPLICATION_PRELOAD
iis.suspend(); iis.resume()                      # GL_SUSPEND_PROCESS
iis.rsca_query("GetRequests", "0").data          # GL_RSCA_QUERY
iis.disconnect("one")                            # the client of the connection "one" goes away
iis.stop_listening(); iis.get("/late")           # GL_STOP_LISTENING, and a request that still comes
iis.recycle()                                    # everything that the end of a process raises
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, NamedTuple

from pyiismod.headers import Headers
from pyiismod.response import Response
from pyiismod.trace import Trace
from pyiismod.worker import protocol

__all__ = ["Happenings", "RscaAnswer"]


class RscaAnswer(NamedTuple):
    """What a module answered a question of the administration.

    Attributes:
        hresult: as a signed number; E_NOTIMPL when no module has answered.
        data: the bytes of the answer.
        trace: what happened.
    """

    hresult: int
    data: bytes
    trace: Trace


class Happenings(ABC):
    """Each method raises its notification and returns when every module has been told.

    All of them raise ``ModuleError`` when a module crashes, hangs or ends the process.
    """

    @abstractmethod
    def _raise(self, notification: str, **details: Any) -> protocol.Raised:
        """Raise it in the worker."""

    @abstractmethod
    def _windows_path(self, path: Path) -> str:
        """Return a path as the worker sees it."""

    def configuration_changed(self, path: str = "", *, restart: bool = False) -> Trace:
        """Tell modules of a change of configuration, and forget what is known of it.

        Args:
            path: configuration path, such as ``"MACHINE/WEBROOT"``; that of the site when empty.
            restart: whether the application stops for it; the next request starts it again.
        """
        return Trace(self._raise("GL_CONFIGURATION_CHANGE", text=path, flag=restart).trace)

    def file_changed(self, path: str | os.PathLike[str]) -> Trace:
        """Tell modules that a file or folder has changed; it need not have.

        Args:
            path: here, or ``C:\\\\…`` as the worker sees it.
        """
        text = os.fspath(path)
        is_windows = text[1:3] in (":\\", ":/") or text.startswith("\\\\")
        return Trace(self._raise("GL_FILE_CHANGE", text=text if is_windows else self._full(text)).trace)

    def _full(self, text: str) -> str:
        return self._windows_path(Path(text).resolve())

    def health_check(self) -> Trace:
        """Have modules asked how the process is."""
        return Trace(self._raise("GL_HEALTH_CHECK").trace)

    def rsca_query(self, function: str, parameters: str = "") -> RscaAnswer:
        """Ask modules a question of the administration; the first that answers HANDLED is the last to be asked."""
        raised = self._raise("GL_RSCA_QUERY", text=function, parameters=parameters)
        return RscaAnswer(raised.hresult, raised.data, Trace(raised.trace))

    def preload(self, *, recycled: bool = False) -> list[Response]:
        """Have modules warm the application up; return the responses to the requests that they made.

        Args:
            recycled: what ``IsProcessRecycled`` says. Each response has the trace of the whole preload.
        """
        raised = self._raise("GL_APPLICATION_PRELOAD", flag=recycled)
        trace, refused = Trace(raised.trace), tuple(raised.refused)
        return [
            Response(each.status, each.substatus, each.reason, Headers(each.headers), each.body, trace, refused)
            for each in raised.answers
        ]

    def stop_listening(self, *, graceful: bool = True) -> Trace:
        """Tell modules that no more requests will come. They may come all the same: fire them.

        Args:
            graceful: TRUE when the process is recycled, FALSE when IIS stops.
        """
        return Trace(self._raise("GL_STOP_LISTENING", flag=graceful).trace)

    def disconnect(self, connection: str) -> Trace:
        """Have the client of a connection go away, also while a request runs on it, from another thread.

        Args:
            connection: its name, as requests were given it. Nothing happens when there is none of that name.
        """
        return Trace(self._raise("DISCONNECT", text=connection).trace)

    def suspend(self) -> Trace:
        """Have the idle process paged out. Whatever is asked of it next resumes it first."""
        return Trace(self._raise("GL_SUSPEND_PROCESS").trace)

    def resume(self) -> Trace:
        """Have it paged in again: modules' callbacks are called."""
        return Trace(self._raise("GL_SUSPEND_PROCESS", flag=True).trace)
