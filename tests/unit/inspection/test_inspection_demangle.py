"""C++ names: what ``demangle`` writes, where it decodes arguments the text is that of LLVM's undname."""

from __future__ import annotations

import pytest

from pyiismod.inspection.demangle import demangle

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("symbol", "readable"),
    [
        (
            "?RegisterModule@@YAJKPEAVIHttpModuleRegistrationInfo@@PEAVIHttpServer@@@Z",
            "long __cdecl RegisterModule(unsigned long, class IHttpModuleRegistrationInfo *, class IHttpServer *)",
        ),
        (
            "?RegisterModule@@YGJKPAVIHttpModuleRegistrationInfo@@PAVIHttpServer@@@Z",
            "long __stdcall RegisterModule(unsigned long, class IHttpModuleRegistrationInfo *, class IHttpServer *)",
        ),
        ("?f@@YAXXZ", "void __cdecl f(void)"),
        ("?f@@YAHHH@Z", "int __cdecl f(int, int)"),
        ("?f@@YAXPEAH0@Z", "void __cdecl f(int *, int *)"),
        ("?f@@YAXPEBD@Z", "void __cdecl f(char const *)"),
        ("?f@@YAXPEAPEB_W@Z", "void __cdecl f(wchar_t const **)"),
        ("?f@@YA_NAEBUS@ns@@_K@Z", "bool __cdecl f(struct ns::S const &, unsigned __int64)"),
        ("?f@@YAX$$QEAVC@@@Z", "void __cdecl f(class C &&)"),
        ("?f@@YAXW4E@@@Z", "void __cdecl f(enum E)"),
        ("?f@ns@@YAXUS@1@@Z", "void __cdecl ns::f(struct ns::S)"),
        ("?f@C@@SAHXZ", "public: static int __cdecl C::f(void)"),
        ("?f@C@@QEAAHXZ", "public: int __cdecl C::f(void)"),
        ("?f@C@@UEBAHXZ", "public: virtual int __cdecl C::f(void) const"),
        ("?f@@YAXV?$vector@H@std@@@Z", "f"),
        ("?f@@3HA", "f"),
        ("_Z14RegisterModulemP27IHttpModuleRegistrationInfoP11IHttpServer", "RegisterModule(...)"),
        ("_ZN2ns14RegisterModuleEv", "ns::RegisterModule(...)"),
        ("_ZNK1C1fEv", "C::f(...)"),
        ("_Z1fv", "f(...)"),
    ],
)
def test_mangled_names(symbol: str, readable: str) -> None:
    assert demangle(symbol) == readable


@pytest.mark.parametrize(
    "symbol", ["", "RegisterModule", "?", "??0C@@QEAA@XZ", "?@", "?9@@YAXXZ", "_Z", "_Z99f", "_ZN", "?f"]
)
def test_other_names(symbol: str) -> None:
    assert demangle(symbol) is None
