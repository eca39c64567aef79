"""The timeline: what happened, in order of its start, as plain objects that the engine turns into messages.

Each thread that is inside a module has a :class:`Frame`: which module, in which notification, for which timeline. A
call into the host is written under the frame of its thread. A thread of a module's own has none: it visits the timeline
of the object it calls, in the name of the module whose turn it is. What is about no request, or about one that is over,
gathers in the timeline of the process, and the next command's timeline starts with it. What a module sends to
OutputDebugString is caught by the supervisor and fetched from the black box when the thread next comes by, so that it
stands in its place.
"""

from __future__ import annotations

from _thread import allocate_lock, get_native_id
from collections.abc import Callable
from functools import partial
from threading import local
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from pyiismod.host.evidence import native_stack

if TYPE_CHECKING:
    from pyiismod.rules.rule import Rule

_T = TypeVar("_T")


class DebugText(Protocol):
    """One text from the debugger's side: OutputDebugString, or with ``exception`` a first-chance exception."""

    @property
    def thread(self) -> int:
        """Windows thread id."""

    @property
    def text(self) -> str:
        """The text."""

    @property
    def exception(self) -> bool:
        """Whether it notes a first-chance exception."""


class BlackBox(Protocol):
    """Notes that survive the death of this process; see :mod:`pyiismod.worker.blackbox`."""

    def begin(self, phase: str, module: str, notification: str | None, post: bool) -> Any:
        """Note that this thread enters the module; return a token for :meth:`end`."""

    def end(self, token: Any) -> None:
        """Note that it is back."""

    def change(self, token: Any, module: str, notification: str | None, post: bool, told: int, armed: str) -> None:
        """Note what the phase of ``token`` is about from now on; see :class:`pyiismod.worker.blackbox.Frame`."""

    def command(self, id: int) -> None:
        """Note which command this thread works on; 0 is none."""

    def call(self, text: str) -> None:
        """Note a call from the module into the host."""

    def drain_debug(self, cursor: int) -> tuple[list[Any], int]:
        """Return the :class:`DebugText` since ``cursor``, and the next cursor."""


class Event:
    """One line of a timeline.

    ``us`` is its duration in microseconds, known when it has ended; ``at`` is when it began, by the worker's clock.
    """

    __slots__ = (
        "args",
        "at",
        "depth",
        "event",
        "interface",
        "method",
        "module",
        "notification",
        "post",
        "result",
        "thread",
        "us",
    )

    def __init__(self, event: str, frame: Frame, interface: str | None, method: str, args: dict[str, Any]) -> None:
        self.event = event
        self.module = frame.module
        self.notification = frame.notification
        self.post = frame.post
        self.depth = frame.depth
        self.thread = frame.thread
        self.interface = interface
        self.method = method
        self.args = args
        self.result: Any = None
        self.us = self.at = 0.0


def now(event: Event) -> Event:
    """Return an event that takes no time, as of now."""
    event.at = perf_counter_ns() / 1000
    return event


class Timeline:
    """What happened to one request, or during one load or unload.

    Args:
        box: of the process.
        process: the timeline of the process; it starts with what has gathered there since the last one; None for that
            of the process itself.
        command: number of the command that it is about.
        is_recorded: whether calls are written down; violations, refused calls and faults are in any case.

    Attributes:
        events: in order of their start.
        refused: calls the host could not serve, as ``"Interface::Method"``.
        faults: exceptions of the host's own Python, kept from escaping into native code.
        caller: makes the frame of a thread that is in no notification; None as long as nobody knows whose turn it is.
        depth: of what a thread does that is inside nothing.
    """

    depth = 0

    def __init__(
        self, box: BlackBox, process: Timeline | None = None, command: int = 0, *, is_recorded: bool = True
    ) -> None:
        self.box = box
        self.is_recorded = is_recorded
        self.process = process or self
        self.events: list[Event] = []
        self.refused: list[str] = []
        self.faults: list[BaseException] = []
        if process is not None and (process.events or process.refused or process.faults):
            self.events, self.refused = _taken(process.events), _taken(process.refused)
            self.faults = _taken(process.faults)
        self.caller: Callable[[], Frame] | None = None
        self._command = command
        self._visitors: dict[int, int] | None = None

    def close(self) -> tuple[list[Event], list[str]]:
        """The command is over: return all events and refused calls. What still comes goes to the process's timeline."""
        process, closed = self.process, (self.events, self.refused)
        self.events, self.refused, self.faults = process.events, process.refused, process.faults
        self.caller = None
        return closed

    def violation(self, rule: Rule, text: str) -> None:
        """Note what a module did against a rule, under what this thread is in; here when it is in nothing."""
        self.blame(current() or self.guest(), rule, text, native_stack())

    def blame(self, frame: Frame, rule: Rule, text: str, stack: list[str]) -> None:
        """Note the same under a frame that the thread is in no more; ``stack`` is where it was in DLLs then."""
        args = {"rule": rule.id, "stack": stack} if stack else {"rule": rule.id}
        frame.timeline.events.append(now(Event("violation", frame, None, text, args)))

    def guest(self) -> Frame:
        """Return a frame for a thread that is in no notification."""
        return Frame(self) if self.caller is None else self.caller()

    def visit(self) -> Visit:
        """Return a context in which this thread, which is in no notification, acts for whoever's turn it is."""
        frame = self.guest()
        frame.is_guest = True
        thread = get_native_id()
        with _lock:
            if self._visitors is None:
                self._visitors = {}
            frame.thread = self._visitors.setdefault(thread, len(self._visitors) + 1)
        return Visit(frame, thread, self._command)

    def inside(
        self,
        phase: str,
        module: str,
        method: str,
        *,
        notification: str | None = None,
        post: bool = False,
        interface: str | None = None,
        key: Any = None,
        bit: int = 0,
    ) -> Inside:
        """Return a context in which everything that this thread does is the module's doing.

        It yields the line of this call, whose ``result`` the caller sets. ``key`` and ``bit`` say to the slots that the
        module calls meanwhile who is told of what.
        """
        inside = Inside(self, phase, module, method if notification else None, notification, post, key, bit)
        if self.is_recorded:
            inside.note(interface, method)
        return inside


class Nested(Timeline):
    """The part of a timeline that belongs to a request inside another one; ``depth`` says how deep.

    Args:
        outer: the other one's.
    """

    def __init__(self, outer: Timeline) -> None:
        self.__dict__.update(outer.__dict__)  # all but the depth is the other one's


def _taken(items: list[_T]) -> list[_T]:
    if not items:
        return []
    with _lock:  # others take, too, and threads go on appending
        taken = items[:]
        del items[: len(taken)]
    return taken


class Visit:
    """A thread that comes from outside; see :meth:`Timeline.visit`."""

    __slots__ = ("_command", "_frame", "_thread")

    def __init__(self, frame: Frame, thread: int, command: int) -> None:
        self._frame = frame
        self._thread = thread
        self._command = command

    def __enter__(self) -> Frame:
        _thread.frame = _frames[self._thread] = self._frame
        self._frame.timeline.box.command(self._command)
        return self._frame

    def __exit__(self, *error: object) -> None:
        self._frame.timeline.box.command(0)
        _thread.frame = None
        del _frames[self._thread]


class Frame:
    """Where a thread is.

    Attributes:
        key, bit: who is told of what, as the pipeline sees it.
        turn: which of the pipeline's turns the module is told of here, if it is one: what it completes from here is
            meant for that, even when another thread has settled it by then and others are open.
        thread: 0 for the command's own, else a number among those that came from outside.
        has_left: whether what the call's arguments point to may be gone: a completion is on its way.
        has_returned: whether the module's function is over.
        is_guest: whether the thread is in no notification.
    """

    __slots__ = (
        "bit",
        "depth",
        "has_left",
        "has_returned",
        "is_guest",
        "key",
        "module",
        "notification",
        "post",
        "thread",
        "timeline",
        "turn",
    )

    def __init__(
        self,
        timeline: Timeline,
        module: str | None = None,
        notification: str | None = None,
        post: bool = False,
        depth: int | None = None,
    ) -> None:
        self.key: Any = None
        self.bit = 0
        self.turn: Any = None
        self.thread = 0
        self.has_left = self.is_guest = self.has_returned = False
        self.timeline = timeline
        self.module = module
        self.notification = notification
        self.post = post
        self.depth = timeline.depth if depth is None else depth


class Inside(Frame):
    """Where a thread on its way through a module is; see :meth:`Timeline.inside`."""

    __slots__ = ("_event", "_handler", "_native_id", "_outer", "_phase", "_started", "_token")

    def __init__(  # Frame's own is not called: each call into a module comes by here
        self,
        timeline: Timeline,
        phase: str,
        module: str,
        handler: str | None,
        notification: str | None,
        post: bool,
        key: Any = None,
        bit: int = 0,
        turn: Any = None,
    ) -> None:
        self._outer = outer = getattr(_thread, "frame", None)
        if outer is None:
            self.depth, self.thread = timeline.depth, 0
        else:
            self.depth, self.thread = outer.depth, outer.thread
        self.key = key
        self.bit = bit
        self.turn = turn
        self.has_left = self.is_guest = self.has_returned = False
        self.timeline = timeline
        self.module = module
        self.notification = notification
        self.post = post
        self._phase = phase
        self._handler = handler
        self._event = _unrecorded

    def note(self, interface: str | None, method: str) -> None:
        """Write a line for this call; what follows stands below it."""
        kind = "notification" if self.notification else "phase"
        self._event = event = Event(kind, self, interface, method, {})
        self.timeline.events.append(event)

    def __enter__(self) -> Event:
        self.depth += 1
        self._token = self.timeline.box.begin(self._phase, self.module or "", self._handler, self.post)
        self._native_id = thread = get_native_id()
        _thread.frame = _frames[thread] = self
        event = self._event
        if event is not _unrecorded:
            self._started = started = perf_counter_ns()
            event.at = started / 1000
        return event

    def __exit__(self, *error: object) -> None:
        event = self._event
        if event is not _unrecorded:
            event.us = (perf_counter_ns() - self._started) / 1000
        self.has_returned = True
        timeline, outer = self.timeline, self._outer
        box = timeline.box
        if box.drain_debug(_output_cursor)[1] != _output_cursor:
            collect_output(timeline)
        _thread.frame = outer
        if outer is None:
            del _frames[self._native_id]
        else:
            _frames[self._native_id] = outer
        box.end(self._token)


_unrecorded = Event.__new__(Event)  # takes what nobody wants to know
_thread = local()
_frames: dict[int, Frame] = {}
_lock = allocate_lock()
_output_lock = allocate_lock()
_output_cursor = 0


current: Callable[[], Frame | None] = partial(getattr, _thread, "frame", None)
"""Returns this thread's frame, or None when it is inside no module; slots ask all the time, so it is no Python code."""


def here(default: Timeline) -> Timeline:
    """Return the timeline of what this thread is in, or ``default``."""
    frame = current()
    return default if frame is None else frame.timeline


def collect_output(timeline: Timeline) -> None:
    """Fetch what any thread sent to the debugger since last time; write each text where its thread is.

    Texts of threads that are in no notification go to ``timeline``.
    """
    global _output_cursor
    if timeline.box.drain_debug(_output_cursor)[1] == _output_cursor:
        return
    with _output_lock:  # another thread may have fetched it meanwhile
        texts, _output_cursor = timeline.box.drain_debug(_output_cursor)
    for text in texts:
        frame = _frames.get(text.thread) or timeline.guest()
        source = "exception" if text.exception else "OutputDebugString"
        frame.timeline.events.append(now(Event("output", frame, None, source, {"text": text.text})))
