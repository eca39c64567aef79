"""Imports modules from bundles: the first meta path finder of the runtime, frozen into its python.exe.

A *bundle* is one mapped file with the code of many modules; :mod:`pyiismod.runtime.bundle` writes it. To find a module
there costs no file system call, which under Wine takes milliseconds. ``library.bundle`` beside python.exe holds the
standard library, cffi and msgspec; ``PYIISMOD_BUNDLE`` names one more that holds pyiismod itself. That is all a worker
needs, so its ``sys.path`` is empty: what is not there (``typing_extensions``) is not searched for either.

Layout: eight bytes (little endian) with the size of the index; the index, a marshalled ``dict`` of name →
``(origin, package, offset, size)``; then the code objects, marshalled. ``origin`` is the path of the source file, or
of the extension module if ``size`` is 0; ``package`` is the directory of a package, else ``""``. Paths may be
relative to the directory of the bundle.

With ``PYIISMOD_EXEC`` set (by ``pyiismod exec``) python.exe behaves as usual for scripts, ``-m`` and ``-c``: the
script's or the current directory comes first on ``sys.path``. The variable holds directories, separated by ``;``, that
come last: pure Python packages of the calling environment (pytest). Their extension modules are not for Windows and
have names that it does not look for; no byte code is left there.

Frozen into python.exe this installs itself. Another Windows Python runs this file as a script instead, with the rest of
the command line after it, and gets PYIISMOD_BUNDLE's modules that way.

It may import only what is built into or frozen in CPython: it runs before any path is searched.
"""

import _frozen_importlib_external as external
import marshal
import mmap
import nt
import sys
from _frozen_importlib import ModuleSpec

assert sys.platform == "win32"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType


class BundleLoader(external.SourceFileLoader):
    """A source loader (source text, data files, resources) whose code comes from the bundle."""

    def __init__(self, fullname: str, origin: str, code: memoryview) -> None:
        super().__init__(fullname, origin)
        self._code = code

    def get_code(self, fullname: str) -> "CodeType":
        """Return the code object of the module."""
        code: CodeType = marshal.loads(self._code)
        return code


class BundleFinder:
    """Finds the modules of one bundle."""

    def __init__(self, path: str) -> None:
        handle = nt.open(path, nt.O_RDONLY | nt.O_BINARY | nt.O_NOINHERIT)
        try:
            view = memoryview(mmap.mmap(handle, 0, access=mmap.ACCESS_READ))
        finally:
            nt.close(handle)
        end = 8 + int.from_bytes(view[:8], "little")
        self._index = marshal.loads(view[8:end])
        self._code = view[end:]
        self._directory = path.rpartition("\\")[0] + "\\"

    def _absolute(self, path: str) -> str:
        return path if path[1:2] == ":" else self._directory + path

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Return the spec of a module of this bundle, or ``None``."""
        entry = self._index.get(fullname)
        if entry is None:
            return None
        origin, package, offset, size = entry
        origin = self._absolute(origin)
        loader = (
            BundleLoader(fullname, origin, self._code[offset : offset + size])
            if size
            else external.ExtensionFileLoader(fullname, origin)
        )
        spec = ModuleSpec(fullname, loader, origin=origin, is_package=bool(package))
        spec.has_location = True
        if package:
            spec.submodule_search_locations = [self._absolute(package)]
        return spec


def _first_path() -> str:
    argument = sys.argv[0] if sys.argv else ""
    if argument == "-m":
        return nt.getcwd()
    if argument in ("", "-c"):
        return ""
    directory = argument.replace("/", "\\").rpartition("\\")[0]
    return directory if directory[1:2] == ":" else nt.getcwd() + "\\" + directory


def install(bundles: list[str]) -> None:
    """Put the finders in place."""
    if "PYIISMOD_BUNDLE" in nt.environ:
        bundles = [nt.environ["PYIISMOD_BUNDLE"], *bundles]
    sys.meta_path[:0] = [BundleFinder(path) for path in bundles]
    if "PYIISMOD_EXEC" not in nt.environ:
        sys.path.clear()
    else:
        sys.dont_write_bytecode = True
        sys.path.insert(0, _first_path())
        sys.path += [directory for directory in nt.environ["PYIISMOD_EXEC"].split(";") if directory]


def main() -> None:
    """Run the rest of the command line as python.exe would: what another Python than ours does with this file."""
    import runpy

    del sys.argv[0]
    path = list(sys.path)
    install([])
    sys.path[:] = sys.path or path
    kind = sys.argv[0]
    if kind == "-m":
        del sys.argv[0]
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    elif kind == "-c":
        source = sys.argv.pop(1)
        exec(compile(source, "<string>", "exec"), {"__name__": "__main__", "__builtins__": __builtins__})
    else:
        runpy.run_path(kind, run_name="__main__")


if __name__ == "_pyiismod_finder":
    install([sys.executable.rpartition("\\")[0] + "\\library.bundle"])
elif __name__ == "__main__":
    main()
