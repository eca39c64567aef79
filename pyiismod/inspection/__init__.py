"""What can be said about a module's DLL without running it, on any operating system.

- :func:`read_image` turns a file into an :class:`Image`, or raises ``InvalidImage`` that says what it is instead;
- :func:`preflight` also judges: DLL, native, right processor, exports ``RegisterModule``;
- :func:`import_closure` lists what the module and the DLLs beside it need; the machine that runs it resolves that list;
- :func:`explain_missing` turns what did not resolve into one error, or into warnings (:class:`LoadWarning`).

Importing this package is cheap; :mod:`pefile` is only imported when a PE file is read.
"""

from pyiismod.inspection.closure import Closure, forwards, import_closure
from pyiismod.inspection.image import ClrHeader, Export, Headers, Image, Section
from pyiismod.inspection.knowndlls import KnownDll, identify
from pyiismod.inspection.missing import LoadWarning, explain_missing
from pyiismod.inspection.preflight import preflight
from pyiismod.inspection.reader import read_image

__all__ = [
    "Closure",
    "ClrHeader",
    "Export",
    "Headers",
    "Image",
    "KnownDll",
    "LoadWarning",
    "Section",
    "explain_missing",
    "forwards",
    "identify",
    "import_closure",
    "preflight",
    "read_image",
]
