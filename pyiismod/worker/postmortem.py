"""Makes one error out of what is left of a worker: who did what, where, and what to do about it.

Blame goes to the first frame of a native stack that lies in a DLL that is neither ours nor the system's. Where a thread
was in the life of a module comes from the black box; a thread that is in no phase is the module's own. When nothing of
any module was running, the fault is ours: a :class:`~pyiismod.errors.WorkerError`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pyiismod.abi import hresult
from pyiismod.abi.notifications import GLOBAL, REQUEST
from pyiismod.errors import DllMainFailed, ModuleCrashed, ModuleExited, ModuleHung, PyiismodError, WorkerError
from pyiismod.worker.blackbox import Frame, Thread
from pyiismod.worker.cxxnames import readable
from pyiismod.worker.evidence import Evidence, NativeException, NativeFrame, NativeThread, Report

__all__ = ["explain"]

_ACCESS_VIOLATION, _IN_PAGE_ERROR, _FASTFAIL = 0xC0000005, 0xC0000006, 0xC0000409
_BREAKPOINT, _STACK_OVERFLOW = 0x80000003, 0xC00000FD
_CXX = {0xE06D7363: "Microsoft", 0x20474343: "GCC"}
_ACCESS = {"0x0": "reading", "0x1": "writing", "0x8": "executing"}
_FASTFAIL_CODES = {
    "0x0": "a stack buffer was overrun",
    "0x2": "a stack buffer was overrun (/GS cookie)",
    "0x3": "a damaged linked list was found",
    "0x5": "a C run-time function got a wrong argument",
    "0x7": "abort() or a fatal error of the C run-time",
    "0xa": "an indirect call to a place that is no function (control flow guard)",
}
"""https://learn.microsoft.com/en-us/cpp/intrinsics/fastfail"""
_OUTPUT_LIMIT = 16384
_PENDING = "pending"
_BITS = {row.handler: row.name for row in REQUEST + GLOBAL} | {
    row.post_handler: f"post {row.name}" for row in REQUEST if row.post_handler
}
_EXITS = {"RtlExitUserProcess": "ExitProcess", "NtTerminateProcess": "TerminateProcess"}
_TAKE_CODE = ("ExitProcess", "TerminateProcess", "exit", "_exit", "_Exit", "quick_exit")
_RAISE = ("RaiseException", "RtlRaiseException")


class _Case:
    """The evidence, and what follows from it: the thread, where it was, who is to blame."""

    def __init__(self, evidence: Evidence, report: Report) -> None:
        self.evidence = evidence
        self.report = report
        self.foreign = report.foreign()
        report.forget_sources(self.foreign)
        self.native = self._native_thread()
        self.thread = self._thread_id()
        self.frame = self._frame()
        stack = self.native.stack if self.native else []
        self.index = next((i for i, frame in enumerate(stack) if frame.module.lower() in self.foreign), None)
        self.blame = None if self.index is None else stack[self.index]

    @property
    def module(self) -> str:
        """File name of the module at fault."""
        return (self.blame and self.blame.module) or (self.frame and self.frame.module) or "the module"

    @property
    def guilty(self) -> bool:
        """Whether a module had anything to do with it."""
        return self.blame is not None or self.frame is not None

    @property
    def where(self) -> str:
        """``" in OnBeginRequest (RQ_BEGIN_REQUEST)"``, ``" in DllMain"``, ``" on a thread of its own"``."""
        place = _phase(self.frame) if self.frame else ""
        if self.is_own_thread():
            return f" on a thread of its own (during {place})" if place else " on a thread of its own"
        return f" in {place}" if place else ""

    def details(self) -> dict[str, Any]:
        """Return what every :class:`~pyiismod.errors.ModuleError` of a dead worker has."""
        evidence, native = self.evidence, self.native
        return {
            "module": self.module,
            "phase": self.frame.phase if self.frame else None,
            "notification": self.frame.notification if self.frame else None,
            "post": bool(self.frame and self.frame.post),
            "thread": self.thread,
            "own_thread": self.is_own_thread(),
            "exit_code": self.report.exit_code,
            "registers": native.registers if native else {},
            "stack": [_frame_details(frame) for frame in native.stack] if native else [],
            "host_calls": [call.text for call in evidence.calls],
            "debug_output": [text.text for text in evidence.debug if not text.exception],
            "first_chance": [text.text for text in evidence.debug if text.exception],
            "output": evidence.output[-_OUTPUT_LIMIT:],
        }

    def last_words(self) -> str:
        """Return the last OutputDebugString text of the thread."""
        texts = [t.text for t in self.evidence.debug if t.thread == self.thread and not t.exception]
        return texts[-1].strip() if texts else ""

    def _native_thread(self) -> NativeThread | None:
        if self.evidence.hang is None:
            return self.report.culprit
        working = self._working()
        return next((t for t in self.report.threads if working and t.thread == working.id), None)

    def _working(self) -> Thread | None:
        """Return the thread that the hung command is at: one inside a module before the one that waits for it."""
        hang = self.evidence.hang
        threads = [thread for thread in self.evidence.threads if hang and thread.command == hang.id]
        threads.sort(key=lambda t: 2 if not t.frames else t.frames[-1].phase == _PENDING)
        return threads[0] if threads else None

    def _thread_id(self) -> int | None:
        report = self.report
        if self.native:
            return self.native.thread
        if self.evidence.hang:
            working = self._working()
            return working.id if working else None
        if report.exception:
            return report.exception.thread
        return report.ended_threads[-1].thread if report.cause == "thread_exit" and report.ended_threads else None

    def _own(self) -> Thread | None:
        return next((t for t in self.evidence.threads if t.id == self.thread and t.frames), None)

    def is_own_thread(self) -> bool:
        """Whether the thread was in no phase: the module started it."""
        return self.evidence.hang is None and self._own() is None

    def _frame(self) -> Frame | None:
        """Return where the thread was; for a thread of the module's own, where the only other busy one was."""
        own = self._own()
        if own:
            return own.frames[-1]
        busy = [thread for thread in self.evidence.threads if thread.frames]
        return busy[0].frames[-1] if len(busy) == 1 else None

    @property
    def is_start(self) -> bool:
        """Whether it was in the DLL's own start-up code: what is thrown there the loader catches (section 8)."""
        return self.frame is not None and self.frame.phase == "DllMain" and not self.is_own_thread()

    def own_threads(self) -> list[str]:
        """Return where those threads stand that the modules themselves started."""
        inside = {thread.id for thread in self.evidence.threads if thread.frames}
        found = []
        for thread in self.report.threads:
            blame = next((frame for frame in thread.stack if frame.module.lower() in self.foreign), None)
            if blame is not None and thread.thread not in inside:
                first = thread.stack[0]
                found.append(_named(first) + (f", called from {_named(blame)}" if blame is not first else ""))
        return found


def explain(evidence: Evidence) -> PyiismodError:
    """Return the error that tells why the worker is gone."""
    report = evidence.report
    if report is None:
        return _unknown(evidence)
    case = _Case(evidence, report)
    if evidence.hang:
        return _hung(case, evidence.hang.command, evidence.hang.seconds)
    if not case.guilty and not (evidence.used and report.cause != "gone"):
        return _ours(case)
    if report.cause == "exception":
        return _crashed(case)
    if report.cause in ("exit", "thread_exit"):
        return _exited(case)
    return _ours(case)


def _crashed(case: _Case) -> PyiismodError:
    exception = case.report.exception
    code = exception.code if exception else 0
    first = case.native.stack[0] if case.native and case.native.stack else None
    details = case.details() | {
        "code": code,
        "code_name": hresult.name_of(code),
        "address": first.place if first else exception and exception.address,
        "blame": case.blame.place if case.blame else None,
        "parameters": exception.parameters if exception else [],
        "cxx_type": readable(exception.cxx_type) if exception else "",
        "cxx_what": exception.cxx_what if exception else "",
    }
    what = _exception_text(code, exception)
    if case.is_start and code not in (_FASTFAIL, _STACK_OVERFLOW):
        return DllMainFailed(
            f"{case.module} could not be loaded, because of an exception in DllMain: {what} {_at(case, first)}. "
            "LoadLibrary fails with the exception's code; IIS writes event 2280 and the worker process stops.",
            hint=f"Catch it in DllMain, and do what can fail in RegisterModule. {_words(case)}".strip(),
            details=details,
        )
    message = f"{case.module} crashed{case.where}: {what} {_at(case, first)}."
    if code == _FASTFAIL:
        return ModuleExited(message.replace("crashed", "ended the process", 1), hint=_hint(case, code), details=details)
    return ModuleCrashed(message, hint=_hint(case, code), details=details)


def _exited(case: _Case) -> PyiismodError:
    report = case.report
    details = case.details() | {"exit_function": None, "blame": case.blame.place if case.blame else None}
    by = f", called at {_named(case.blame)}" if case.blame else ""
    if report.cause == "thread_exit":
        function, code = "TerminateThread", report.ended_threads[-1].code if report.ended_threads else None
        if report.exit:
            function, code = "ExitThread", report.exit.code
        return ModuleExited(
            f"{case.module} ended the host's thread{case.where}: {function}({_number(code)}){by}.",
            hint="Threads that call into a module belong to the server; a handler has to return.",
            details=details | {"exit_function": function, "exit_code": code},
        )
    asked = report.exit.code if report.exit else report.exit_code
    function = _exit_function(case)
    what = f"{function}({_number(asked) if function in _TAKE_CODE else ''})"
    details |= {"exit_function": function, "exit_code": asked}
    return ModuleExited(
        f"{case.module} ended the process{case.where}: {what}{by}.",
        hint=f"In IIS this ends w3wp.exe and every request in it. {_words(case)}".strip(),
        details=details,
    )


def _hung(case: _Case, command: str, seconds: float) -> PyiismodError:
    frame, stack = case.frame, case.native.stack if case.native else []
    threads = [
        {"thread": t.thread, "phase": _phase_of(case.evidence.threads, t.thread), "stack": _stack_details(t)}
        for t in case.report.threads
    ]
    if frame is None:
        return WorkerError(
            f"the worker gave no answer to {command} within {seconds:g} s, although no module was running",
            details={"threads": threads, "output": case.evidence.output[-_OUTPUT_LIMIT:]},
        )
    if frame.phase == _PENDING:
        return _never_completed(case, frame, seconds, threads)
    since = _time(frame)
    details = case.details() | {
        "seconds": seconds,
        "since": since.isoformat(timespec="milliseconds"),
        "address": stack[0].place if stack else None,
        "threads": threads,
    }
    at = f"; it stands {_at(case, stack[0])}" if stack else ""
    return ModuleHung(
        f"{case.module} did not come back from {_phase(frame)} within {seconds:g} s (since {since:%H:%M:%S}){at}.",
        hint="The stacks of all threads are in details['threads']; a longer timeout= helps if it is only slow.",
        details=details,
    )


def _never_completed(case: _Case, frame: Frame, seconds: float, threads: list[dict[str, Any]]) -> ModuleHung:
    since, own, armed = _time(frame), case.own_threads(), frame.armed.split(", ") if frame.armed else []
    told = f" after {frame.told} completion{'s' if frame.told > 1 else ''}" if frame.told else ""
    under_way = f"Still under way: {frame.armed}." if armed else "Nothing is under way for it."
    standing = "".join(f" A thread of the module's own stands at {place}." for place in own)
    return ModuleHung(
        f"{frame.module} returned RQ_NOTIFICATION_PENDING from {_phase(frame)} and nothing completed it within "
        f"{seconds:g} s (since {since:%H:%M:%S}{told}). {under_way}{standing}",
        hint="PENDING needs a PostCompletion, an IndicateCompletion or the end of an asynchronous operation; "
        "the stacks of all threads are in details['threads'].",
        details=case.details()
        | {
            "phase": "notification",
            "registers": {},
            "stack": [],  # of the host's own waiting
            "seconds": seconds,
            "since": since.isoformat(timespec="milliseconds"),
            "armed": armed,
            "completions": frame.told,
            "own_threads": own,
            "threads": threads,
        },
    )


def _ours(case: _Case) -> WorkerError:
    report = case.report
    code = report.exception.code if report.exception else report.exit_code or 0
    what = f"exception {hresult.describe(code)}" if report.exception else f"exit code {_number(report.exit_code)}"
    return WorkerError(
        f"the worker ended although no module was running: {what}",
        hint=_last_line(case.evidence.output),
        details=case.details() | {"cause": report.cause},
    )


def _unknown(evidence: Evidence) -> WorkerError:
    how = "did not answer and was ended" if evidence.hang else "vanished"
    status = evidence.status
    ended = "" if status is None else f" (killed by signal {-status})" if status < 0 else f" (exit status {status})"
    return WorkerError(
        f"the worker {how}{ended} and left no report",
        hint=_last_line(evidence.output),
        details={"output": evidence.output[-_OUTPUT_LIMIT:], "host_calls": [call.text for call in evidence.calls]},
    )


# --- words ------------------------------------------------------------------------------------------------------


def _time(frame: Frame) -> datetime:
    return datetime.fromtimestamp(frame.since / 1e9).astimezone()


def _phase(frame: Frame) -> str:
    if not frame.notification:
        return frame.phase
    bit = _BITS.get(frame.notification)
    return f"{frame.notification} ({bit})" if bit else frame.notification


def _phase_of(threads: list[Thread], id: int) -> str | None:
    return next((_phase(thread.frames[-1]) for thread in threads if thread.id == id and thread.frames), None)


def _exception_text(code: int, exception: NativeException | None) -> str:
    parameters = exception.parameters if exception else []
    number = f"0x{code:08X}"
    if code in (_ACCESS_VIOLATION, _IN_PAGE_ERROR) and len(parameters) >= 2:
        access = _ACCESS.get(parameters[0], "using")
        return f"access violation {access} {parameters[1]} ({number})"
    if code in _CXX and exception:
        kind = readable(exception.cxx_type) or "unknown type"
        what = f": “{exception.cxx_what}”" if exception.cxx_what else ""
        return f"uncaught C++ exception {kind}{what} ({number}, {_CXX[code]})"
    if code == _FASTFAIL and parameters:
        return f"__fastfail({int(parameters[0], 16)}): {_FASTFAIL_CODES.get(parameters[0], 'a fatal error')} ({number})"
    found = hresult.lookup(code)
    return f"{found[1]} ({number} {found[0]})" if found else f"exception {number}"


def _at(case: _Case, first: NativeFrame | None) -> str:
    if first is None:
        return "at an unknown place"
    if case.blame is None or case.index == 0:
        return f"at {_named(first)}"
    if first.symbol in _RAISE:
        return f"raised at {_named(case.blame)}"
    return f"at {_named(first)}, called from {_named(case.blame)}"


def _named(frame: NativeFrame) -> str:
    source = f", {frame.file}:{frame.line}" if frame.line and frame.module else ""
    return f"{frame.place} ({frame.symbol}{source})" if frame.symbol else frame.place


def _exit_function(case: _Case) -> str:
    """Return what the module called: the outermost system function before its own frames."""
    if case.native and case.index:
        symbol = case.native.stack[case.index - 1].symbol
        if symbol:
            return symbol
    return _EXITS.get(case.report.exit.function, "exit") if case.report.exit else "exit"


def _number(code: int | None) -> str:
    return "?" if code is None else str(code) if code < 0x10000 else f"0x{code:08X}"


def _words(case: _Case) -> str:
    words = case.last_words()
    return f"Its last words: “{words}”." if words else ""


def _hint(case: _Case, code: int) -> str:
    words = _words(case)
    if code == _BREAKPOINT:
        if "override" in case.last_words():
            return f"{words} Override the method with exactly the declared signature, or do not register for it."
        return f"Nobody handles a breakpoint in w3wp.exe: it ends there, too. {words}".strip()
    if code in _CXX:
        return f"No exception may leave a handler: catch it there. {words}".strip()
    if code == _STACK_OVERFLOW and not case.is_own_thread():
        return f"Request threads of IIS have stacks of 256 KB or less. {words}".strip()
    return words


def _last_line(output: str) -> str:
    lines = output.strip().splitlines()
    return lines[-1] if lines else ""


def _frame_details(frame: NativeFrame) -> dict[str, Any]:
    details: dict[str, Any] = {
        "module": frame.module or None,
        "rva": frame.rva if frame.module else None,
        "symbol": frame.symbol or None,
        "address": frame.address,
    }
    if frame.line:
        details |= {"file": frame.file, "line": frame.line}
    if frame.omitted:
        details |= {"omitted": frame.omitted}
    return details


def _stack_details(thread: NativeThread) -> list[dict[str, Any]]:
    return [_frame_details(frame) for frame in thread.stack]
