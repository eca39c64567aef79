"""What IIS itself would say about a module that does not load: event id, text and error data.

The texts are those of the Application log, source IIS-W3SVC-WP. The worker process then ends; after repeated failures
the application pool is stopped and each of its sites answers 503. Sources: the page "IIS W3SVC Module Configuration" on
learn.microsoft.com (dd364219), and events that module users quote in public issues.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

WIN32_ERRORS: Final = {
    2: "ERROR_FILE_NOT_FOUND",
    5: "ERROR_ACCESS_DENIED",
    126: "ERROR_MOD_NOT_FOUND",
    127: "ERROR_PROC_NOT_FOUND",
    193: "ERROR_BAD_EXE_FORMAT",
    1006: "ERROR_FILE_INVALID",
}


class IisEvent(msgspec.Struct, frozen=True):
    """One entry of the event log. ``number`` is ``None`` where only the text is documented."""

    number: int | None
    text: str
    error: int

    @property
    def data(self) -> str:
        """The data field as the Event Viewer shows it: the Win32 error, little-endian."""
        return self.error.to_bytes(4, "little").hex(" ").upper()

    @property
    def sentence(self) -> str:
        """The event as one sentence of an error message."""
        number = f"event {self.number}, " if self.number else ""
        name = WIN32_ERRORS[self.error]
        return (
            f'IIS would log {number}"{self.text}" with the data {self.data} ({name}), and its sites would answer 503.'
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the event as ``details["iis"]`` of an error."""
        return {"event": self.number, "text": self.text, "error": WIN32_ERRORS[self.error], "data": self.data}


def load_failed(path: object, error: int) -> IisEvent:
    """``LoadLibrary`` failed with the Win32 ``error``."""
    return IisEvent(2280, f"The Module DLL {path} failed to load. The data is the error.", error)


def wrong_processor(path: object, supported: str) -> IisEvent:
    """The DLL is for another processor than the worker process; ``supported`` is ``"AMD64"`` or ``"x86"``."""
    text = (
        f"The Module DLL '{path}' could not be loaded due to a configuration problem. The current configuration only "
        f"supports loading images built for a {supported} processor architecture."
    )
    return IisEvent(None, text, 193)


def no_entry_point(path: object, error: int = 127) -> IisEvent:
    """``GetProcAddress("RegisterModule")`` failed."""
    return IisEvent(
        2295, f"Failed to find the RegisterModule entrypoint in the module DLL {path}. The data is the error.", error
    )
