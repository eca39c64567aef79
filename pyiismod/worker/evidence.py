"""What is left of a worker: the supervisor's report, the black box, the captured output.

:class:`Report` is ``postmortem.json`` as ``native/launcher/report.h`` describes it. Module names in it are file names,
a frame outside every module has the name ``""``; addresses and registers are hexadecimal text.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from pyiismod.worker.blackbox import BlackBoxReader, DebugString, HostCall, Thread

__all__ = ["Evidence", "Hang", "Image", "NativeException", "NativeFrame", "NativeThread", "Report"]

_SYSTEM = ("\\wine\\", "\\windows\\system32\\", "\\windows\\winsxs\\")


class NativeFrame(msgspec.Struct):
    """One frame of a native stack; ``omitted`` counts the frames left out after this one."""

    address: str
    module: str
    rva: int
    unloaded: bool = False
    symbol: str = ""
    displacement: int = 0
    file: str = ""
    line: int = 0
    omitted: int = 0

    @property
    def place(self) -> str:
        """``"module.dll+0x1234"``, or the address where there is no module."""
        unloaded = "unloaded " if self.unloaded else ""
        return f"{unloaded}{self.module}+0x{self.rva:x}" if self.module else self.address


class NativeThread(msgspec.Struct):
    """A thread of the worker at one moment, innermost frame first."""

    thread: int
    registers: dict[str, str]
    stack: list[NativeFrame]


class NativeException(msgspec.Struct):
    """An exception record; ``cxx_type`` and ``cxx_what`` tell about a C++ exception."""

    code: int
    flags: int
    thread: int
    address: str
    module: str
    rva: int
    parameters: list[str]
    cxx_type: str = ""
    cxx_what: str = ""


class Seen(msgspec.Struct):
    """A first-chance exception."""

    code: int
    thread: int
    address: str
    module: str
    rva: int


class Exit(msgspec.Struct):
    """A request to end the process or a thread: the ``ntdll`` function it arrived at, by whom, with what exit code."""

    function: str
    thread: int
    code: int


class EndedThread(msgspec.Struct):
    """A thread that is no more."""

    thread: int
    code: int


class Image(msgspec.Struct):
    """A DLL or EXE in the worker."""

    name: str
    path: str
    base: str
    size: int
    unloaded: bool = False


class Report(msgspec.Struct):
    """``postmortem.json``. ``cause``: exception, exit, thread_exit, hang or gone."""

    version: int
    cause: str
    process: int
    exit_code: int | None = None
    exception: NativeException | None = None
    exit: Exit | None = None
    culprit: NativeThread | None = None
    threads: list[NativeThread] = []
    seen: list[Seen] = []
    ended_threads: list[EndedThread] = []
    modules: list[Image] = []

    @staticmethod
    def load(path: Path) -> Report | None:
        """Read a report; None when there is none, or none that can be read."""
        try:
            return msgspec.json.decode(path.read_bytes(), type=Report, strict=False)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return None

    def foreign(self) -> frozenset[str]:
        """Return the names of the images that are neither ours nor the system's, in lower case: the modules'."""
        program = self.modules[-1].path.rpartition("\\")[0].lower() if self.modules else ""
        return frozenset(
            image.name.lower()
            for image in self.modules
            if image.path
            and not image.path.lower().startswith(f"{program}\\")
            and not image.name.lower().endswith(".pyd")
            and not any(part in image.path.lower() for part in _SYSTEM)
        )

    def forget_sources(self, foreign: frozenset[str]) -> None:
        """Drop source lines of other images: Wine's own DLLs name files that nobody here has."""
        for thread in (*self.threads, *([self.culprit] if self.culprit else [])):
            for frame in thread.stack:
                if frame.module.lower() not in foreign:
                    frame.file, frame.line = "", 0


class Hang(msgspec.Struct):
    """A command that got no answer: its number and name, and the seconds it was given."""

    id: int
    command: str
    seconds: float


class Evidence(msgspec.Struct):
    """All that is known. ``status`` is what the operating system says about the end of the supervisor."""

    report: Report | None
    threads: list[Thread]
    used: bool
    calls: list[HostCall]
    debug: list[DebugString]
    output: str
    status: int | None
    hang: Hang | None = None

    @staticmethod
    def gather(report: Path, box: BlackBoxReader, output: str, status: int | None, hang: Hang | None) -> Evidence:
        """Collect everything while the files still exist."""
        return Evidence(
            Report.load(report), box.threads(), box.used(), box.calls(), box.drain_debug()[0], output, status, hang
        )
