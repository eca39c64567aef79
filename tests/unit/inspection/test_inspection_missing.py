"""What did not resolve becomes one error or warnings: closures, chains, well-known DLLs, gaps of Wine."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from pe_writer import ARM64, X86, Exported, Pe

from pyiismod.errors import (
    DllMainFailed,
    InvalidImage,
    LoadError,
    MissingDependency,
    MissingEntryPoint,
    MissingFunction,
    WrongArchitecture,
)
from pyiismod.inspection import LoadWarning, explain_missing, import_closure

pytestmark = pytest.mark.unit

FIXTURES = Path(__file__).parents[3] / "fixtures"
WINE = [
    "KERNEL32.dll",
    "msvcrt.dll",
    "MSVCP140.dll",
    "ucrtbase.dll",
    "api-ms-win-core-synch-l1-2-0.dll",
    "OLEAUT32.dll",
]


class Folder:
    """A directory of synthetic DLLs, the first of which is the module."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, name: str, pe: Pe | bytes | None = None, **facts: object) -> None:
        data = pe if isinstance(pe, bytes) else (pe or Pe(**facts)).build()  # type: ignore[arg-type]
        (self.path / name).write_bytes(data)

    def explain(
        self,
        dlls: Sequence[str] = (),
        functions: Mapping[str, Sequence[str | int]] | None = None,
        builtin: Sequence[str] = WINE,
    ) -> list[LoadWarning]:
        return explain_missing(import_closure(self.path / "module.dll"), dlls, functions or {}, builtin)

    def error(self, kind: type[LoadError], *args: object, **kwargs: object) -> LoadError:
        with pytest.raises(LoadError) as caught:
            self.explain(*args, **kwargs)  # type: ignore[arg-type]
        error = caught.value
        assert type(error) is kind
        assert error.message.startswith(str(self.path / "module.dll"))
        assert error.hint
        assert error.module == "module.dll"
        assert json.loads(json.dumps(error.as_dict()))["type"] == kind.__name__
        return error


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


# --- the closure ------------------------------------------------------------------------------------------------


def test_closure_follows_the_directory_without_case(folder: Folder) -> None:
    folder.add("module.dll", imports={"HELPER.dll": ["Help"], "KERNEL32.dll": ["Sleep"]})
    folder.add("helper.DLL", exports=["Help"], imports={"deep.dll": ["Dive", 3], "kernel32.dll": ["Beep", "Sleep"]})
    folder.add("Deep.dll", exports=["Dive"], imports={"absent.dll": ["Gone"], "module.dll": ["RegisterModule"]})
    folder.add("unused.dll")
    closure = import_closure(folder.path / "module.dll")
    assert sorted(closure.images) == ["deep.dll", "helper.dll", "module.dll"]
    assert closure.wanted() == {
        "HELPER.dll": ["Help"],
        "KERNEL32.dll": ["Sleep", "Beep"],
        "deep.dll": ["Dive", 3],
        "absent.dll": ["Gone"],
        "module.dll": ["RegisterModule"],
    }
    assert closure.imports()["deep.dll"] == {"absent.dll": ["Gone"], "module.dll": ["RegisterModule"]}
    assert closure.chain("ABSENT.dll") == ["module.dll", "HELPER.dll", "deep.dll", "absent.dll"]
    assert closure.chain("unused.dll") == []


def test_closure_ignores_a_system_dll_in_the_directory(folder: Folder) -> None:
    folder.add("module.dll", imports={"KERNEL32.dll": ["Sleep"]})
    folder.add("kernel32.dll", b"not even a DLL")
    closure = import_closure(folder.path / "module.dll")
    assert list(closure.images) == ["module.dll"]
    assert not closure.unreadable


def test_closure_has_delay_loads_and_the_forwarder(folder: Folder) -> None:
    exports = [Exported("RegisterModule", forwarder="core.#5")]
    folder.add("module.dll", exports=exports, delay_imports={"late.dll": ["Later"]})
    folder.add("late.dll", imports={"absent.dll": ["Gone"]})
    closure = import_closure(folder.path / "module.dll")
    assert closure.wanted() == {"late.dll": ["Later"], "core.dll": [5], "absent.dll": ["Gone"]}
    assert closure.chain("late.dll") == []


# --- DLLs -------------------------------------------------------------------------------------------------------


def test_nothing_missing(folder: Folder) -> None:
    folder.add("module.dll", imports={"KERNEL32.dll": ["Sleep"]})
    assert folder.explain() == []


def test_missing_dll_by_name(folder: Folder) -> None:
    folder.add("module.dll", imports={"absent.dll": ["a", "b", "c", "d"], "KERNEL32.dll": ["Sleep"]})
    error = folder.error(MissingDependency, ["absent.dll"])
    assert "cannot be loaded: absent.dll was not found, from which module.dll imports a, b, c, ..." in error.message
    assert "event 2280" in error.message
    assert error.details["iis"]["data"] == "7E 00 00 00"
    assert (
        error.hint
        == f"Put absent.dll into the module's directory ({folder.path}) or into a directory of the server's PATH."
    )
    assert error.details["missing"] == [
        {"dll": "absent.dll", "chain": ["module.dll", "absent.dll"], "kind": "unknown", "wine_gap": False}
    ]


def test_missing_dll_of_a_companion_with_its_chain(folder: Folder) -> None:
    folder.add("module.dll", imports={"helper.dll": ["Help"]})
    folder.add("helper.dll", imports={"absent.dll": [7]})
    error = folder.error(MissingDependency, ["absent.dll"])
    assert "from which helper.dll imports #7 (module.dll -> helper.dll -> absent.dll)" in error.message


def test_all_missing_dlls_are_named(folder: Folder) -> None:
    folder.add("module.dll", imports={"a.dll": ["x"], "libstdc++-6.dll": ["y"], "k.dll": ["here", "gone"]})
    error = folder.error(MissingDependency, ["a.dll", "libstdc++-6.dll"], {"k.dll": ["gone"]})
    assert "a.dll was not found" in error.message
    assert "libstdc++-6.dll was not found" in error.message
    assert "-static" in error.hint
    assert error.details["missing_functions"] == {"k.dll": ["gone"]}


@pytest.mark.parametrize(
    ("dll", "kind", "text", "hint"),
    [
        ("MSVCP140.dll", "vcredist", "the Visual C++ 2015-2022 runtime", "vc_redist.x64.exe"),
        ("vcruntime140_1.dll", "vcredist", "the Visual C++ 2015-2022 runtime", "/MT"),
        ("concrt140.dll", "vcredist", "the Visual C++ 2015-2022 runtime", "/MT"),
        ("msvcr120.dll", "vcredist", "the Visual C++ 2013 runtime", "Visual C++ 2013 Redistributable (x64)"),
        ("msvcp110.dll", "vcredist", "the Visual C++ 2012 runtime", "Visual C++ 2012 Redistributable"),
        ("msvcr100.dll", "vcredist", "the Visual C++ 2010 runtime", "Visual C++ 2010 Redistributable"),
        ("msvcr90.dll", "vcredist", "the Visual C++ 2008 runtime", "Visual C++ 2008 Redistributable"),
        ("mfc140u.dll", "vcredist", "part of MFC of the Visual C++ 2015-2022 runtime", "Redistributable"),
        ("vcruntime140d.dll", "debug_crt", "the debug build of the Visual C++ 2015-2022", "must not be redistributed"),
        ("ucrtbased.dll", "debug_crt", "the debug build of the Universal C Runtime", "as Release"),
        ("MSVCP140D.dll", "debug_crt", "the debug build", "as Release"),
        ("mfc140ud.dll", "debug_crt", "the debug build of MFC", "as Release"),
        ("api-ms-win-crt-heap-l1-1-0.dll", "ucrt", "the Universal C Runtime", "KB2999226"),
        ("libgcc_s_seh-1.dll", "mingw", "the GCC runtime of mingw-w64", "-static"),
        ("libwinpthread-1.dll", "mingw", "the GCC runtime of mingw-w64", "-static"),
        ("libc++.dll", "mingw", "the LLVM runtime", "-static"),
        ("libcrypto-3-x64.dll", "openssl", "part of OpenSSL", "link OpenSSL statically"),
        ("iiscore.dll", "iis", "an internal DLL of IIS", "must not link to it"),
        ("mscoree.dll", "dotnet", "part of .NET", "Install the .NET runtime"),
        ("cudart64_12.dll", "cuda", "NVIDIA CUDA", "CUDA runtime"),
        ("libmmd.dll", "intel", "Intel", "Intel"),
        ("msys-2.0.dll", "cygwin", "the POSIX layer of Cygwin or MSYS2", "mingw-w64 compiler"),
        ("clang_rt.asan_dynamic-x86_64.dll", "asan", "AddressSanitizer", "fsanitize"),
        ("php8ts.dll", "other_host", "a DLL of another host program", "plug-in"),
    ],
)
def test_well_known_dlls(folder: Folder, dll: str, kind: str, text: str, hint: str) -> None:
    folder.add("module.dll", imports={dll: ["x"]})
    error = folder.error(MissingDependency, [dll])
    assert text in error.message
    assert hint in error.hint
    assert error.details["missing"][0]["kind"] == kind
    assert error.details["missing"][0]["wine_gap"] is False


@pytest.mark.parametrize("dll", ["certenroll.dll", "virtdisk.dll", "NETUTILS.dll", "api-ms-win-core-new-l9-9-9.dll"])
def test_dll_of_windows_that_this_wine_lacks(folder: Folder, dll: str) -> None:
    folder.add("module.dll", imports={dll: ["x"]})
    error = folder.error(MissingDependency, [dll])
    assert f"{dll} belongs to Windows, but this Wine has none: a gap of Wine, not a fault" in error.message
    assert "Run the module on Windows" in error.hint
    assert error.details["missing"][0]["wine_gap"] is True


def test_dll_of_windows_that_this_windows_lacks(folder: Folder) -> None:
    folder.add("module.dll", imports={"certenroll.dll": ["x"]})
    error = folder.error(MissingDependency, ["certenroll.dll"], builtin=[])
    assert "certenroll.dll is part of Windows Server." in error.message
    assert "Install-WindowsFeature" in error.hint


def test_delay_loaded_dll_is_a_warning(folder: Folder) -> None:
    folder.add("module.dll", delay_imports={"late.dll": ["x"]})
    (warning,) = folder.explain(["late.dll"])
    assert (warning.kind, warning.dll) == ("delay_load", "late.dll")
    assert "the module loads, and the first call into late.dll fails" in warning.message


def test_warnings_stay_with_the_error(folder: Folder) -> None:
    folder.add("module.dll", imports={"absent.dll": ["x"]}, delay_imports={"late.dll": ["x"]})
    error = folder.error(MissingDependency, ["late.dll", "absent.dll"])
    assert "late.dll" in error.details["warnings"][0]


# --- companions ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pe", "architecture"), [(Pe(machine=X86), "x86"), (Pe(machine=ARM64), "ARM64"), (Pe(chpe=True), "ARM64EC")]
)
def test_companion_for_another_processor(folder: Folder, pe: Pe, architecture: str) -> None:
    folder.add("module.dll", imports={"helper.dll": ["RegisterModule"]})
    folder.add("helper.dll", pe)
    error = folder.error(WrongArchitecture, ["helper.dll"])
    assert f"helper.dll beside it (module.dll -> helper.dll) for {architecture}." in error.message
    assert error.hint == "Put the x64 build of helper.dll there."


def test_damaged_companion(folder: Folder) -> None:
    folder.add("module.dll", imports={"helper.dll": ["x"]})
    folder.add("helper.dll", Pe().build()[:0x300])
    error = folder.error(InvalidImage, ["helper.dll"])
    assert "it needs helper.dll (module.dll -> helper.dll), which is damaged." in error.message
    assert "truncated" in error.message


def test_companion_that_refuses_to_load(folder: Folder) -> None:
    folder.add("module.dll", imports={"helper.dll": ["RegisterModule"]})
    folder.add("helper.dll")
    error = folder.error(DllMainFailed, ["helper.dll"])
    assert "helper.dll is there and complete, but does not load" in error.message


def test_delay_loaded_companion_for_another_processor_is_no_error(folder: Folder) -> None:
    folder.add("module.dll", delay_imports={"late.dll": ["RegisterModule"]})
    folder.add("late.dll", machine=X86)
    assert folder.explain() == []


# --- functions -----------------------------------------------------------------------------------------------


def test_missing_function_of_a_companion(folder: Folder) -> None:
    folder.add("module.dll", imports={"helper.dll": ["HelpMeEx"]})
    folder.add("helper.dll", exports=["HelpMe", "Other"], version={"FileVersion": "4.5"})
    error = folder.error(MissingFunction, [], {"helper.dll": ["HelpMeEx"]})
    assert "cannot be loaded: helper.dll exports no HelpMeEx, which module.dll imports." in error.message
    assert error.details["iis"]["error"] == "ERROR_PROC_NOT_FOUND"
    assert (
        "helper.dll, version 4.5, is not the helper.dll that the module was linked with. It exports HelpMe."
        in error.hint
    )
    assert error.details["missing_functions"] == {"helper.dll": ["HelpMeEx"]}


def test_missing_function_of_another_dll(folder: Folder) -> None:
    folder.add("module.dll", imports={"zlib1.dll": ["inflate9"]})
    error = folder.error(MissingFunction, [], {"zlib1.dll": ["inflate9"]})
    assert error.hint == "Deploy the zlib1.dll that the module was linked with."


def test_missing_ordinal(folder: Folder) -> None:
    folder.add("module.dll", imports={"helper.dll": [99]})
    folder.add("helper.dll", exports=["a"])
    assert (
        "helper.dll exports no #99, which module.dll imports."
        in folder.error(MissingFunction, [], {"helper.dll": [99]}).message
    )


def test_function_that_no_windows_has(folder: Folder) -> None:
    folder.add("module.dll", imports={"KERNEL32.dll": ["NewerThanThisWindows", "Sleep"]})
    error = folder.error(MissingFunction, [], {"KERNEL32.dll": ["NewerThanThisWindows"]})
    assert "KERNEL32.dll exports no NewerThanThisWindows" in error.message
    assert "GetProcAddress" in error.hint


@pytest.mark.parametrize(
    ("dll", "symbol", "who"),
    [
        ("KERNEL32.dll", "CreateFile2", "Windows has"),
        ("MSVCP140.dll", "?nonsense@@YAXXZ", "the real one should have"),
        ("ucrtbase.dll", "_something_new", "the real one should have"),
        ("msvcrt.dll", "_other", "the real one should have"),
        ("api-ms-win-core-synch-l1-2-0.dll", "WaitOnAddress", "the real one should have"),
        ("OLEAUT32.dll", 444, "the real one should have"),
    ],
)
def test_gap_of_wine_is_a_warning(folder: Folder, dll: str, symbol: str | int, who: str) -> None:
    folder.add("module.dll", imports={dll: [symbol]})
    (warning,) = folder.explain([], {dll: [symbol]})
    assert (warning.kind, warning.dll, warning.functions) == ("wine_gap", dll, [symbol])
    assert f"which {who}: the module loads" in warning.message
    assert "a gap of Wine, not a fault of the module" in warning.message


def test_gap_and_fault_together(folder: Folder) -> None:
    folder.add("module.dll", imports={"KERNEL32.dll": ["CreateFile2", "Nonsense"]})
    error = folder.error(MissingFunction, [], {"kernel32.DLL": ["CreateFile2", "Nonsense"]})
    assert "exports no Nonsense" in error.message
    assert "CreateFile2" in error.details["warnings"][0]


def test_on_windows_a_missing_function_is_an_error(folder: Folder) -> None:
    folder.add("module.dll", imports={"KERNEL32.dll": ["CreateFile2"]})
    folder.error(MissingFunction, [], {"KERNEL32.dll": ["CreateFile2"]}, builtin=[])


def test_delay_loaded_function_is_a_warning(folder: Folder) -> None:
    folder.add("module.dll", delay_imports={"helper.dll": ["x"]})
    (warning,) = folder.explain([], {"helper.dll": ["x"]})
    assert warning.kind == "delay_load"


# --- forwarded entry point -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dlls", "functions", "words", "data"),
    [
        (["core.dll"], {}, "core.dll was not found", "7E 00 00 00"),
        ([], {"core.dll": ["Begin"]}, "core.dll exports no Begin", "7F 00 00 00"),
    ],
)
def test_forwarded_entry_point(
    folder: Folder, dlls: list[str], functions: dict[str, list[str]], words: str, data: str
) -> None:
    folder.add("module.dll", exports=[Exported("RegisterModule", forwarder="core.Begin")])
    error = folder.error(MissingEntryPoint, dlls, functions)
    assert f"forwards RegisterModule to Begin of core.dll, but {words}." in error.message
    assert (error.details["iis"]["event"], error.details["iis"]["data"]) == (2295, data)


# --- committed fixtures --------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["", ".msvc"])
def test_fixture_chains(suffix: str) -> None:
    closure = import_closure(FIXTURES / f"missing_indirect{suffix}.dll")
    chain = [f"missing_indirect{suffix}.dll", "companion_broken.dll", "iismod_absent.dll"]
    assert closure.chain("iismod_absent.dll") == chain
    with pytest.raises(MissingDependency, match=" -> ".join(chain)):
        explain_missing(closure, ["iismod_absent.dll"], {}, ["KERNEL32.dll"])
    closure = import_closure(FIXTURES / f"missing_function{suffix}.dll")
    with pytest.raises(MissingFunction, match=r"companion\.dll exports no CompanionGone"):
        explain_missing(closure, [], {"companion.dll": ["CompanionGone"]}, ["KERNEL32.dll"])
    assert "CompanionHere" in import_closure(FIXTURES / f"companion_user{suffix}.dll").wanted()["companion.dll"]
    closure = import_closure(FIXTURES / f"missing_system_function{suffix}.dll")
    with pytest.raises(MissingFunction, match="exports no IismodNewerThanThisWindows"):
        explain_missing(closure, [], {"KERNEL32.dll": ["IismodNewerThanThisWindows"]}, ["KERNEL32.dll"])
