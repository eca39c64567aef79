"""From an error to its rule, and to the place in the module."""

from __future__ import annotations

from typing import Any

import pytest

from pyiismod import errors
from pyiismod.checking.blame import phase_of, rule_of, where_of
from pyiismod.errors import ModuleCrashed, ModuleExited, ModuleHung, PyiismodError

SDK_SAYS = (
    "This module subscribed to event CHttpModule::OnLogRequest but did not override the method in its CHttpModule "
    "implementation.  Please check the method signature to make sure it matches the corresponding method.\n"
)


def crash(code: int, **details: Any) -> ModuleCrashed:
    return ModuleCrashed("it crashed", details={"code": code, **details})


@pytest.mark.parametrize(
    ("error", "rule"),
    [
        (crash(0xC0000005), "IM060"),
        (crash(0xC00000FD), "IM060"),
        (crash(0x80000003), "IM060"),
        (crash(0x80000003, debug_output=["other", SDK_SAYS]), "IM005"),
        (crash(0xE06D7363, cxx_type="std::bad_alloc"), "IM019"),
        (crash(0x20474343), "IM019"),
        (crash(0xE0000001), "IM019"),
        (crash(0xC0000005, address="unloaded m.dll+0x12"), "IM063"),
        (crash(0xC0000005, guarded={"state": "live", "what": "IHttpRequest::GetHeader"}), "IM055"),
        (crash(0xC0000005, guarded={"state": "live", "what": "CookedUrl.pAbsPath"}), "IM033"),
        (crash(0xC0000005, guarded={"state": "freed", "what": "IHttpContext::AllocateRequestMemory"}), "IM056"),
        (ModuleHung("it hangs", details={"armed": []}), "IM011"),
        (ModuleHung("it hangs", details={}), "IM061"),
        (ModuleExited("it left", details={"phase": "notification"}), "IM062"),
        (ModuleExited("it left", details={"phase": "RegisterModule"}), "IM007"),
        (errors.RegistrationFailed("no"), "IM007"),
        (errors.MissingDependency("no", details={"missing": [{"dll": "ucrtbased.dll", "kind": "debug_crt"}]}), "IM009"),
        (errors.MissingDependency("no", details={"missing": [{"dll": "x.dll", "kind": "unknown"}]}), "IM071"),
        (errors.WrongArchitecture("no"), "IM071"),
    ],
)
def test_each_end_has_its_rule(error: PyiismodError, rule: str) -> None:
    found = rule_of(error)
    assert found is not None
    assert found.id == rule


def test_what_is_not_the_modules_has_none() -> None:
    assert rule_of(errors.WorkerError("ours")) is None


def test_a_crash_without_memory_is_an_allocation_that_was_not_checked() -> None:
    assert rule_of(crash(0xC0000005), low_memory=True).id == "IM035"  # type: ignore[union-attr]


def test_the_place_is_the_first_in_the_module() -> None:
    stack = [
        {"module": "ntdll.dll", "rva": 0x10},
        {"module": None, "rva": None},
        {"module": "Mine.dll", "rva": 0x1234},
        {"module": "mine.dll", "rva": 0x99},
    ]
    where = where_of(crash(1, stack=stack, notification="OnBeginRequest"), "GET /", "mine.dll")
    assert where.address == "Mine.dll+0x1234"
    assert where.stack == ("ntdll.dll+0x10", "Mine.dll+0x1234", "mine.dll+0x99")
    assert str(where) == "mine.dll, OnBeginRequest, Mine.dll+0x1234, in GET /"


@pytest.mark.parametrize(
    ("error", "phase"),
    [
        (errors.MissingFunction("no"), "imports"),
        (errors.DllMainFailed("no"), "load"),
        (errors.RegistrationFailed("no"), "RegisterModule"),
        (crash(0xC0000005, phase="RegisterModule"), "RegisterModule"),
        (crash(0xC0000005, phase="DllMain"), "load"),
    ],
)
def test_a_load_fails_in_its_phase(error: PyiismodError, phase: str) -> None:
    assert phase_of(error) == phase
