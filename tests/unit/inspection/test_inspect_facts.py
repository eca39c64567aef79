"""The facts of an inspection, one by one, on fixtures and on copies of them that were changed in one place."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pyiismod.errors import InvalidImage, UsageError
from pyiismod.inspection.capabilities import capabilities
from pyiismod.inspection.findings import KINDS
from pyiismod.inspection.identity import Identity, Signature, identify_file
from pyiismod.inspection.inspector import Inspection, inspect_module
from pyiismod.inspection.reader import read_file
from pyiismod.inspection.rtti import classes
from pyiismod.inspection.strings import all_strings, tagged_strings
from pyiismod.report.inspection_sarif import inspection_sarif

FIXTURES = Path(__file__).parents[3] / "fixtures"
Change = Callable[[bytearray, int], None]


def inspect(name: str) -> Inspection:
    return inspect_module(FIXTURES / f"{name}.dll")


@pytest.fixture
def changed(tmp_path: Path) -> Callable[..., Inspection]:
    """Inspect a copy of ``hello.msvc`` after ``change(data, start of the PE header)``."""

    def make(change: Change, name: str = "hello.msvc.dll", now: datetime | None = None) -> Inspection:
        data = bytearray((FIXTURES / "hello.msvc.dll").read_bytes())
        change(data, struct.unpack_from("<I", data, 0x3C)[0])
        (tmp_path / name).write_bytes(data)
        return inspect_module(tmp_path / name, now=now)

    return make


def ids(found: Inspection) -> set[str]:
    return {finding.id for finding in found.findings}


# --- classes, handlers, notifications


def test_overridden_handlers_are_those_of_the_source() -> None:
    assert inspect("priorities.msvc").handlers.request == (
        *("OnBeginRequest", "OnAuthenticateRequest", "OnAuthorizeRequest", "OnEndRequest", "OnPostEndRequest"),
        "OnSendResponse",
    )
    both = inspect("both.msvc").handlers
    assert (both.request, both.global_) == (("OnBeginRequest",), ("OnGlobalApplicationStart",))
    assert inspect("not_overridden").handlers.request == ()


@pytest.mark.parametrize("abi", ["msvc", "nortti", "x86", ""])
def test_every_abi_gives_the_same_answer(abi: str) -> None:
    found = inspect(f"both.{abi}".rstrip("."))
    assert (found.handlers.method, found.handlers.sure) == ("registration", "certain")
    assert found.registration.notifications.request == ("RQ_BEGIN_REQUEST",)
    assert found.registration.notifications.global_ == ("GL_APPLICATION_START",)
    assert {each.kind for each in found.classes} == {"module", "global", "factory"}
    assert {each.name for each in found.classes} == (
        {"CBoth", "CBothGlobal", "CBothFactory"} if abi == "msvc" else {None}
    )


def test_names_come_from_both_kinds_of_type_information() -> None:
    for name, expected in (("hello.msvc", "CHelloWorld"), ("crash_cpp", "CrashModule")):
        found = inspect(name)
        assert [each.name for each in found.classes if each.kind == "module"] == [expected]
        assert all("rtti" in each.found_by for each in found.classes)


def test_without_registration_type_information_tells(changed: Callable[..., Inspection]) -> None:
    def cut_short(data: bytearray, start: int) -> None:
        data[0x400:0x403] = b"\x31\xc0\xc3"  # RegisterModule: xor eax, eax; ret

    found = changed(cut_short)
    assert found.registration.notifications.request == ()
    assert found.handlers.request == ("OnBeginRequest",)
    assert (found.handlers.method, found.handlers.sure) == ("rtti", "likely")


def test_without_any_vtable_the_texts_tell(tmp_path: Path) -> None:
    """The names of the default bodies are there, and OnBeginRequest's is not."""
    data = bytearray((FIXTURES / "hello.nortti.dll").read_bytes())
    data[0x400:0x403] = b"\x31\xc0\xc3"
    table = data.find(struct.pack("<QQ", *_slots(data)))
    data[table : table + 31 * 8] = bytes(31 * 8)
    path = tmp_path / "hello.dll"
    path.write_bytes(data)
    found = inspect_module(path)
    assert found.classes == ()
    assert found.handlers.request == ("OnBeginRequest",)
    assert (found.handlers.method, found.handlers.sure) == ("strings", "guess")


def _slots(data: bytearray) -> tuple[int, int]:
    found = next(each for each in inspect("hello.nortti").classes if each.kind == "module")
    first, second = (0x180000000 + handler.rva for handler in found.handlers[:2])
    return first, second


def test_a_registered_default_handler_is_an_error() -> None:
    finding = next(f for f in inspect("not_overridden").findings if f.id == "handler-not-overridden")
    assert finding.level == "error"
    assert finding.evidence == ("RQ_AUTHORIZE_REQUEST", "OnAuthorizeRequest")


def test_priorities_even_of_a_later_interface() -> None:
    for abi in ("priorities", "priorities.msvc", "priorities.x86"):
        priorities = inspect(abi).registration.notifications.priorities
        assert priorities["RQ_BEGIN_REQUEST"] == "FIRST"
        assert priorities["GL_APPLICATION_START"] == "HIGH"
        assert priorities["post RQ_END_REQUEST"] == "FIRST"


def test_calls_through_control_flow_guard(changed: Callable[..., Inspection]) -> None:
    """With /guard:cf a virtual call is a call through ``__guard_dispatch_icall_fptr``, its target in rax."""

    def guard(data: bytearray, start: int) -> None:
        lea, call = 0x3100 - 0x100D, 0x3108 - 0x1020  # .data: a factory, and the pointer to ``jmp rax``
        code = bytes.fromhex("488b02 4889d1") + b"\x48\x8d\x15" + struct.pack("<i", lea)
        code += bytes.fromhex("41b820000000 4531c9 488b4010") + b"\xff\x15" + struct.pack("<i", call)
        code += bytes.fromhex("31c0 c3 ffe0")
        data[0x400 : 0x400 + len(code)] = code
        sections = start + 24 + 240
        at = next(n for n in range(sections, sections + 400, 40) if data[n : n + 5] == b".data")
        struct.pack_into("<IIII", data, at + 8, 0x200, 0x3000, 0x200, len(data))
        vtable = next(c.vtable for c in inspect("hello.msvc").classes if c.kind == "factory")
        data += bytes(0x100) + struct.pack("<QQ", 0x180000000 + vtable, 0x180001023) + bytes(0xF0)

    found = changed(guard)
    assert found.registration.notifications.request == ("RQ_ACQUIRE_REQUEST_STATE",)
    installed = {each.kind for each in found.classes if "registration" in each.found_by}
    assert installed == {"module", "factory"}


def test_arguments_that_are_pushed_and_taken_off_by_the_callee(tmp_path: Path) -> None:
    """As Visual C++ calls methods in 32-bit code: ``this`` in ecx, saved registers pushed before the arguments."""
    image, data = read_file(FIXTURES / "priorities.x86.dll")
    sections = {section.name: section for section in image.headers.sections}
    text, variables = sections[".text"], sections[".data"]
    changed_ = bytearray(data)
    vtable = next(c.vtable for c in inspect("priorities.x86").classes if c.kind == "factory")
    struct.pack_into("<I", changed_, variables.offset, 0x10000000 + vtable)
    first = sections[".rdata"].rva + data.find("FIRST".encode("utf-16-le")) - sections[".rdata"].offset
    code = bytes.fromhex("55 8bec 56 8b750c 6a01 6a20 68") + struct.pack("<I", 0x10000000 + variables.rva)
    code += bytes.fromhex("8bce 8b06 ff5008 68") + struct.pack("<I", 0x10000000 + first)
    code += bytes.fromhex("6a20 8bce 8b06 ff5010 5e 5d c20c00")
    export = image.export("RegisterModule")
    assert export is not None
    start = text.offset + export.rva - text.rva
    changed_[start : start + len(code)] = code
    (tmp_path / "module.dll").write_bytes(changed_)
    found = inspect_module(tmp_path / "module.dll").registration
    assert found.notifications.request == ("RQ_ACQUIRE_REQUEST_STATE",)
    assert found.notifications.post == ("RQ_BEGIN_REQUEST",)
    assert found.notifications.priorities == {"RQ_ACQUIRE_REQUEST_STATE": "FIRST"}
    assert found.sure == "certain"


def test_objects_that_static_constructors_build() -> None:
    for abi in ("static_factory", "static_factory.msvc"):
        found = inspect(abi)
        assert found.handlers.request == ("OnAcquireRequestState",)
        assert found.handlers.method == "registration"


def test_what_is_computed_is_said_to_be() -> None:
    found = inspect("order_a")
    assert found.registration.notifications.request is None
    assert any("computed" in sentence for sentence in found.unknown)
    assert found.registration.sure == "likely"
    found = inspect("style_xff")
    assert found.registration.notifications.priorities == {"RQ_SEND_RESPONSE": "?"}
    assert any("priority" in sentence for sentence in found.unknown)


def test_without_capstone_it_says_what_it_cannot_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "capstone", None)
    found = inspect("hello.msvc")
    assert not found.registration.followed
    assert any("capstone" in sentence for sentence in found.unknown)
    assert {each.name for each in found.classes} == {"CHelloWorld", "CHelloWorldFactory"}
    assert (found.handlers.request, found.handlers.sure) == (("OnBeginRequest",), "likely")


def test_a_hybrid_file_is_not_followed(changed: Callable[..., Inspection]) -> None:
    """ARM64EC: x64 in its header, and a pointer to CHPE metadata in its load configuration."""

    def make_hybrid(data: bytearray, start: int) -> None:
        config = 0x2F00  # in the unused end of .rdata
        offset = 0x400 + 0x800 + config - 0x2000
        data[offset : offset + 4] = struct.pack("<I", 0x140)
        data[offset + 0xC8 : offset + 0xD0] = struct.pack("<Q", 0x180002000)
        struct.pack_into("<II", data, start + 24 + 112 + 8 * 10, config, 0x140)

    found = changed(make_hybrid)
    assert found.verdict.architecture == "ARM64EC"
    assert not found.registration.followed
    assert any("ARM64EC" in sentence for sentence in found.unknown)
    assert found.classes[0].name == "CHelloWorld"


def test_type_information_that_refers_to_itself_ends() -> None:
    image, data = read_file(FIXTURES / "crash_cpp.dll")
    from pyiismod.inspection.mapped import Mapped

    assert {each.name for each in classes(Mapped(image, data), ("CHttpModule",))} == {"CrashModule"}


# --- identity


def test_hashes_and_link_time() -> None:
    image, data = read_file(FIXTURES / "style_waf.msvc.dll")
    found = identify_file(image, data)
    import pefile

    pe = pefile.PE(data=data)
    assert found.imphash == pe.get_imphash()
    assert found.export_hash == hashlib.sha256(b"registermodule").hexdigest()
    assert (found.linked, found.reproducible, found.signature) == (None, True, None)


def test_rich_hash_is_that_of_other_tools() -> None:
    image, data = read_file(FIXTURES / "hello.msvc.dll")
    key = b"\x11\x22\x33\x44"
    clear = b"DanS" + bytes(12) + struct.pack("<IIII", 0x01047809, 3, 0x00FF7809, 1)
    rich = bytes(byte ^ key[at % 4] for at, byte in enumerate(clear)) + b"Rich" + key
    patched = data[:0x80] + rich + data[0x80 + len(rich) :]
    expected = hashlib.md5(clear, usedforsecurity=False).hexdigest()
    assert identify_file(image, patched).rich_hash == expected


def _der(tag: int, *content: bytes) -> bytes:
    body = b"".join(content)
    size = len(body)
    length = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + length + body


def _name(text: str) -> bytes:
    attribute = _der(0x30, bytes.fromhex("0603550403"), _der(0x0C, text.encode()))
    return _der(0x30, _der(0x31, attribute))


def signed(data: bytes, signer: str) -> bytes:
    """Return the file with an Authenticode signature by ``signer``; what proves the signature itself is left empty."""
    start = struct.unpack_from("<I", data, 0x3C)[0] + 24
    entry = start + 144
    padded = bytearray(data + bytes(-len(data) % 8))
    digest = hashlib.sha256()
    for low, high in ((0, start + 64), (start + 68, entry), (entry + 8, len(padded))):
        digest.update(padded[low:high])
    sha256 = _der(0x30, bytes.fromhex("0609608648016503040201"), b"\x05\x00")
    spc = _der(0x30, _der(0x30, b"\x06\x01\x01"), _der(0x30, sha256, _der(0x04, digest.digest())))
    content = _der(0x30, bytes.fromhex("060a2b060104018237020104"), _der(0xA0, spc))
    serial, issuer = b"\x02\x01\x2a", _name("Test CA")
    algorithm = _der(0x30, b"\x06\x01\x02")
    dates = _der(0x30, _der(0x17, b"260101000000Z"), _der(0x17, b"270101000000Z"))
    tbs = _der(0x30, _der(0xA0, b"\x02\x01\x02"), serial, algorithm, issuer, dates, _name(signer))
    certificate = _der(0x30, tbs, algorithm, b"\x03\x01\x00")
    info = _der(0x30, b"\x02\x01\x01", _der(0x30, issuer, serial), sha256)
    data_ = _der(0x30, b"\x02\x01\x01", _der(0x31, sha256), content, _der(0xA0, certificate), _der(0x31, info))
    blob = _der(0x30, bytes.fromhex("06092a864886f70d010702"), _der(0xA0, data_))
    entry_data = struct.pack("<IHH", 8 + len(blob), 0x200, 2) + blob
    struct.pack_into("<II", padded, entry, len(padded), len(entry_data))
    return bytes(padded) + entry_data


def test_a_signature_and_what_became_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "module.dll"
    good = signed((FIXTURES / "hello.msvc.dll").read_bytes(), "Example Ltd")
    file.write_bytes(good)
    found = inspect_module(file)
    assert found.verdict.identity.signature == Signature("Example Ltd", "Test CA", True)
    assert "signature-broken" not in ids(found)
    assert "odd-overlay" not in ids(found)
    bad = bytearray(good)
    bad[0x500] ^= 1
    file.write_bytes(bad)
    found = inspect_module(file)
    assert found.verdict.identity.signature == Signature("Example Ltd", "Test CA", False)
    assert "signature-broken" in ids(found)


def test_a_signature_that_makes_no_sense(tmp_path: Path) -> None:
    good = signed((FIXTURES / "hello.msvc.dll").read_bytes(), "Example Ltd")
    file = tmp_path / "module.dll"
    file.write_bytes(good[:-200] + bytes(200))
    signature = inspect_module(file).verdict.identity.signature
    assert signature is not None
    assert signature.signer in ("", "Example Ltd")


# --- oddities and mitigations

NOW = datetime(2026, 11, 28, tzinfo=UTC)


def _stamp(value: int) -> Change:
    def change(data: bytearray, start: int) -> None:
        struct.pack_into("<I", data, start + 8, value)
        struct.pack_into("<II", data, start + 24 + 112 + 8 * 6, 0, 0)  # no debug directory: not reproducible

    return change


def _flags(section: int, add: int) -> Change:
    def change(data: bytearray, start: int) -> None:
        at = start + 24 + 240 + 40 * section + 36
        struct.pack_into("<I", data, at, struct.unpack_from("<I", data, at)[0] | add)

    return change


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_flags(0, 0x80000000), "odd-writable-code"),
        (lambda data, start: data.__setitem__(slice(start + 264, start + 272), b"UPX0\0\0\0\0"), "odd-packer"),
        (lambda data, start: struct.pack_into("<I", data, start + 40, 0x2000), "odd-entry-point"),
        (lambda data, start: data.extend(b"payload" * 99), "odd-overlay"),
        (_stamp(0x7F000000), "odd-timestamp"),
        (_stamp(0x3B000000), "odd-timestamp"),
        (lambda data, start: struct.pack_into("<II", data, start + 24 + 112 + 8, 0xFFFF0, 40), "damaged-table"),
    ],
)
def test_oddities(change: Change, expected: str, changed: Callable[..., Inspection]) -> None:
    assert expected not in ids(changed(lambda data, start: None, now=NOW))
    assert expected in ids(changed(change, now=NOW))


def test_age(changed: Callable[..., Inspection]) -> None:
    linked = int(datetime(2026, 10, 29, tzinfo=UTC).timestamp())
    identity: Identity = changed(_stamp(linked), now=NOW).verdict.identity
    assert (identity.linked, identity.age_days) == ("2026-10-29T00:00:00Z", 30)


def test_names_of_iis_modules_and_other_names(changed: Callable[..., Inspection]) -> None:
    assert "odd-file-name" in ids(changed(lambda data, start: None, name="rewrite.dll"))
    found = changed(lambda data, start: None, name="other.dll")
    assert "name-differs" in ids(found)
    assert found.entry.internal_name == "hello.msvc.dll"


def test_compressed_data_is_noticed(changed: Callable[..., Inspection]) -> None:
    def compress(data: bytearray, start: int) -> None:
        noise = b"".join(hashlib.sha256(bytes([n])).digest() for n in range(256))
        at = start + 24 + 240 + 40 * 5  # .reloc becomes larger than it was
        struct.pack_into("<IIII", data, at + 8, len(noise), 0x6000, len(noise), len(data))
        data += noise

    assert "odd-entropy" in ids(changed(compress))


def test_mitigations(changed: Callable[..., Inspection]) -> None:
    def states(found: Inspection) -> dict[str, bool | None]:
        return {each.name: each.on for each in found.mitigations}

    def all_off(data: bytearray, start: int) -> None:
        struct.pack_into("<H", data, start + 24 + 70, 0)

    def guarded(data: bytearray, start: int) -> None:
        config, offset = 0x2F00, 0x400 + 0x800 + 0xF00
        struct.pack_into("<I", data, offset, 0x94)
        struct.pack_into("<Q", data, offset + 0x58, 0x180003000)
        struct.pack_into("<I", data, offset + 0x90, 0x100)
        struct.pack_into("<II", data, start + 24 + 112 + 8 * 10, config, 0x94)
        struct.pack_into("<H", data, start + 24 + 70, 0x4160)

    before = states(inspect("hello.msvc"))
    assert before["ASLR"]
    assert before["DEP"]
    assert not before["CFG"]
    off = states(changed(all_off))
    assert (off["ASLR"], off["high-entropy ASLR"]) == (False, False)
    on = states(changed(guarded))
    assert on["CFG"]
    assert on["stack cookies"]
    assert states(inspect("hello.x86"))["SafeSEH"] is not None
    assert states(inspect("hello.arm64"))["CET"] is None


# --- needs, capabilities, strings


def test_needs() -> None:
    found = inspect("cpp_runtime.msvc").needs
    assert (found.crt.kind, found.crt.year, found.crt.debug) == ("dynamic", "2015-2022", False)
    assert inspect("hello").needs.crt.kind == "msvcrt"
    missing = inspect("missing_dll.msvc")
    assert [need.dll for need in missing.needs.dlls if not need.stock] == ["iismod_absent.dll"]
    assert "need-missing" in ids(missing)
    assert "need-unknown-function" in ids(inspect("missing_system_function.msvc"))


def test_capabilities_name_their_evidence() -> None:
    image, _ = read_file(FIXTURES / "bad_starts_process.dll")
    able = {each.name: each for each in capabilities(image, ["VirtualAllocEx", "hello"])}
    assert able["process"].evidence == ("KERNEL32.dll!CreateProcessW",)
    assert able["injection"].evidence == ()
    assert able["injection"].in_strings == ("VirtualAllocEx",)
    assert "dotnet" not in able


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("X-Forwarded-For", "header"), ("user-agent", "header"), ("Referer", "header"), ("referer", ""), ("date", ""),
        ("Location: /x", "header"), ("http://example.test/a", "url"), ("C:\\inetpub\\wwwroot", "path"),
        ("\\\\server\\share", "path"), ("C:\\build\\waf\\Release\\waf.pdb", "pdb"), ("Googlebot", "crawler"),
        ("baiduspider", "crawler"), ("www.google.com", "search engine"), ("cmd.exe /c whoami", "command"),
        ("-----BEGIN RSA PRIVATE KEY-----", "key"), ("password=hunter22", "key"), ("192.0.2.7:8080", "address"),
        ("6.0.0.0", ""), ("SOFTWARE\\Vendor", "registry key"), ("Mozilla/5.0 (X11)", "user agent"),
        ("ASP.NET_SessionId", "cookie"), ("HTTP_X_SECRET", "server variable"), ("REMOTE_ADDR", "server variable"),
        ("text/html", "content type"), ("<iframe src=x>", "html"), ("Hello World", ""),
    ],
)  # fmt: skip
def test_tags(text: str, tag: str) -> None:
    found = tagged_strings([(0, text, False)])
    assert [each.tag for each in found] == ([tag] if tag else [])


def test_strings_of_both_widths() -> None:
    data = b"\0\1Referer\0\1\0\0" + "X-Wide".encode("utf-16-le") + b"\0\0"
    assert {(text, wide) for _, text, wide in all_strings(data)} == {("Referer", False), ("X-Wide", True)}


# --- faces


def test_sarif_has_a_rule_for_each_result() -> None:
    log = inspection_sarif(inspect("not_overridden"))
    run = log["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert log["version"] == "2.1.0"
    assert [rules[result["ruleIndex"]] for result in run["results"]] == [result["ruleId"] for result in run["results"]]
    assert {"handler-not-overridden"} <= set(rules) <= set(KINDS)
    assert {result["level"] for result in run["results"]} <= {"error", "warning", "note"}
    json.dumps(log)


def test_the_document_is_json_and_has_what_is_promised() -> None:
    document = json.loads(json.dumps(inspect("both.msvc").as_dict()))
    assert list(document) == [
        *("file", "verdict", "entry", "classes", "handlers", "registration", "needs", "capabilities", "strings"),
        *("sections", "version_info", "mitigations", "yara", "findings", "unknown"),
    ]
    assert document["handlers"]["global"] == ["OnGlobalApplicationStart"]
    assert document["registration"]["notifications"]["request"] == ["RQ_BEGIN_REQUEST"]


def test_yara(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "a.yar").write_text('rule Door : demo { meta: author = "us" strings: $a = "open-sesame" condition: $a }')
    (rules / "b.yara").write_text("rule Other { condition: false }")
    found = inspect_module(FIXTURES / "hidden_door.dll", rules=rules)
    assert [(match.rule, match.tags, match.meta) for match in found.yara] == [("Door", ("demo",), {"author": "us"})]
    assert found.yara[0].strings[0].startswith("$a at 0x")
    assert "yara" in ids(found)
    for bad in ("rule {", None):
        if bad:
            (rules / "a.yar").write_text(bad)
        with pytest.raises(UsageError):
            inspect_module(FIXTURES / "hidden_door.dll", rules=rules if bad else tmp_path / "absent.yar")


def test_what_is_no_pe_file_is_an_error(tmp_path: Path) -> None:
    for content in (b"", b"MZ", b"#!/bin/sh\n"):
        file = tmp_path / "module.dll"
        file.write_bytes(content)
        with pytest.raises(InvalidImage):
            inspect_module(file)
