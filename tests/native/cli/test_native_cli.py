"""The command, as people start it, with real DLLs in a real worker."""

from __future__ import annotations

import shutil
import subprocess
import sys
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path

import pytest

from pyiismod.runtime import Runtime


def test_a_request_through_a_module(pyiismod: Callable, dll: Callable) -> None:
    ran = pyiismod("run", dll("hello"), "/")
    head, body = ran.out.split(b"\n\n")
    assert ran.code == 0
    assert ran.err == ""
    assert head.startswith(b"HTTP/1.1 200 OK\nContent-Type: text/plain\nServer: Microsoft-IIS/10.0\n")
    assert body == b"Hello World"


@pytest.mark.parametrize("build", ["hello", "hello.msvc"])
def test_the_document_says_all_of_it(build: str, pyiismod: Callable, dll: Callable) -> None:
    document = pyiismod("run", dll(build), "GET", "http://localhost/hello?x=1", "--json").document
    assert document["outcome"] == "completed"
    assert document["error"] is None
    assert document["modules"] == [
        {
            "name": build,
            "path": str(dll(build)),
            "request_notifications": ["RQ_BEGIN_REQUEST"],
            "post_notifications": [],
            "global_notifications": [],
            "priorities": {},
        }
    ]
    response = document["response"]
    assert (response["status"], response["substatus"], response["reason"]) == (200, 0, "OK")
    assert ["Content-Type", "text/plain"] in response["headers"]
    assert b64decode(response["body_base64"]) == b"Hello World"
    assert document["refused"] == []
    shown = [(e["event"], e["notification"], e["method"], e["result"]) for e in document["trace"]]
    assert shown == [
        ("phase", None, "LoadLibrary", None),
        ("phase", None, "RegisterModule", "S_OK"),
        ("call", None, "SetRequestNotifications", "S_OK"),
        ("phase", None, "GetHttpModule", "S_OK"),
        ("notification", "RQ_BEGIN_REQUEST", "OnBeginRequest", "RQ_NOTIFICATION_FINISH_REQUEST"),
        ("call", "RQ_BEGIN_REQUEST", "GetResponse", "IHttpResponse"),
        ("call", "RQ_BEGIN_REQUEST", "Clear", None),
        ("call", "RQ_BEGIN_REQUEST", "SetHeader", "S_OK"),
        ("call", "RQ_BEGIN_REQUEST", "WriteEntityChunks", "S_OK"),
        ("phase", None, "Dispose", None),
        ("phase", None, "Terminate", None),
        ("phase", None, "FreeLibrary", None),
    ]
    assert {e["module"] for e in document["trace"]} == {f"{build}.dll"}


def test_the_timeline_is_a_tree(pyiismod: Callable, dll: Callable) -> None:
    ran = pyiismod("run", dll("stdout_noise"), "/", "--trace")
    text = ran.out.decode()
    assert ran.code == 0
    parts = (
        "stdout_noise  ",
        "├── request RQ_BEGIN_REQUEST",
        "└── global  none",
        "load\n",
        "└── RegisterModule(dwServerVersion=0x000A0000, pModuleInfo=stdout_noise) → S_OK",
        "    ├── OutputDebugString: OutputDebugStringA in RegisterModule",
        "request\n",
        "├── OnBeginRequest → RQ_NOTIFICATION_FINISH_REQUEST",
        "│   ├── OutputDebugString: OutputDebugStringA in OnBeginRequest",
        'IHttpResponse::SetHeader(ulHeaderIndex=Content-Type, pszHeaderValue="text/plain", fReplace=TRUE) → S_OK',
        "unload\n",
        "└── FreeLibrary",
        "HTTP/1.1 200 OK",
        "quiet",
    )
    found = [text.find(part) for part in parts]
    assert -1 not in found
    assert found == sorted(found)


def test_bytes_go_through_unchanged(pyiismod: Callable, dll: Callable, tmp_path: Path) -> None:
    (tmp_path / "body").write_bytes(bytes(range(256)))
    ran = pyiismod(
        "run",
        dll("echo"),
        "PUT",
        "/a%20b?c=d#e",
        "-d",
        f"@{tmp_path / 'body'}",
        "-H",
        "X-Test: ä",
        "-o",
        tmp_path / "out",
    )
    head, _, body = (tmp_path / "out").read_bytes().partition(b"\n\n")
    assert ran.code == 0
    assert head.startswith(b"PUT /a%20b?c=d\n")
    assert b"Content-Type: application/x-www-form-urlencoded" in head
    assert b"Content-Length: 256" in head
    assert b"X-Test: \xe4" in head
    assert body == bytes(range(256))


def test_several_modules_run_in_order(pyiismod: Callable, dll: Callable) -> None:
    document = pyiismod("run", dll("order_a"), "/", "--name", "First", "--module", dll("order_b"), "--json").document
    assert [module["name"] for module in document["modules"]] == ["First", "order_b"]
    order = next(value for name, value in document["response"]["headers"] if name == "X-Order")
    assert order.startswith("a:BeginRequest, b:BeginRequest, a:PostBeginRequest, b:PostBeginRequest")


def test_settings_reach_the_module(pyiismod: Callable, dll: Callable) -> None:
    ran = pyiismod("run", dll("fail_register"), "/", "--env", "IISMOD_HRESULT=8007000E", "--json")
    assert ran.code == 1
    assert ran.document["error"]["hresult_name"] == "E_OUTOFMEMORY"
    assert b"Microsoft-IIS/8.5" in pyiismod("run", dll("hello"), "/", "--iis-version", "8.5").out


def test_an_unknown_version_of_iis(pyiismod: Callable, dll: Callable) -> None:
    ran = pyiismod("run", dll("hello"), "/", "--iis-version", "9")
    assert ran.code == 2
    assert "known are 7.0, 7.5, 8.0, 8.5, 10.0" in ran.err


def test_content_below_the_root_is_served(pyiismod: Callable, dll: Callable, tmp_path: Path) -> None:
    (tmp_path / "page.txt").write_text("from the disk")
    ran = pyiismod("run", dll("register_nothing"), "/page.txt", "--root", tmp_path, "-o", "-")
    assert (ran.code, ran.out) == (0, b"from the disk")


def test_a_path_with_spaces_and_letters_of_other_scripts(pyiismod: Callable, dll: Callable, tmp_path: Path) -> None:
    folder = tmp_path / "mödule 世界 & co"
    folder.mkdir()
    shutil.copy(dll("hello"), folder / "héllo wörld.dll")
    ran = pyiismod("run", folder / "héllo wörld.dll", "/", "--json")
    assert ran.code == 0
    assert ran.document["modules"][0]["name"] == "héllo wörld"
    assert ran.document["modules"][0]["path"] == str(folder / "héllo wörld.dll")


LOAD_FAILURES = {
    "no_export": ("MissingEntryPoint", "does not export RegisterModule"),
    "mangled_export": ("MissingEntryPoint", 'extern "C" is missing'),
    "decorated_export": ("MissingEntryPoint", "_RegisterModule@12"),
    "isapi_export": ("MissingEntryPoint", "ISAPI extension"),
    "managed": ("ManagedAssembly", ".NET assembly"),
    "hello.x86": ("WrongArchitecture", "built for x86"),
    "hello.arm64": ("WrongArchitecture", "built for ARM64"),
    "missing_dll": ("MissingDependency", "iismod_absent.dll was not found"),
    "missing_indirect": ("MissingDependency", "companion_broken.dll -> iismod_absent.dll"),
    "missing_function": ("MissingFunction", "companion.dll exports no CompanionGone"),
    "missing_system_function": ("MissingFunction", "IismodNewerThanThisWindows"),
    "dllmain_false": ("DllMainFailed", "ERROR_DLL_INIT_FAILED"),
    "fail_register": ("RegistrationFailed", "0x80070005 E_ACCESSDENIED"),
}


@pytest.mark.parametrize("name", LOAD_FAILURES)
def test_a_module_that_does_not_load(name: str, pyiismod: Callable, dll: Callable) -> None:
    kind, words = LOAD_FAILURES[name]
    ran = pyiismod("run", dll(name), "/", "--json")
    document = ran.document
    assert ran.code == 1
    assert document["outcome"] == "load_failed"
    assert document["error"]["type"] == kind
    assert words in document["error"]["message"]
    assert document["error"]["module"] == f"{name}.dll"
    assert document["response"] is None
    assert document["modules"] == []


BAD_FILES = {
    "missing": (None, "does not exist"),
    "empty": (b"", "empty"),
    "text": (b"#include <httpserv.h>\n" * 9, "text"),
    "elf": (b"\x7fELF\x02\x01\x01" + bytes(64), "ELF"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_file_that_is_no_module(name: str, pyiismod: Callable, tmp_path: Path) -> None:
    content, words = BAD_FILES[name]
    if content is not None:
        (tmp_path / f"{name}.dll").write_bytes(content)
    ran = pyiismod("run", tmp_path / f"{name}.dll", "/")
    assert ran.code == 1
    assert words.lower() in ran.err.lower()
    assert "Traceback" not in ran.err


PHASES = ["RegisterModule", "GetHttpModule", "OnBeginRequest", "Dispose", "Terminate", "DLL_PROCESS_DETACH"]


@pytest.mark.parametrize("phase", PHASES)
def test_a_crash_in_each_phase(phase: str, pyiismod: Callable, dll: Callable) -> None:
    ran = pyiismod("run", dll("crash_access_violation"), "/", "--env", f"IISMOD_CRASH_IN={phase}", "--json")
    document, error = ran.document, ran.document["error"]
    assert ran.code == 1
    assert document["outcome"] == "crashed"
    assert error["type"] == "ModuleCrashed"
    assert error["code"] == 0xC0000005
    assert error["address"].startswith("crash_access_violation.dll+0x")
    assert phase in (error["phase"], error["notification"])
    assert error["stack"][0]["module"] == "crash_access_violation.dll"
    assert error["registers"]["rip"].startswith("0x")
    ended = PHASES.index(phase) >= PHASES.index("Terminate")
    assert (document["response"] is not None) == ended
    methods = [event["method"] for event in document["trace"]]
    assert ("OnBeginRequest" in methods) == ended


def test_a_crash_after_the_response_is_told_after_it(pyiismod: Callable, dll: Callable) -> None:
    ran = pyiismod("run", dll("crash_access_violation"), "/", "--env", "IISMOD_CRASH_IN=Terminate")
    assert ran.code == 1
    assert ran.out.startswith(b"HTTP/1.1 404 Not Found")
    assert ran.err.startswith("error: crash_access_violation.dll crashed in Terminate: access violation writing 0x0")
    assert "native stack\n  #0  crash_access_violation.dll+0x" in ran.err


def test_a_module_that_ends_the_process(pyiismod: Callable, dll: Callable) -> None:
    ran = pyiismod("run", dll("crash_exit_process"), "/", "--json")
    assert ran.code == 1
    assert ran.document["outcome"] == "crashed"
    assert ran.document["error"]["type"] == "ModuleExited"
    assert "ExitProcess(17)" in ran.document["error"]["message"]


def test_a_module_that_hangs(pyiismod: Callable, dll: Callable) -> None:
    ran = pyiismod("run", dll("crash_hang"), "/", "--timeout", "5", "--json")
    assert ran.code == 1
    assert ran.document["outcome"] == "hung"
    assert ran.document["error"]["notification"] == "OnBeginRequest"


def test_calls_that_were_refused_are_listed(pyiismod: Callable, dll: Callable) -> None:
    ran = pyiismod("run", dll("refused_calls"), "/", "--json")
    assert "IHttpServer2::GetWorkerProcessFramework" in ran.document["refused"]
    shown = pyiismod("run", dll("refused_calls"), "/", "--trace").out.decode()
    assert "IHttpServer2::GetWorkerProcessFramework() → E_NOTIMPL  refused" in shown


def test_without_a_runtime(pyiismod: Callable, dll: Callable, tmp_path: Path) -> None:
    ran = pyiismod("run", dll("hello"), "/", PYIISMOD_HOME=str(tmp_path))
    assert ran.code == 3
    assert "pyiismod runtime install" in ran.err
    ran = pyiismod("run", dll("hello"), "/", "--json", PYIISMOD_HOME=str(tmp_path))
    assert ran.code == 3
    assert ran.document["outcome"] == "load_failed"
    assert ran.document["error"]["type"] == "RuntimeMissing"


def test_nobody_reads_the_output(windows: Runtime, dll: Callable) -> None:
    command = [sys.executable, "-m", "pyiismod", "run", str(dll("hello")), "/"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1
