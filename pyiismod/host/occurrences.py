"""What happens to a worker process besides requests, and who is told: changes of configuration and files, questions of
the administration, traces, health, suspension, the end of listening (fact sheet 4). A test causes these, or a module
through its ``IHttpServer``; either way the notification is raised inside the call.
"""

from __future__ import annotations

from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

from pyiismod.abi.constants import (
    GL_CACHE_OPERATION,
    GL_CONFIGURATION_CHANGE,
    GL_CUSTOM_NOTIFICATION,
    GL_FILE_CHANGE,
    GL_HEALTH_CHECK,
    GL_RSCA_QUERY,
    GL_STOP_LISTENING,
    GL_SUSPEND_PROCESS,
    GL_THREAD_CLEANUP,
)
from pyiismod.abi.global_providers import IGlobalSuspendProcessCallback
from pyiismod.host._abi import ffi
from pyiismod.host.errors import E_NOTIMPL
from pyiismod.host.global_notifications import HANDLED, GlobalModules
from pyiismod.host.global_providers import (
    CacheProvider,
    ConfigurationChangeProvider,
    FileChangeProvider,
    RscaQueryProvider,
    StopListeningProvider,
    ThreadCleanupProvider,
)
from pyiismod.host.native import slots_of
from pyiismod.host.trace import Timeline, here

if TYPE_CHECKING:
    from pyiismod.host.fileinfo import FileMonitor
    from pyiismod.host.process import Process

_CALLBACK = slots_of(IGlobalSuspendProcessCallback)


class Suspended(NamedTuple):
    """A callback that a module gave when the process was suspended."""

    file: str
    pointer: Any


class Occurrences:
    """Of one worker process.

    Args:
        process: the process.
        global_modules: who is told.

    Attributes:
        recycling: why the process is to be replaced; "" when it is not.
        has_stopped_listening: whether STOP_LISTENING was raised.
        is_suspended: between :meth:`suspend` and :meth:`resume`.
    """

    def __init__(self, process: Process, global_modules: GlobalModules) -> None:
        self._process = process
        self._told = global_modules
        self._suspended: list[Suspended] = []
        self._one_at_a_time = Lock()
        self.recycling = ""
        self.has_stopped_listening = False
        self.is_suspended = False

    def configuration_change(self, path: str, timeline: Timeline) -> None:
        """Something at or below this configuration path has changed: what is known of the configuration is dropped."""
        self._told.tell_with(GL_CONFIGURATION_CHANGE, timeline, lambda: ConfigurationChangeProvider(timeline, path))
        self._process.forget_configuration(timeline)

    def file_change(self, name: str, timeline: Timeline) -> None:
        """A file or folder has changed: each watch on it, or on a folder above, has its notification; else one."""
        monitors: list[FileMonitor | None] = [*self._process.monitors_of(name)]
        for monitor in monitors or [None]:
            self._told.tell_with(GL_FILE_CHANGE, timeline, partial(FileChangeProvider, timeline, name, monitor))

    def health_check(self, timeline: Timeline) -> None:
        """WAS, or a module, asks how the process is."""
        self._told.tell(GL_HEALTH_CHECK, timeline)

    def custom(self, pointer: Any, timeline: Timeline) -> int:
        """A module notifies the others by ``IHttpServer``; its provider is passed on."""
        return self._told.tell(GL_CUSTOM_NOTIFICATION, timeline, pointer)

    def rsca_query(self, function: str, parameters: str, timeline: Timeline) -> tuple[int, bytes]:
        """The administration asks something; return HRESULT and data of the answer, E_NOTIMPL when nobody has one."""
        if not self._told.wants(GL_RSCA_QUERY):
            return E_NOTIMPL, b""
        provider = RscaQueryProvider(timeline, function, parameters)
        self._told.tell(GL_RSCA_QUERY, timeline, provider.pointer)
        provider.end()
        return provider.hresult, provider.answer

    @property
    def caches_are_watched(self) -> bool:
        """Whether anybody wants to hear of accesses to caches."""
        return self._told.wants(GL_CACHE_OPERATION)

    def cache_operation(self, operation: int, key: Any, record: Any, trace: Any, default: Timeline) -> tuple[bool, Any]:
        """A cache is accessed.

        Returns:
            whether a module has done the operation in the place of IIS, and the record that there is by then.
        """
        if not self.caches_are_watched:
            return False, record
        timeline = here(default)
        provider = CacheProvider(timeline, operation, key, record, trace)
        status = self._told.tell(GL_CACHE_OPERATION, timeline, provider.pointer)
        provider.end()
        return status == HANDLED, provider.record

    def thread_cleanup(self, timeline: Timeline) -> None:
        """This thread goes back to the pool."""
        self._told.tell_with(
            GL_THREAD_CLEANUP, timeline, lambda: ThreadCleanupProvider(timeline, self._process.application)
        )

    def stop_listening(self, graceful: bool, timeline: Timeline) -> None:
        """The process takes no more requests; never told twice at a time (1.5)."""
        with self._one_at_a_time:
            self.has_stopped_listening = True
            self._told.tell_with(GL_STOP_LISTENING, timeline, lambda: StopListeningProvider(timeline, graceful))

    def suspend(self, timeline: Timeline) -> None:
        """The idle process is paged out: each module may leave a callback for its return."""
        with self._one_at_a_time:
            if self.is_suspended:
                return
            self.is_suspended = True
            for module in self._told.told(GL_SUSPEND_PROCESS):
                callback = ffi.new("void **")
                status = self._told.tell_one(module, GL_SUSPEND_PROCESS, timeline, callback)
                if callback[0]:
                    self._suspended.append(Suspended(module.file, callback[0]))
                if status == HANDLED:
                    break

    def resume(self, timeline: Timeline) -> None:
        """The process is needed again: call what was left, once."""
        with self._one_at_a_time:
            suspended, self._suspended, self.is_suspended = self._suspended, [], False
            for each in suspended:
                _CALLBACK["Resume"].call(timeline, each.file, each.pointer)
