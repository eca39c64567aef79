"""All ways through a function and what it calls, within a budget: :class:`Follower`.

A branch on something unknown goes both ways. Functions of the image are entered; those that cannot be followed to their
end, and all others, return something unknown. Virtual functions of unknown objects succeed (``S_OK``), because that is
the way on which a module registers all it has. Nothing depends on time: the same file gives the same answer anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from pyiismod.inspection.code import arm64, x86
from pyiismod.inspection.code.decoder import Decoder
from pyiismod.inspection.code.flow import Branch, Flow, Jump, Return, Stop
from pyiismod.inspection.code.flow import Call as Enter
from pyiismod.inspection.code.state import Call, Object, Place, State, Value, World, add
from pyiismod.inspection.mapped import Mapped

_DEEPEST: Final = 12
_WAYS: Final = 12
"""Ends of one function that are told apart."""
_ROUNDS: Final = 3
"""How often one way may come by the same place."""
_ARGUMENTS: Final = 6
_CHANGED: Final[Mapping[str, tuple[str, ...]]] = {
    "x64": ("rax", "rcx", "rdx", "r8", "r9", "r10", "r11", *(f"xmm{n}" for n in range(6))),
    "x86": ("rax", "rcx", "rdx", *(f"xmm{n}" for n in range(8))),
    "arm64": (*(f"x{n}" for n in range(19)), *(f"{letter}{n}" for letter in "vqd" for n in range(8)), "x30"),
}
_IN_REGISTERS: Final[Mapping[str, tuple[str, ...]]] = {
    "x64": ("rcx", "rdx", "r8", "r9"),
    "x86": (),
    "arm64": tuple(f"x{n}" for n in range(8)),
}
_ALREADY_EXISTS: Final = 0x800700B7
_NO_RETURN: Final = frozenset(
    ("ExitProcess", "abort", "_CxxThrowException", "exit", "_exit", "terminate", "RaiseException", "__std_terminate")
)




class Follower:
    """Follows code of one image.

    Args:
        decoder: of the image.
        mapped: the image.
        steps: instructions that may be carried out, over all ways.

    Attributes:
        exhausted: whether the budget was too small for all ways.
        calls: every call of a virtual function of an argument and of an import, in the order in which it was met.
    """

    def __init__(self, decoder: Decoder, mapped: Mapped, steps: int) -> None:
        if decoder.kind is None:
            raise ValueError(decoder.why)
        self.world = World(mapped)
        self.kind = decoder.kind
        self.exhausted = False
        self.calls: list[Call] = []
        self._decoder = decoder
        self._mapped = mapped
        self._steps = steps
        self._step: Callable[[State, object], Flow | None] = arm64.step if self.kind == "arm64" else x86.step  # type: ignore[assignment]
        self._stack = "sp" if self.kind == "arm64" else "rsp"
        self._changed = _CHANGED[self.kind]
        self._in_registers = _IN_REGISTERS[self.kind]

    def begin(self, arguments: tuple[Value, ...], state: State | None = None, *, this: bool = False) -> State:
        """Return the state at the entry of a function.

        Args:
            arguments: what it is called with.
            state: whose memory to take over.
            this: x86: the first argument goes into ``ecx``.
        """
        new = State(self.world)
        if state is not None:
            new.memory = dict(state.memory)
        stack = Place(Object("stack"), 0)
        new.registers[self._stack] = stack
        given = list(arguments)
        if self.kind == "x86":
            if this:
                new.registers["rcx"] = given.pop(0)
            new.store(stack, self.world.unknown(), 4)
            for number, value in enumerate(given):
                new.store(add(stack, 4 + 4 * number), value, 4)
        else:
            new.registers.update(zip(self._in_registers, given, strict=False))
        return new

    def run(self, rva: int, state: State, depth: int = 0) -> list[State]:
        """Return the states in which the function at ``rva`` returns; none if no way to its end was found."""
        ends: dict[tuple[object, ...], State] = {}
        todo: list[tuple[int, State, dict[int, int]]] = [(rva, state, {})]
        while todo and len(ends) < _WAYS:
            at, state, seen = todo.pop()
            while True:
                if self._steps <= 0:
                    self.exhausted = True
                    return list(ends.values())
                self._steps -= 1
                instruction = self._decoder.at(at)
                if instruction is None:
                    break
                flow = self._step(state, instruction)
                following = instruction.end
                if flow is None:
                    at = following
                    continue
                if isinstance(flow, Stop):
                    break
                if isinstance(flow, Return):
                    self._leave(state, flow.pops, ends)
                    break
                if isinstance(flow, Branch):
                    target = flow.target - self._mapped.base
                    ways = [target, following] if flow.taken is None else [target if flow.taken else following]
                    if len(ways) == 2:
                        other = dict(seen)
                        if self._passes(other, ways[0]):
                            todo.append((ways[0], state.copy(), other))
                    at = ways[-1]
                    if not self._passes(seen, at):
                        break
                    continue
                if isinstance(flow, Jump):
                    goal = self._inside(flow.target)
                    if goal is not None:
                        if not self._passes(seen, goal):
                            break
                        at = goal
                        continue
                    for after in self._call(state, instruction.rva, flow.target, depth, tail=True):
                        self._leave(after, 0, ends)
                    break
                states = self._call(state, instruction.rva, flow.target, depth, tail=False, following=following)
                if not states:
                    break
                state = states[0]
                todo += [(following, after, dict(seen)) for after in states[1:]]
                at = following
        if todo:
            self.exhausted = True
        return list(ends.values())

    @staticmethod
    def _passes(seen: dict[int, int], at: int) -> bool:
        seen[at] = seen.get(at, 0) + 1
        return seen[at] <= _ROUNDS

    def _inside(self, target: Value) -> int | None:
        if isinstance(target, int):
            rva = target - self._mapped.base
            if self._mapped.is_code(rva):
                return rva
        return None

    def _leave(self, state: State, pops: int, ends: dict[tuple[object, ...], State]) -> None:
        if self.kind != "arm64":
            stack = add(state.register("rsp"), self.world.pointer_size + pops)
            state.registers["rsp"] = stack
        for name in self._changed:
            if name not in ("rax", "x0"):
                state.registers.pop(name, None)
        state.drop_below(state.register(self._stack))
        state.flags = None
        ends.setdefault(state.fingerprint(), state)

    def _call(
        self, state: State, rva: int, target: Value, depth: int, *, tail: bool, following: int = 0
    ) -> list[State]:
        """Return the states after a call."""
        inside = self._inside(target)
        size = self.world.pointer_size
        if inside is not None and depth < _DEEPEST:
            entered = state.copy()
            pushed = state.pushed
            if self.kind != "arm64":
                top = add(entered.register("rsp"), -size)
                entered.registers["rsp"] = top
                entered.store(top, self._mapped.base + following, size)
            entered.pushed = 0
            budget, self._steps = self._steps, min(self._steps, max(self._steps // 3, 400))
            share = self._steps
            ends = self.run(inside, entered, depth + 1)
            self._steps = budget - (share - self._steps)
            for end in ends:
                end.pushed = 0
                if self.kind == "arm64":
                    end.registers[self._stack] = state.register(self._stack)
            if ends:
                return ends
            state.pushed = pushed
        return self._outside(state, rva, target, tail=tail, following=following)

    def _outside(self, state: State, rva: int, target: Value, *, tail: bool, following: int) -> list[State]:
        arguments = self._arguments(state, tail)
        result: Value = self.world.unknown("result")
        if isinstance(target, Place) and target.object.kind == "import":
            if target.object.name in _NO_RETURN:
                return []
        elif isinstance(target, Place) and (virtual := _virtual(target)) is not None:
            owner, offset = virtual
            slot = offset // self.world.pointer_size
            result = self._told(state, rva, owner, slot, arguments)
        for argument in arguments:
            state.forget(argument)
        self._balance(state, tail, following)
        for name in self._changed:
            state.registers.pop(name, None)
        state.flags = None
        state.registers["x0" if self.kind == "arm64" else "rax"] = result
        return [state]

    def _told(self, state: State, rva: int, owner: Place, slot: int, arguments: tuple[Value, ...]) -> Value:
        """Note a call of a virtual function; return its result."""
        if owner.object.kind != "argument":
            self._extended(state, arguments)
            return self.world.unknown("result")
        call = Call(rva, owner.object.name, slot, arguments, state.copy())
        again = call.target == "registration" and slot in (2, 3) and any(c.slot == slot for c in state.log)
        self.calls.append(call)
        state.log = (*state.log, call)
        self._extended(state, arguments)
        if again:
            return _ALREADY_EXISTS
        return 0 if owner.object.name == "registration" and slot >= 2 else self.world.unknown("result")

    def _extended(self, state: State, arguments: tuple[Value, ...]) -> None:
        """``GetExtendedInterface(iid, pInput, iid, &pOutput)``: a later version of an argument is the same object."""
        if len(arguments) < 5:
            return
        given, out = arguments[2], arguments[4]
        if isinstance(given, Place) and given.object.kind == "argument" and given.object.name == "registration":
            if isinstance(out, Place) and out.object.kind == "stack":
                state.memory[out.object, out.offset] = given, self.world.pointer_size

    def _arguments(self, state: State, tail: bool) -> tuple[Value, ...]:
        """Return what a call passes; for x86 ``ecx`` and then what lies on the stack."""
        stack, size = state.register(self._stack), self.world.pointer_size
        given = [state.register(name) for name in self._in_registers]
        if self.kind == "x86":
            given = [state.register("rcx")]
        if self.kind != "arm64":
            first = (size if tail else 0) + (32 if self.kind == "x64" else 0)
            given += [state.load(add(stack, first + size * n), size) for n in range(_ARGUMENTS - len(given))]
        return tuple(given)

    def _balance(self, state: State, tail: bool, following: int) -> None:
        """x86: take the arguments off the stack, as the function called has done unless its caller does it now."""
        if self.kind != "x86" or tail:
            return
        behind = self._decoder.at(following)
        pops = state.pushed
        if behind is not None and behind.operands and behind.operands[0].base == "rsp" and len(behind.operands) == 2:
            if behind.name == "add":
                pops = 0
            elif behind.name == "sub":  # gcc: the frame is of fixed size, and is made whole again
                pops = behind.operands[1].value
        state.registers["rsp"] = add(state.register("rsp"), pops)
        state.pushed = 0


def _virtual(target: Place) -> tuple[Place, int] | None:
    """Return object and offset in its vtable, if ``target`` was read out of an unknown object's vtable."""
    if target.offset or target.object.source is None:
        return None
    table, offset = target.object.source
    if table.source is None or table.source.offset:
        return None
    return table.source, offset
