"""IHttpUser and IAuthenticationProvider (fact sheet 5.6), and the variables that follow from them (5.10)."""

from __future__ import annotations

from typing import Any

import pytest
from nativecall import (
    CONTINUE,
    E_NOTIMPL,
    FINISH,
    INVALID_PARAMETER,
    NULL,
    Host,
    Native,
    address,
    make,
    of,
    read_wide,
    text,
    wide,
)
from stored import view

from pyiismod.host._abi import ffi
from pyiismod.host.user import Account, User

NAMES = ("AUTH_TYPE", "AUTH_USER", "REMOTE_USER", "UNMAPPED_REMOTE_USER", "LOGON_USER", "AUTH_PASSWORD")


def variables(context: Native) -> list[str]:
    values = []
    for name in NAMES:
        out, length = ffi.new("PCWSTR *"), ffi.new("DWORD *")
        assert context.GetServerVariable_w(text(name.encode()), out, length) == 0
        values.append(read_wide(out[0]))
        assert length[0] == len(values[-1])
    return values


def described(user: Native) -> list[str]:
    slots = ("GetRemoteUserName", "GetUserName", "GetAuthenticationType", "GetPassword")
    return [read_wide(user.slot(slot)()) for slot in slots]


def user_of(context: Native) -> Native | None:
    pointer = context.GetUser()
    return view(pointer, "IHttpUser") if pointer else None


def seen_by(host: Host, *events: str, **options: Any) -> list[list[str] | None]:
    """Fire a request, and return what ``GetUser`` says at each event."""
    seen: list[list[str] | None] = []

    def look(context: Native, provider: Native) -> int:
        user = user_of(context)
        seen.append(described(user) if user else None)
        return CONTINUE

    host.load("m", dict.fromkeys(events, look))
    host.fire(**options)
    return seen


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        (None, ["", "", "", ""]),
        (Account("DOMAIN\\anna", "secret"), ["DOMAIN\\anna", "DOMAIN\\anna", "Basic", "secret"]),
        (Account("DOMAIN\\anna", "secret", "NTLM"), ["DOMAIN\\anna", "DOMAIN\\anna", "NTLM", ""]),
        (Account("anna", kind="Forms", remote_name="Anna"), ["Anna", "anna", "Forms", ""]),
    ],
)
def test_a_user_is_known_after_authentication(account: Account | None, expected: list[str], host: Host) -> None:
    """NULL before AUTHENTICATE_REQUEST is over, then a user, anonymous too."""
    events = ("OnBeginRequest", "OnAuthenticateRequest", "OnPostAuthenticateRequest", "OnAuthorizeRequest")
    seen = seen_by(host, *events, "OnSendResponse", account=account)
    assert seen == [None, None, expected, expected, expected]


def test_the_variables_of_a_user(host: Host) -> None:
    seen: list[list[str]] = []
    host.load("m", {"OnEndRequest": lambda c, p: seen.append(variables(c)) or CONTINUE})
    host.fire(account=Account("d\\u", "p", remote_name="u@d"))
    host.fire()
    assert seen == [["Basic", "u@d", "u@d", "u@d", "d\\u", "p"], [""] * 6]


@pytest.mark.parametrize("event", ["OnBeginRequest", "OnAuthenticateRequest"])
def test_who_finishes_before_stays_unknown(event: str, host: Host) -> None:
    seen: list[bool] = []
    host.load("a", {event: lambda c, p: FINISH})
    host.load("b", {"OnEndRequest": lambda c, p: seen.append(bool(c.GetUser())) or CONTINUE})
    host.fire(account=Account("u"))
    assert seen == [False]


def test_without_anonymous_access_a_user_is_required() -> None:
    host = Host(anonymous=False)
    told: list[str] = []
    host.load("m", {"OnAuthorizeRequest": lambda c, p: told.append("authorize") or CONTINUE})
    outgoing = host.fire()
    assert (outgoing.status, outgoing.substatus, told) == (401, 2, [])
    assert host.fire(account=Account("u")).status != 401
    assert told == ["authorize"]


class OwnUser:
    """A user that a module makes; it counts its references."""

    def __init__(self) -> None:
        self.references = 1
        self.names = {n: wide(f"own {n}") for n in ("remote", "user", "type", "password")}
        self.pointer = make(
            "IHttpUser",
            {
                "GetRemoteUserName": lambda: self.names["remote"],
                "GetUserName": lambda: self.names["user"],
                "GetAuthenticationType": lambda: self.names["type"],
                "GetPassword": lambda: self.names["password"],
                "ReferenceUser": lambda: self.count(1),
                "DereferenceUser": lambda: self.count(-1),
            },
        )

    def count(self, by: int) -> None:
        self.references += by


@pytest.mark.parametrize("anonymous", [True, False])
def test_a_module_may_bring_its_own_user(anonymous: bool) -> None:
    """The request is authenticated at once; the reference goes over to IIS and comes back at the end."""
    host = Host(anonymous=anonymous)
    user = OwnUser()
    seen: list[Any] = []

    def authenticate(context: Native, provider: Native) -> int:
        provider.SetUser(NULL)
        assert context.GetUser() == NULL
        provider.SetUser(user.pointer)
        seen.append((context.GetUser() == user.pointer, variables(context), user.references))
        return CONTINUE

    def end(context: Native, provider: Native) -> int:
        seen.append((context.GetUser() == user.pointer, context.GetOriginalUser() == user.pointer, user.references))
        return CONTINUE

    host.load("m", {"OnAuthenticateRequest": authenticate, "OnEndRequest": end})
    assert host.fire().status != 401
    own = ["own type", "own remote", "own remote", "own remote", "own user", ""]
    assert seen == [(True, own, 1), (True, True, 1)]
    assert user.references == 0
    released = next(e for e in host.timeline.events if e.event == "phase" and e.method == "DereferenceUser")
    assert (released.module, released.interface) == ("m.dll", "IHttpUser")


def test_the_last_user_counts_and_the_original_stays(host: Host) -> None:
    users = OwnUser(), OwnUser()
    seen: list[tuple[bool, bool]] = []

    def authenticate(context: Native, provider: Native) -> int:
        for user in users:
            provider.SetUser(user.pointer)
        seen.append((context.GetOriginalUser() == users[0].pointer, context.GetUser() == users[1].pointer))
        return CONTINUE

    host.load("m", {"OnAuthenticateRequest": authenticate})
    host.fire()
    assert seen == [(True, True)]
    assert [user.references for user in users] == [0, 0]


@pytest.mark.parametrize("kind", ["Basic", "NTLM", "Negotiate", "Digest"])
def test_users_of_windows_have_no_roles(kind: str, host: Host) -> None:
    user = of(User(Account("u", kind=kind, roles=("staff",)), host.timeline))
    out = ffi.new("BOOL *", 7)
    assert user.SupportsIsInRole() == 0
    assert user.IsInRole(wide("staff"), out) == E_NOTIMPL
    assert out[0] == 7


@pytest.mark.parametrize(("role", "answer"), [(None, 1), ("", 1), ("staff", 0)])
def test_anonymous_is_in_no_role_but_the_empty_one(role: str | None, answer: int, host: Host) -> None:
    user = of(User(Account(), host.timeline))
    out = ffi.new("BOOL *", 7)
    assert user.SupportsIsInRole() == 1
    assert user.IsInRole(NULL if role is None else wide(role), out) == 0
    assert out[0] == answer


def test_roles_of_other_users(host: Host) -> None:
    user = of(User(Account("u", kind="Forms", roles=("Staff", "boss")), host.timeline))
    out = ffi.new("BOOL *")
    for role, answer in (("staff", 1), ("BOSS", 1), ("guest", 0), ("", 0)):
        assert user.IsInRole(wide(role), out) == 0
        assert out[0] == answer
    assert user.IsInRole(NULL, out) == INVALID_PARAMETER
    assert user.IsInRole(wide("staff"), NULL) == INVALID_PARAMETER


def test_variables_of_the_user_object(host: Host) -> None:
    user = of(User(Account(), host.timeline))
    sid = ffi.buffer(ffi.cast("char *", user.GetUserVariable(text(b"SID"))), 12)[:]
    assert sid == bytes((1, 1, 0, 0, 0, 0, 0, 5, 17, 0, 0, 0))  # S-1-5-17
    assert user.GetUserVariable(text(b"CtxtHandle")) == NULL
    assert user.GetUserVariable(NULL) == NULL


def test_a_token_is_what_the_test_says(host: Host) -> None:
    user = of(User(Account("u", token=0x1234), host.timeline))
    assert address(user.GetPrimaryToken()) == address(user.GetImpersonationToken()) == 0x1234


def test_a_referenced_user_outlives_the_request(host: Host) -> None:
    kept: list[Native] = []

    def keep(context: Native, provider: Native) -> int:
        user = user_of(context)
        assert user is not None
        user.ReferenceUser()
        kept.append(user)
        return CONTINUE

    host.load("m", {"OnEndRequest": keep})
    host.fire(account=Account("u"))
    assert described(kept[0])[1] == "u"
    kept[0].DereferenceUser()
    assert violations(host) == []
    kept[0].GetUserName()
    assert violations(host) == ["IHttpUser::GetUserName was called on an IHttpUser that has ended"]


def test_one_dereference_too_many_is_a_violation(host: Host) -> None:
    def drop(context: Native, provider: Native) -> int:
        user = user_of(context)
        assert user is not None
        user.DereferenceUser()
        return CONTINUE

    host.load("m", {"OnAuthorizeRequest": drop, "OnEndRequest": lambda c, p: described(user_of(c) or c) and CONTINUE})
    host.fire()
    assert host.violations == ["DereferenceUser was called without a ReferenceUser: IIS's own user would be freed"]


def violations(host: Host) -> list[str]:
    return [e.method for e in host.iis.timeline.events if e.event == "violation"]
