"""What one instruction of ARM64 changes: :func:`step`. As for x86, what is not told exactly becomes unknown."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Final

from pyiismod.inspection.code.decoder import Instruction, Operand
from pyiismod.inspection.code.flow import Branch, Call, Flow, Jump, Return, Stop, decide
from pyiismod.inspection.code.state import Place, State, Value, add

_ARITHMETIC: Final[Mapping[str, Callable[[int, int], int]]] = {
    "add": operator.add, "sub": operator.sub, "and": operator.and_, "orr": operator.or_, "eor": operator.xor,
    "lsl": lambda a, b: a << (b & 63), "lsr": lambda a, b: a >> (b & 63), "mul": operator.mul,
    "adds": operator.add, "subs": operator.sub, "ands": operator.and_,
}  # fmt: skip
_LOADS: Final[Mapping[str, int]] = {"ldr": 0, "ldur": 0, "ldrb": 1, "ldurb": 1, "ldrh": 2, "ldurh": 2, "ldar": 0}
_STORES: Final[Mapping[str, int]] = {"str": 0, "stur": 0, "strb": 1, "sturb": 1, "strh": 2, "sturh": 2, "stlr": 0}


def step(state: State, instruction: Instruction) -> Flow | None:
    """Carry out one instruction; return where it goes, None for the next one."""
    name, operands = instruction.name, instruction.operands
    if name in ("adrp", "adr", "mov", "movz") and len(operands) == 2:
        _write(state, operands[0], _read(state, operands[1]))
    elif name == "movn" and len(operands) == 2:
        _write(state, operands[0], ~operands[1].value)
    elif name == "movk" and len(operands) == 2:
        _keep(state, operands[0], operands[1].value)
    elif name in _LOADS and len(operands) >= 2 and operands[1].kind == "mem":
        address = _address(state, instruction, 1)
        target = operands[0]
        if target.base and target.base[0] in "qvd":
            state.registers[target.base] = state.load(address, 8), state.load(add(address, 8), 8)
        else:
            _write(state, target, state.load(address, _LOADS[name] or target.size))
    elif name in _STORES and len(operands) >= 2 and operands[1].kind == "mem":
        _store(state, operands[0], _address(state, instruction, 1), _STORES[name] or operands[0].size)
    elif name in ("ldp", "stp") and len(operands) >= 3 and operands[2].kind == "mem":
        _both(state, instruction)
    elif name in ("bl", "blr") and operands:
        return Call(_read(state, operands[0]))
    elif name == "br" and operands:
        return Jump(_read(state, operands[0]))
    elif name in ("ret", "retaa", "retab"):
        return Return()
    elif name in ("brk", "udf", "hlt"):
        return Stop()
    elif name[:2] == "b." or (name == "b" and len(operands) == 1):
        target_address = operands[0].value
        return Jump(target_address) if name == "b" else _branch(state, target_address, name[2:])
    elif name in ("cbz", "cbnz", "tbz", "tbnz") and len(operands) >= 2:
        return _compare_branch(state, instruction)
    elif name in ("cmp", "tst") and len(operands) == 2:
        left, right = _read(state, operands[0]), _read(state, operands[1])
        state.flags = ("cmp" if name == "cmp" else "test", left, right, operands[0].size)
    elif name == "cmn" and len(operands) == 2 and operands[1].kind == "imm":
        state.flags = ("cmp", _read(state, operands[0]), -operands[1].value, operands[0].size)
    elif name in _ARITHMETIC and len(operands) == 3:
        _arithmetic(state, instruction)
    elif name in ("csel", "csinc", "cset") and len(operands) in (1, 3):
        _select(state, instruction)
    elif name != "nop" and not name.startswith(("pac", "aut", "bti", "hint")):
        for written in instruction.written:
            if written == "nzcv":
                state.flags = None
            else:
                state.registers.pop(written, None)
    return None


def _compare_branch(state: State, instruction: Instruction) -> Branch:
    name, operands = instruction.name, instruction.operands
    value, size = _read(state, operands[0]), operands[0].size
    if name in ("cbz", "cbnz"):
        state.flags = ("cmp", value, 0, size)
        return _branch(state, operands[1].value, "eq" if name == "cbz" else "ne")
    target, bit = operands[-1].value, operands[1].value
    if isinstance(value, int):
        return Branch(target, bool(value >> bit & 1) == (name == "tbnz"))
    state.flags = ("cmp", value, 0, size) if bit in (31, 63) else None
    return Branch(target, None, "mi" if name == "tbnz" else "pl")


def _branch(state: State, target: int, condition: str) -> Branch:
    return Branch(target, decide(state.flags, condition), condition)


def _select(state: State, instruction: Instruction) -> None:
    target, *sources = instruction.operands
    decided = decide(state.flags, instruction.condition)
    if decided is None:
        _write(state, target, state.world.unknown())
    elif not sources:
        _write(state, target, int(decided))
    elif decided:
        _write(state, target, _read(state, sources[0]))
    else:
        other = _read(state, sources[1])
        _write(state, target, add(other, 1) if instruction.name == "csinc" else other)


def _arithmetic(state: State, instruction: Instruction) -> None:
    name = instruction.name
    target, first, second = instruction.operands
    left, right = _read(state, first), _read(state, second)
    value: Value
    if isinstance(left, int) and isinstance(right, int):
        value = _ARITHMETIC[name](left, right)
    elif isinstance(left, Place) and isinstance(right, int) and name in ("add", "sub"):
        value = add(left, right if name == "add" else -right)
    elif name == "orr" and left == 0:
        value = right
    else:
        value = state.world.unknown()
    _write(state, target, value)
    if name in ("adds", "subs", "ands"):
        state.flags = ("cmp", left, right, target.size) if name == "subs" else ("result", value, 0, target.size)


def _keep(state: State, target: Operand, value: int) -> None:
    before = state.register(target.base or "", target.size)
    if isinstance(before, Place):
        _write(state, target, state.world.unknown())
        return
    shift = next((shift for shift in (48, 32, 16) if value >> shift), 0)
    _write(state, target, (before & ~(0xFFFF << shift)) | value)


def _both(state: State, instruction: Instruction) -> None:
    first, second, _ = instruction.operands[:3]
    vector = bool(first.base and first.base[0] in "qvd")
    size = 16 if vector and first.base and first.base[0] in "qv" else first.size
    address = _address(state, instruction, 2)
    for target, place in ((first, address), (second, add(address, size))):
        if instruction.name == "stp":
            _store(state, target, place, target.size)
        elif vector:
            state.registers[target.base or ""] = state.load(place, 8), state.load(add(place, 8), 8)
        else:
            _write(state, target, state.load(place, target.size))


def _store(state: State, source: Operand, address: Value, size: int) -> None:
    if source.base and source.base[0] in "qv":
        low, high = state.pair(source.base)
        state.store(address, low, 8)
        state.store(add(address, 8), high, 8)
    elif source.base and source.base[0] == "d":
        state.store(address, state.pair(source.base)[0], 8)
    else:
        state.store(address, _read(state, source), size)


def _address(state: State, instruction: Instruction, at: int) -> Value:
    """Return the address of the memory operand ``at``, and let the base register take it where it does."""
    operand = instruction.operands[at]
    base: Value = state.register(operand.base) if operand.base else 0
    after = instruction.operands[at + 1] if len(instruction.operands) > at + 1 else None
    if after is not None and after.kind == "imm" and operand.base:  # [sp], #16
        state.registers[operand.base] = add(base, after.value)
        return base
    address = add(base, operand.value)
    if operand.scaled:
        index = state.register(operand.scaled)
        if isinstance(index, Place):
            return state.world.unknown()
        address = add(address, index * operand.scale)
    if instruction.writeback and operand.base:
        state.registers[operand.base] = address
    return address


def _read(state: State, operand: Operand) -> Value:
    if operand.kind == "imm":
        return operand.value & 0xFFFFFFFFFFFFFFFF
    if operand.kind == "reg" and operand.base:
        if operand.base == "xzr":
            return 0
        value = state.register(operand.base, operand.size)
        if operand.value and isinstance(value, Place):
            return state.world.unknown()
        return value << operand.value if isinstance(value, int) else value
    return state.world.unknown()


def _write(state: State, operand: Operand, value: Value) -> None:
    if operand.kind == "reg" and operand.base and operand.base != "xzr":
        state.registers[operand.base] = value & ((1 << 8 * operand.size) - 1) if isinstance(value, int) else value
