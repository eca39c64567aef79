"""What a test lets happen to the process, by the name of the notification that it raises (fact sheet 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pyiismod.errors import WorkerError
from pyiismod.host.iis import check
from pyiismod.host.incoming import Outgoing
from pyiismod.host.threads import on_system_thread

if TYPE_CHECKING:
    from pyiismod.host.iis import Iis
    from pyiismod.host.trace import Timeline


class Outcome(NamedTuple):
    """What the modules made of it.

    Attributes:
        hresult, data: answer of RSCA_QUERY.
        responses: of the requests that APPLICATION_PRELOAD modules made.
    """

    hresult: int = 0
    data: bytes = b""
    responses: tuple[Outgoing, ...] = ()


def happen(iis: Iis, notification: str, text: str, parameters: str, flag: bool, timeline: Timeline) -> Outcome:
    """Let it happen; the arguments are those of :class:`pyiismod.worker.protocol.Raise`.

    Raises:
        WorkerError: there is no such thing, or the host itself is at fault.
    """
    occurrences, outcome = iis.occurrences, Outcome()
    if occurrences.is_suspended:
        occurrences.resume(timeline)
    match notification:
        case "GL_CONFIGURATION_CHANGE":
            occurrences.configuration_change(text or iis.settings.config_path, timeline)
            if flag:
                iis.application.recycle(timeline)
        case "GL_FILE_CHANGE":
            occurrences.file_change(text, timeline)
        case "GL_RSCA_QUERY":
            outcome = Outcome(*occurrences.rsca_query(text, parameters, timeline))
        case "GL_APPLICATION_PRELOAD":
            outcome = Outcome(responses=tuple(iis.preload(flag, timeline)))
        case "GL_STOP_LISTENING":
            on_system_thread(timeline, lambda: occurrences.stop_listening(flag, timeline))
        case "GL_SUSPEND_PROCESS" if not flag:
            occurrences.suspend(timeline)
        case "GL_SUSPEND_PROCESS":
            pass  # it has been resumed above
        case "DISCONNECT":
            iis.process.disconnect(text, timeline)
        case "GL_HEALTH_CHECK":
            occurrences.health_check(timeline)
        case _:
            raise WorkerError(f"{notification} is nothing that a test raises")
    check(timeline)
    return outcome
