"""What can be said about a module's DLL without running it, on any operating system.

- :func:`read_image` turns a file into an :class:`Image`, or raises ``InvalidImage`` that says what it is instead;
- :func:`preflight` also judges: DLL, native, right processor, exports ``RegisterModule``.

Importing this package is cheap; :mod:`pefile` is only imported when a PE file is read.
"""

from pyiismod.inspection.image import ClrHeader, Export, Headers, Image, Section
from pyiismod.inspection.preflight import preflight
from pyiismod.inspection.reader import read_image

__all__ = ["ClrHeader", "Export", "Headers", "Image", "Section", "preflight", "read_image"]
