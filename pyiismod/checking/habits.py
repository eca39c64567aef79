"""What the timeline of a request or a load shows and the host lets pass: rules about several calls together."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from pyiismod.checking.findings import Node
from pyiismod.rules import Rule
from pyiismod.rules.body import MANY_REQUEST_ALLOCATIONS, REDIRECT_WITHOUT_FINISH, SHRINKING_READS
from pyiismod.rules.completion import BLOCKS
from pyiismod.rules.registration import TRACING_WHILE_REGISTERING

__all__ = ["Habit", "habits", "slow_handlers"]

Habit = tuple[Rule, str, Node]

_MANY_PIECES: Final = 32
_MUCH: Final = 1 << 20
_SHRINKS: Final = 3  # reads in a row whose buffer is what the last one brought, and smaller
_BEFORE_THE_HANDLER: Final = (
    "RQ_BEGIN_REQUEST", "RQ_AUTHENTICATE_REQUEST", "RQ_AUTHORIZE_REQUEST", "RQ_RESOLVE_REQUEST_CACHE",
    "RQ_MAP_REQUEST_HANDLER", "RQ_ACQUIRE_REQUEST_STATE", "RQ_PRE_EXECUTE_REQUEST_HANDLER",
)  # fmt: skip


def habits(nodes: list[Node], module: str) -> Iterator[Habit]:
    """Yield the rules that a timeline shows ``module`` to break: which, in words, and where."""
    nodes = [node for node in nodes if node.event.module == module]
    yield from _tracing(nodes)
    yield from _redirects(nodes)
    yield from _shrinking(nodes)
    yield from _allocations(nodes)


def slow_handlers(nodes: list[Node], limit_ms: float) -> Iterator[Habit]:
    """Yield handlers that kept their thread longer than ``limit_ms`` by themselves.

    What the host did for them is not counted, nor is a handler that said so with ``IncrementThreadCount``. A busy
    computer looks the same: who asks, asks again.
    """
    for node in nodes:
        if node.event.event != "notification":
            continue
        own = node.event.us - sum(child.event.us for child in node.children if child.event.event == "call")
        if own > 1000 * limit_ms and not any(inner.event.method == "IncrementThreadCount" for inner in node):
            yield BLOCKS, f"{node.event.method} kept its thread for {own / 1000:.0f} ms", node


def _tracing(nodes: list[Node]) -> Iterator[Habit]:
    for node in nodes:
        if node.event.event == "phase" and node.event.method == "RegisterModule":
            for inner in node:
                if inner.event.interface == "IHttpTraceContext":
                    yield (
                        TRACING_WHILE_REGISTERING,
                        f"RegisterModule called IHttpTraceContext::{inner.event.method}",
                        inner,
                    )


def _redirects(nodes: list[Node]) -> Iterator[Habit]:
    for node in nodes:
        event = node.event
        if event.notification not in _BEFORE_THE_HANDLER or event.result != "RQ_NOTIFICATION_CONTINUE":
            continue
        for call in node.calls("Redirect", "ResetConnection"):
            if call.event.result in (None, "S_OK"):
                yield REDIRECT_WITHOUT_FINISH, f"{event.method} called {call.event.method} and returned CONTINUE", call


def _shrinking(nodes: list[Node]) -> Iterator[Habit]:
    reads = [
        node
        for node in nodes
        if node.event.method == "ReadEntityBody" and node.event.event == "call" and node.event.result == "S_OK"
    ]
    run = 0
    for before, now in pairwise(reads):
        asked, got = _number(before, "cbBuffer"), _number(before, "pcbBytesReceived")
        is_shrunk = got is not None and asked is not None and 0 < got < asked and _number(now, "cbBuffer") == got
        run = run + 1 if is_shrunk else 0
        if run == _SHRINKS:
            yield SHRINKING_READS, f"ReadEntityBody asks for {got} bytes because the read before brought {got}", now
            return


def _number(node: Node, name: str) -> int | None:
    value = node.event.args.get(name)
    return value if isinstance(value, int) else None


def _allocations(nodes: list[Node]) -> Iterator[Habit]:
    made = [node for node in nodes if node.event.method == "AllocateRequestMemory" and node.event.event == "call"]
    total = sum(_number(node, "cbAllocation") or 0 for node in made)
    if len(made) >= _MANY_PIECES and total >= _MUCH:
        text = f"one request took {total:,} bytes of AllocateRequestMemory in {len(made):,} pieces"
        yield MANY_REQUEST_ALLOCATIONS, text, made[-1]
