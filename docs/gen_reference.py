"""Write ``docs/reference.md`` from docstrings and from the catalogue of rules.

python docs/gen_reference.py            write it
python docs/gen_reference.py --check    fail when it is not what its sources give
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyiismod
from pyiismod import asgi, errors, port, trace, transport
from pyiismod.rules import RULES

PAGE = Path(__file__).with_name("reference.md")
SECTIONS = ("Args", "Returns", "Raises", "Attributes", "Yields")
TOPICS: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("Servers", (pyiismod.Server, pyiismod.WorkerPool)),
    ("Modules", (pyiismod.Module, pyiismod.Registration)),
    ("Requests and responses", (pyiismod.Response, pyiismod.Headers, pyiismod.User, pyiismod.HandlerRequest)),
    ("Streams", (pyiismod.ResponseStream, pyiismod.AsyncResponseStream)),
    ("What happened", (pyiismod.Trace, pyiismod.TraceEvent, trace.Violation)),
    ("HTTP clients and servers", (asgi.App, asgi.Finished, transport.Transport, transport.AsyncTransport)),
    ("A real port", (port.listen, port.run, port.url_of, port.is_loopback)),
)
HEAD = """# Reference

Generated from the docstrings by `make gen`; do not edit. Everything here is imported from `pyiismod`, but for what
names its module. For the commands see [command-line.md](command-line.md), for the plugin [pytest.md](pytest.md).
"""


def page() -> str:
    """Return the page."""
    parts = [HEAD]
    for title, things in TOPICS:
        parts.append(f"## {title}\n")
        for thing in things:
            parts += _described(thing)
    parts += ["## Errors\n", f"```text\n{_tree()}\n```\n"]
    parts += ["## Rules\n", "What a module must not do. A violation names its rule; a note is allowed.\n", _rules()]
    return "\n".join(parts)


def _described(thing: Any) -> Iterator[str]:
    name = thing.__name__
    module = "" if name in pyiismod.__all__ else f"{thing.__module__}."
    if inspect.isclass(thing):
        yield f"### {name}\n"
        yield f"```text\n{module}{name}{_signature(thing)}\n```\n"
        yield _text(thing.__doc__)
        for method, member in _members(thing):
            yield from _member(method, member)
    else:
        yield f"### {name}\n"
        yield f"```text\n{module}{name}{_signature(thing)}\n```\n"
        yield _text(thing.__doc__)


def _members(thing: type) -> Iterator[tuple[str, Any]]:
    """Yield what a class offers, its bases of ours included."""
    seen = set()
    for owner in thing.__mro__:
        if owner.__module__.startswith("pyiismod"):
            for name, member in vars(owner).items():
                is_offered = isinstance(member, (property, classmethod)) or inspect.isfunction(member)
                if is_offered and not name.startswith("_") and name not in seen and member.__doc__:
                    seen.add(name)
                    yield name, member


def _member(name: str, member: Any) -> Iterator[str]:
    if isinstance(member, property):
        yield f"**`{name}`** (property): {_text(member.fget.__doc__ if member.fget else '')}"
        return
    function = member.__func__ if isinstance(member, classmethod) else member
    prefix = "async " if inspect.iscoroutinefunction(function) else ""
    yield f"**`{prefix}{name}{_signature(function)}`**\n"
    yield _text(function.__doc__)


def _signature(thing: Any) -> str:
    try:
        signature = inspect.signature(thing)
    except (ValueError, TypeError):
        return ""
    kept = [
        each.replace(annotation=each.empty)
        for name, each in signature.parameters.items()
        if name not in ("self", "cls")
    ]
    return str(signature.replace(parameters=kept, return_annotation=signature.empty))


def _text(docstring: str | None) -> str:
    """Return a docstring as Markdown: sections become lists, references become code."""
    text = inspect.cleandoc(docstring or "")
    text = re.sub(r":mod:`~?([\w.]+)`", r"`\1`", text)
    text = re.sub(r":\w+:`~?(?:[\w.]*\.)?(\w+)`", r"`\1`", text).replace("``", "`")
    lines, section = [], ""
    for line in text.splitlines():
        heading = line.removesuffix(":")
        if line.endswith(":") and heading in SECTIONS:
            section = heading
            lines += [f"*{heading}*", ""]
        elif section and line.startswith("    ") and not line.startswith("     "):
            item = re.sub(r"^(\*{0,2}[\w, ]+): ", r"`\1`: ", line.strip())
            lines.append(f"- {item}")
        elif section and line.startswith("        "):
            lines.append(f"  {line.strip()}")
        else:
            if line and not line.startswith(" "):
                section = ""
            lines.append(line)
    return "\n".join(lines).rstrip() + "\n"


def _tree() -> str:
    lines = inspect.cleandoc(errors.__doc__ or "").splitlines()
    return "\n".join(line.removeprefix("    ") for line in lines if line.startswith("    "))


def _rules() -> str:
    rows = ["| id | severity | what the module did | what comes of it | fix |", "|---|---|---|---|---|"]
    for rule in sorted(RULES.values(), key=lambda each: each.id):
        cells = (f"{rule.id} {rule.name}", rule.severity, rule.title, rule.why, rule.fix)
        rows.append("| " + " | ".join(cell.replace("|", "\\|").replace("*", "\\*") for cell in cells) + " |")
    return "\n".join(rows) + "\n"


def main() -> int:
    """Write the page, or check it."""
    text = page()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(text, encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != text:
        sys.stderr.write("docs/reference.md is not what its sources give; run: make gen\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
