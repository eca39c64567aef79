"""Writes ``abi_probe.cpp``: a module whose calls go where the Microsoft C++ ABI says, not where our header says.

The classes are declared from the facts in ``tests/oracle`` alone, the way the SDK declares them: overloads under their
one name, first declared last in the vtable. clang then lays the vtables out by its own rules. ``tests`` compare what
the host saw with :func:`calls`, slot by slot. If our declaration, our header and our host agreed on something wrong,
this is the module that would notice.

    python native/modules/abi_probe_gen.py            write abi_probe.cpp
    python native/modules/abi_probe_gen.py --check    exit 1 if it is not what the oracle gives
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MODULES = Path(__file__).resolve().parent
ORACLE = MODULES.parent.parent / "tests" / "oracle"
TEMPLATE = MODULES / "abi_probe.cpp.in"
TARGET = MODULES / "abi_probe.cpp"

ABI = json.loads((ORACLE / "abi.json").read_text(encoding="utf-8"))
LAYOUTS = json.loads((ORACLE / "layouts.json").read_text(encoding="utf-8"))
INTERFACES: dict[str, dict[str, Any]] = ABI["interfaces"]

OBJECTS = {
    # interface: (the handler that probes it, how it is reached there)
    "IHttpModuleRegistrationInfo2": ("RegisterModule", "provider"),
    "IModuleAllocator": ("GetHttpModule", "provider"),
    "IHttpServer3": ("OnBeginRequest", "g_server"),
    "IHttpContext4": ("OnBeginRequest", "context"),
    "IHttpRequest4": ("OnBeginRequest", "context->GetRequest()"),
    "IHttpResponse4": ("OnBeginRequest", "context->GetResponse()"),
    "IHttpEventProvider": ("OnBeginRequest", "provider"),
    "IHttpSite": ("OnBeginRequest", "context->GetSite()"),
    "IHttpPerfCounterInfo": ("OnBeginRequest", "get(context->GetSite(), &IHttpSite::GetPerfCounterInfo)"),
    "IHttpApplication2": ("OnBeginRequest", "context->GetApplication()"),
    "IHttpConnection": ("OnBeginRequest", "context->GetConnection()"),
    "IHttpConnectionModuleContextContainer": (
        "OnBeginRequest",
        "get(context->GetConnection(), &IHttpConnection::GetModuleContextContainer)",
    ),
    "IHttpModuleContextContainer": ("OnBeginRequest", "context->GetModuleContextContainer()"),
    "INamedContextContainer": ("OnBeginRequest", "((IHttpContext4 *)context)->GetNamedContextContainer()"),
    "IHttpUrlInfo": ("OnBeginRequest", "context->GetUrlInfo()"),
    "IMetadataInfo": ("OnBeginRequest", "context->GetMetadata()"),
    "IScriptMapInfo": ("OnBeginRequest", "context->GetScriptMap()"),
    "IHttpFileInfo": ("OnBeginRequest", "context->GetFileInfo()"),
    "IHttpTraceContext": ("OnBeginRequest", "context->GetTraceContext()"),
    "IHttpCachePolicy2": ("OnBeginRequest", "context->GetResponse()->GetCachePolicy()"),
    "IHttpUser": ("OnAcquireRequestState", "context->GetUser()"),
    "IAuthenticationProvider": ("OnAuthenticateRequest", "provider"),
    "IMapHandlerProvider": ("OnMapRequestHandler", "provider"),
    "ISendResponseProvider": ("OnSendResponse", "provider"),
}
EVENTS = {
    "OnBeginRequest": "RQ_BEGIN_REQUEST",
    "OnAuthenticateRequest": "RQ_AUTHENTICATE_REQUEST",
    "OnMapRequestHandler": "RQ_MAP_REQUEST_HANDLER",
    "OnAcquireRequestState": "RQ_ACQUIRE_REQUEST_STATE",
    "OnSendResponse": "RQ_SEND_RESPONSE",
}
BUFFER_SIZE = 4000  # of what out parameters point to
CHUNK_TEXT = "probe body"


@dataclass(frozen=True)
class Call:
    """One probe: which slot of which object is called with which inputs.

    Attributes:
        handler: where: a method of CHttpModule, ``RegisterModule`` or ``GetHttpModule``.
        interface: the longest interface of the object; ``slot`` is absolute in its vtable.
        declared_by: the interface that declares the method.
        method, overload: C++ name, and the name that tells overloads apart.
        inputs: in parameters by name: int, str, or for other pointers whether they are not null.
    """

    handler: str
    interface: str
    slot: int
    declared_by: str
    method: str
    overload: str
    inputs: dict[str, int | str | bool]

    @property
    def query(self) -> str:
        """What selects it: the query string, or IISMOD_PROBE."""
        return f"{self.interface}.{self.slot}"


def chain(interface: str) -> list[str]:
    """Return an interface and its bases, the first base first."""
    base = INTERFACES[interface]["base"]
    return [*(chain(base) if base else []), interface]


def methods(interface: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (declaring interface, method) for the whole vtable."""
    for name in chain(interface):
        for method in INTERFACES[name]["methods"]:
            yield name, method


def argument(method: dict[str, Any], index: int) -> tuple[str, int | str | bool | None]:
    """Return the C++ expression of one argument, and what the host must see; None for what it only writes."""
    (name, ctype), direction = method["params"][index], method["dirs"][index]
    kind = ABI["types"].get(ctype, {}).get("kind")
    number = 0x1000 + method["slot"] * 16 + index
    previous = method["params"][index - 1] if index else ("", "")
    if direction != "in":
        return f"({ctype})scratch({index})", None
    if ctype == "PCSTR":
        text = f"probe{method['slot']}.{index}"
        return f'(PCSTR)"{text}"', text
    if ctype in ("PCWSTR", "LPCWSTR"):
        text = f"wide{method['slot']}.{index}"
        return f'(PCWSTR)L"{text}"', text
    if name.startswith("cch"):
        length = len(str(argument(method, index - 1)[1]))
        return f"({ctype}){length}", length
    if previous[1] in ("void *", "BYTE *", "PVOID") and kind == "uint":
        return f"({ctype}){BUFFER_SIZE}", BUFFER_SIZE
    special = {
        "fAsync": 0,  # nothing may complete after the probe
        "nChunks": 1,
        "cHeaders": 0,
        "lInsertPosition": -1,
        "ulHeaderIndex": 15,  # Content-Location, in both directions
        "dwServerVersion": 0,
    }
    if name in special:
        return f"({ctype}){special[name]}", special[name]
    if ctype == "BOOL":
        return f"({ctype}){(index + 1) % 2}", (index + 1) % 2
    if ctype == "UCHAR":
        return f"({ctype}){4 + index}", 4 + index
    if kind == "enum":
        value = int(ctype not in ("REQUEST_NOTIFICATION_STATUS", "HTTP_CONTEXT_INTERFACE_VERSION"))
        return f"({ctype}){value}", value
    if kind in ("int", "uint"):
        return f"({ctype}){number}", number
    return pointer(name, ctype, index)


def pointer(name: str, ctype: str, index: int) -> tuple[str, bool]:
    """Return the C++ expression of an in parameter that is a pointer or reference, and whether it is not null."""
    given = {
        "HTTP_DATA_CHUNK *": "chunk()",
        "const GUID &": f"g_iids[{index}]",
        "PFN_ASYNC_COMPLETION": "completed",
        "LPOVERLAPPED_COMPLETION_ROUTINE": "routine",
        "HTTP_TRACE_CONFIGURATION *": f"({ctype})scratch({index})",
        "HTTP_TRACE_EVENT *": f"({ctype})scratch({index})",
        "HTTP_MODULE_ID": "g_id",
    }
    if ctype in given:
        return given[ctype], True
    if name == "pInput":
        return "g_server", True
    if ctype in ("void *", "PVOID"):
        return f"({ctype})scratch({index})", True
    return f"({ctype})0", False


def calls() -> list[Call]:
    """Return every probe that ``abi_probe.cpp`` can do."""
    found = []
    for interface, (handler, _) in OBJECTS.items():
        for declared_by, method in methods(interface):
            seen = {name: argument(method, i)[1] for i, (name, _) in enumerate(method["params"])}
            inputs = {name: value for name, value in seen.items() if value is not None}
            found.append(
                Call(handler, interface, method["slot"], declared_by, method["name"], method["overload"], inputs)
            )
    return found


def type_declarations() -> Iterator[str]:
    """Yield a declaration of each type that the interfaces use."""
    integers = {("int", 4): "int", ("uint", 1): "unsigned char", ("uint", 2): "unsigned short", ("uint", 4): "unsigned"}
    integers[("uint", 8)] = "unsigned long long"
    pointers = []
    for name, facts in ABI["types"].items():
        kind = facts["kind"]
        if kind in ("int", "uint") and " " not in name:
            yield f"typedef {integers[kind, facts['size']]} {name};"
        elif kind == "enum":
            yield f"enum {name} : int {{}};"
        elif kind == "struct" and "size" in facts:
            yield f"struct {name} {{ unsigned char opaque[{facts['size']}]; }};"
        elif kind == "struct":
            yield f"struct {name};"
        elif kind == "pointer":
            pointers.append((name, facts["to"]))
    yield "struct OVERLAPPED;"
    yield "struct SOCKADDR;"
    for name, target in pointers:
        yield f"typedef {target} *{name};"
    yield from (f"typedef {target} {name};" for name, target in ABI["typedefs"].items() if name not in dict(pointers))
    yield from (f"class {name};" for name, facts in ABI["types"].items() if facts["kind"] == "opaque_interface")
    yield from (f"class {name};" for name in INTERFACES)
    yield from (f"typedef {target} {alias};" for alias, target in ABI["aliases"].items())
    for name, facts in ABI["callbacks"].items():
        params = ", ".join(ctype for _, ctype in facts["params"])
        yield f"typedef {facts['returns']} (__stdcall *{name})({params});"


def class_declaration(name: str) -> Iterator[str]:
    """Yield a class as a header would declare it: each group of overloads together, the last slot first."""
    facts = INTERFACES[name]
    yield f"class {name}" + (f" : public {facts['base']}" if facts["base"] else "")
    yield "{"
    yield "public:"
    written = set()
    for method in facts["methods"]:
        if method["name"] in written:
            continue
        written.add(method["name"])
        if method.get("kind") == "deleting_destructor":
            yield "protected:"
            yield f"    virtual ~{name}() {{}}"
            continue
        for overload in reversed([other for other in facts["methods"] if other["name"] == method["name"]]):
            params = ", ".join(ctype for _, ctype in overload["params"])
            const = " const" if overload.get("const") else ""
            yield f"    virtual {overload['returns']} {overload['name']}({params}){const}{body(name, overload)}"
    yield "};"
    yield ""


def body(interface: str, method: dict[str, Any]) -> str:
    """Return how a declaration ends: pure, or with the body of the module's base class."""
    if interface != "CHttpModule":
        return " = 0;"
    return " { delete this; }" if method["name"] == "Dispose" else " { return {}; }"


def probe(interface: str, declared_by: str, method: dict[str, Any]) -> Iterator[str]:
    """Yield the function that makes one call; the cast to the declaring class undoes name hiding."""
    arguments = ", ".join(argument(method, i)[0] for i in range(len(method["params"])))
    const = "const " if method.get("const") else ""
    yield f"static void {interface}_{method['slot']}(void *object)"
    yield "{"
    yield f"    (({const}{declared_by} *)({interface} *)object)->{method['name']}({arguments});"
    yield "}"
    yield ""


def reach(interface: str) -> Iterator[str]:
    """Yield the function that gets the object of an interface."""
    yield f"static void *reach_{interface}(IHttpContext *context, void *provider)"
    yield "{"
    yield "    (void)context, (void)provider;"
    yield f"    return ({interface} *){OBJECTS[interface][1]};"
    yield "}"
    yield ""


def override(handler: str) -> Iterator[str]:
    """Yield the module's override of one handler."""
    params = next(m["params"] for m in INTERFACES["CHttpModule"]["methods"] if m["name"] == handler)
    yield f"    REQUEST_NOTIFICATION_STATUS {handler}({params[0][1]}context, {params[1][1]}provider) override"
    yield "    {"
    yield f'        return run("{handler}", context, provider);'
    yield "    }"
    yield ""


def iid(interface: str) -> str:
    """Return the initialiser of an interface's IID as bytes in memory order."""
    first, second, third, *rest = INTERFACES[interface]["iid"].split("-")
    swapped = b"".join(bytes.fromhex(part)[::-1] for part in (first, second, third))
    return "{{" + ", ".join(f"0x{byte:02x}" for byte in swapped + bytes.fromhex("".join(rest))) + "}}"


def source() -> str:
    """Return the text of ``abi_probe.cpp``."""
    cooked = offset("HTTP_REQUEST_V1", "CookedUrl")
    values = {
        "types": "\n".join(type_declarations()),
        "classes": "\n".join(line for name in INTERFACES for line in class_declaration(name)),
        "probes": "\n".join(
            line for name in OBJECTS for declared_by, m in methods(name) for line in probe(name, declared_by, m)
        ),
        "reach": "\n".join(line for name in OBJECTS for line in reach(name)),
        "table": "\n".join(
            f'    {{"{call.query}", "{call.handler}", reach_{call.interface}, {call.interface}_{call.slot}}},'
            for call in calls()
        ),
        "chunk_buffer": str(offset("HTTP_DATA_CHUNK", "FromMemory.pBuffer")),
        "chunk_length": str(offset("HTTP_DATA_CHUNK", "FromMemory.BufferLength")),
        "chunk_text": CHUNK_TEXT,
        "buffer_size": str(BUFFER_SIZE),
        "query_pointer": str(cooked + offset("HTTP_COOKED_URL", "pQueryString")),
        "query_length": str(cooked + offset("HTTP_COOKED_URL", "QueryStringLength")),
        "iid_server": iid("IHttpServer"),
        "iid_server3": iid("IHttpServer3"),
        "events": " | ".join(f"0x{ABI['constants'][event]:x}" for event in EVENTS.values()),
        "handlers": "\n".join(line for handler in EVENTS for line in override(handler)),
    }
    text = TEMPLATE.read_text(encoding="utf-8")
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text


def offset(struct: str, field: str) -> int:
    """Return the offset of a field."""
    return int(next(row[1] for row in LAYOUTS["structs"][struct]["fields"] if row[0] == field))


def main() -> int:
    text = source()
    if "--check" not in sys.argv[1:]:
        TARGET.write_text(text, encoding="utf-8", newline="\n")
    elif TARGET.read_text(encoding="utf-8") != text:
        print("abi_probe.cpp is stale. Run `python native/modules/abi_probe_gen.py`.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
