"""What a module needs, and what the DLLs beside it need in turn: :func:`import_closure`.

Only DLLs in the module's own directory are followed; everything else is Windows', and a question for the machine that
runs the module (``protocol.Resolve``). Names of DLLs are compared without case, as Windows does, on every system.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from pyiismod.errors import InvalidImage
from pyiismod.inspection.image import Image
from pyiismod.inspection.knowndlls import KNOWN_DLLS
from pyiismod.inspection.nearmiss import ENTRY_POINT
from pyiismod.inspection.reader import read_image

MAX_DLLS: Final = 256

Needs = Mapping[str, tuple[str | int, ...]]


class Closure(msgspec.Struct, frozen=True):
    """A module and its companions; keys are file names in lower case.

    ``images`` has the module and each readable DLL beside it that is needed, ``unreadable`` the others with the reason.
    """

    image: Image
    images: Mapping[str, Image]
    unreadable: Mapping[str, InvalidImage]

    def imports(self) -> dict[str, dict[str, list[str | int]]]:
        """Return file → DLL → names or ordinals that must be there for the file to load."""
        return {
            name: {dll: list(wanted) for dll, wanted in image.imports.items()} for name, image in self.images.items()
        }

    def wanted(self) -> dict[str, list[str | int]]:
        """Return DLL → names or ordinals over all files, delay-loaded and forwarded ones too: what to resolve."""
        found: dict[str, dict[str | int, None]] = {}
        spelling: dict[str, str] = {}
        for image in self.images.values():
            for needs in (image.imports, image.delay_imports, forwards(image)):
                for dll, wanted in needs.items():
                    found.setdefault(spelling.setdefault(dll.lower(), dll), {}).update(dict.fromkeys(wanted))
        return {dll: list(wanted) for dll, wanted in found.items()}

    def chain(self, dll: str) -> list[str]:
        """Return how ``dll`` is reached when the module loads: ``["module.dll", "helper.dll", "absent.dll"]``.

        The list is empty if only a delay-load or a forwarder leads there.
        """
        return next((path for path in self._paths() if path[-1].lower() == dll.lower()), [])

    def _paths(self) -> Iterator[list[str]]:
        """Yield the shortest chain of load-time imports to each DLL."""
        queue = deque([[self.image.path.name]])
        seen = {self.image.path.name.lower()}
        while queue:
            path = queue.popleft()
            yield path
            image = self.images.get(path[-1].lower())
            for dll in image.imports if image else ():
                if dll.lower() not in seen:
                    seen.add(dll.lower())
                    queue.append([*path, dll])

    def importers(self, dll: str, symbol: str | int | None = None) -> list[str]:
        """Return the files that import ``dll`` (and ``symbol`` from it) at load time."""
        return [
            image.path.name
            for image in self.images.values()
            for name, wanted in image.imports.items()
            if name.lower() == dll.lower() and (symbol is None or symbol in wanted)
        ]


def forwards(image: Image) -> Needs:
    """Return the DLL and function that ``RegisterModule`` is forwarded to, as imports."""
    export = image.export(ENTRY_POINT)
    if export is None or not export.forwarder or "." not in export.forwarder:
        return {}
    library, _, function = export.forwarder.rpartition(".")
    symbol: str | int = int(function[1:]) if function.startswith("#") and function[1:].isdigit() else function
    return {library if library.lower().endswith((".dll", ".exe")) else f"{library}.dll": (symbol,)}


def import_closure(module: str | os.PathLike[str] | Image) -> Closure:
    """Read a module and, recursively, the DLLs that it needs out of its own directory.

    Raises:
        InvalidImage: the module itself cannot be read.
    """
    image = module if isinstance(module, Image) else read_image(module)
    beside = _dlls_beside(image.path)
    images = {image.path.name.lower(): image}
    unreadable: dict[str, InvalidImage] = {}
    queue = deque([image])
    while queue and len(images) < MAX_DLLS:
        current = queue.popleft()
        for dll in (*current.imports, *current.delay_imports, *forwards(current)):
            name = dll.lower()
            if name in images or name in unreadable or name in KNOWN_DLLS or name not in beside:
                continue
            try:
                images[name] = read_image(beside[name])
                queue.append(images[name])
            except InvalidImage as error:
                unreadable[name] = error
    return Closure(image=image, images=images, unreadable=unreadable)


def _dlls_beside(path: Path) -> dict[str, Path]:
    try:
        return {entry.name.lower(): Path(entry.path) for entry in os.scandir(path.parent)}
    except OSError:
        return {}
