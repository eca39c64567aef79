"""What two compilers must agree on when they build the same module: processor and exports."""

from __future__ import annotations

import re
from pathlib import Path

from builder.toolchains import run


def surface(dll: Path) -> tuple[str, ...]:
    """Return the machine and the sorted exports of a DLL.

    Raises:
        ToolError: llvm-readobj-16 is missing or cannot read the file.
    """
    text = run(["llvm-readobj-16", "--file-headers", "--coff-exports", str(dll)], dll.parent, dll.parent)
    exports = re.findall(r"^Export \{\n(?:.*\n)*?  Name: (.*)$", text, re.MULTILINE)
    return (*re.findall(r"Machine: (\S+)", text), *sorted(exports))
