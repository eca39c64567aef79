"""Instructions as small tuples: :class:`Decoder`, the only user of capstone.

capstone is imported when code is first looked at: that takes 45 ms. Registers go by one name for all their widths:
``eax``, ``ax`` and ``al`` are ``rax`` (in 32-bit code too), ``w0`` is ``x0``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from pyiismod.inspection.image import MACHINE_ARM64, MACHINE_X64, MACHINE_X86
from pyiismod.inspection.mapped import Mapped

_LONGEST: Final = 16
_X86: Final[Mapping[str, str]] = {
    **{name.format(letter): f"r{letter}x" for letter in "abcd" for name in ("e{}x", "{}x", "{}l", "{}h")},
    **{name.format(stem): f"r{stem}" for stem in ("si", "di", "bp", "sp", "ip") for name in ("e{}", "{}", "{}l")},
}
_NUMBERED: Final = re.compile(r"(r\d+)[dwb]")
_ARM: Final = re.compile(r"w(\d+)")


PLAIN: Final = frozenset(
    (
        *("mov", "movabs", "lea", "push", "pop", "call", "jmp", "ret", "add", "sub", "and", "or", "xor", "cmp", "test"),
        *("nop", "inc", "dec", "leave", "movzx", "movsxd", "movaps", "movups", "xorps", "endbr64", "int3"),
        *("adrp", "adr", "ldr", "str", "ldp", "stp", "bl", "blr", "br", "b", "cbz", "cbnz", "stur", "ldur"),
    )
)
"""Instructions whose meaning is known without asking capstone what they write, which takes its time."""


class Operand(NamedTuple):
    """``kind`` is ``"reg"``, ``"imm"`` or ``"mem"``; ``size`` is in bytes.

    For ``"mem"``: ``base + scaled * scale + value``, with None for what is missing. A register's name is in ``base``.
    """

    kind: str
    size: int
    base: str | None = None
    scaled: str | None = None
    scale: int = 1
    value: int = 0
    segment: str | None = None


class Instruction(NamedTuple):
    """One instruction; ``rva`` is its own address, while its operands have absolute addresses."""

    rva: int
    size: int
    name: str
    operands: tuple[Operand, ...]
    written: tuple[str, ...]
    """Registers that it changes, also those that are no operand; not told of the ``PLAIN`` ones."""
    writeback: bool
    """ARM64: the base register takes the address (``[sp, #-16]!``, ``[sp], #16``)."""
    condition: str

    @property
    def end(self) -> int:
        """Address of the next one."""
        return self.rva + self.size


class Decoder:
    """Decodes the code of one image, each instruction once.

    Attributes:
        kind: ``"x64"``, ``"x86"``, ``"arm64"``, or None where code cannot be read; ``why`` says why then.
    """

    def __init__(self, mapped: Mapped) -> None:
        self._mapped = mapped
        self._known: dict[int, Instruction | None] = {}
        self.kind: str | None = None
        self.why = ""
        machine, image = mapped.image.machine, mapped.image
        kinds = {MACHINE_X64: "x64", MACHINE_X86: "x86", MACHINE_ARM64: "arm64"}
        if image.architecture == "ARM64EC" or machine not in kinds:
            self.why = f"the code of {image.architecture} files is not read"
            return
        try:
            import capstone
        except ImportError as error:
            self.why = f"capstone, which reads code, is not installed or cannot be loaded ({error})"
            return
        self.kind = kinds[machine]
        architecture, mode = {
            "x64": (capstone.CS_ARCH_X86, capstone.CS_MODE_64),
            "x86": (capstone.CS_ARCH_X86, capstone.CS_MODE_32),
            "arm64": (capstone.CS_ARCH_ARM64, capstone.CS_MODE_ARM),
        }[self.kind]
        self._error: type[Exception] = capstone.CsError
        self._capstone = capstone.Cs(architecture, mode)
        self._capstone.detail = True
        self._names: dict[int, str] = {}
        self._conditions = {
            value: name.rpartition("_")[2].lower()
            for name, value in vars(capstone.arm64).items()
            if name.startswith("ARM64_CC_")
        }

    def at(self, rva: int) -> Instruction | None:
        """Return the instruction at ``rva``, or None where none can be read."""
        if rva not in self._known:
            self._known[rva] = self._decode(rva)
        return self._known[rva]

    def _decode(self, rva: int) -> Instruction | None:
        if self.kind is None or not self._mapped.is_code(rva):
            return None
        code = self._mapped.read(rva, _LONGEST)
        found = next(self._capstone.disasm(code, self._mapped.base + rva, 1), None)
        if found is None:
            return None
        name = found.mnemonic.removeprefix("notrack ").removeprefix("bnd ")
        arm = self.kind == "arm64"
        operands = tuple(self._operand(operand, found) for operand in found.operands)
        condition = self._conditions.get(found.cc, "") if arm else ""
        written = () if name in PLAIN else self._written(found)
        return Instruction(rva, found.size, name, operands, written, bool(arm and found.writeback), condition)

    def _written(self, found: Any) -> tuple[str, ...]:
        try:
            return tuple(dict.fromkeys(self._register(number) for number in found.regs_access()[1]))
        except self._error:  # capstone knows no access for some instructions
            return ()

    def _register(self, number: int) -> str:
        known = self._names.get(number)
        if known is None:
            name = self._capstone.reg_name(number) or ""
            if self.kind == "arm64":
                match = _ARM.fullmatch(name)
                known = {"wzr": "xzr", "wsp": "sp", "fp": "x29", "lr": "x30"}.get(name) or (
                    f"x{match[1]}" if match else name
                )
            else:
                match = _NUMBERED.fullmatch(name)
                known = match[1] if match else _X86.get(name, name)
            self._names[number] = known
        return known

    def _operand(self, operand: Any, found: Any) -> Operand:
        arm = self.kind == "arm64"
        kind = operand.type
        if kind == 1:
            name = found.reg_name(operand.reg)
            size = (4 if name.startswith("w") else 8) if arm else operand.size
            return Operand("reg", size, self._register(operand.reg), value=_shift(operand) if arm else 0)
        if kind == 2:
            value = operand.imm << _shift(operand) if arm else operand.imm
            return Operand("imm", 8 if arm else operand.size, value=value)
        if kind == 3:
            memory = operand.mem
            return Operand(
                "mem",
                8 if arm else operand.size,
                self._register(memory.base) if memory.base else None,
                self._register(memory.index) if memory.index else None,
                (1 << _shift(operand)) if arm else memory.scale,
                memory.disp,
                None if arm or not memory.segment else found.reg_name(memory.segment),
            )
        return Operand("other", 0)


def _shift(operand: Any) -> int:
    """Return by how many bits an ARM64 operand is shifted to the left."""
    return int(operand.shift.value) if operand.shift.type == 1 else 0
