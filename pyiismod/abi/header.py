"""The declaration as C++ headers for module code: ``native/include/iismod``.

Every virtual has a name of its own and stands in slot order, so that compilers which order overloads differently give
the same table. Beside virtuals that are overloads in Httpserv.h there are inline functions of the natural name, so
module source compiles unchanged. The text is ours; names, types and values are facts of the interface.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from pyiismod.abi import constants
from pyiismod.abi.callbacks import CALLBACKS
from pyiismod.abi.enums import ENUMS
from pyiismod.abi.interfaces import INTERFACES
from pyiismod.abi.model import INTERFACE_ALIASES
from pyiismod.abi.structs import STRUCT_ALIASES, structs
from pyiismod.abi.types import C_TYPES, OPAQUE_INTERFACES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyiismod.abi.model import Interface, Method, Param
    from pyiismod.abi.structs import Member, Struct

_HTTPSERV_ENUMS = (
    "REQUEST_NOTIFICATION_STATUS",
    "GLOBAL_NOTIFICATION_STATUS",
    "CACHE_OPERATION",
    "HTTP_CONTEXT_INTERFACE_VERSION",
    "HTTP_SERVER_INTERFACE_VERSION",
)
_TRACE_ENUMS = ("HTTP_TRACE_TYPE",)
_WPF_PREFIX = "WPF_"
_WIDTH = 120
_FIXED = "\xa0"  # a space where no line may be broken
_WIDE_PREFIX = "PRIORITY_ALIAS_"

_CLASSES_BEGIN = """\
// What a handler does that is registered and not overridden: it says so to the debugger, breaks into it and goes on.
#define IISMOD_NOT_OVERRIDDEN(handler, status) \\
    OutputDebugStringA(handler " was called, but the module does not override it\\n"); \\
    DebugBreak(); \\
    return status;

// As in the SDK, an overload that a later version adds hides the earlier one: call that through the earlier version.
#ifdef __GNUC__
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverloaded-virtual"
#elif defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Woverloaded-virtual"
#endif"""

_CLASSES_END = """
#ifdef __GNUC__
#pragma GCC diagnostic pop
#elif defined(__clang__)
#pragma clang diagnostic pop
#endif"""

_CONTINUE = {
    "REQUEST_NOTIFICATION_STATUS": "RQ_NOTIFICATION_CONTINUE",
    "GLOBAL_NOTIFICATION_STATUS": "GL_NOTIFICATION_CONTINUE",
}

_EXTENDED_INTERFACE = """
// Finds a later version of pInput's interface: S_OK and *ppOutput, or the failure that means this server has none.
template <class Known, class Wanted>
HRESULT HttpGetExtendedInterface(IHttpServer *pServer, Known *pInput, Wanted **ppOutput)
{
    if (pServer == NULL || pInput == NULL || ppOutput == NULL)
        return E_INVALIDARG;
    *ppOutput = NULL;
    IHttpServer2 *pServer2 = NULL;
    HRESULT hr = pServer->GetExtendedInterface(HTTP_SERVER_INTERFACE_V2, (PVOID *)&pServer2);
    if (FAILED(hr))
        return hr;
    return pServer2->GetExtendedInterface(__uuidof(Known), pInput, __uuidof(Wanted), (PVOID *)ppOutput);
}
"""


def httpserv_h() -> str:
    """Return the text of ``httpserv.h``: constants, enumerations, interfaces and module classes."""
    return _join(
        '#pragma once\n\n#include "platform.h"\n\n#include "http.h"\n',
        *_constants(http=False),
        "",
        *(line for name in _HTTPSERV_ENUMS for line in _plain_enum(name)),
        "typedef PVOID HTTP_MODULE_ID;",
        "struct HTTP_TRACE_CONFIGURATION;",
        "struct HTTP_TRACE_EVENT;",
        "",
        *(f"class {name};" for name in OPAQUE_INTERFACES),
        *(_forward(cls) for cls in INTERFACES.values()),
        *(f"typedef {target} {name};" for name, target in INTERFACE_ALIASES.items()),
        "",
        *(_function_pointer(name) for name in ("PFN_REGISTERMODULE", "PFN_ASYNC_COMPLETION")),
        "",
        _CLASSES_BEGIN,
        *(line for cls in INTERFACES.values() if cls.header == "httpserv.h" for line in _class(cls)),
        _CLASSES_END,
        _EXTENDED_INTERFACE,
    )


def http_h() -> str:
    """Return the text of ``http.h``: the structs, enumerations and flags of the Windows SDK's file of that name."""
    names = _declared_in("http_structs")
    enums = [name for name in ENUMS if name not in _HTTPSERV_ENUMS + _TRACE_ENUMS and not name.startswith(_WPF_PREFIX)]
    return _join(
        '#pragma once\n\n#include "platform.h"\n',
        "#if defined(__HTTP_H__) && defined(__MINGW32__)",
        '#error "include httpserv.h before <http.h>: three structs of mingw\'s http.h are laid out differently"',
        "#endif\n",
        *(f"IISMOD_SIZE({name}, {structs()[name].layout().size});" for name in _declared_in("win_structs")),
        "",
        "#ifndef __HTTP_H__  // else the SDK's own file has been included",
        "#define __HTTP_H__\n",
        *_constants(http=True),
        "",
        *(line for name in enums for line in _c_enum(name)),
        *(f"typedef {_scalar(c)} {name};" for name, c in C_TYPES.items() if _is_http_scalar(name)),
        "",
        *(f"typedef struct _{name} {name};\ntypedef {name} *P{name};" for name in names),
        *(f"typedef {target} {name}, *P{name};" for name, target in STRUCT_ALIASES.items()),
        "",
        *(line for name in names for line in _struct(name, f"_{name}")),
        *_assertions(names),
        "",
        "#endif",
    )


def wpframework_h() -> str:
    """Return the text of ``wpframework.h``: what ``IHttpServer::GetWorkerProcessSettings`` leads to."""
    return _join(
        '#pragma once\n\n#include "platform.h"\n',
        *(line for name in ENUMS if name.startswith(_WPF_PREFIX) for line in _plain_enum(name)),
        *(line for cls in INTERFACES.values() if cls.header == "wpframework.h" for line in _class(cls)),
    )


def httptrace_h() -> str:
    """Return the text of ``httptrace.h``: what ``IHttpTraceContext`` works with."""
    names = _declared_in("trace_structs")
    return _join(
        '#pragma once\n\n#include "platform.h"\n',
        *(line for name in _TRACE_ENUMS for line in _plain_enum(name)),
        *(f"struct {name};" for name in names),
        "",
        *(line for name in names for line in _struct(name, name)),
        *_assertions(names),
    )


def _declared_in(file: str) -> list[str]:
    return [name for name, cls in structs().items() if cls.__module__ == f"pyiismod.abi.{file}"]


def _join(*parts: str) -> str:
    return "\n".join(parts).rstrip("\n") + "\n"


def _constants(*, http: bool) -> Iterator[str]:
    for name, value in vars(constants).items():
        if name.startswith(("_", "AF_")) or not name.isupper():
            continue
        is_text = isinstance(value, str)
        if http == (name.startswith("HTTP_") and not is_text):
            prefix = "L" if name.startswith(_WIDE_PREFIX) else ""
            yield f'#define {name} {prefix}"{value}"' if is_text else f"#define {name} 0x{value:08X}"


def _plain_enum(name: str) -> Iterator[str]:
    yield f"enum {name}"
    yield from _enumerators(name)
    yield "};\n"


def _c_enum(name: str) -> Iterator[str]:
    yield f"typedef enum _{name}"
    yield from _enumerators(name)
    yield f"}} {name}, *P{name};\n"


def _enumerators(name: str) -> Iterator[str]:
    yield "{"
    yield from (f"    {member} = {value}," for member, value in ENUMS[name].items())


def _is_http_scalar(name: str) -> bool:
    return name.startswith(("HTTP_", "PHTTP_SERVICE_")) and name != "HTTP_MODULE_ID"


def _scalar(spelling: str) -> str:
    return {"uint64_t": "ULONGLONG", "int32_t": "LONG", "void *": "PVOID"}[spelling]


def _struct(name: str, tag: str) -> Iterator[str]:
    cls = structs()[name]
    base = cls.base()
    yield f"struct {tag}{f' : {base.__name__}' if base else ''}"
    yield "{"
    yield from _members(cls, "    ")
    yield "};\n"


def _members(cls: type[Struct], indent: str) -> Iterator[str]:
    for member in cls.own_members():
        yield from _member(member, indent)


def _member(member: Member, indent: str) -> Iterator[str]:
    if member.struct is None:
        extent = "" if member.c_type.length is None else f"[{member.c_type.length}]"
        yield f"{indent}{_declare(member.c_type.text, member.name)}{extent};"
        return
    yield f"{indent}{'union' if member.struct.union else 'struct'}"
    yield f"{indent}{{"
    yield from _members(member.struct, indent + "    ")
    yield f"{indent}}}{'' if member.name.startswith('_') else ' ' + member.name};"


def _assertions(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        layout, base = structs()[name].layout(), structs()[name].base()
        yield f"IISMOD_SIZE({name}, {layout.size});"
        if base is None:  # offsetof is for classes whose members are all declared in one place
            yield from (f"IISMOD_OFFSET({name}, {field.name}, {field.offset});" for field in layout.fields)


def _forward(cls: type[Interface]) -> str:
    if cls.iid is None:
        return f"class {cls.__name__};"
    a, b, c, d, e = cls.iid.split("-")
    numbers = [a, b, c, *((d + e)[i : i + 2] for i in range(0, 16, 2))]
    return f'IISMOD_INTERFACE({cls.__name__}, "{cls.iid}",\n    {", ".join("0x" + n for n in numbers)})'


def _function_pointer(name: str) -> str:
    callback = CALLBACKS[name]
    return _wrap(f"typedef {callback.returns}(WINAPI *{name})", map(_parameter, callback.params), ";")


def _class(cls: type[Interface]) -> Iterator[str]:
    name, base = cls.__name__, cls.__bases__[0]
    yield f"\nclass {name}{f' : public {base.__name__}' if base.__name__ in INTERFACES else ''}"
    yield "{"
    yield "public:"
    methods = [m for m in cls.own_slots() if not m.protected]
    for method in methods:
        yield _virtual(method)
    overloads = [m for m in methods if m.name != m.overload]
    if overloads:
        yield ""
    for method in overloads:
        yield _forwarder(method)
    if len(methods) < len(cls.own_slots()):
        yield f"\nprotected:\n    {name}() {{}}\n    virtual ~{name}() {{}}"
    yield "};"


def _virtual(method: Method) -> str:
    lead, const = f"    /* {method.slot:2} */ virtual ", " const" if method.const else ""
    head = _declare(method.returns, method.overload)
    if method.pure:
        return _wrap(lead + head, map(_parameter, method.params), f"{const} = 0;")
    if method.returns == "void":
        return _wrap(lead + head, (), " { delete this; }")
    body = f'IISMOD_NOT_OVERRIDDEN("{method.interface}::{method.name}", {_CONTINUE[method.returns]})'
    return _wrap(lead + head, (p.type for p in method.params), "") + f"\n    {{\n        {body}\n    }}"


def _forwarder(method: Method) -> str:
    head = f"    {_declare(method.returns, method.name)}"
    call = f"{'' if method.returns == 'void' else 'return '}{method.overload}"
    params, names = [_parameter(p) for p in method.params], [p.name for p in method.params]
    const = " const" if method.const else ""
    line = f"{head}({', '.join(params)}){const} {{ {call}({', '.join(names)}); }}"
    if len(line) <= _WIDTH:
        return line
    return f"{_wrap(head, params, const)}\n    {{\n{_wrap(f'        {call}', names, ';')}\n    }}"


def _wrap(head: str, items: Iterable[str], tail: str) -> str:
    """Return ``head(items)tail``, broken between items where it is too long."""
    pieces = [f"{head}(", ", ".join(items).replace(", ", ",\n"), f"){tail}"]
    text = "".join(pieces).replace(" ", _FIXED).replace("\n", " ")
    lines = textwrap.wrap(text, _WIDTH, subsequent_indent=" " * 12, break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines).replace(_FIXED, " ")


def _parameter(param: Param) -> str:
    return _declare(param.type, param.name) + (f" = {param.default}" if param.default else "")


def _declare(c_type: str, name: str) -> str:
    return f"{c_type}{name}" if c_type.endswith(("*", "&")) else f"{c_type} {name}"
