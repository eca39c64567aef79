"""https://learn.microsoft.com/en-us/iis/configuration/system.webserver/handlers/

The handler mappings: which modules run at EXECUTE_REQUEST_HANDLER for a URL. The first entry that fits wins. Without a
table of the test's own every loaded module that wants the notification runs, and the static content behind them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pyiismod.host.files import is_file, is_folder

RESOURCE_TYPES = ("File", "Directory", "Either", "Unspecified")
ACCESS = ("None", "Read", "Write", "Script", "Execute")
STATIC_MODULES = ("StaticFileModule", "DefaultDocumentModule", "DirectoryListingModule")
"""IIS's own content handler; naming one of them in ``modules`` puts the static content there."""


class Handler:
    """One ``<handlers>`` entry; the arguments are its attributes.

    Args:
        name: unique name.
        path: patterns with ``*``, comma-separated; without a slash they are compared with the last part of the path.
        verb: verbs, comma-separated, or ``*``.
        modules: names of modules that run, in this order, comma-separated.
        type: managed type.
        resource_type: ``"File"``, ``"Directory"``, ``"Either"`` (the path must be there) or ``"Unspecified"``.
        require_access: ``"None"``, ``"Read"``, ``"Write"``, ``"Script"`` or ``"Execute"``.
        script_processor: path of an ISAPI or CGI program.
        response_buffer_limit: bytes of a response that are buffered.
        allow_path_info: whether the pattern may fit a part of the path before its last.

    Raises:
        ValueError: an unknown resource type or access.
    """

    def __init__(
        self,
        name: str,
        path: str = "*",
        verb: str = "*",
        modules: str = "",
        *,
        type: str = "",
        resource_type: str = "Unspecified",
        require_access: str = "Script",
        script_processor: str = "",
        response_buffer_limit: int = 4194304,
        allow_path_info: bool = False,
    ) -> None:
        for value, known in ((resource_type, RESOURCE_TYPES), (require_access, ACCESS)):
            if value not in known:
                raise ValueError(f"handler {name}: {value!r} is none of {', '.join(known)}")
        self.name = name
        self.path = path
        self.verb = verb
        self.modules = tuple(part for module in modules.split(",") if (part := module.strip()))
        self.type = type
        self.resource_type = resource_type
        self.require_access = require_access
        self.script_processor = script_processor
        self.response_buffer_limit = response_buffer_limit
        self.allow_path_info = allow_path_info

    @classmethod
    def of(cls, attributes: dict[str, Any]) -> Handler:
        """Return the handler of a message.

        Raises:
            ValueError: an unknown attribute or value.
        """
        try:
            return cls(**attributes)
        except TypeError as error:
            raise ValueError(f"handler {attributes.get('name', '')!r}: {error}") from None

    @property
    def is_static(self) -> bool:
        """Whether IIS's own content handler is among its modules."""
        return any(module in STATIC_MODULES for module in self.modules)

    @property
    def is_wildcard(self) -> bool:
        """Whether it takes every path."""
        return "*" in self.path.split(",")

    def fits(self, path: str, verb: str, physical_path: str) -> bool:
        """Return whether it handles ``verb`` on the canonical URL ``path``, which is mapped to ``physical_path``."""
        verbs = [each.strip().upper() for each in self.verb.split(",")]
        if "*" not in verbs and verb.upper() not in verbs:
            return False
        return self._fits_path(path.lower()) and self._fits_resource(physical_path)

    def _fits_path(self, path: str) -> bool:
        parts = path.split("/")[1:]
        candidates = parts if self.allow_path_info else parts[-1:]
        return any(
            _like(pattern, path) if "/" in pattern else any(_like(pattern, part) for part in candidates)
            for pattern in (each.strip().lower() for each in self.path.split(","))
        )

    def _fits_resource(self, physical_path: str) -> bool:
        if self.resource_type == "Unspecified":
            return True
        return (self.resource_type != "Directory" and is_file(physical_path)) or (
            self.resource_type != "File" and is_folder(physical_path)
        )


def _like(pattern: str, text: str) -> bool:
    """Return whether ``text`` fits a pattern in which ``*`` stands for anything."""
    first, *others = pattern.split("*")
    if not others:
        return text == pattern
    if not text.startswith(first):
        return False
    position = len(first)
    for part in others[:-1]:
        found = text.find(part, position)
        if found < 0:
            return False
        position = found + len(part)
    return len(text) - position >= len(others[-1]) and text.endswith(others[-1])


def static_handler(modules: Iterable[str], response_buffer_limit: int) -> Handler:
    """Return the mapping that IIS comes with, behind the modules named."""
    names = ",".join((*modules, *STATIC_MODULES))
    return Handler(
        "StaticFile",
        modules=names,
        resource_type="Either",
        require_access="Read",
        response_buffer_limit=response_buffer_limit,
    )
