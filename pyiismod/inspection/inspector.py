"""Everything that can be said of a file without running it: :func:`inspect_module` makes an :class:`Inspection`.

The fields of :class:`Inspection` are the JSON document of ``pyiismod inspect --json``, described in docs/inspect.md.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from pyiismod.abi.constants import global_notification_names, request_notification_names
from pyiismod.abi.notifications import GLOBAL_BY_BIT, REQUEST_BY_BIT
from pyiismod.inspection import needs as needed
from pyiismod.inspection.bodies import Bodies
from pyiismod.inspection.capabilities import Capability, capabilities
from pyiismod.inspection.code.decoder import Decoder
from pyiismod.inspection.findings import Finding
from pyiismod.inspection.handlers import CERTAIN, GUESS, LIKELY, Class, Overridden, module_classes
from pyiismod.inspection.identity import Identity, identify_file
from pyiismod.inspection.image import FILE_EXECUTABLE_IMAGE, Image
from pyiismod.inspection.mapped import SEARCHED, Mapped
from pyiismod.inspection.mitigations import Mitigation, mitigations
from pyiismod.inspection.nearmiss import ENTRY_POINT, NearMiss, near_misses, role
from pyiismod.inspection.needs import Needs, what_it_needs
from pyiismod.inspection.oddities import SectionFacts, oddities, section_facts
from pyiismod.inspection.reader import read_file
from pyiismod.inspection.registration import Masks, Registered, follow_registration
from pyiismod.inspection.strings import Text, all_strings, tagged_strings
from pyiismod.inspection.yararules import YaraMatch, match_rules

NATIVE_MODULE: Final = "native_module"


class File(msgspec.Struct, frozen=True):
    """The file itself."""

    path: str
    name: str
    size: int
    sha256: str


class Verdict(msgspec.Struct, frozen=True):
    """What the file is: ``kind`` is ``"native_module"``, ``"managed"``, ``"isapi_extension"``, … , ``"none"``."""

    kind: str
    text: str
    architecture: str
    identity: Identity


class Entry(msgspec.Struct, frozen=True):
    """The way in: ``rva`` and ``ordinal`` of RegisterModule, None where there is none."""

    found: bool
    ordinal: int | None
    rva: int | None
    forwarder: str | None
    near_misses: tuple[NearMiss, ...]
    internal_name: str | None
    exports: int


class Notifications(msgspec.Struct, frozen=True, rename={"global_": "global"}):
    """Masks by name; None where a mask is registered whose value is not known."""

    request: tuple[str, ...] | None
    post: tuple[str, ...] | None
    global_: tuple[str, ...] | None
    priorities: dict[str, str]


class Call(msgspec.Struct, frozen=True):
    """One call of the registration object."""

    method: str
    rva: int
    arguments: tuple[int | str | None, ...]


class Registration(msgspec.Struct, frozen=True):
    """What RegisterModule asks for. ``otherwise`` are other ways through it; ``sure`` is how sure the answer is."""

    followed: bool
    sure: str
    notifications: Notifications
    otherwise: tuple[Notifications, ...]
    calls: tuple[Call, ...]
    doubts: tuple[str, ...]


class Handlers(msgspec.Struct, frozen=True, rename={"global_": "global"}):
    """Overridden handlers of all classes together, and by which method that was told."""

    request: tuple[str, ...]
    global_: tuple[str, ...]
    method: str
    sure: str


class Inspection(msgspec.Struct, frozen=True):
    """One file, inspected; its sections are in the order of the report."""

    file: File
    verdict: Verdict
    entry: Entry
    classes: tuple[Class, ...]
    handlers: Handlers
    registration: Registration
    needs: Needs
    capabilities: tuple[Capability, ...]
    strings: tuple[Text, ...]
    sections: tuple[SectionFacts, ...]
    version_info: dict[str, str]
    mitigations: tuple[Mitigation, ...]
    yara: tuple[YaraMatch, ...]
    findings: tuple[Finding, ...]
    unknown: tuple[str, ...]

    @property
    def is_native_module(self) -> bool:
        """Whether IIS would take it as a native module."""
        return self.verdict.kind == NATIVE_MODULE

    def as_dict(self) -> dict[str, object]:
        """Return the document of ``pyiismod inspect --json``."""
        found: dict[str, object] = msgspec.to_builtins(self)
        return found


def inspect_module(
    path: str | os.PathLike[str], *, rules: Path | None = None, now: datetime | None = None
) -> Inspection:
    """Inspect a file, on any operating system and whatever its processor. Nothing in it is run.

    Args:
        path: the file.
        rules: YARA rules to match, a file or a folder.
        now: the time to count ages from; the clock's when None.

    Raises:
        InvalidImage: it cannot be read, or is no PE file.
        UsageError: the rules cannot be used.
    """
    image, data = read_file(path)
    now = now or datetime.now(UTC)
    mapped = Mapped(image, data)
    decoder = Decoder(mapped)
    identity = identify_file(image, data, now)
    is_code = image.export(ENTRY_POINT) is not None and (image.clr is None or image.is_mixed)
    registered = follow_registration(decoder, mapped) if is_code else Registered()
    classes, overridden = module_classes(mapped, Bodies(mapped, decoder), registered) if is_code else ((), Overridden())
    strings = all_strings(data[:SEARCHED])
    tagged = tagged_strings(strings)
    needs = what_it_needs(image)
    able = capabilities(image, [text for _, text, _ in strings])
    sections = section_facts(mapped)
    protections = mitigations(mapped)
    matches = match_rules(rules, data) if rules else ()
    entry = _entry(image)
    kind, text = _verdict(image)
    found = [
        *_about_entry(image, entry, kind),
        *_about_signature(identity),
        *_about_handlers(registered, overridden, classes),
        *needed.findings(needs),
        *(Finding.of("capability", f"It {one.text}.", *one.evidence, level=one.level) for one in able if one.evidence),
        *_about_strings(tagged),
        *oddities(mapped, sections, identity, now),
        *(Finding.of("mitigation-missing", f"{one.name}: {one.text}.") for one in protections if one.on is False),
        *(Finding.of("yara", f"The rule {match.rule} matches.", *match.strings) for match in matches),
    ]
    return Inspection(
        file=File(str(image.path), image.path.name, image.size, image.sha256),
        verdict=Verdict(kind, text, image.architecture, identity),
        entry=entry,
        classes=classes,
        handlers=Handlers(overridden.request, overridden.global_, overridden.method, overridden.sure),
        registration=_registration(registered),
        needs=needs,
        capabilities=able,
        strings=tagged,
        sections=sections,
        version_info=dict(image.version_info),
        mitigations=protections,
        yara=matches,
        findings=tuple(found),
        unknown=(*(_unknown(decoder, registered, overridden) if is_code else ()), *_too_large(image)),
    )


def _verdict(image: Image) -> tuple[str, str]:
    """Return kind and text of what a file is."""
    where = f"for {image.architecture}"
    if image.clr is not None and not image.is_mixed:
        return "managed", f"a .NET assembly {where}: IIS loads it through managed code, not as a native module"
    if image.export(ENTRY_POINT) is not None:
        if not image.is_dll or not image.characteristics & FILE_EXECUTABLE_IMAGE:
            return "not_loadable", f"a file {where} that exports RegisterModule, but is no DLL that Windows would load"
        mixed = ", mixed with managed code (C++/CLI)" if image.is_mixed else ""
        return NATIVE_MODULE, f"a native IIS module {where}{mixed}"
    known = role(image)
    if known is not None:
        return known.kind, f"{known.text} {where}, not a native IIS module"
    if not image.is_dll:
        return "program", f"a program {where}, not a DLL"
    return "none", f"a DLL {where}, not a native IIS module: it exports no RegisterModule"


def _entry(image: Image) -> Entry:
    export = image.export(ENTRY_POINT)
    return Entry(
        found=export is not None,
        ordinal=export.ordinal if export else None,
        rva=export.rva if export and not export.forwarder else None,
        forwarder=export.forwarder if export else None,
        near_misses=() if export else tuple(near_misses(image)),
        internal_name=image.export_name,
        exports=len(image.exports),
    )


def _registration(registered: Registered) -> Registration:
    outcomes = [registered.masks, *registered.otherwise]
    known = all(None not in (masks.request, masks.post, masks.global_) for masks in outcomes)
    sure = (
        GUESS if not registered.followed else CERTAIN if known and not registered.why and len(outcomes) == 1 else LIKELY
    )
    return Registration(
        followed=registered.followed,
        sure=sure,
        notifications=_named(registered.masks),
        otherwise=tuple(map(_named, registered.otherwise)),
        calls=tuple(Call(asked.method, asked.rva, asked.arguments) for asked in registered.asked),
        doubts=registered.why,
    )


def _named(masks: Masks) -> Notifications:
    return Notifications(
        None if masks.request is None else tuple(request_notification_names(masks.request)),
        None if masks.post is None else tuple(request_notification_names(masks.post)),
        None if masks.global_ is None else tuple(global_notification_names(masks.global_)),
        masks.priorities,
    )


def _about_entry(image: Image, entry: Entry, kind: str) -> Iterator[Finding]:
    for miss in entry.near_misses:
        yield Finding.of("entry-near-miss", miss.text, miss.export)
    if not entry.found and not entry.near_misses and kind == "none":
        yield Finding.of("entry-missing", "It exports no RegisterModule, so IIS would write event 2295.")
    inner = image.export_name
    if entry.found and inner and inner.lower() != image.path.name.lower():
        yield Finding.of("name-differs", f"The file is {image.path.name}, and was linked as {inner}.", inner)
    original = image.version_info.get("OriginalFilename", "")
    if original and original.lower() not in (image.path.name.lower(), (inner or "").lower()):
        text = f"The file is {image.path.name}, and its version information says {original}."
        yield Finding.of("name-differs", text, original)


def _about_signature(identity: Identity) -> Iterator[Finding]:
    if identity.signature and identity.signature.intact is False:
        signer = identity.signature.signer or "somebody"
        yield Finding.of("signature-broken", f"It was signed by {signer} and changed afterwards.")


def _about_handlers(registered: Registered, overridden: Overridden, classes: tuple[Class, ...]) -> Iterator[Finding]:
    """Compare the masks with the handlers, as far as both are known."""
    masks = registered.masks
    outcomes = {(each.request, each.post, each.global_) for each in (masks, *registered.otherwise)}
    if len(outcomes) > 1 or not registered.followed or overridden.method != "registration":
        return
    if masks.request is not None and masks.post is not None and registered.modules:
        wanted = {
            name: ("post " if post else "") + row.name
            for mask, post in ((masks.request, False), (masks.post, True))
            for bit, row in REQUEST_BY_BIT.items()
            if mask & bit and (name := row.post_handler if post else row.handler)
        }
        yield from _compare(wanted, overridden.request, {"OnAsyncCompletion"})
    whole = [entry for entry in classes if entry.kind == "global" and "registration" in entry.found_by]
    if masks.global_ and whole:
        slots = {handler.name for entry in whole for handler in entry.handlers}
        wanted = {row.handler: row.name for bit, row in GLOBAL_BY_BIT.items() if masks.global_ & bit and row.handler}
        yield from _compare({n: w for n, w in wanted.items() if n in slots}, overridden.global_, set())


def _compare(wanted: dict[str, str], overridden: tuple[str, ...], free: set[str]) -> Iterator[Finding]:
    for handler, notification in wanted.items():
        if handler not in overridden:
            text = f"{notification} is registered, and {handler} is the SDK's default, which breaks into the debugger."
            yield Finding.of("handler-not-overridden", text, notification, handler)
    for handler in overridden:
        if handler not in wanted and handler not in free:
            text = f"{handler} is overridden, and its notification is not registered."
            yield Finding.of("handler-not-registered", text, handler)


def _about_strings(strings: tuple[Text, ...]) -> Iterator[Finding]:
    for kind, tags, text in (
        ("string-key", ("key",), "Texts look like keys or passwords."),
        ("string-crawler", ("crawler", "search engine"), "Crawlers or search engines are named."),
        ("string-command", ("command",), "Command lines are in the file."),
    ):
        if found := [each.text for each in strings if each.tag in tags]:
            yield Finding.of(kind, text, *found[:20])


def _too_large(image: Image) -> Iterator[str]:
    if image.size > SEARCHED:
        yield f"Texts and tables beyond the first {SEARCHED >> 20} MB of the file were not looked for."


def _unknown(decoder: Decoder, registered: Registered, overridden: Overridden) -> Iterator[str]:
    """Yield what could not be told, and why."""
    if decoder.kind is None:
        yield f"Masks, priorities and which class is installed: {decoder.why}."
    elif not registered.followed:
        yield f"Masks and priorities: {'; '.join(registered.why) or 'RegisterModule could not be followed'}."
    if overridden.method == "none" and (registered.followed or decoder.kind is None):
        yield "Which handlers are overridden: no vtable and no text of a default handler was found."
    if registered.followed and None in (registered.masks.request, registered.masks.post, registered.masks.global_):
        yield "The value of a mask: it is computed while RegisterModule runs; probe shows it."
    if "?" in registered.masks.priorities.values():
        yield "A priority: it is computed while RegisterModule runs; probe shows it."
