"""Writes C++ that calls every slot, compiles it, and reads from the assembly which slot each call goes to."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from oracle import ABI, full_table

ROOT = Path(__file__).parents[2]
CLANG_MSVC = ("clang++-16", "--target=x86_64-pc-windows-msvc", "-fms-extensions", "-nostdinc")
MINGW = ("x86_64-w64-mingw32-g++",)
_FLAGS = ("-std=c++17", "-O1", "-S", "-o", "-", "-Wall", "-Wextra", "-Werror", f"-I{ROOT / 'native/include'}")

_LABEL = re.compile(r'^"?(call_\w+)"?:')
_LOAD = re.compile(r"\bmovq?\s+(\d*)\(%(?!rsp)r\w+\), %(r\w+)")
_CALL = re.compile(r"\b(?:call|jmp)q?\s+\*(?:(\d*)\(%r\w+\)|%(r\w+))")


def compile_text(compiler: tuple[str, ...], source: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    """Compile to assembly on standard output; whether it succeeded is for the caller to judge."""
    return subprocess.run([*compiler, *_FLAGS, *flags, str(source)], capture_output=True, text=True, check=False)


def slots_called(compiler: tuple[str, ...], source: Path) -> dict[str, int]:
    """Compile and return, for each function ``call_…``, the index of the one vtable slot that it calls."""
    done = compile_text(compiler, source, "-Wno-overloaded-virtual")
    assert done.returncode == 0, done.stderr
    slots: dict[str, list[int]] = {}
    loaded: dict[str, str] = {}
    function = ""
    for line in done.stdout.splitlines():
        if label := _LABEL.match(line):
            function = label[1]
            slots[function] = []
        elif load := _LOAD.search(line):
            loaded[load[2]] = load[1]
        elif function and (call := _CALL.search(line)):
            offset = loaded[call[2]] if call[2] else call[1]
            slots[function].append(int(offset or 0) // 8)
    assert all(len(found) == 1 for found in slots.values()), slots
    return {name: found[0] for name, found in slots.items()}


def calls_through_header() -> Iterator[str]:
    """Yield C++ that calls each slot of each class by its natural name, as module source does."""
    yield '#include "iismod/httpserv.h"\n'
    for name in ABI["interfaces"]:
        for owner, method in full_table(name):
            if method["name"] != "~CHttpModule":
                yield _caller(name, f"static_cast<{_constant(method)}{owner} *>(self)", method)


def destructor_through_header() -> str:
    """Return C++ that destroys a module object as the default ``Dispose`` does."""
    return (
        '#include "iismod/httpserv.h"\n'
        "struct Probe : CHttpModule { ~Probe(); };\n"
        'extern "C" void call_destructor(Probe *self) { delete self; }\n'
    )


def calls_through_natural_declarations() -> Iterator[str]:
    """Yield classes declared as in Httpserv.h, with true overloads, and a call of each slot that they declare."""
    yield '#include "iismod/httpserv.h"\nnamespace natural\n{'
    yield from (f"class {name};" for name in ABI["interfaces"])
    for name, cls in ABI["interfaces"].items():
        yield f"class {name}{' : public ' + cls['base'] if cls['base'] else ''}\n{{\npublic:"
        yield from map(_natural_virtual, natural_order(cls["methods"]))
        yield "};"
    for name, cls in ABI["interfaces"].items():
        for method in cls["methods"]:
            if method["name"] != "~CHttpModule":
                yield _caller(name, "self", method)
    yield "}"


def natural_order(methods: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return methods in the order in which Httpserv.h declares them: overloads together, the first slot's one last."""
    names = list(dict.fromkeys(method["name"] for method in methods))
    return [m for name in names for m in reversed(methods) if m["name"] == name]


def msvc_order(methods: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Apply the Microsoft rule: overloads sit at the place of the first one declared, the last one declared first."""
    table: dict[str, list[dict[str, Any]]] = {}
    for method in methods:
        table.setdefault(method["name"], []).insert(0, method)
    return [method for group in table.values() for method in group]


def _natural_virtual(method: dict[str, Any]) -> str:
    if method["name"] == "~CHttpModule":
        return "virtual ~CHttpModule();"
    params = ", ".join(c_type for _, c_type in method["params"])
    return f"virtual {method['returns']} {method['name']}({params}){' const' if method.get('const') else ''} = 0;"


def _caller(cls: str, self: str, method: dict[str, Any]) -> str:
    params = [f"{_constant(method)}{cls} *self", *(f"{c_type} {name}" for name, c_type in method["params"])]
    call = f"{self}->{method['name']}({', '.join(name for name, _ in method['params'])})"
    return f'extern "C" {method["returns"]} call_{cls}_{method["overload"]}({", ".join(params)}) {{ return {call}; }}'


def _constant(method: dict[str, Any]) -> str:
    return "const " if method.get("const") else ""
