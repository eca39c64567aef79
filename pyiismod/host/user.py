"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/ihttpuser-interface

Who makes the request (fact sheet 5.6): the user that IIS itself authenticates, as the test describes it, or one that a
module made and gave to ``SetUser``.
"""

from __future__ import annotations

import sys
from _thread import allocate_lock
from typing import Any

from pyiismod.abi.constants import HTTP_USER_VARIABLE_SID
from pyiismod.abi.user import IHttpUser
from pyiismod.host import win32
from pyiismod.host._abi import ffi
from pyiismod.host.errors import E_NOTIMPL, ERROR_INVALID_PARAMETER, S_OK
from pyiismod.host.memory import RequestPool
from pyiismod.host.native import slots_of
from pyiismod.host.objects import NativeObject, configured
from pyiismod.host.trace import Timeline
from pyiismod.rules.lifetime import HANDLE_CLOSED, RELEASED_TOO_OFTEN

ANONYMOUS, BASIC = "", "Basic"
_WITHOUT_ROLES = ("Basic", "Certificate", "Digest", "Kerberos", "NTLM", "Negotiate")
IUSR, SOMEBODY = (5, 17), (5, 21, 1001, 1002, 1003, 1000)
"""Parts of a SID: of anonymous users, and of an account of an unnamed domain."""

_lock = allocate_lock()
_USER = slots_of(IHttpUser)


class Account:
    """A client's credentials, which IIS accepts.

    Args:
        name: as ``LOGON_USER`` has it, such as ``DOMAIN\\\\user``; "" for anonymous.
        password: of Basic authentication.
        kind: ``GetAuthenticationType``: ``"Basic"``, ``"Digest"``, ``"NTLM"``, ``"Negotiate"``, ``"Forms"``, …
        roles: that it is in, where its kind has any.
        remote_name: as ``REMOTE_USER`` has it; the name when None.
        token: value of both its tokens; None for duplicates of the worker's own.
    """

    def __init__(
        self,
        name: str = "",
        password: str = "",
        kind: str = BASIC,
        roles: tuple[str, ...] = (),
        remote_name: str | None = None,
        token: int | None = None,
    ) -> None:
        self.name = name
        self.password = password if kind == BASIC else ""
        self.kind = kind if name else ANONYMOUS
        self.roles = tuple(roles)
        self.remote_name = name if remote_name is None else remote_name
        self.token = token


def sid(parts: tuple[int, ...]) -> bytes:
    """Return the binary form of ``S-1-parts``: revision, count, authority, sub-authorities."""
    authority, *rest = parts
    return bytes((1, len(rest))) + authority.to_bytes(6, "big") + b"".join(n.to_bytes(4, "little") for n in rest)


class Tokens:
    """The logon tokens of one account: duplicates of the worker's own, made when they are asked for.

    Args:
        fixed: the value of both, from the test.
    """

    def __init__(self, fixed: int | None) -> None:
        self._fixed = fixed
        self._made: dict[int, Any] = {}

    def get(self, kind: int) -> Any:
        """Return a token of that TOKEN_TYPE; NULL where there is no such thing."""
        if self._fixed is not None or sys.platform != "win32":
            return ffi.cast("HANDLE", self._fixed or 0)
        with _lock:
            if kind not in self._made:
                self._made[kind] = win32.process_token(kind)
            return self._made[kind]

    def close(self, timeline: Timeline) -> None:
        """Close what was made; note what a module has closed."""
        made, self._made = self._made, {}
        for kind, token in made.items():
            if win32.is_open(token):
                win32.close(token)
            else:
                which = "primary" if kind == win32.PRIMARY else "impersonation"
                timeline.violation(HANDLE_CLOSED, f"the {which} token of IIS's user was closed by a module")


class User(NativeObject, IHttpUser):
    """A user that IIS authenticated. A module may hold it beyond the request.

    Args:
        account: who it is.
        timeline: of the process.
    """

    def __init__(self, account: Account, timeline: Timeline) -> None:
        super().__init__(timeline)
        self.account = account
        self._pool = RequestPool()
        self._tokens = Tokens(account.token)
        self._references = 0  # the modules'
        self._is_current = True

    @configured
    def GetRemoteUserName(self) -> Any:
        return self._pool.wide(self.account.remote_name)

    @configured
    def GetUserName(self) -> Any:
        return self._pool.wide(self.account.name)

    @configured
    def GetAuthenticationType(self) -> Any:
        return self._pool.wide(self.account.kind)

    @configured
    def GetPassword(self) -> Any:
        return self._pool.wide(self.account.password)

    def GetImpersonationToken(self) -> Any:
        return self._tokens.get(win32.IMPERSONATION)

    def GetPrimaryToken(self) -> Any:
        return self._tokens.get(win32.PRIMARY)

    def ReferenceUser(self) -> None:
        with _lock:
            self._references += 1

    def DereferenceUser(self) -> None:
        with _lock:
            is_theirs = self._references > 0
            self._references -= is_theirs
        if not is_theirs:
            self.timeline.violation(
                RELEASED_TOO_OFTEN, "DereferenceUser was called without a ReferenceUser: IIS's own user would be freed"
            )
        self._end_if_unused()

    def SupportsIsInRole(self) -> int:
        return int(self.account.kind not in _WITHOUT_ROLES)

    def IsInRole(self, pszRoleName: Any, pfInRole: Any) -> int:
        if self.account.kind in _WITHOUT_ROLES:
            return E_NOTIMPL
        if not pfInRole or (self.account.kind != ANONYMOUS and not pszRoleName):
            return ERROR_INVALID_PARAMETER
        role = str(ffi.string(pszRoleName)) if pszRoleName else ""
        is_anonymous = self.account.kind == ANONYMOUS
        pfInRole[0] = int(not role if is_anonymous else role.lower() in map(str.lower, self.account.roles))
        return S_OK

    def GetUserVariable(self, pszVariableName: Any) -> Any:
        name = bytes(ffi.string(pszVariableName)).decode("latin-1") if pszVariableName else ""
        if name.upper() != HTTP_USER_VARIABLE_SID:
            return ffi.NULL  # no security context was negotiated here
        return self._pool.block(sid(SOMEBODY if self.account.name else IUSR))

    def release(self, timeline: Timeline) -> None:
        """The request is over."""
        self._is_current = False
        self._end_if_unused()

    def _end_if_unused(self) -> None:
        if not self._is_current and not self._references:
            self.end()
            self._tokens.close(self.timeline)
            self._pool.release()


class ModuleUser:
    """A user that a module made; IIS has taken over one reference.

    Args:
        pointer: the module's ``IHttpUser``.
        file: the module's DLL.
        timeline: of the request.
    """

    def __init__(self, pointer: Any, file: str, timeline: Timeline) -> None:
        self.pointer = pointer
        self._file = file
        self._timeline = timeline

    @property
    def account(self) -> Account:
        """What the object says of itself."""
        name, kind = self._text("GetUserName"), self._text("GetAuthenticationType")
        password = self._text("GetPassword") if kind == BASIC else ""
        return Account(name, password, kind, remote_name=self._text("GetRemoteUserName"))

    def hold(self) -> None:
        """Count one reference more."""
        _USER["ReferenceUser"].call(self._timeline, self._file, self.pointer)

    def _text(self, slot: str) -> str:
        text = _USER[slot].call(self._timeline, self._file, self.pointer)
        return str(ffi.string(text)) if text else ""

    def release(self, timeline: Timeline) -> None:
        """Give the reference back."""
        _USER["DereferenceUser"].call(timeline, self._file, self.pointer)


class SharedUser:
    """A user of IIS's own that another request has, too.

    Args:
        user: the user; held until :meth:`release`.
    """

    def __init__(self, user: User) -> None:
        user.ReferenceUser()
        self._user = user
        self.pointer = user.pointer
        self.account = user.account

    def release(self, timeline: Timeline) -> None:
        """That request is over."""
        self._user.DereferenceUser()


AnyUser = User | ModuleUser | SharedUser
"""What a request may have as its user."""
