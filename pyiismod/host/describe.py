"""Arguments and results of a host call as plain values for the timeline: text, numbers, names, never addresses.

Inputs are read when the call arrives, outputs after it succeeded. A string with a length parameter beside it is read
by that length, or up to a NUL before it; any other by its NUL. Pointers to objects are shown by their interface, data
by the size beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyiismod.abi import enums, hresult
from pyiismod.abi.constants import global_notification_names, request_notification_names
from pyiismod.abi.headers import REQUEST_HEADER_NAMES, RESPONSE_HEADER_NAMES
from pyiismod.abi.model import Method, Param
from pyiismod.host._abi import ffi

LONGEST = 1024
"""Characters of one string, at most, that go into the timeline."""

_Show = Callable[..., Any]

_MASKS: dict[str, Callable[[int], list[str]]] = {
    "dwNotifications": request_notification_names,
    "dwPostNotifications": request_notification_names,
    "dwRequestNotification": request_notification_names,
    "dwRequestNotifications": request_notification_names,
    "dwPostRequestNotification": request_notification_names,
    "dwPostRequestNotifications": request_notification_names,
    "dwGlobalNotification": global_notification_names,
    "dwGlobalNotifications": global_notification_names,
}

_LOWEST = ffi.cast("char *", 0x10000)  # nothing is ever mapped below
_NARROW = ("PCSTR", "PSTR", "const char *", "char *")
_OPAQUE = ("HANDLE", "PVOID", "PSID", "HTTP_MODULE_ID", "PSOCKADDR", "LPOVERLAPPED", "PBYTE", "PULONG", "LPCGUID")
_WIDE = ("PCWSTR", "LPCWSTR", "PWSTR", "const WCHAR *", "WCHAR *", "const wchar_t *")


class Describer:
    """Shows the calls of one slot."""

    def __init__(self, method: Method) -> None:
        self._inputs: list[tuple[str, int, _Show, int | None]] = []
        self._outputs: list[tuple[str, int, _Show, int | None]] = []
        for i, param in enumerate(method.params):
            if param.direction == "in" or (param.direction == "inout" and param.type not in _WIDE):
                self._inputs.append((param.name, i, _input(method, param), _length_of(method, i)))
            if param.direction in ("out", "inout") and (shown := _output(param)):
                self._outputs.append((param.name, i, shown, None))
        self._result = _value(method.returns)
        self._hresult = method.returns == "HRESULT"

    def arguments(self, args: tuple[Any, ...]) -> dict[str, Any]:
        """Return the inputs by parameter name."""
        return {
            name: show(args[i]) if length is None else _sized(args[i], args[length], show)
            for name, i, show, length in self._inputs
        }

    def outputs(self, shown: dict[str, Any], args: tuple[Any, ...], result: Any) -> None:
        """Add to ``shown`` what a successful call has written through its out pointers."""
        if self._hresult and result < 0:
            return
        for name, i, show, _ in self._outputs:
            if args[i]:
                shown[name] = show(args[i])

    def outcome(self, result: Any) -> Any:
        """Return the result as text, number, name or None."""
        return self._result(result)


def _input(method: Method, param: Param) -> _Show:
    if param.name in _MASKS:
        return _MASKS[param.name]
    if param.type == "HTTP_HEADER_ID":
        names = RESPONSE_HEADER_NAMES if method.interface.startswith("IHttpResponse") else REQUEST_HEADER_NAMES
        return lambda value: names[value] if 0 <= value < len(names) else value
    return _value(param.type)


def _output(param: Param) -> _Show | None:
    if param.direction == "inout" and param.type in _WIDE:
        return wide_text  # a buffer that nobody has written to before the call
    if not param.type.endswith("*"):
        return None
    inner = param.type[:-1].rstrip()
    if inner in ("void", "BYTE") or param.type in _WIDE:
        return None  # a buffer: its size is in the parameter beside it
    show = _value(inner)
    return lambda pointer: show(pointer[0])


def _value(ctype: str) -> _Show:
    if ctype == "HRESULT":
        return hresult.name_of
    if ctype in ("BOOL", "bool"):
        return bool
    if ctype in enums.ENUMS:
        names = {value: name for name, value in enums.ENUMS[ctype].items()}
        return lambda value: names.get(value, value)
    if ctype in _NARROW:
        return narrow_text
    if ctype in _WIDE:
        return wide_text
    if ctype == "void":
        return lambda _: None
    if ctype.endswith(("*", "&")) or ctype in _OPAQUE:
        kind = ctype.removeprefix("const ").rstrip("*& ")
        return lambda pointer: kind if pointer else None
    if ctype.startswith(("PFN_", "LPOVERLAPPED_")):
        return lambda pointer: ctype if pointer else None
    return lambda value: value


def narrow_text(pointer: Any, most: int = LONGEST) -> str | None:
    """Return a string in native memory as a message takes it, or None for NULL; of a number, that it is one."""
    if not pointer:
        return None
    if pointer < _LOWEST:
        return f"(the number {int(ffi.cast('uintptr_t', pointer))})"
    text: str = ffi.string(pointer, most).decode("latin-1")
    return text


def wide_text(pointer: Any, most: int = LONGEST) -> str | None:
    """Return a wide string in native memory as a message takes it, as :func:`narrow_text` does."""
    if not pointer:
        return None
    if pointer < _LOWEST:
        return f"(the number {int(ffi.cast('uintptr_t', pointer))})"
    text = str(ffi.string(pointer, most))
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")  # messages take no lone surrogates


def _sized(pointer: Any, length: int, show: _Show) -> Any:
    """Show a string by its length, or up to a NUL before it: a length that claims too much is not trusted."""
    return show(pointer, min(length, LONGEST))


def _length_of(method: Method, index: int) -> int | None:
    """Return the index of the parameter with the length of string ``index``: ``pszX`` and then ``cchX``."""
    if method.params[index].type not in (*_NARROW, *_WIDE) or index + 1 >= len(method.params):
        return None
    following = method.params[index + 1]
    return index + 1 if following.name.startswith("cch") and not following.type.endswith("*") else None
