"""The compilers behind each ABI, and the flags that make their output the same everywhere.

Paths given to compilers are relative to the repository, so that ``__FILE__`` and the like do not name a machine. No
time stamp, no debug information and no build id goes into a DLL, and its preferred address is fixed.
"""

from __future__ import annotations

import os
import runpy
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Protocol

from builder.recipes import Recipe

IMAGE_BASE = "0x180000000"
NO_EXCEPTIONS = ["-fno-exceptions", "-fno-rtti"]
INCLUDE = "native/include"


class ToolError(Exception):
    """A compiler is missing or failed; the message says what to do or what it said."""


class Toolchain(Protocol):
    """Builds DLLs for one ABI. ``scratch`` is a directory of its own that it makes; threads may build at once."""

    def __init__(self, root: Path, scratch: Path) -> None: ...

    @property
    def description(self) -> Mapping[str, str | list[str]]:
        """What the manifest says of it: the compiler's version and the flags."""

    def build(self, recipe: Recipe, dll: Path) -> None:
        """Build ``recipe`` into the file ``dll``.

        Raises:
            ToolError: a tool is missing or refuses the source.
        """


def run(command: list[str], cwd: Path, scratch: Path) -> str:
    """Run a tool and return what it printed. Files that it forgets (collect2 does) stay in ``scratch``.

    Raises:
        ToolError: it is not installed, or it failed.
    """
    if shutil.which(command[0]) is None:
        raise ToolError(f"{command[0]} is not installed. Debian: apt install g++-mingw-w64 clang-16 lld-16 llvm-16")
    environment = os.environ | {"TMPDIR": str(scratch)}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ToolError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def version(tool: str, scratch: Path) -> str:
    """Return the first line of ``tool --version``."""
    return run([tool, "--version"], scratch, scratch).splitlines()[0].strip()


class Gcc:
    """g++ of mingw-w64: what most people have who build for Windows elsewhere."""

    prefix: ClassVar[str] = "x86_64-w64-mingw32"
    flags: ClassVar[list[str]] = [
        *("-std=c++17", "-Os", "-Wall", "-Wextra", "-Werror", "-fno-ident"),
        *("-Wno-delete-non-virtual-dtor", "-ffunction-sections", "-DWIN32_LEAN_AND_MEAN", "-isystem", INCLUDE),
    ]
    link_flags: ClassVar[list[str]] = [
        *("-shared", "-static", "-s", "-Wl,--gc-sections", "-Wl,--no-insert-timestamp", "-Wl,--dynamicbase"),
        *("-Wl,--nxcompat", f"-Wl,--image-base={IMAGE_BASE}"),
    ]

    def __init__(self, root: Path, scratch: Path) -> None:
        self.root = root
        self.scratch = scratch
        scratch.mkdir()
        self.compiler = f"{version(self._tool('g++'), scratch)}; {version(self._tool('ld'), scratch)}"
        self.new = self._compile(root / "native/mingw/new.cpp", NO_EXCEPTIONS)

    @property
    def description(self) -> Mapping[str, str | list[str]]:
        return {"compiler": self.compiler, "flags": self.flags, "link_flags": self.link_flags}

    def build(self, recipe: Recipe, dll: Path) -> None:
        language = [] if recipe.exceptions else NO_EXCEPTIONS
        definition = self.scratch / f"{recipe.name}.def"
        definition.write_text(recipe.definition(dll.name), encoding="ascii")
        parts = [self._compile(recipe.source, language), definition]
        parts += [] if recipe.exceptions else [self.new]
        parts += [self._import_library(recipe, library) for library in recipe.imports]
        self._run("g++", *self.link_flags, "-o", dll, *parts, "-lole32", "-loleaut32", "-lws2_32")

    def _compile(self, source: Path, extra: list[str]) -> Path:
        target = self.scratch / f"{source.parent.name}-{source.stem}.o"
        self._run("g++", *self.flags, *extra, "-c", source.relative_to(self.root), "-o", target)
        return target

    def _import_library(self, recipe: Recipe, dll: str) -> Path:
        definition = self.scratch / f"{recipe.name}-{dll}.def"
        definition.write_text("\n".join([f"LIBRARY {dll}", "EXPORTS", *recipe.imports[dll], ""]), encoding="ascii")
        target = definition.with_suffix(".a")
        self._run("dlltool", "-d", definition, "-l", target, "--deterministic-libraries")
        return target

    def _tool(self, name: str) -> str:
        return f"{self.prefix}-{name}"

    def _run(self, tool: str, *arguments: str | Path) -> None:
        run([self._tool(tool), *map(str, arguments)], self.root, self.scratch)


class Gcc32(Gcc):
    """The same for 32 bits."""

    prefix = "i686-w64-mingw32"
    link_flags: ClassVar[list[str]] = [
        *Gcc.link_flags[:-1],
        "-Wl,--image-base=0x10000000",
        "-Wl,--enable-stdcall-fixup",
    ]


class Msvc:
    """clang with the Microsoft C++ ABI and lld-link; ``native/msvc`` stands in for the SDK and for MSVC's libraries.

    Import libraries are made from ``native/msvc/imports/*.def``: only what a module really calls ends in its imports.
    """

    machine: ClassVar[str] = "i386:x86-64"
    target: ClassVar[str] = "x86_64-pc-windows-msvc"
    flags: ClassVar[list[str]] = [
        *("-std=c++17", "-Os", "-Wall", "-Wextra", "-Werror", "-fms-extensions", "-fexceptions", "-fcxx-exceptions"),
        *("-Wno-delete-non-abstract-non-virtual-dtor", "-Wno-extern-initializer", "-fno-ident", "-isystem", INCLUDE),
        *("-isystem", "native/msvc/include"),
    ]
    link_flags: ClassVar[list[str]] = [
        "/dll",
        "/Brepro",
        "/nodefaultlib",
        "/opt:ref",
        "/noimplib",
        f"/base:{IMAGE_BASE}",
    ]

    def __init__(self, root: Path, scratch: Path) -> None:
        self.root = root
        self.scratch = scratch
        scratch.mkdir()
        self.compiler = f"{version('clang++-16', scratch)}; {version('lld-link-16', scratch)}"
        msvc = root / "native/msvc"
        self.runtime = scratch / "runtime.a"
        objects = [self._compile(source) for source in sorted(msvc.glob("*.cpp"))]
        self._run("llvm-ar-16", "rcsD", self.runtime, *objects)
        self.libraries = [self._import_library(definition) for definition in sorted((msvc / "imports").glob("*.def"))]

    @property
    def description(self) -> Mapping[str, str | list[str]]:
        return {
            "compiler": self.compiler,
            "flags": [f"--target={self.target}", *self.flags],
            "link_flags": self.link_flags,
        }

    def build(self, recipe: Recipe, dll: Path) -> None:
        exports = [f"/export:{line}" for line in recipe.exports]
        parts = [self._compile(recipe.source), self.runtime]
        for name, functions in recipe.imports.items():
            definition = self.scratch / f"{recipe.name}-{name}.def"
            definition.write_text("\n".join([f"LIBRARY {name}", "EXPORTS", *functions, ""]), encoding="ascii")
            parts.append(self._import_library(definition))
        self._run("lld-link-16", *self.link_flags, *exports, f"/out:{dll}", *parts, *self.libraries)

    def _compile(self, source: Path) -> Path:
        target = self.scratch / f"{source.parent.name}-{source.stem}.obj"
        flags = [f"--target={self.target}", *self.flags]
        self._run("clang++-16", *flags, "-c", source.relative_to(self.root), "-o", target)
        return target

    def _import_library(self, definition: Path) -> Path:
        target = self.scratch / f"{definition.stem}.lib"
        self._run("llvm-dlltool-16", "-m", self.machine, "-d", definition, "-l", target)
        return target

    def _run(self, tool: str, *arguments: str | Path) -> None:
        run([tool, *map(str, arguments)], self.root, self.scratch)


class MsvcWithoutRtti(Msvc):
    """The same without run-time type information (``/GR-``)."""

    flags: ClassVar[list[str]] = [*Msvc.flags, "-fno-rtti"]


class MsvcArm64(Msvc):
    """The same for ARM64."""

    machine = "arm64"
    target = "aarch64-pc-windows-msvc"


class Assembled:
    """No compiler: the source is a Python file whose ``image()`` returns the bytes."""

    description: ClassVar[Mapping[str, str | list[str]]] = {"compiler": "none: bytes put together by the source"}

    def __init__(self, root: Path, scratch: Path) -> None:
        del root, scratch

    def build(self, recipe: Recipe, dll: Path) -> None:
        dll.write_bytes(runpy.run_path(str(recipe.source))["image"]())


TOOLCHAINS: dict[str, type[Toolchain]] = {
    "mingw": Gcc,
    "msvc": Msvc,
    "nortti": MsvcWithoutRtti,
    "x86": Gcc32,
    "arm64": MsvcArm64,
    "assembled": Assembled,
}
