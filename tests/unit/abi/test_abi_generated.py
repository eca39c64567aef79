"""What is generated from the declaration: it is complete, it loads, and it cannot drift unseen."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from cffi import FFI
from oracle import ABI

from pyiismod.abi import abi_hash
from pyiismod.abi.cdef import cdef
from pyiismod.abi.fingerprint import fingerprint
from pyiismod.abi.model import INTERFACES, Method
from pyiismod.host import gen
from pyiismod.host._abi import ffi

pytestmark = pytest.mark.unit


def test_committed_files_are_up_to_date() -> None:
    done = subprocess.run([sys.executable, "-m", "pyiismod.host.gen", "--check"], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_stale_file_is_named_with_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gen, "ROOT", tmp_path)
    assert gen.main([]) == 0
    assert gen.main(["--check"]) == 0
    stale = tmp_path / "native/include/iismod/httpserv.h"
    stale.write_text(stale.read_text().replace("/*  4 */", "/*  5 */"))
    before = stale.read_bytes()
    capsys.readouterr()
    assert gen.main(["--check"]) == 1
    out, err = capsys.readouterr()
    assert out.splitlines() == ["native/include/iismod/httpserv.h: is not what its source gives"]
    assert "python -m pyiismod.host.gen" in err
    assert stale.read_bytes() == before
    assert gen.main([]) == 0
    assert stale.read_bytes() != before


def test_wrong_arguments_show_the_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert gen.main(["--chekc"]) == 2
    assert "--check" in capsys.readouterr().err


def test_the_text_is_valid_for_cffi() -> None:
    fresh = FFI()
    fresh.cdef(cdef())
    assert fresh.sizeof("HTTP_REQUEST") == ABI["types"]["HTTP_REQUEST"]["size"]


@pytest.mark.parametrize("name", ABI["interfaces"])
def test_every_slot_has_a_function_type(name: str) -> None:
    for row in ABI["interfaces"][name]["methods"]:
        function = ffi.typeof(f"{name}_{row['overload']}")
        assert function.kind == "function"
        this, *params = function.args
        assert this.cname == "uintptr_t"
        assert [p.kind in ("pointer", "function") for p in params] == [
            _is_pointer(c_type) for _, c_type in row["params"]
        ]
        assert [ffi.sizeof(p) for p in params] == [_size(c_type) for _, c_type in row["params"]]
        assert function.result.kind == "void" or ffi.sizeof(function.result) == _size(row["returns"])


def _is_pointer(c_type: str) -> bool:
    pointers = ("pointer", "function_pointer")
    return c_type.endswith(("*", "&")) or ABI["types"].get(c_type, {}).get("kind") in pointers


def _size(c_type: str) -> int:
    return 8 if c_type.endswith(("*", "&")) else int(ABI["types"][c_type]["size"])


def test_a_slot_can_be_a_callback() -> None:
    seen = []

    def set_header(this: int, index: int, value: object, length: int, replace: int) -> int:
        seen.append((this, index, ffi.string(value), length, replace))
        return -2147467259

    callback = ffi.callback("IHttpRequest_SetHeader_id", set_header)
    assert callback(0x1234, 12, ffi.new("char[]", b"text"), 4, 1) == -2147467259
    assert seen == [(0x1234, 12, b"text", 4, 1)]


def test_wide_strings_are_utf16_everywhere() -> None:
    text = ffi.new("WCHAR[]", "a\U0001f600")
    assert ffi.sizeof(text) == 2 * 4
    assert ffi.string(ffi.cast("LPCWSTR", text)) == "a\U0001f600"


def test_no_integer_has_a_size_that_depends_on_the_platform() -> None:
    words = set(re.findall(r"\b(?:long|short|int|wchar_t|size_t|unsigned)\b", cdef()))
    assert words == {"unsigned", "int"}  # the flags of the deleting destructor


def test_the_hash_is_that_of_the_declaration() -> None:
    assert abi_hash() == fingerprint()
    assert re.fullmatch(r"[0-9a-f]{16}", abi_hash())


def test_the_hash_does_not_depend_on_what_was_imported_first() -> None:
    code = "import pyiismod.abi.user, pyiismod.abi.context, pyiismod.abi.fingerprint as f; print(f.fingerprint())"
    answer = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert answer.strip() == abi_hash()


def test_the_hash_changes_with_a_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint()
    cls = INTERFACES["IModuleAllocator"]
    changed: tuple[Method, ...] = tuple(m._replace(const=True) for m in cls.table())
    monkeypatch.setattr(cls, "table", lambda: changed)
    assert fingerprint() != before
