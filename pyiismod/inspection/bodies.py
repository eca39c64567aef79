"""Which functions are the SDK's default handlers: :class:`Bodies`.

Each default body of ``CHttpModule`` and ``CGlobalModule`` in httpserv.h writes a message with its own name to the
debugger and breaks into it; the compiler keeps that text. So a function that refers to ``CHttpModule::OnX`` is the
default of ``OnX``, and a class whose slot holds another function overrides it.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import Final

from pyiismod.inspection.code.decoder import Decoder, Instruction
from pyiismod.inspection.mapped import Mapped

_NAME: Final = re.compile(rb"\b(CHttpModule|CGlobalModule)::(On[A-Z]\w{3,40})")
_LONGEST: Final = 40
_MOST: Final = 4096
_DISPOSE_SLOTS: Final = (30, 31)
"""Where the deleting destructor stands: Microsoft's and Itanium's ABI."""


class Bodies:
    """Recognises functions of one image by what they refer to.

    Attributes:
        names: default handlers whose text is in the file: ``("CHttpModule", "OnBeginRequest")``.
        recognised: classes of which :meth:`default` has recognised a handler.
    """

    def __init__(self, mapped: Mapped, decoder: Decoder) -> None:
        self._mapped, self._decoder = mapped, decoder
        self.names: set[tuple[str, str]] = set()
        self.recognised: set[str] = set()
        self._texts: dict[int, tuple[str, str]] = {}
        for rva, block in mapped.data_sections():
            for match in islice(_NAME.finditer(block), _MOST):
                start = max(block.rfind(b"\0", 0, match.start()) + 1, 0)
                name = match[1].decode(), match[2].decode()
                self.names.add(name)
                self._texts[rva + start] = self._texts[rva + match.start()] = name
        self._known: dict[int, tuple[str, str] | None] = {}

    def default(self, rva: int) -> tuple[str, str] | None:
        """Return class and name of the default handler at ``rva``, or None if it is none."""
        if rva not in self._known:
            self._known[rva] = self._default(rva)
        return self._known[rva]

    def _default(self, rva: int) -> tuple[str, str] | None:
        pages: dict[str, int] = {}
        for instruction in self._instructions(rva) if self._texts else ():
            for address in self._addresses(instruction, pages):
                if found := self._texts.get(address - self._mapped.base):
                    self.recognised.add(found[0])
                    return found
        return None

    def deletes_itself(self, rva: int) -> bool:
        """Whether this is ``Dispose`` as the SDK has it: it calls the deleting destructor."""
        offsets = {slot * self._mapped.pointer_size for slot in _DISPOSE_SLOTS}
        return any(
            operand.kind == "mem" and operand.value in offsets and operand.base not in ("rip", "rsp", "rbp", "sp")
            for instruction in self._instructions(rva)
            for operand in instruction.operands
        )

    def _instructions(self, rva: int) -> list[Instruction]:
        """Return the instructions from ``rva`` on to the first return, through jumps to elsewhere."""
        found: list[Instruction] = []
        at: int | None = rva
        while at is not None and len(found) < _LONGEST:
            instruction = self._decoder.at(at)
            if instruction is None:
                break
            found.append(instruction)
            at = instruction.end
            if instruction.name in ("ret", "int3", "br", "brk"):
                break
            if instruction.name in ("jmp", "b"):
                target = instruction.operands[0]
                at = target.value - self._mapped.base if target.kind == "imm" else None
        return found

    def _addresses(self, instruction: Instruction, pages: dict[str, int]) -> list[int]:
        """Return the absolute addresses that an instruction makes; ``pages`` keeps the first halves of ARM64's."""
        found = []
        operands = instruction.operands
        if instruction.name == "adrp" and len(operands) == 2:
            pages[operands[0].base or ""] = operands[1].value
            found.append(operands[1].value)
        elif instruction.name == "add" and len(operands) == 3 and operands[2].kind == "imm":
            page = pages.get(operands[1].base or "")
            found += [page + operands[2].value] if page is not None else []
        for operand in operands:
            if operand.kind == "mem" and operand.base == "rip":
                found.append(self._mapped.base + instruction.end + operand.value)
            elif operand.kind == "mem" and not operand.base and not operand.scaled:
                found.append(operand.value & 0xFFFFFFFF)
            elif operand.kind == "imm":
                found.append(operand.value)
        return found
