"""The C++ headers in front of real compilers: every call lands in the slot that IIS has there."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import probe
import pytest
from oracle import ABI, full_table
from probe import CLANG_MSVC, MINGW

COMPILERS = pytest.mark.parametrize("compiler", [CLANG_MSVC, MINGW], ids=["clang-msvc", "mingw"])
CLASSES: dict[str, Any] = ABI["interfaces"]


def write(directory: Path, text: str | Iterable[str]) -> Path:
    source = directory / "probe.cpp"
    source.write_text(text if isinstance(text, str) else "\n".join(text), encoding="ascii")
    return source


@COMPILERS
def test_every_call_through_the_header_goes_to_its_slot(tmp_path: Path, compiler: tuple[str, ...]) -> None:
    expected = {
        f"call_{name}_{method['overload']}": i
        for name in CLASSES
        for i, (_, method) in enumerate(full_table(name))
        if method["name"] != "~CHttpModule"
    }
    assert len(expected) == ABI["counts"]["total_slots_with_inherited"] - 1
    assert probe.slots_called(compiler, write(tmp_path, probe.calls_through_header())) == expected


@pytest.mark.parametrize(("compiler", "slot"), [(CLANG_MSVC, 30), (MINGW, 31)], ids=["clang-msvc", "mingw"])
def test_destructor(tmp_path: Path, compiler: tuple[str, ...], slot: int) -> None:
    """g++ keeps two destructors, of which deleting is the second; only the module itself calls it."""
    source = write(tmp_path, probe.destructor_through_header())
    assert probe.slots_called(compiler, source) == {"call_destructor": slot}


def test_natural_declarations_give_our_slots_in_the_microsoft_abi(tmp_path: Path) -> None:
    called = probe.slots_called(CLANG_MSVC, write(tmp_path, probe.calls_through_natural_declarations()))
    assert called == {
        f"call_{name}_{method['overload']}": method["slot"]
        for name, cls in CLASSES.items()
        for method in cls["methods"]
        if method["name"] != "~CHttpModule"
    }


def test_natural_declarations_do_not_in_the_itanium_abi(tmp_path: Path) -> None:
    """Why the header has names of its own for overloads: g++ would put 20 slots elsewhere."""
    called = probe.slots_called(MINGW, write(tmp_path, probe.calls_through_natural_declarations()))
    moved = {
        (name, method["slot"])
        for name, cls in CLASSES.items()
        for method in cls["methods"]
        if called.get(f"call_{name}_{method['overload']}", method["slot"]) != method["slot"]
    }
    pairs = {"IHttpRequest": [0, 2, 4, 6, 10], "IHttpResponse": [0, 4, 6, 8], "IHttpContext": [15]}
    assert moved == {(name, slot + half) for name, firsts in pairs.items() for slot in firsts for half in (0, 1)}


NATURAL = """
#include "iismod/httpserv.h"
#include "iismod/httptrace.h"

class CNatural : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext *pHttpContext, IHttpEventProvider *) override
    {
        IHttpResponse *pHttpResponse = pHttpContext->GetResponse();
        const IHttpRequest *pHttpRequest = pHttpContext->GetRequest();
        PCSTR psz;
        PCWSTR pwsz;
        DWORD cch;
        pHttpResponse->Clear();
        pHttpResponse->SetHeader(HttpHeaderContentType, "text/plain", 10, TRUE);
        pHttpResponse->SetHeader("X-Natural", "1", 1, FALSE);
        if (FAILED(pHttpContext->GetServerVariable("URL", &psz, &cch)) || pHttpRequest->GetHeader("Cookie") == NULL)
            return RQ_NOTIFICATION_FINISH_REQUEST;
        if (FAILED(pHttpContext->GetServerVariable("URL", &pwsz, &cch)) || !pHttpRequest->GetHeader(HttpHeaderHost))
            return RQ_NOTIFICATION_FINISH_REQUEST;
        HTTP_DATA_CHUNK chunk;
        chunk.DataChunkType = HttpDataChunkFromMemory;
        chunk.FromMemory.pBuffer = (PVOID)pHttpContext->GetUser()->GetUserName();
        const HTTP_REQUEST_HEADERS &headers = pHttpRequest->GetRawHttpRequest()->Headers;
        chunk.FromMemory.BufferLength = headers.KnownHeaders[HttpHeaderHost].RawValueLength;
        pHttpResponse->GetRawHttpResponse()->StatusCode = 202;
        pHttpResponse->WriteEntityChunks(&chunk, 1, FALSE, TRUE, &cch);
        HTTP_TRACE_EVENT event = {};
        pHttpContext->GetTraceContext()->RaiseTraceEvent(&event);
        SOCKADDR_IN6 *pAddress = (SOCKADDR_IN6 *)pHttpRequest->GetRemoteAddress();
        return pAddress->sin6_family == AF_INET6 ? RQ_NOTIFICATION_PENDING : RQ_NOTIFICATION_CONTINUE;
    }
};

class CNaturalFactory final : public IHttpModuleFactory
{
public:
    HRESULT GetHttpModule(CHttpModule **ppModule, IModuleAllocator *) override
    {
        static CNatural module;
        *ppModule = &module;
        return S_OK;
    }
    void Terminate() override { delete this; }
};

class CNaturalGlobal final : public CGlobalModule
{
public:
    GLOBAL_NOTIFICATION_STATUS OnGlobalStopListening(IGlobalStopListeningProvider *) override
    {
        return GL_NOTIFICATION_HANDLED;
    }
    void Terminate() override { delete this; }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo *pModuleInfo, IHttpServer *pHttpServer)
{
    IHttpModuleRegistrationInfo2 *pModuleInfo2;
    HRESULT hr = HttpGetExtendedInterface(pHttpServer, pModuleInfo, &pModuleInfo2);
    if (SUCCEEDED(hr))
        hr = pModuleInfo2->SetPriorityForPostRequestNotification(RQ_BEGIN_REQUEST, PRIORITY_ALIAS_LAST);
    if (hr == HRESULT_FROM_WIN32(ERROR_NOT_SUPPORTED))
        return hr;
    pModuleInfo->SetGlobalNotifications(new CNaturalGlobal, GL_STOP_LISTENING);
    return pModuleInfo->SetRequestNotifications(new CNaturalFactory, RQ_BEGIN_REQUEST, 0);
}

static PFN_REGISTERMODULE checked = RegisterModule;
HRESULT again(IHttpModuleRegistrationInfo *pModuleInfo, IHttpServer *pHttpServer)
{
    return checked(0x000A0000, pModuleInfo, pHttpServer);
}
"""


@pytest.mark.parametrize(
    "compiler",
    [
        CLANG_MSVC,
        ("clang++-16", "--target=aarch64-pc-windows-msvc", "-nostdinc"),
        ("clang++-16", "--target=i686-pc-windows-msvc", "-nostdinc"),
        MINGW,
        (*MINGW, "-DWIN32_LEAN_AND_MEAN", "-DUNICODE"),
        ("i686-w64-mingw32-g++",),
    ],
    ids=["clang-msvc", "arm64", "x86-msvc", "mingw", "mingw-lean-unicode", "x86-mingw"],
)
def test_ordinary_module_source_compiles_unchanged(tmp_path: Path, compiler: tuple[str, ...]) -> None:
    done = probe.compile_text(compiler, write(tmp_path, NATURAL))
    assert (done.returncode, done.stderr) == (0, "")


def test_iids_are_in_the_code(tmp_path: Path) -> None:
    """``HttpGetExtendedInterface`` passes the IIDs of both static types: Data1 shows that they are there."""
    for compiler in (CLANG_MSVC, MINGW):
        done = probe.compile_text(compiler, write(tmp_path, NATURAL))
        for name in ("IHttpModuleRegistrationInfo", "IHttpModuleRegistrationInfo2"):
            first = int(CLASSES[name]["iid"].split("-")[0], 16)
            assert any(str(number) in done.stdout for number in (first, first - (1 << 32))), (name, compiler)


def test_mingws_own_http_h_is_refused_before_ours(tmp_path: Path) -> None:
    source = write(tmp_path, '#include <winsock2.h>\n#include <http.h>\n#include "iismod/httpserv.h"\n')
    done = probe.compile_text(MINGW, source)
    assert done.returncode != 0
    assert "include httpserv.h before <http.h>" in done.stderr


def test_mingws_own_http_h_is_harmless_after_ours(tmp_path: Path) -> None:
    text = '#include "iismod/httpserv.h"\n#include <http.h>\nstatic_assert(sizeof(HTTP_REQUEST_AUTH_INFO) == 80, "");\n'
    done = probe.compile_text(MINGW, write(tmp_path, text))
    assert (done.returncode, done.stderr) == (0, "")


def test_a_wrong_layout_does_not_compile(tmp_path: Path) -> None:
    """The assertions in http.h are live."""
    for name in ("http.h", "platform.h"):
        (tmp_path / name).write_text((probe.ROOT / "native/include/iismod" / name).read_text(encoding="utf-8"))
    header = tmp_path / "http.h"
    text = header.read_text()
    assert text.count("    USHORT ServiceNameLength;\n") == 1
    header.write_text(text.replace("    USHORT ServiceNameLength;\n", ""))
    for compiler in (CLANG_MSVC, MINGW):
        done = probe.compile_text(compiler, write(tmp_path, '#include "http.h"\n'))
        assert done.returncode != 0
        assert "HTTP_LOG_FIELDS_DATA::ServerIpLength" in done.stderr
