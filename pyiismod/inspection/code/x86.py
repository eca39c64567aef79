"""What one instruction of x86 or x64 changes: :func:`step`.

Only what compilers use to build objects, pass arguments and compare results is told exactly. Whatever else writes to a
register makes it unknown.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Final

from pyiismod.inspection.code.decoder import Instruction, Operand
from pyiismod.inspection.code.flow import Branch, Call, Flow, Jump, Return, Stop, decide
from pyiismod.inspection.code.state import Place, State, Value, add

_ARITHMETIC: Final[Mapping[str, Callable[[int, int], int]]] = {
    "add": operator.add,
    "sub": operator.sub,
    "and": operator.and_,
    "or": operator.or_,
    "xor": operator.xor,
    "shl": lambda a, b: a << (b & 63),
    "shr": lambda a, b: a >> (b & 63),
    "imul": operator.mul,
}
_MOVES: Final = frozenset(("mov", "movabs", "movzx"))
_VECTOR_MOVES: Final = frozenset(("movaps", "movups", "movdqa", "movdqu", "movapd", "movupd", "vmovups", "vmovaps"))
_VECTOR_ZERO: Final = frozenset(("xorps", "pxor", "xorpd", "vxorps", "vpxor"))
_STOPS: Final = frozenset(("int3", "ud2", "hlt", "int", "int1"))
_CONDITIONS: Final[Mapping[str, str]] = {
    "e": "eq", "z": "eq", "ne": "ne", "nz": "ne", "s": "mi", "ns": "pl", "l": "lt", "nge": "lt", "ge": "ge", "nl": "ge",
    "le": "le", "ng": "le", "g": "gt", "nle": "gt", "b": "lo", "c": "lo", "nae": "lo", "ae": "hs", "nb": "hs",
    "nc": "hs", "be": "ls", "na": "ls", "a": "hi", "nbe": "hi",
}  # fmt: skip


def step(state: State, instruction: Instruction) -> Flow | None:
    """Carry out one instruction; return where it goes, None for the next one."""
    name, operands = instruction.name, instruction.operands
    count = len(operands)
    if name in _MOVES and count == 2:
        _write(state, operands[0], _read(state, operands[1], instruction), instruction)
    elif name in ("movsx", "movsxd") and count == 2:
        _write(state, operands[0], _extended(_read(state, operands[1], instruction), operands[1].size), instruction)
    elif name == "lea" and count == 2:
        _write(state, operands[0], _address(state, operands[1], instruction), instruction)
    elif name == "push" and operands:
        value = _read(state, operands[0], instruction)
        _push(state, value, is_saved=state.saved.get(operands[0].base or "") == value)
    elif name == "pop" and operands:
        _write(state, operands[0], _pop(state), instruction)
    elif name == "leave":
        state.registers["rsp"] = state.register("rbp")
        state.registers["rbp"] = _pop(state)
    elif name == "call" and operands:
        return Call(_target(state, operands[0], instruction))
    elif name == "jmp" and operands:
        return Jump(_target(state, operands[0], instruction))
    elif name in ("ret", "retn"):
        return Return(operands[0].value if operands else 0)
    elif name in _STOPS:
        return Stop()
    elif name[0] == "j" and count == 1:
        condition = _CONDITIONS.get(name[1:], "")
        return Branch(operands[0].value, decide(state.flags, condition), condition)
    elif name in ("cmp", "test") and count == 2:
        left, right = (_read(state, operand, instruction) for operand in operands)
        state.flags = (name, left, right, operands[0].size)
    elif name in _ARITHMETIC and count in (2, 3):
        _arithmetic(state, instruction)
    elif name in ("inc", "dec") and count == 1:
        value = add(_read(state, operands[0], instruction), 1 if name == "inc" else -1)
        _write(state, operands[0], value, instruction)
        state.flags = ("result", value, 0, operands[0].size)
    elif name in _VECTOR_MOVES and count == 2:
        _move_pair(state, operands, instruction)
    elif name in _VECTOR_ZERO and operands[-1] == operands[-2]:
        state.registers[operands[0].base or ""] = (0, 0)
    elif name.startswith("cmov") and count == 2:
        _conditional(state, instruction, name[4:], _read(state, operands[1], instruction))
    elif name.startswith("set") and count == 1:
        decided = decide(state.flags, _CONDITIONS.get(name[3:], ""))
        _write(state, operands[0], state.world.unknown() if decided is None else int(decided), instruction)
    elif name == "xchg" and count == 2:
        left, right = (_read(state, operand, instruction) for operand in operands)
        _write(state, operands[0], right, instruction)
        _write(state, operands[1], left, instruction)
    elif name == "cdqe":
        state.registers["rax"] = _extended(state.register("rax", 4), 4)
    else:
        _unknown(state, instruction)
    return None


def _unknown(state: State, instruction: Instruction) -> None:
    for name in instruction.written:
        if name.endswith("flags"):
            state.flags = None
        else:
            state.registers.pop(name, None)
    for operand in instruction.operands[:1]:
        if operand.kind == "mem" and instruction.name != "nop":
            state.forget(_address(state, operand, instruction))


def _arithmetic(state: State, instruction: Instruction) -> None:
    operands = instruction.operands
    target, size = operands[0], operands[0].size
    same = len(operands) == 2 and operands[0] == operands[1]
    left, right = (_read(state, operand, instruction) for operand in operands[-2:])
    value: Value
    if instruction.name in ("xor", "sub") and same:
        value = 0
    elif isinstance(left, int) and isinstance(right, int):
        value = _ARITHMETIC[instruction.name](left, right) & ((1 << 8 * size) - 1)
    elif instruction.name == "or" and right == (1 << 8 * size) - 1:
        value = right
    elif instruction.name == "and" and right == 0:
        value = 0
    elif isinstance(left, Place) and isinstance(right, int) and instruction.name in ("add", "sub"):
        right = _signed(right, size)
        value = add(left, right if instruction.name == "add" else -right)
    elif isinstance(right, Place) and isinstance(left, int) and instruction.name == "add":
        value = add(right, _signed(left, size))
    elif instruction.name == "and" and isinstance(left, Place) and left.object.kind == "stack":
        value = add(left, -(left.offset % 16))  # and rsp, -16
    else:
        value = state.world.unknown()
    _write(state, target, value, instruction)
    state.flags = ("cmp", left, right, size) if instruction.name == "sub" else ("result", value, 0, size)


def _conditional(state: State, instruction: Instruction, name: str, value: Value) -> None:
    decided = decide(state.flags, _CONDITIONS.get(name, ""))
    if decided is None:
        _write(state, instruction.operands[0], state.world.unknown(), instruction)
    elif decided:
        _write(state, instruction.operands[0], value, instruction)


def _move_pair(state: State, operands: tuple[Operand, ...], instruction: Instruction) -> None:
    target, source = operands
    if source.kind == "mem":
        address = _address(state, source, instruction)
        pair = state.load(address, 8), state.load(add(address, 8), 8)
    else:
        pair = state.pair(source.base or "")
    if target.kind == "mem":
        address = _address(state, target, instruction)
        state.store(address, pair[0], 8)
        state.store(add(address, 8), pair[1], 8)
    else:
        state.registers[target.base or ""] = pair


def _target(state: State, operand: Operand, instruction: Instruction) -> Value:
    return _read(state, operand, instruction)


def _push(state: State, value: Value, *, is_saved: bool) -> None:
    size = state.world.pointer_size
    top = add(state.register("rsp"), -size)
    state.registers["rsp"] = top
    state.store(top, value, size)
    state.pushed += 0 if is_saved else size


def _pop(state: State) -> Value:
    top, size = state.register("rsp"), state.world.pointer_size
    state.registers["rsp"] = add(top, size)
    state.pushed = max(0, state.pushed - size)
    return state.load(top, size)


def _address(state: State, operand: Operand, instruction: Instruction) -> Value:
    if operand.segment in ("fs", "gs"):
        return state.world.unknown()
    value: Value = operand.value
    if operand.base == "rip":
        value = add(value, state.world.mapped.base + instruction.end)
    elif operand.base:
        value = add(state.register(operand.base), operand.value)
    if operand.scaled:
        index = state.register(operand.scaled)
        if isinstance(index, int):
            value = add(value, index * operand.scale)
        elif isinstance(value, int) and operand.scale == 1:
            value = add(index, value)
        else:
            return state.world.unknown()
    if isinstance(value, int):
        value &= (1 << 8 * state.world.pointer_size) - 1
    return value


def _read(state: State, operand: Operand, instruction: Instruction) -> Value:
    if operand.kind == "imm":
        return operand.value & ((1 << 8 * max(operand.size, 1)) - 1)
    if operand.kind == "reg" and operand.base:
        return state.register(operand.base, operand.size)
    if operand.kind == "mem" and operand.size <= 8:
        return state.load(_address(state, operand, instruction), operand.size)
    return state.world.unknown()


def _write(state: State, operand: Operand, value: Value, instruction: Instruction) -> None:
    if operand.kind == "reg" and operand.base:
        if isinstance(value, int):
            value &= (1 << 8 * operand.size) - 1
        if operand.size < 4:  # the rest of the register stays
            before = state.register(operand.base)
            mask = (1 << 8 * operand.size) - 1
            both = isinstance(before, int) and isinstance(value, int)
            value = (before & ~mask) | value if both else state.world.unknown()  # type: ignore[operator]
        state.registers[operand.base] = value
    elif operand.kind == "mem" and operand.size <= 8:
        state.store(_address(state, operand, instruction), value, operand.size)


def _signed(value: int, size: int) -> int:
    return value - (1 << 8 * size) if value >> (8 * size - 1) & 1 else value


def _extended(value: Value, size: int) -> Value:
    return _signed(value, size) & 0xFFFFFFFFFFFFFFFF if isinstance(value, int) else value
