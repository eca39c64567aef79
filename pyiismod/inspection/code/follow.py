"""All ways through a function and what it calls, within a budget: :class:`Follower`.

A branch on something unknown goes both ways. Functions of the image are entered; those that cannot be followed to their
end, and all others, return something unknown. Virtual functions of unknown objects succeed (``S_OK``), because that is
the way on which a module registers all it has. Nothing depends on time: the same file gives the same answer anywhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

from pyiismod.abi.allocator import IModuleAllocator
from pyiismod.abi.model import Method
from pyiismod.abi.registration import IHttpModuleRegistrationInfo2
from pyiismod.abi.server import IHttpServer3
from pyiismod.inspection.code import arm64, x86
from pyiismod.inspection.code.decoder import Decoder
from pyiismod.inspection.code.flow import Branch, Flow, Jump, Return, assumed
from pyiismod.inspection.code.flow import Call as Enter
from pyiismod.inspection.code.state import Call, Object, Place, State, Value, World, add
from pyiismod.inspection.mapped import Mapped

_DEEPEST: Final = 12
_LEAST: Final = 400
"""Steps that each function gets, while there are any."""
_VISITS: Final = 4
"""How often a place may be reached by a branch on something unknown, with the same calls behind it."""
_ROUNDS: Final = 200
"""How often one way may come by the same place where all is known."""
_WAYS: Final = 6
"""Ends of a function that its caller tells apart."""
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
_RESTORED: Final = ("rbx", "rsi", "rdi", "rbp")
_TABLES: Final[Mapping[str, tuple[Method, ...]]] = {
    "registration": tuple(IHttpModuleRegistrationInfo2.table()),
    "server": tuple(IHttpServer3.table()),
    "allocator": tuple(IModuleAllocator.table()),
}
_NO_RETURN: Final = frozenset(
    (
        *("ExitProcess", "ExitThread", "FreeLibraryAndExitThread", "RaiseException", "RaiseFailFastException"),
        *("abort", "exit", "_exit", "quick_exit", "_endthreadex", "longjmp"),
        *("_CxxThrowException", "terminate", "_purecall", "_invoke_watson"),
    )
)


class Follower:
    """Follows code of one image.

    Args:
        decoder: of the image.
        mapped: the image.
        steps: instructions that may be carried out, over all ways.

    Attributes:
        exhausted: whether the budget was too small for all ways.
        escaped: whether an argument of the first function went to code that is not followed.
        calls: every call of a virtual function of an argument and of an import, in the order in which it was met.
    """

    def __init__(self, decoder: Decoder, mapped: Mapped, steps: int) -> None:
        if decoder.kind is None:
            raise ValueError(decoder.why)
        self.world = World(mapped)
        self.kind = decoder.kind
        self.exhausted = False
        self.escaped = False
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
            new.enter(_RESTORED)
        else:
            new.registers.update(zip(self._in_registers, given, strict=False))
        return new

    def run(self, rva: int, state: State) -> list[State]:
        """Return the states in which the function at ``rva`` returns; none if no way to its end was found."""
        return self._run(rva, state, (rva,))[0]

    def _run(self, rva: int, state: State, inside: tuple[int, ...]) -> tuple[list[State], bool]:
        """Return the ends of a function, and whether all ways were followed; ``inside`` are the functions entered."""
        depth, whole = len(inside) - 1, True
        ends: list[State] = []
        todo: list[tuple[int, State]] = [(rva, state)]
        seen: Counter[tuple[object, ...]] = Counter()
        while todo:
            at, state = todo.pop()
            rounds: Counter[int] = Counter()
            while True:
                if self._steps <= 0:
                    self.exhausted = True
                    return _merged(ends, depth), False
                self._steps -= 1
                instruction = self._decoder.at(at)
                if instruction is None:
                    whole = False
                    break
                flow = self._step(state, instruction)
                following = instruction.end
                if flow is None:
                    at = following
                elif isinstance(flow, Branch):
                    target = flow.target - self._mapped.base
                    if flow.taken is None:
                        for way in (target, following):
                            key = (way, *(call.rva for call in state.log))
                            seen[key] += 1
                            if seen[key] <= _VISITS:
                                after = state.copy()
                                if fact := assumed(state.flags, flow.condition, way == target):
                                    after.assume(*fact)
                                todo.append((way, after))
                            else:
                                whole = False
                        break
                    at = target if flow.taken else following
                    rounds[at] += 1
                    if rounds[at] > _ROUNDS:
                        whole = False
                        break
                elif isinstance(flow, Enter):
                    states = self._call(state, instruction.rva, flow.target, inside, following)
                    todo += [(following, after) for after in states]
                    break
                elif isinstance(flow, Jump) and (goal := self._inside(flow.target)) is not None:
                    at = goal
                    rounds[at] += 1
                    if rounds[at] > _ROUNDS:
                        whole = False
                        break
                elif isinstance(flow, Jump):
                    for after in self._outside(state, instruction.rva, flow.target, tail=True):
                        ends.append(self._left(after, 0))
                    break
                else:
                    if isinstance(flow, Return):
                        ends.append(self._left(state, flow.pops))
                    break
        self.exhausted |= depth == 0 and not whole
        return _merged(ends, depth), whole

    def _inside(self, target: Value) -> int | None:
        if isinstance(target, int):
            rva = target - self._mapped.base
            if self._mapped.is_code(rva):
                return rva
        return None

    def _left(self, state: State, pops: int) -> State:
        """Return the state behind a return: what its caller can still see of it."""
        if self.kind != "arm64":
            state.registers["rsp"] = add(state.register("rsp"), self.world.pointer_size + pops)
        for name in self._changed:
            if name not in ("rax", "x0"):
                state.registers.pop(name, None)
        state.drop_below(state.register(self._stack))
        state.flags = None
        return state

    def _call(self, state: State, rva: int, target: Value, inside: tuple[int, ...], following: int) -> list[State]:
        """Return the states after a call; none if the function never returns."""
        goal = self._inside(target)
        if goal is None or goal in inside or len(inside) > _DEEPEST:
            return self._outside(state, rva, target, following=following)
        entered, size = state.copy(), self.world.pointer_size
        if self.kind == "x86":
            entered.enter(_RESTORED)
        if self.kind != "arm64":
            top = add(entered.register("rsp"), -size)
            entered.registers["rsp"] = top
            entered.store(top, self._mapped.base + following, size)
        share = max(self._steps // 3, min(self._steps, _LEAST))
        kept, self._steps = self._steps - share, share
        ends, whole = self._run(goal, entered, (*inside, goal))
        self._steps += kept
        for end in ends:
            end.pushed, end.saved = 0, state.saved
            if self.kind == "arm64":
                end.registers[self._stack] = state.register(self._stack)
        return ends if ends or whole else self._outside(state, rva, target, following=following)

    def _outside(self, state: State, rva: int, target: Value, *, tail: bool = False, following: int = 0) -> list[State]:
        """Return the state after a call of something that is not followed."""
        arguments = self._arguments(state, tail)
        self.escaped |= any(isinstance(each, Place) and each.object.kind == "argument" for each in arguments)
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
        self._extended(state, arguments)
        if self.kind == "x86" and not tail:
            self._balance(state, target, following)
        for name in self._changed:
            state.registers.pop(name, None)
        state.flags = None
        state.registers["x0" if self.kind == "arm64" else "rax"] = result
        return [state]

    def _told(self, state: State, rva: int, owner: Place, slot: int, arguments: tuple[Value, ...]) -> Value:
        """Note a call of a virtual function; return its result."""
        if owner.object.kind != "argument":
            return self.world.unknown("result")
        call = Call(rva, owner.object.name, slot, arguments, state.copy())
        again = call.target == "registration" and slot in (2, 3) and any(c.slot == slot for c in state.log)
        self.calls.append(call)
        state.log = (*state.log, call)
        if again:
            return _ALREADY_EXISTS
        return 0 if owner.object.name == "registration" and slot >= 2 else self.world.unknown("result")

    def _extended(self, state: State, arguments: tuple[Value, ...]) -> None:
        """``GetExtendedInterface(iid, pInput, iid, &pOutput)``: a later version of an argument is the same object."""
        if len(arguments) < 5:
            return
        given, out = arguments[2], arguments[4]
        is_ours = isinstance(given, Place) and given.object.kind == "argument" and given.object.name == "registration"
        if is_ours and isinstance(out, Place) and out.object.kind == "stack":
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

    def _balance(self, state: State, target: Value, following: int) -> None:
        """x86: take the arguments off the stack, as the function called has done unless its caller does it now.

        Of the host's own methods it is known how many they are.
        """
        behind = self._decoder.at(following)
        pops = _argument_bytes(target)
        if pops is None:
            pops = state.pushed
            if behind is not None and len(behind.operands) == 2 and behind.operands[0].base == "rsp":
                if behind.name == "add":
                    pops = 0
                elif behind.name == "sub":  # gcc: the frame is of fixed size, and is made whole again
                    pops = behind.operands[1].value
            elif not pops:  # the same with pushes of registers whose values the call has destroyed
                while behind is not None and behind.name == "push" and behind.operands[0].base in ("rcx", "rdx"):
                    pops += 4
                    behind = self._decoder.at(behind.end)
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


def _merged(ends: list[State], depth: int) -> list[State]:
    """Return the ends that matter to a caller: those with other calls behind them or another result, six at most.

    What else differs between them becomes unknown. The outermost function's ends stay as they are.
    """
    if depth == 0 or len(ends) < 2:
        return ends
    groups: dict[tuple[object, ...], list[State]] = {}
    for end in ends:
        result = end.registers.get("rax", end.registers.get("x0"))
        known = result if isinstance(result, int) or _matters(result, end) else None
        groups.setdefault((known, *(call.rva for call in end.log)), []).append(end)
    ways = sorted(groups.values(), key=lambda group: -len(group[0].log))[:_WAYS]
    return [_merge(group) for group in ways]


def _matters(result: object, state: State) -> bool:
    return isinstance(result, Place) and (
        result.object.kind in ("argument", "stack", "import") or (result.object, result.offset) in state.memory
    )


def _merge(group: list[State]) -> State:
    first, *others = group
    for other in others:
        for key, entry in other.memory.items():
            if first.memory.get(key) != entry:
                first.memory[key] = first.world.unknown(), entry[1]
        for key in [key for key in first.memory if key not in other.memory]:
            first.memory[key] = first.world.unknown(), first.memory[key][1]
        for name in [name for name, value in first.registers.items() if other.registers.get(name) != value]:
            first.registers.pop(name)
    return first


def _argument_bytes(target: Value) -> int | None:
    """Return what a method of an argument takes off the stack of a 32-bit caller, None if that is not known."""
    virtual = _virtual(target) if isinstance(target, Place) else None
    table = _TABLES.get(virtual[0].object.name) if virtual else None
    if virtual is None or table is None or not 0 <= virtual[1] // 4 < len(table):
        return None
    return 4 * len(table[virtual[1] // 4].params)
