"""Every way to fail in every phase of a module's life: each time one typed error that says what, where and how."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

import pyiismod
from pyiismod.errors import DllMainFailed, ModuleCrashed, ModuleError, ModuleExited, ModuleHung

PHASES = ("DllMain", "RegisterModule", "GetHttpModule", "OnBeginRequest", "Dispose", "Terminate", "DLL_PROCESS_DETACH")
LOADER_PHASES = ("DllMain", "DLL_PROCESS_DETACH")
STACK_OVERFLOW = 0xC00000FD
HANG = 1.5  # seconds until a hang is called one


class Kind(NamedTuple):
    error: type[ModuleError]
    words: str
    code: int | None = None
    own_thread: bool = False


KINDS = {
    "access_violation": Kind(ModuleCrashed, "access violation writing 0x0 (0xC0000005) at {module}+0x", 0xC0000005),
    "call_nowhere": Kind(
        ModuleCrashed,
        "access violation executing 0x123456789000 (0xC0000005) at 0x123456789000, called from {module}+0x",
        0xC0000005,
    ),
    "breakpoint": Kind(ModuleCrashed, "(DbgBreakPoint), called from {module}+0x", 0x80000003),
    "cpp": Kind(ModuleCrashed, "uncaught C++ exception std::runtime_error: “the back end is away” (0x20474343, GCC)"),
    "seh": Kind(ModuleCrashed, "exception 0xE0001234 raised at {module}+0x", 0xE0001234),
    "stack_overflow": Kind(ModuleCrashed, "STATUS_STACK_OVERFLOW) at {module}+0x", 0xC00000FD),
    "fastfail": Kind(ModuleExited, "__fastfail(7): ", 0xC0000409),
    "exit_process": Kind(ModuleExited, "ExitProcess(17), called at {module}+0x"),
    "exit": Kind(ModuleExited, "exit(3), called at {module}+0x"),
    "abort": Kind(ModuleExited, "abort(), called at {module}+0x"),
    "terminate": Kind(ModuleExited, "TerminateProcess(0xC0FFEE01), called at {module}+0x"),
    "exit_thread": Kind(ModuleExited, "ended the host's thread in "),
    "thread": Kind(ModuleCrashed, "access violation writing 0x0 (0xC0000005) at {module}+0x", 0xC0000005, True),
    "overflow_thread": Kind(ModuleCrashed, "STATUS_STACK_OVERFLOW) at {module}+0x", 0xC00000FD, True),
    "hang": Kind(ModuleHung, "(NtDelayExecution), called from {module}+0x"),
}

OTHERS = {
    "crash_read": Kind(ModuleCrashed, "access violation reading 0x18 (0xC0000005) at {module}+0x", 0xC0000005),
    "crash_divide": Kind(ModuleCrashed, "STATUS_INTEGER_DIVIDE_BY_ZERO) at {module}+0x", 0xC0000094),
    "crash_illegal": Kind(ModuleCrashed, "STATUS_ILLEGAL_INSTRUCTION) at {module}+0x", 0xC000001D),
    "crash_terminate_thread": Kind(ModuleExited, "ended the host's thread in OnBeginRequest (RQ_BEGIN_REQUEST): "),
    "crash_in_callback": Kind(ModuleCrashed, "access violation writing 0x0 (0xC0000005) at {module}+0x", 0xC0000005),
    "crash_bad_pointer": Kind(ModuleCrashed, ", called from {module}+0x", 0xC0000005),
    "bad_swallows_crash": Kind(ModuleCrashed, "access violation writing 0x0 (0xC0000005) at {module}+0x", 0xC0000005),
    "crash_pure_call": Kind(ModuleExited, "abort(), called at {module}+0x"),
    "crash_pure_call.msvc": Kind(ModuleExited, "_purecall(), called at {module}+0x"),
    "crash_cpp.msvc": Kind(
        ModuleCrashed,
        "uncaught C++ exception std::runtime_error: “the back end is away” (0xE06D7363, Microsoft)",
        0xE06D7363,
    ),
}

Servers = Callable[..., pyiismod.Server]
Find = Callable[[str], Path]


def live_and_die(server: Servers, path: Path, phase: str, timeout: float = 30) -> ModuleError:
    """Take the module through its life, in which it fails; return the error."""
    iis = server(environment={"IISMOD_CRASH_IN": phase}, timeout=timeout)

    def live() -> None:
        iis.load(path)
        iis.get("/")
        iis.close()

    with pytest.raises(ModuleError) as caught:
        live()
    return caught.value


def check(error: ModuleError, kind: Kind, path: Path, phase: str) -> None:
    is_caught = phase == "DllMain" and kind.error is ModuleCrashed and kind.code != STACK_OVERFLOW
    assert type(error) is (DllMainFailed if is_caught else kind.error)  # the loader catches it (section 8)
    assert error.module == path.name
    notification = phase if phase.startswith("On") else None
    assert (error.phase, error.notification) == ("notification" if notification else phase, notification)
    assert kind.words.format(module=path.name) in error.message
    details = error.details
    assert details["own_thread"] is kind.own_thread
    assert kind.code is None or details["code"] == kind.code
    if "ended the host's thread" in kind.words and details["exit_function"] == "TerminateThread":
        return
    assert set(details["registers"]) >= {"rip", "rsp", "rbp", "rax", "r15", "eflags"}
    assert path.name in [frame["module"] for frame in details["stack"]]
    assert all(frame["rva"] is None or frame["rva"] > 0 for frame in details["stack"])
    if phase not in ("DllMain", "RegisterModule"):
        assert "IHttpModuleRegistrationInfo::SetRequestNotifications" in details["host_calls"]


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("name", [name for name in KINDS if name not in ("thread", "overflow_thread")])
def test_every_kind_in_every_phase(server: Servers, dll: Find, name: str, phase: str) -> None:
    path = dll(f"crash_{name}")
    error = live_and_die(server, path, phase, HANG if name == "hang" else 30)
    check(error, KINDS[name], path, phase)


@pytest.mark.parametrize("phase", [phase for phase in PHASES if phase not in LOADER_PHASES])
@pytest.mark.parametrize("name", ["thread", "overflow_thread"])
def test_a_thread_of_the_modules_own(server: Servers, dll: Find, name: str, phase: str) -> None:
    path = dll(f"crash_{name}")
    error = live_and_die(server, path, phase)
    check(error, KINDS[name], path, phase)
    assert " on a thread of its own (during " in error.message


@pytest.mark.parametrize("phase", LOADER_PHASES)
def test_waiting_for_a_thread_under_the_loader_lock_hangs(server: Servers, dll: Find, phase: str) -> None:
    path = dll("crash_thread")
    error = live_and_die(server, path, phase, HANG)
    check(error, Kind(ModuleHung, "(NtWaitFor"), path, phase)


@pytest.mark.parametrize("name", OTHERS)
def test_the_other_kinds(server: Servers, dll: Find, name: str) -> None:
    path = dll(name)
    error = live_and_die(server, path, "OnBeginRequest")
    check(error, OTHERS[name], path, "CleanupStoredContext" if name == "crash_in_callback" else "OnBeginRequest")


@pytest.mark.parametrize("name", [name for name in KINDS if name != "cpp"])
def test_modules_of_the_microsoft_compilers(server: Servers, dll: Find, name: str) -> None:
    path = dll(f"crash_{name}.msvc")
    error = live_and_die(server, path, "OnBeginRequest", HANG if name == "hang" else 30)
    check(error, KINDS[name], path, "OnBeginRequest")


@pytest.mark.parametrize("name", ["dllmain_throws", "dllmain_throws.msvc"])
def test_an_exception_in_dllmain_is_a_failure_to_load(server: Servers, dll: Find, name: str) -> None:
    """Section 8: LoadLibrary fails with the exception's code; the next module loads all the same."""
    iis = server()
    with pytest.raises(
        DllMainFailed, match=r"uncaught C\+\+ exception std::runtime_error: .*Contoso is missing"
    ) as caught:
        iis.load(dll(name))
    assert (caught.value.outcome, caught.value.phase) == ("load_failed", "DllMain")
    assert caught.value.details["code"] == (0xE06D7363 if "msvc" in name else 0x20474343)
    iis.load(dll("hello"))
    assert iis.get("/").text == "Hello World"


@pytest.mark.parametrize("phase", LOADER_PHASES)
def test_what_the_loader_swallows_is_told(server: Servers, dll: Find, phase: str) -> None:
    path = dll("crash_cpp.msvc")
    error = live_and_die(server, path, phase)
    check(error, OTHERS["crash_cpp.msvc"], path, phase)


def test_a_deep_stack_keeps_both_ends(server: Servers, dll: Find) -> None:
    error = live_and_die(server, dll("crash_stack_overflow"), "OnBeginRequest")
    stack = error.details["stack"]
    assert sum(frame.get("omitted", 0) for frame in stack) > 100
    assert stack[0]["module"] == "crash_stack_overflow.dll"
    assert stack[-1]["symbol"] == "RtlUserThreadStart"


def test_a_hang_shows_all_threads(server: Servers, dll: Find) -> None:
    error = live_and_die(server, dll("crash_hang"), "OnBeginRequest", HANG)
    threads = error.details["threads"]
    assert len(threads) >= 2
    assert [t["phase"] for t in threads if t["phase"]] == ["OnBeginRequest (RQ_BEGIN_REQUEST)"]
    assert all(thread["stack"] for thread in threads)
    assert error.details["seconds"] == HANG


def test_code_that_runs_on_after_its_module_was_unloaded(server: Servers, dll: Find) -> None:
    iis = server()
    iis.load(dll("bad_late_thread"))
    assert iis.get("/").text == "ticking"
    with pytest.raises(ModuleCrashed, match=r"at unloaded bad_late_thread\.dll\+0x"):
        iis.close()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("not_overridden", "CHttpModule::OnAuthorizeRequest was called, but the module does not override it"),
        ("wrong_signature", "CHttpModule::OnAuthenticateRequest was called, but the module does not override it"),
    ],
)
def test_a_default_handler_is_explained(server: Servers, dll: Find, name: str, words: str) -> None:
    iis = server()
    iis.load(dll(name))
    with pytest.raises(ModuleCrashed) as caught:
        iis.get("/")
    assert caught.value.details["code"] == 0x80000003
    assert words in caught.value.hint
    assert "Override the method with exactly the declared signature" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("seh_handled.msvc", "survived 2"),
        ("cpp_caught.msvc", "caught 500"),
        ("debugger_aware", "IsDebuggerPresent 0"),
        ("debugger_aware.msvc", "IsDebuggerPresent 0"),
        ("threads", "by another thread"),
        ("bad_pinned", "pinned"),
    ],
)
def test_no_false_alarm(server: Servers, dll: Find, name: str, text: str) -> None:
    iis = server()
    iis.load(dll(name))
    assert text in iis.get("/").text
    iis.close()


def test_after_a_crash_the_next_request_has_a_fresh_worker(server: Servers, dll: Find) -> None:
    iis = server(environment={"IISMOD_CRASH_IN": "Dispose"})
    iis.load(dll("crash_access_violation"))
    messages = []
    for _ in range(3):
        with pytest.raises(ModuleCrashed) as caught:
            iis.get("/")
        messages.append(caught.value.message)
    assert len(set(messages)) == 1
