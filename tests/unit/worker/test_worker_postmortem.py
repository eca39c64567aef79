"""From what is left of a worker to one error: type, words, details."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from pyiismod.errors import (
    DllMainFailed,
    ModuleCrashed,
    ModuleError,
    ModuleExited,
    ModuleHung,
    PyiismodError,
    WorkerError,
)
from pyiismod.worker.blackbox import DebugString, Frame, HostCall, Thread
from pyiismod.worker.evidence import Evidence, Hang, Report
from pyiismod.worker.postmortem import explain

SYSTEM = r"C:\windows\system32"
PYTHON = r"Z:\home\me\runtime"
MODULES = [
    {"name": "bad.dll", "path": r"Z:\srv\bad.dll", "base": "0x20d0000", "size": 65536},
    {"name": "ntdll.dll", "path": rf"{SYSTEM}\ntdll.dll", "base": "0x170000000", "size": 65536},
    {"name": "kernelbase.dll", "path": r"Z:\usr\lib\wine\x86_64-windows\kernelbase.dll", "base": "0x0", "size": 1},
    {"name": "_cffi_backend.pyd", "path": r"D:\elsewhere\_cffi_backend.pyd", "base": "0x1", "size": 1},
    {"name": "python311.dll", "path": rf"{PYTHON}\python311.dll", "base": "0x180000000", "size": 65536},
    {"name": "python.exe", "path": rf"{PYTHON}\python.exe", "base": "0x140000000", "size": 65536},
]
HANDLER = Frame("notification", "bad.dll", "OnBeginRequest", False, 1_700_000_000_000_000_000)


def frame(module: str, rva: int = 0, symbol: str = "", **more: Any) -> dict[str, Any]:
    return {"address": hex(0x10000 + rva), "module": module, "rva": rva, "symbol": symbol, **more}


def native(*stack: dict[str, Any], thread: int = 40) -> dict[str, Any]:
    return {"thread": thread, "registers": {"rip": "0x1", "rsp": "0x2"}, "stack": list(stack)}


def exception(code: int, *parameters: str, **more: Any) -> dict[str, Any]:
    record = {"code": code, "flags": 0, "thread": 40, "address": "0x20d1523", "module": "bad.dll", "rva": 0x1523}
    return record | {"parameters": list(parameters)} | more


def report(cause: str, **more: Any) -> Report:
    return msgspec.convert({"version": 1, "cause": cause, "process": 32, "modules": MODULES} | more, Report)


def evidence(
    found: Report | None,
    *,
    threads: list[Thread] | None = None,
    debug: list[DebugString] | None = None,
    hang: Hang | None = None,
    status: int | None = 5,
    output: str = "",
) -> Evidence:
    where = [Thread(40, 3, [HANDLER])] if threads is None else threads
    calls = [HostCall(0, 40, "IHttpResponse::Clear")]
    return Evidence(found, where, True, calls, debug or [], output, status, hang)


def explained(found: Report | None, **more: Any) -> PyiismodError:
    return explain(evidence(found, **more))


def test_an_access_violation() -> None:
    error = explained(
        report(
            "exception",
            exit_code=0xC0000005,
            exception=exception(0xC0000005, "0x1", "0x0"),
            culprit=native(frame("bad.dll", 0x1523), frame("_cffi_backend.pyd", 7), frame("python311.dll", 9)),
        ),
        output="printed\n",
    )
    assert isinstance(error, ModuleCrashed)
    assert error.message == (
        "bad.dll crashed in OnBeginRequest (RQ_BEGIN_REQUEST): "
        "access violation writing 0x0 (0xC0000005) at bad.dll+0x1523."
    )
    assert (error.module, error.phase, error.notification) == ("bad.dll", "notification", "OnBeginRequest")
    assert error.details["code"] == 0xC0000005
    assert error.details["code_name"] == "STATUS_ACCESS_VIOLATION"
    assert error.details["address"] == error.details["blame"] == "bad.dll+0x1523"
    assert error.details["registers"] == {"rip": "0x1", "rsp": "0x2"}
    assert [(f["module"], f["rva"]) for f in error.details["stack"]] == [
        ("bad.dll", 0x1523),
        ("_cffi_backend.pyd", 7),
        ("python311.dll", 9),
    ]
    assert error.details["host_calls"] == ["IHttpResponse::Clear"]
    assert error.details["output"] == "printed\n"
    msgspec.json.encode(error.as_dict())


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (exception(0xC0000005, "0x0", "0x18"), "access violation reading 0x18 (0xC0000005)"),
        (exception(0xC0000005, "0x8", "0x123"), "access violation executing 0x123 (0xC0000005)"),
        (exception(0xC0000006, "0x0", "0x18", "0x1"), "access violation reading 0x18 (0xC0000006)"),
        (exception(0xC00000FD), "the stack is used up: "),
        (exception(0xC0000374), "(0xC0000374 STATUS_HEAP_CORRUPTION)"),
        (exception(0xE0001234), "exception 0xE0001234"),
        (
            exception(0xE06D7363, cxx_type=".?AVruntime_error@std@@", cxx_what="no"),
            "uncaught C++ exception std::runtime_error: “no” (0xE06D7363, Microsoft)",
        ),
        (exception(0x20474343, cxx_type="i"), "uncaught C++ exception int (0x20474343, GCC)"),
        (exception(0xE06D7363), "uncaught C++ exception unknown type (0xE06D7363, Microsoft)"),
    ],
)
def test_the_words_for_an_exception(record: dict[str, Any], words: str) -> None:
    error = explained(report("exception", exception=record, culprit=native(frame("bad.dll", 0x10))))
    assert isinstance(error, ModuleCrashed)
    assert words in error.message


def test_the_blame_goes_through_system_code() -> None:
    stack = native(frame("ntdll.dll", 1, "DbgBreakPoint"), frame("bad.dll", 0x20, "Handler", file="a.cpp", line=7))
    error = explained(report("exception", exception=exception(0x80000003), culprit=stack))
    assert "at ntdll.dll+0x1 (DbgBreakPoint), called from bad.dll+0x20 (Handler, a.cpp:7)" in error.message
    assert error.details["address"] == "ntdll.dll+0x1"
    assert error.details["blame"] == "bad.dll+0x20"


def test_source_lines_of_other_images_are_not_shown() -> None:
    stack = native(frame("ntdll.dll", 1, "Foo", file="loader.c", line=3), frame("bad.dll", 0x20))
    error = explained(report("exception", exception=exception(0xC0000005, "0x0", "0x0"), culprit=stack))
    assert "loader.c" not in str(error.as_dict())


def test_a_raised_exception_is_placed_where_it_was_raised() -> None:
    stack = native(frame("kernelbase.dll", 1, "RaiseException"), frame("bad.dll", 0x20))
    error = explained(report("exception", exception=exception(0xE0001234), culprit=stack))
    assert "exception 0xE0001234 raised at bad.dll+0x20." in error.message


def test_a_call_into_nowhere() -> None:
    stack = native({"address": "0x123456789000", "module": "", "rva": 0}, frame("bad.dll", 0x2422))
    error = explained(report("exception", exception=exception(0xC0000005, "0x8", "0x123456789000"), culprit=stack))
    assert "at 0x123456789000, called from bad.dll+0x2422." in error.message
    assert error.details["stack"][0] == {"module": None, "rva": None, "symbol": None, "address": "0x123456789000"}


def test_an_unloaded_module_is_named() -> None:
    stack = native(frame("bad.dll", 0x10, unloaded=True))
    error = explained(report("exception", exception=exception(0xC0000005, "0x8", "0x10"), culprit=stack), threads=[])
    assert "at unloaded bad.dll+0x10." in error.message


def test_a_breakpoint_in_a_method_that_is_not_overridden() -> None:
    words = DebugString(40, 1, False, "CHttpModule::OnMapPath was called, but the module does not override it\n")
    stack = native(frame("ntdll.dll", 1, "DbgBreakPoint"), frame("bad.dll", 0x20))
    error = explained(report("exception", exception=exception(0x80000003), culprit=stack), debug=[words])
    assert "CHttpModule::OnMapPath was called, but the module does not override it" in error.hint
    assert "Override the method with exactly the declared signature" in error.hint
    assert error.details["debug_output"] == [words.text]


def test_the_last_words_of_another_thread_are_no_hint() -> None:
    words = DebugString(99, 1, False, "something about override")
    stack = native(frame("bad.dll", 0x20))
    error = explained(report("exception", exception=exception(0x80000003), culprit=stack), debug=[words])
    assert "override" not in error.hint


@pytest.mark.parametrize(
    ("code", "kind"),
    [(0xC0000005, DllMainFailed), (0xC00000FD, ModuleCrashed), (0xC0000409, ModuleExited)],
)
def test_the_loader_catches_what_dllmain_throws(code: int, kind: type[ModuleError]) -> None:
    """Section 8: LoadLibrary fails with the exception's code; a stack overflow and __fastfail end the process."""
    start = Thread(40, 3, [Frame("DllMain", "bad.dll", None, False, 1)])
    found = report("exception", exception=exception(code), culprit=native(frame("bad.dll", 0x20)))
    error = explained(found, threads=[start])
    assert type(error) is kind
    assert ("could not be loaded, because of an exception in DllMain" in error.message) == (kind is DllMainFailed)


def test_fastfail_is_an_exit() -> None:
    record = exception(0xC0000409, "0x7")
    error = explained(report("exception", exception=record, culprit=native(frame("bad.dll", 0x20))))
    assert isinstance(error, ModuleExited)
    assert "bad.dll ended the process in OnBeginRequest (RQ_BEGIN_REQUEST): __fastfail(7): abort()" in error.message


@pytest.mark.parametrize(
    ("ntdll", "symbol", "code", "words"),
    [
        ("RtlExitUserProcess", "ExitProcess", 17, "ExitProcess(17)"),
        ("RtlExitUserProcess", "exit", 3, "exit(3)"),
        ("RtlExitUserProcess", "abort", 3, "abort()"),
        ("NtTerminateProcess", "TerminateProcess", 0xC0FFEE01, "TerminateProcess(0xC0FFEE01)"),
        ("NtTerminateProcess", "", 1, "TerminateProcess(1)"),
    ],
)
def test_an_exit(ntdll: str, symbol: str, code: int, words: str) -> None:
    stack = native(frame("ntdll.dll", 1, ntdll), frame("kernelbase.dll", 2, symbol), frame("bad.dll", 0x20))
    asked = {"function": ntdll, "thread": 40, "code": code}
    error = explained(report("exit", exit=asked, culprit=stack, exit_code=code))
    assert isinstance(error, ModuleExited)
    assert error.message == (
        f"bad.dll ended the process in OnBeginRequest (RQ_BEGIN_REQUEST): {words}, called at bad.dll+0x20."
    )
    assert error.details["exit_code"] == code
    assert error.details["exit_function"] == words.partition("(")[0]


def test_a_thread_that_ends_itself() -> None:
    asked = {"function": "RtlExitUserThread", "thread": 40, "code": 5}
    error = explained(report("thread_exit", exit=asked, culprit=native(frame("ntdll.dll"), frame("bad.dll", 0x20))))
    assert isinstance(error, ModuleExited)
    assert "ended the host's thread in OnBeginRequest (RQ_BEGIN_REQUEST): ExitThread(5), called at" in error.message


def test_a_thread_that_is_ended() -> None:
    error = explained(report("thread_exit", ended_threads=[{"thread": 40, "code": 9}]))
    assert isinstance(error, ModuleExited)
    assert "bad.dll ended the host's thread in OnBeginRequest (RQ_BEGIN_REQUEST): TerminateThread(9)." in error.message


def test_a_thread_of_the_modules_own() -> None:
    stack = native(frame("bad.dll", 0x20), thread=77)
    record = exception(0xC0000005, "0x1", "0x0", thread=77)
    error = explained(report("exception", exception=record, culprit=stack))
    assert "crashed on a thread of its own (during OnBeginRequest (RQ_BEGIN_REQUEST)): " in error.message
    assert error.details["own_thread"] is True
    idle = explained(report("exception", exception=record, culprit=stack), threads=[])
    assert "crashed on a thread of its own: " in idle.message
    assert idle.details["phase"] is None


@pytest.mark.parametrize(
    ("where", "words"),
    [
        (Frame("DllMain", "bad.dll", None, False, 1), "in DllMain"),
        (Frame("DLL_PROCESS_DETACH", "bad.dll", None, False, 1), "in DLL_PROCESS_DETACH"),
        (Frame("notification", "bad.dll", "OnPostLogRequest", True, 1), "in OnPostLogRequest (post RQ_LOG_REQUEST)"),
        (Frame("notification", "bad.dll", "OnGlobalStopListening", False, 1), "(GL_STOP_LISTENING)"),
        (Frame("notification", "bad.dll", "OnAsyncCompletion", False, 1), "in OnAsyncCompletion:"),
    ],
)
def test_where_it_was(where: Frame, words: str) -> None:
    record = exception(0xC0000005, "0x1", "0x0")
    error = explained(
        report("exception", exception=record, culprit=native(frame("bad.dll", 0x20))),
        threads=[Thread(40, 3, [HANDLER, where])],
    )
    assert words in error.message
    assert error.details["phase"] == where.phase


def test_a_hang() -> None:
    stacks = [
        native(frame("python311.dll", 1), thread=12),
        native(frame("ntdll.dll", 2, "NtDelayExecution"), frame("bad.dll", 0x23F5)),
    ]
    error = explained(report("hang", threads=stacks), hang=Hang(3, "Fire", 2.5))
    assert isinstance(error, ModuleHung)
    assert error.outcome == "hung"
    assert "bad.dll did not come back from OnBeginRequest (RQ_BEGIN_REQUEST) within 2.5 s (since " in error.message
    assert error.message.endswith("it stands at ntdll.dll+0x2 (NtDelayExecution), called from bad.dll+0x23f5.")
    assert error.details["since"].startswith("2023-11-1")
    assert [thread["thread"] for thread in error.details["threads"]] == [12, 40]
    assert error.details["threads"][1]["phase"] == "OnBeginRequest (RQ_BEGIN_REQUEST)"
    assert error.details["stack"] == error.details["threads"][1]["stack"]
    msgspec.json.encode(error.as_dict())


def test_a_hang_outside_of_any_module_is_ours() -> None:
    error = explained(report("hang", threads=[]), hang=Hang(3, "Resolve", 2), threads=[Thread(40, 3, [])])
    assert isinstance(error, WorkerError)
    assert "no answer to Resolve within 2 s, although no module was running" in error.message


def test_our_own_crash() -> None:
    found = report("exception", exception=exception(0xC0000005, "0x0", "0x8"), culprit=native(frame("python311.dll")))
    error = explain(Evidence(found, [], False, [], [], "Fatal Python error: x\n", 5))
    assert isinstance(error, WorkerError)
    assert "the worker ended although no module was running: exception 0xC0000005 STATUS_ACCESS" in error.message
    assert error.hint == "Fatal Python error: x"


@pytest.mark.parametrize(
    ("status", "hang", "words"),
    [
        (-9, None, "the worker vanished (killed by signal 9) and left no report"),
        (125, None, "the worker vanished (exit status 125) and left no report"),
        (None, Hang(1, "Fire", 3), "the worker did not answer and was ended and left no report"),
    ],
)
def test_no_report(status: int | None, hang: Hang | None, words: str) -> None:
    error = explained(None, status=status, hang=hang, output="one\nlast line\n")
    assert isinstance(error, WorkerError)
    assert error.message == words
    assert error.hint == "last line"


@pytest.mark.parametrize("cause", ["exception", "exit", "thread_exit", "hang", "gone", "something new"])
def test_the_barest_report_still_gives_an_error(cause: str) -> None:
    for threads in ([], [Thread(40, 3, [HANDLER])], [Thread(40, 3, [HANDLER]), Thread(41, 4, [HANDLER])]):
        for hang in (None, Hang(3, "Fire", 1)):
            found = msgspec.convert({"version": 1, "cause": cause, "process": 1}, Report)
            error = explained(found, threads=threads, hang=hang)
            assert isinstance(error, ModuleError | WorkerError)
            msgspec.json.encode(error.as_dict())


def test_a_report_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "postmortem.json"
    assert Report.load(path) is None
    for text in (b"", b"{", b'{"version": 1}', b"\xff\xfe", b"[" * 100000):
        path.write_bytes(text)
        assert Report.load(path) is None


WAITING = Frame("pending", "slow.dll", "OnBeginRequest", False, 1_700_000_000_000_000_000)
OWN = native(frame("ntdll.dll", 2, "NtDelayExecution"), frame("bad.dll", 0x23F5), thread=77)


def waiting(*threads: Thread, stacks: list[dict[str, Any]] | None = None) -> PyiismodError:
    return explained(report("hang", threads=stacks or []), hang=Hang(3, "Fire", 2.5), threads=list(threads))


def test_pending_that_nothing_completes() -> None:
    """Fact sheet, section 6, item 4: which notification, since when, what is under way, what its own threads do."""
    error = waiting(Thread(40, 3, [WAITING]), stacks=[native(frame("python311.dll", 1)), OWN])
    assert isinstance(error, ModuleHung)
    assert (
        "slow.dll returned RQ_NOTIFICATION_PENDING from OnBeginRequest (RQ_BEGIN_REQUEST) and nothing completed it "
        "within 2.5 s (since "
    ) in error.message
    own = "ntdll.dll+0x2 (NtDelayExecution), called from bad.dll+0x23f5"
    assert error.message.endswith(f"Nothing is under way for it. A thread of the module's own stands at {own}.")
    assert (error.module, error.phase, error.notification) == ("slow.dll", "notification", "OnBeginRequest")
    assert (error.details["armed"], error.details["completions"], error.details["own_threads"]) == ([], 0, [own])
    assert error.details["stack"] == []
    assert [thread["thread"] for thread in error.details["threads"]] == [40, 77]
    msgspec.json.encode(error.as_dict())


@pytest.mark.parametrize(("told", "words"), [(0, ")"), (1, " after 1 completion)"), (2, " after 2 completions)")])
def test_pending_with_something_under_way(told: int, words: str) -> None:
    place = Frame("pending", "slow.dll", "OnPostMapRequestHandler", True, 1, told, "Flush, ReadEntityBody")
    error = waiting(Thread(40, 3, [place]))
    assert "from OnPostMapRequestHandler (post RQ_MAP_REQUEST_HANDLER) and" in error.message
    assert f"{words}. Still under way: Flush, ReadEntityBody." in error.message
    assert error.details["armed"] == ["Flush", "ReadEntityBody"]


def test_whoever_is_inside_of_a_module_is_to_blame_before_the_one_that_waits() -> None:
    """A completion, or IndicateCompletion, drives the request on another thread; a visitor is in nothing."""
    inside = Thread(50, 3, [Frame("notification", "bad.dll", "OnAsyncCompletion", False, 1)])
    elsewhere = Thread(60, 4, [HANDLER])
    for threads in ([Thread(40, 3, [WAITING]), inside, elsewhere], [elsewhere, Thread(45, 3, []), inside]):
        error = waiting(*threads)
        assert "bad.dll did not come back from OnAsyncCompletion within 2.5 s" in error.message
        assert error.details["thread"] == 50
