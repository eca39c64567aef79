"""What an inspection may hold against a file: one catalogue with stable ids, and :class:`Finding`.

The ids are part of the JSON and SARIF documents. ``"error"``: IIS will refuse the module, or it will break a request;
``"warning"``: it deserves a look before it goes on a server; ``"note"``: good to know.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec


class Kind(NamedTuple):
    """One kind of finding: its section, its level, and what to do about it."""

    section: str
    level: str
    title: str
    help: str


KINDS: Final[Mapping[str, Kind]] = {
    "entry-missing": Kind(
        "entry",
        "error",
        "There is no RegisterModule that IIS would find",
        'Export it undecorated: a .def file with EXPORTS RegisterModule, or extern "C".',
    ),
    "entry-near-miss": Kind(
        "entry",
        "error",
        "An export is nearly RegisterModule",
        "IIS compares names letter by letter: export it undecorated.",
    ),
    "name-differs": Kind(
        "entry",
        "note",
        "The file is named otherwise than when it was linked",
        "Harmless by itself; unknown files are often renamed.",
    ),
    "handler-not-overridden": Kind(
        "handlers",
        "error",
        "A notification is registered and its handler is not overridden",
        "The SDK's default handler breaks into the debugger and so ends w3wp: override or unregister it.",
    ),
    "handler-not-registered": Kind(
        "handlers",
        "warning",
        "A handler is overridden and its notification is not registered",
        "IIS never calls it: add its bit to the mask, or remove it.",
    ),
    "need-missing": Kind(
        "needs",
        "warning",
        "A DLL is needed that a stock Windows Server does not have",
        "Deploy it beside the module or link it statically.",
    ),
    "need-debug-crt": Kind(
        "needs",
        "error",
        "The debug C run-time is needed",
        "Build the module as Release.",
    ),
    "need-unknown-function": Kind(
        "needs",
        "warning",
        "A function is imported that no known Windows exports",
        "Check the spelling and the Windows version.",
    ),
    "capability": Kind(
        "capabilities", "note", "The module can do more than answer requests", "See what its imports allow it."
    ),
    "string-key": Kind(
        "strings",
        "warning",
        "A key or password is in the file",
        "Keep secrets out of binaries.",
    ),
    "string-crawler": Kind(
        "strings",
        "warning",
        "Names of crawlers or search engines are in the file",
        "Modules that show crawlers another site know such names: probe it.",
    ),
    "string-command": Kind(
        "strings", "warning", "Command lines are in the file", "See who may make the module run them."
    ),
    "odd-entropy": Kind(
        "oddities", "warning", "A section looks compressed or encrypted", "Packed modules hide what they do: probe it."
    ),
    "odd-writable-code": Kind(
        "oddities", "warning", "A section is writable and executable", "Ordinary linkers make none."
    ),
    "odd-packer": Kind(
        "oddities", "warning", "A section has the name that a packer gives", "Ask its author for the unpacked file."
    ),
    "odd-entry-point": Kind(
        "oddities", "warning", "The entry point is not in a code section", "Ordinary linkers put it there."
    ),
    "odd-tls": Kind(
        "oddities",
        "note",
        "Code runs before DllMain (TLS callbacks)",
        "mingw's run-time has two of its own; others are rare.",
    ),
    "odd-overlay": Kind(
        "oddities",
        "warning",
        "There is data behind the last section",
        "A linker leaves none (mingw: symbols); look at what it is.",
    ),
    "odd-timestamp": Kind(
        "oddities", "warning", "The link time cannot be true", "It was changed, or the clock was wrong."
    ),
    "odd-version-info": Kind(
        "oddities",
        "warning",
        "The version information copies Microsoft's",
        "A file of Microsoft's is signed by Microsoft.",
    ),
    "odd-file-name": Kind(
        "oddities",
        "warning",
        "The file has the name of one of IIS's own modules",
        "Compare it with the one in %windir%\\System32\\inetsrv.",
    ),
    "odd-import-table": Kind(
        "oddities", "note", "The file imports next to nothing", "What it needs it must look up while it runs."
    ),
    "damaged-table": Kind(
        "oddities", "warning", "A table of the file makes no sense", "The file is damaged or was made to mislead tools."
    ),
    "signature-broken": Kind(
        "verdict", "error", "The file is not the one that was signed", "It was changed after signing."
    ),
    "mitigation-missing": Kind(
        "mitigations", "note", "A mitigation is off", "See the linker's and compiler's options."
    ),
    "yara": Kind(
        "yara",
        "warning",
        "A YARA rule matches",
        "See the rule's own description.",
    ),
}


class Finding(msgspec.Struct, frozen=True):
    """``id`` is a key of :data:`KINDS`, ``level`` that of its kind or the case's own, ``text`` one sentence."""

    id: str
    level: str
    text: str
    evidence: tuple[str, ...] = ()

    @classmethod
    def of(cls, kind: str, text: str, *evidence: str, level: str = "") -> Finding:
        """Return a finding of a kind."""
        return cls(kind, level or KINDS[kind].level, text, evidence)

    @property
    def section(self) -> str:
        """Part of the report to which it belongs."""
        return KINDS[self.id].section
