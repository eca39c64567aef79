"""Why ``LoadLibrary`` will fail, by name: :func:`explain_missing` judges what the worker could not resolve.

Wine complicates this. Its loader puts a stub where one of *its own* DLLs lacks a function, so the module loads and only
a call fails; and what Wine lacks, Windows may well have. Hence: missing outside of Wine's DLLs is an error; missing in
them is a gap, a warning, if Windows is known to have it or the DLL is a C or C++ runtime; else it is an error too.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from pyiismod.errors import (
    DllMainFailed,
    InvalidImage,
    LoadError,
    MissingDependency,
    MissingEntryPoint,
    MissingFunction,
    WrongArchitecture,
)
from pyiismod.inspection import iisevents
from pyiismod.inspection.closure import Closure, forwards
from pyiismod.inspection.faults import load_fault
from pyiismod.inspection.knowndlls import identify, is_api_set, is_c_runtime, is_windows
from pyiismod.inspection.windowsexports import is_windows_export

Symbol = str | int


class LoadWarning(msgspec.Struct, frozen=True):
    """Something that does not stop the module from loading here, and what to make of it.

    ``kind`` is ``"wine_gap"`` (Windows has it, Wine does not) or ``"delay_load"`` (missing, but wanted only by calls).
    """

    kind: str
    message: str
    dll: str
    functions: list[Symbol]


def explain_missing(
    closure: Closure,
    missing_dlls: Sequence[str],
    missing_functions: Mapping[str, Sequence[Symbol]],
    builtin: Sequence[str],
) -> list[LoadWarning]:
    """Judge what does not resolve on the machine that runs the module.

    Args:
        closure: the module and the DLLs beside it, as :func:`pyiismod.inspection.import_closure` returned them.
        missing_dlls: DLLs out of ``closure.wanted()`` that are not there.
        missing_functions: DLL → names or ordinals that it does not export.
        builtin: DLLs that resolved to Wine's own; empty on Windows.

    Returns:
        what does not stop the module from loading here, but may hurt it later, here or on a server.

    Raises:
        MissingDependency: a DLL is not there.
        MissingFunction: a DLL lacks an imported function.
        InvalidImage, WrongArchitecture, DllMainFailed: a DLL beside the module is damaged, built for another processor,
            or does not load.
        MissingEntryPoint: ``RegisterModule`` is forwarded to something that is missing.

    The error is the one that loading would meet first; its details have everything else that is missing.
    """
    judgement = _Judgement(closure, missing_dlls, missing_functions, builtin)
    if error := judgement.error():
        raise error
    return judgement.warnings


def symbol_name(symbol: Symbol) -> str:
    """Write a function as people do: its name, or ``#12`` for an ordinal."""
    return symbol if isinstance(symbol, str) else f"#{symbol}"


class _Judgement:
    """One case: the closure, what is missing, and where it is missing."""

    def __init__(
        self,
        closure: Closure,
        missing_dlls: Sequence[str],
        missing_functions: Mapping[str, Sequence[Symbol]],
        builtin: Sequence[str],
    ) -> None:
        self.closure = closure
        self.image = closure.image
        self.absent = [dll for dll in missing_dlls if dll.lower() not in closure.images]
        self.refused = [dll for dll in missing_dlls if dll.lower() in closure.images]
        self.functions = {dll: list(symbols) for dll, symbols in missing_functions.items() if symbols}
        self.builtin = {dll.lower() for dll in builtin}
        self.warnings: list[LoadWarning] = []

    def error(self) -> LoadError | None:
        functions = self._fatal_functions()
        absent = [dll for dll in self.absent if self._is_fatal(dll)]
        return (
            self._unfit_companion()
            or (self._missing_dlls(absent, functions) if absent else None)
            or (self._missing_functions(functions) if functions else None)
            or self._refused_companion()
            or self._broken_forward()
        )

    def _is_fatal(self, dll: str) -> bool:
        """Whether the loader needs ``dll``; if not, say so as a warning."""
        if self.closure.chain(dll):
            return True
        if not self._forwarded_to(dll):
            text = f"{dll} is missing. It is delay-loaded: the module loads, and the first call into {dll} fails."
            self.warnings.append(LoadWarning("delay_load", f"{text}{self._origin(dll)}", dll, []))
        return False

    def _forwarded_to(self, dll: str) -> bool:
        return any(target.lower() == dll.lower() for target in forwards(self.image))

    def _fatal_functions(self) -> dict[str, list[Symbol]]:
        found: dict[str, list[Symbol]] = {}
        for dll, symbols in self.functions.items():
            gaps = [symbol for symbol in symbols if self._is_gap(dll, symbol)]
            if gaps:
                names = ", ".join(map(symbol_name, gaps))
                known = all(isinstance(symbol, str) and is_windows_export(dll, symbol) for symbol in gaps)
                text = (
                    f"Wine's {dll} lacks {names}, which {'Windows has' if known else 'the real one should have'}: the "
                    "module loads, but a call of it ends the worker. This is a gap of Wine, not a fault of the module."
                )
                self.warnings.append(LoadWarning("wine_gap", text, dll, gaps))
            for symbol in symbols:
                if symbol in gaps:
                    continue
                if self.closure.importers(dll, symbol):
                    found.setdefault(dll, []).append(symbol)
                elif not self._forwarded_to(dll):
                    text = (
                        f"{dll} has no {symbol_name(symbol)}. It is delay-loaded: the module loads, a call of it fails."
                    )
                    self.warnings.append(LoadWarning("delay_load", text, dll, [symbol]))
        return found

    def _is_gap(self, dll: str, symbol: Symbol) -> bool:
        if dll.lower() not in self.builtin:
            return False
        if isinstance(symbol, int) or is_c_runtime(dll) or is_api_set(dll):
            return True  # such names and ordinals only come out of Microsoft's own import libraries
        return is_windows_export(dll, symbol)

    def _unfit_companion(self) -> LoadError | None:
        """A DLL beside the module that the loader would choose and then reject."""
        for name, reason in self.closure.unreadable.items():
            if chain := self.closure.chain(name):
                text = (
                    f"{self._cannot_load()}: it needs {chain[-1]} ({_arrow(chain)}), which is damaged. {reason.message}"
                )
                return self._error(InvalidImage, "damaged_dependency", text, 193, reason.hint, chain=chain)
        for name, image in self.closure.images.items():
            chain = self.closure.chain(name)
            if chain and (image.machine, image.is_hybrid) != (self.image.machine, self.image.is_hybrid):
                text = (
                    f"{self._cannot_load()}: it is built for {self.image.architecture}, and {chain[-1]} beside it "
                    f"({_arrow(chain)}) for {image.architecture}."
                )
                hint = f"Put the {self.image.architecture} build of {chain[-1]} there."
                return self._error(WrongArchitecture, "dependency_architecture", text, 193, hint, chain=chain)
        return None

    def _missing_dlls(self, absent: list[str], functions: dict[str, list[Symbol]]) -> LoadError:
        chains = [self.closure.chain(dll) for dll in absent]
        what = "; ".join(map(self._not_found, absent))
        known = [identify(dll) for dll in absent]
        origins = "".join(self._origin(dll) for dll in absent)
        hints = dict.fromkeys(self._hint(dll) for dll in absent)
        missing = [
            {"dll": dll, "chain": chain, "kind": info.kind if info else "unknown", "wine_gap": self._is_wine_gap(dll)}
            for dll, chain, info in zip(absent, chains, known, strict=True)
        ]
        return self._error(
            MissingDependency,
            "missing_dll",
            f"{self._cannot_load()}: {what}.{origins}",
            126,
            " ".join(hints),
            missing=missing,
            missing_functions={dll: list(map(symbol_name, symbols)) for dll, symbols in functions.items()},
        )

    def _not_found(self, dll: str) -> str:
        chain = self.closure.chain(dll)
        importer = self.closure.images[chain[-2].lower()]
        wanted = next(symbols for name, symbols in importer.imports.items() if name.lower() == dll.lower())
        names = ", ".join(map(symbol_name, wanted[:3])) + (", ..." if len(wanted) > 3 else "")
        return f"{dll} was not found, from which {chain[-2]} imports {names}{_via(chain)}"

    def _is_wine_gap(self, dll: str) -> bool:
        return bool(self.builtin) and (is_windows(dll) or is_api_set(dll))

    def _origin(self, dll: str) -> str:
        """Return a sentence, with a space before it, on where ``dll`` comes from."""
        if self._is_wine_gap(dll):
            return f" {dll} belongs to Windows, but this Wine has none: a gap of Wine, not a fault of the module."
        known = identify(dll)
        return f" {dll} is {known.text}." if known else ""

    def _hint(self, dll: str) -> str:
        if self._is_wine_gap(dll):
            return f"Run the module on Windows, or copy {dll} from System32 of a Windows Server beside the module."
        if known := identify(dll):
            return known.hint
        directory = self.image.path.parent
        return f"Put {dll} into the module's directory ({directory}) or into a directory of the server's PATH."

    def _missing_functions(self, functions: dict[str, list[Symbol]]) -> LoadError:
        parts: list[str] = []
        hints: dict[str, None] = {}
        for dll, symbols in functions.items():
            users = " and ".join(self.closure.importers(dll, symbols[0]))
            names = ", ".join(map(symbol_name, symbols))
            parts.append(f"{dll} exports no {names}, which {users} imports{_via(self.closure.chain(dll))}")
            hints[self._function_hint(dll, symbols)] = None
        return self._error(
            MissingFunction,
            "missing_function",
            f"{self._cannot_load()}: {'; '.join(parts)}.",
            127,
            " ".join(hints),
            missing_functions={dll: list(map(symbol_name, symbols)) for dll, symbols in functions.items()},
            chains={dll: self.closure.chain(dll) for dll in functions},
        )

    def _function_hint(self, dll: str, symbols: list[Symbol]) -> str:
        companion = self.closure.images.get(dll.lower())
        if companion:
            exports = [export.name for export in companion.exports if export.name]
            close = difflib.get_close_matches(symbol_name(symbols[0]), exports, n=1, cutoff=0.5)
            similar = f" It exports {close[0]}." if close else ""
            version = companion.version_info.get("FileVersion") or companion.version_info.get("FixedFileVersion")
            which = f", version {version}," if version else ""
            wrong = f"{companion.path}{which} is not the {dll} that the module was linked with."
            return f"{wrong}{similar} Deploy the right one."
        if is_windows(dll):
            return (
                "No Windows known here exports that. If a newer Windows does, look the function up with GetProcAddress "
                "instead of importing it, so that the module loads everywhere."
            )
        known = identify(dll)
        return known.hint if known else f"Deploy the {dll} that the module was linked with."

    def _refused_companion(self) -> LoadError | None:
        for dll in self.refused:
            if chain := self.closure.chain(dll):
                text = f"{self._cannot_load()}: {dll} is there and complete, but does not load{_via(chain)}."
                hint = f"Its DllMain returned FALSE or failed: check what {dll} needs when it starts."
                return self._error(DllMainFailed, "dependency_refused", text, 126, hint, chain=chain)
        return None

    def _broken_forward(self) -> LoadError | None:
        """``RegisterModule`` is forwarded to what is missing: the DLL loads, and IIS finds no entry point."""
        for dll, (symbol, *_) in forwards(self.image).items():
            lacking = {name.lower(): symbols for name, symbols in self.functions.items()}.get(dll.lower(), [])
            gone = dll.lower() in {name.lower() for name in (*self.absent, *self.refused)}
            if gone or symbol in lacking:
                why = "was not found" if gone else f"exports no {symbol_name(symbol)}"
                text = f"{self.image.path} forwards RegisterModule to {symbol_name(symbol)} of {dll}, but {dll} {why}."
                event = iisevents.no_entry_point(self.image.path, 126 if gone else 127)
                hint = f"Deploy {dll} beside the module." if gone else f"Deploy a {dll} that exports it."
                return load_fault(
                    MissingEntryPoint, self.image.path, "forwarded", text, event, hint, forwarder=f"{dll}.{symbol}"
                )
        return None

    def _cannot_load(self) -> str:
        return f"{self.image.path} cannot be loaded"

    def _error(self, kind: type[LoadError], reason: str, text: str, code: int, hint: str, **details: Any) -> LoadError:
        warnings = [warning.message for warning in self.warnings]
        event = iisevents.load_failed(self.image.path, code)
        return load_fault(kind, self.image.path, reason, text, event, hint, **details, warnings=warnings)


def _arrow(chain: Sequence[str]) -> str:
    return " -> ".join(chain)


def _via(chain: Sequence[str]) -> str:
    return f" ({_arrow(chain)})" if len(chain) > 2 else ""
