"""The entry point as IIS looks for it: an export named exactly ``RegisterModule`` that is code.

:func:`require_entry_point` judges; when there is none, the error says what nearly is it, what the DLL is instead, and
the exact lines that export it.
"""

from __future__ import annotations

from pyiismod.errors import InvalidImage, MissingEntryPoint
from pyiismod.inspection import iisevents
from pyiismod.inspection.faults import load_fault
from pyiismod.inspection.image import Image
from pyiismod.inspection.nearmiss import ENTRY_POINT, NearMiss, near_misses, role
from pyiismod.inspection.reader import read_image


def require_entry_point(image: Image) -> None:
    """Check that ``GetProcAddress(module, "RegisterModule")`` would give a function.

    Raises:
        MissingEntryPoint: it would not (event 2295).
    """
    export = image.export(ENTRY_POINT)
    if export is None:
        raise _missing(image)
    if export.forwarder:
        _require_forwarded(image, export.forwarder)
        return
    section = image.section_at(export.rva)
    if section is None or not section.is_executable:
        where = f"section {section.name}, which holds no code" if section else "no section of the file"
        text = f"{image.path} exports RegisterModule, but not as a function: 0x{export.rva:X} lies in {where}."
        hint = "Export the function, not a variable of that name; in a .def file, do not mark it DATA."
        event = iisevents.no_entry_point(image.path)
        raise load_fault(MissingEntryPoint, image.path, "not_code", text, event, hint, rva=export.rva)


def _require_forwarded(image: Image, forwarder: str) -> None:
    library, _, function = forwarder.rpartition(".")
    beside = image.path.parent.glob("*")
    target = next((p for p in beside if p.name.lower() in (library.lower(), f"{library}.dll".lower())), None)
    if target is None:
        return
    try:
        found = read_image(target).export(function) is not None
        why = f"{target.name} exports no {function}"
    except InvalidImage as error:
        found, why = False, error.message
    if not found:
        text = f"{image.path} forwards RegisterModule to {forwarder}, but {why}."
        hint = f"Export {function} from {target.name}, or implement RegisterModule in {image.path.name} itself."
        event = iisevents.no_entry_point(image.path)
        raise load_fault(MissingEntryPoint, image.path, "forwarded", text, event, hint, forwarder=forwarder)


def _missing(image: Image) -> MissingEntryPoint:
    misses = near_misses(image)
    other = None if misses else role(image)
    if misses:
        reason, text, hint = misses[0].kind, " ".join(miss.text for miss in misses), _fix(image, misses[0])
    elif other:
        reason, text, hint = other.kind, f"It is {other.text}.", other.hint
    else:
        reason, text, hint = _without_clue(image)
    return load_fault(
        MissingEntryPoint,
        image.path,
        reason,
        f"{image.path} has no entry point: it does not export RegisterModule. {text}",
        iisevents.no_entry_point(image.path),
        hint,
        near_misses=[{"kind": miss.kind, "export": miss.export} for miss in misses],
        exports=[export.name or f"#{export.ordinal}" for export in image.exports[:20]],
        export_count=len(image.exports),
        problems=list(image.problems),
    )


def _without_clue(image: Image) -> tuple[str, str, str]:
    """Return reason, text and hint for a DLL whose exports tell nothing about ``RegisterModule``."""
    damaged = next((problem for problem in image.problems if problem.startswith("the export table")), None)
    names = [export.name for export in image.exports if export.name]
    if damaged:
        return "damaged_exports", f"Its export table is damaged: {damaged}.", "Link or copy the DLL again."
    if names:
        shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
        return "no_export", f"It exports {len(names)} other name{'s'[: len(names) > 1]}: {shown}.", how_to_export(image)
    if image.exports:
        numbers = ", ".join(f"#{export.ordinal}" for export in image.exports[:5])
        text = f"It exports only by ordinal ({numbers}), and IIS asks for the name."
        return "ordinal_only", text, "Remove NONAME from RegisterModule's line in the .def file."
    return "no_exports", "It exports nothing at all.", how_to_export(image)


def _fix(image: Image, miss: NearMiss) -> str:
    if miss.kind == "mangled":
        declaration = 'extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo *, IHttpServer *)'
        return f"Declare it as {declaration}. {how_to_export(image)}"
    if miss.kind == "decorated":
        return (
            f"Export the undecorated name: /EXPORT:RegisterModule={miss.export}, "
            "or a .def file with the line RegisterModule below EXPORTS (mingw: -Wl,--kill-at)."
        )
    return f"Rename it, or export it under the right name: /EXPORT:RegisterModule={miss.export}."


def how_to_export(image: Image) -> str:
    """Return the exact lines that export ``RegisterModule`` with each common tool chain."""
    stem = image.path.stem
    return (
        f"Export it undecorated. MSVC or clang-cl: link with /EXPORT:RegisterModule, or with /DEF:{stem}.def where "
        f'{stem}.def holds the lines "LIBRARY {stem}", "EXPORTS", "    RegisterModule". '
        f"CMake: add {stem}.def to the sources, or target_link_options({stem} PRIVATE /EXPORT:RegisterModule). "
        'mingw: extern "C" __declspec(dllexport) HRESULT __stdcall RegisterModule(...).'
    )
