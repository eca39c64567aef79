"""https://learn.microsoft.com/en-us/iis/web-development-reference/native-code-api-reference/ihttpcontext-executerequest-method

Child requests: clones of a request that run the whole pipeline inside ``ExecuteRequest`` (fact sheet 5.1).

A clone has its own context, modules' objects, user, variables and memory; the connection is its parent's. It starts on
the thread that executes it and goes on wherever its modules complete it; if it has not ended when ``ExecuteRequest``
returns, the parent gets a completion when it does. Where its response goes is what the flags say:

- by default to the client, as soon as the child sends it: with its status and headers, unless some have left before.
  A response that the child began ends with the child;
- NO_HEADERS: the body becomes a part of the parent's response, which is sent as soon as the child sends;
- BUFFER_RESPONSE: at the child's end status, headers and body become the parent's, and nothing is sent.

``Dispose`` comes at the end of the child's pipeline; its context, what modules keep there and its memory last until
``ReleaseClonedContext``, and no longer than the parent.
"""

from __future__ import annotations

from _thread import allocate_lock
from typing import TYPE_CHECKING, Any

from pyiismod.abi.constants import (
    CLONE_FLAG_ENTITY,
    CLONE_FLAG_SERVER_VARIABLE,
    CLONE_FLAG_USER_CACHE_VARY_BY,
    EXECUTE_FLAG_BUFFER_RESPONSE,
    EXECUTE_FLAG_DISABLE_CUSTOM_ERROR,
    EXECUTE_FLAG_HTTP_CACHE_ELIGIBLE,
    EXECUTE_FLAG_IGNORE_CURRENT_INTERCEPTOR,
    EXECUTE_FLAG_NO_HEADERS,
    RQ_AUTHENTICATE_REQUEST,
    RQ_EXECUTE_REQUEST_HANDLER,
)
from pyiismod.host import content, whereabouts, wire
from pyiismod.host.around import Surroundings
from pyiismod.host.asynchrony import Asynchrony
from pyiismod.host.cloning import cloned, share_body
from pyiismod.host.errors import ERROR_INVALID_PARAMETER, ERROR_NOT_SUPPORTED, ERROR_STACK_OVERFLOW, S_OK
from pyiismod.host.exchange import Exchange
from pyiismod.host.incoming import Incoming, Outgoing
from pyiismod.host.request_struct import show
from pyiismod.host.timing import INLINE, THREADED
from pyiismod.host.trace import Nested, current
from pyiismod.host.user import ModuleUser, SharedUser, User
from pyiismod.pipeline import Completion, Driver, Subscriber, Turn
from pyiismod.rules.lifetime import CLONE_MISUSED, CLONE_NOT_RELEASED

if TYPE_CHECKING:
    from pyiismod.host.connection import Connection
    from pyiismod.host.response import Response
    from pyiismod.host.threads import Pool

DEEPEST = 10
"""How many levels of children the reference allows."""

_ADDED = frozenset({b"set-cookie", b"www-authenticate"})
_CLONED, _RUNNING, _OVER = range(3)

_lock = allocate_lock()  # one for all children: held for a few instructions


class _SharedSurroundings(Surroundings):
    """What a child finds around it: the connection is its parent's."""

    _exchange: Child

    def _arrive(self) -> None:
        """Nothing has come in."""

    @property
    def connection(self) -> Connection:
        """The client's connection."""
        return self._exchange.parent.around.connection

    def leave_connection(self) -> None:
        """It stays with the parent."""


class _Part(Outgoing):
    """What a child has handed to its parent.

    Args:
        whole: what the parent has sent.
    """

    def __init__(self, whole: Outgoing) -> None:
        super().__init__()
        self._whole = whole

    def abort(self) -> None:
        """Cut the connection, which is the parent's, too."""
        super().abort()
        self._whole.abort()


class _SharedAsynchrony(Asynchrony):
    """A child's: the thread that waits is the top-level request's."""

    def __init__(self, exchange: Child, driver: Driver, threads: Pool, schedule: str | int) -> None:
        super().__init__(exchange, driver, threads, schedule)
        self._top = exchange.parent.asynchrony._top

    def end(self) -> None:
        """The child is over; nobody waits for that alone."""


class Child(Exchange):
    """One clone.

    Args:
        parent: what it is cloned from.
        clone_flags: ``CLONE_FLAG_*``: what they have in common.
    """

    AROUND = _SharedSurroundings
    ASYNCHRONY = _SharedAsynchrony
    _state = _CLONED

    def __init__(self, parent: Exchange, clone_flags: int) -> None:
        self._parent = parent
        self.level = parent.level + 1
        timeline = Nested(parent.timeline)
        super().__init__(parent.iis, cloned(parent, clone_flags), timeline, parent._schedule)
        self._waiting: tuple[Turn, Completion] | None = None
        self._is_left_behind = False
        self._leads = False  # whether the client got this child's status line
        self._is_finishing = False
        self._interceptors: tuple[Subscriber, ...] = ()
        told = parent.told
        self._cloned_by = told.key.file if told else "a module"
        self._has_parents_body = bool(clone_flags & CLONE_FLAG_ENTITY)
        if self._has_parents_body:
            share_body(self.request, parent.request)
        if clone_flags & CLONE_FLAG_SERVER_VARIABLE:
            for name, value in parent.variables.own():
                self.variables.set(name, value)
        if clone_flags & CLONE_FLAG_USER_CACHE_VARY_BY:
            self.around.cache_policy.vary_like(parent.around.cache_policy)
        with _lock:
            parent.children = (*parent.children, self)

    @property
    def parent(self) -> Exchange:
        """What it was cloned from."""
        return self._parent

    @property
    def is_running(self) -> bool:
        """Whether it is on its way."""
        return self._state == _RUNNING

    def url_changed(self) -> None:
        """The path was set: it is mapped when the request runs, at once if it does already."""
        if self._state == _CLONED:
            self.physical_path = content.map_path(self.settings, self.request.url.path)
        else:
            super().url_changed()

    # --- ExecuteRequest

    def execute(self, flags: int, pHttpUser: Any, pfCompletionExpected: Any) -> int:
        """Run, to the end or until something is waited for.

        Args:
            flags: ``EXECUTE_FLAG_*``.
            pHttpUser: the user that makes the request, or NULL: then it is authenticated.
            pfCompletionExpected: where to say whether the parent will be told of the end; when NULL, it always is.

        Returns:
            the HRESULT.
        """
        if self.level > DEEPEST:
            return ERROR_STACK_OVERFLOW
        user = self._user(pHttpUser)
        if pHttpUser and user is None:
            return ERROR_INVALID_PARAMETER
        with _lock:
            if self._state != _CLONED:
                return ERROR_NOT_SUPPORTED
            self._state = _RUNNING
        self._begin(flags)
        if user is not None:
            self._authenticate(user)
        try:
            self._pre_begin()
            self.driver.run()
        except BaseException:
            self._end()
            raise
        return self._report(pfCompletionExpected)

    def _begin(self, flags: int) -> None:
        parent, frame = self.parent, current()
        self.timeline.depth = frame.depth if frame is not None else parent.timeline.depth
        self.execute_flags = flags
        self.incoming.url = self.request.url
        show(self.request.url, self.request.raw, self.pool)
        self.around.count_hit()
        for name in parent.variables.inherited:
            self.variables.inherit(name)
        self.response.headers_suppressed = bool(flags & EXECUTE_FLAG_NO_HEADERS)
        self.has_error_pages = not flags & EXECUTE_FLAG_DISABLE_CUSTOM_ERROR
        self.response.is_kernel_cache_enabled = bool(flags & EXECUTE_FLAG_HTTP_CACHE_ELIGIBLE)
        is_apart = flags & (EXECUTE_FLAG_NO_HEADERS | EXECUTE_FLAG_BUFFER_RESPONSE)
        self.outgoing = _Part(parent.outgoing) if is_apart else parent.outgoing
        self._ignore_interceptors(flags)
        self.url_changed()

    def _ignore_interceptors(self, flags: int) -> None:
        """Leave out the handlers that this chain of requests ignores; without a table of handlers, the modules."""
        parent = self.parent
        self.mapping.ignored = parent.mapping.ignored
        if isinstance(parent, Child):
            self._interceptors = parent._interceptors
        if flags & EXECUTE_FLAG_IGNORE_CURRENT_INTERCEPTOR:
            self.mapping.ignored |= {parent.mapping.handler}
            told = parent.told
            if told is not None and whereabouts.where(parent)[1] == RQ_EXECUTE_REQUEST_HANDLER:
                self._interceptors += (told,)
        if not self.settings.handlers:
            for subscriber in self._interceptors:
                self.machine.disable(subscriber, RQ_EXECUTE_REQUEST_HANDLER, 0)

    def _user(self, pointer: Any) -> SharedUser | ModuleUser | None:
        if not pointer:
            return None
        user = self.context.resolve(pointer)
        if isinstance(user, User):
            return SharedUser(user)
        if user is not None:
            return None  # something else of the host's
        told = self.parent.told
        made = ModuleUser(pointer, told.key.file if told else "", self.timeline)
        made.hold()
        return made

    def _authenticate(self, user: SharedUser | ModuleUser) -> None:
        self.around.set_user(user)
        bit = RQ_AUTHENTICATE_REQUEST
        for subscriber in (*self.plan.told(bit), *self.plan.told(bit, post=True)):
            self.machine.disable(subscriber, bit, bit)

    def _report(self, pfCompletionExpected: Any) -> int:
        parent = self.parent
        if pfCompletionExpected:
            pfCompletionExpected[0] = 1
        with _lock:
            if self._state == _RUNNING:
                completion = Completion("ExecuteRequest")
                completion.timing = INLINE if parent._schedule == INLINE else THREADED  # not early: the call is over
                turn = parent.asynchrony.start(completion)
                self._waiting = None if turn is None else (turn, completion)
                return S_OK
        return parent.asynchrony.conclude(Completion("ExecuteRequest"), pfCompletionExpected, is_slow=False)

    # --- the end

    def finish(self) -> None:
        """End the pipeline: final send, Dispose; the parent goes on if it waits."""
        self._is_finishing = True
        if not self.outgoing.ended:
            self.send(more=False)
        elif not self.outgoing.aborted and len(self.response.chunks):
            self.timeline.violation(
                CLONE_MISUSED, "the response had ended already: what this child request has written is not sent"
            )
        self._drain()
        if self._leads and len(self.parent.response.chunks):
            self.timeline.violation(
                CLONE_MISUSED, "the child request has answered: what its parent wrote before is not sent"
            )
        self._end()

    def _end(self) -> None:
        self._dispose()
        with _lock:
            self._state, self.ended = _OVER, True
            waiting, self._waiting = self._waiting, None
        self._over()
        if self._is_left_behind:
            self._let_go()
        elif waiting is not None:
            self.parent.asynchrony.post(*waiting)

    def release(self) -> int:
        """``ReleaseClonedContext``; return its HRESULT."""
        if self.parent.is_freed:
            return ERROR_INVALID_PARAMETER
        if self.is_running:
            self.timeline.violation(
                CLONE_MISUSED, "ReleaseClonedContext was called while the child request was running: no effect"
            )
            return ERROR_INVALID_PARAMETER
        self._let_go()
        return S_OK

    def left_behind(self) -> None:
        """The parent ends, and nobody has released this one."""
        what = f"a context that {self._cloned_by} cloned"
        with _lock:
            self._is_left_behind = self.is_running
        if self._is_left_behind:
            self.pool.adopt(self.parent.pool)  # what they share must last
            self.parent.timeline.violation(CLONE_MISUSED, f"the request ended while {what} was executed")
        else:
            self.parent.timeline.violation(CLONE_NOT_RELEASED, f"{what} was never released: it ends with its parent")
            self._let_go()

    def _let_go(self) -> None:
        with _lock:
            self.parent.children = tuple(child for child in self.parent.children if child is not self)
        self._dispose()  # a clone that did not run has told modules of MAP_PATH perhaps
        if self._has_parents_body and not self.parent.is_freed:
            self.parent.pool.adopt(self.pool)  # modules may have inserted something of it into the body
        self._free()

    # --- where the response goes

    @property
    def arrived(self) -> Incoming:
        """What the client has sent: the top-level request."""
        return self.parent.arrived

    def lose_client(self) -> None:
        """The client has gone away: it is the parent's, too."""
        super().lose_client()
        self.parent.lose_client()

    def send(self, more: bool) -> int:
        """Send as any request does; but one that did not run or is buffered keeps what it has."""
        if self._state == _CLONED:
            self.timeline.violation(CLONE_MISUSED, "a cloned context cannot send before it is executed")
            return 0
        if self.execute_flags & EXECUTE_FLAG_BUFFER_RESPONSE and not self._is_finishing:
            return 0
        return super().send(more)

    def _leave_itself(self, more: bool) -> bool:
        """The response goes to the client; return whether more of it follows."""
        self._leads = self._leads or not self.outgoing.started
        return more or not self._leads

    def _leave_later(self, more: bool) -> wire.Sending:
        return super()._leave_later(self._leave_itself(more))

    def _leave(self, more: bool) -> int:
        if not isinstance(self.outgoing, _Part):
            return super()._leave(self._leave_itself(more))
        parent, flags = self.parent, self.execute_flags
        self.outgoing.started = True
        self.outgoing.ended = self.outgoing.is_complete = not more
        body = self.response.chunks.take()
        if parent.outgoing.ended and body:
            self.timeline.violation(
                CLONE_MISUSED, "the response had ended already: what this child request has written is not sent"
            )
            return 0
        if flags & EXECUTE_FLAG_BUFFER_RESPONSE and not flags & EXECUTE_FLAG_NO_HEADERS and not parent.outgoing.started:
            _adopt_head(parent, self.response)
        if body:
            parent.response.chunks.append(body)
        if not flags & EXECUTE_FLAG_BUFFER_RESPONSE:
            parent.send(more=True)
        return len(body)


def _adopt_head(parent: Exchange, theirs: Response) -> None:
    """Give the parent's response a child's status and headers; of its own those stay that the child does not have."""
    mine, reason = parent.response, theirs.reason
    mine.raw.StatusCode = theirs.status
    mine.raw.pReason, mine.raw.ReasonLength = parent.pool.data(reason), len(reason)
    mine.substatus, mine.error, mine.set_by = theirs.substatus, theirs.error, theirs.set_by
    mine.skip_custom_errors = theirs.skip_custom_errors
    mine.needs_disconnect |= theirs.needs_disconnect
    for name, value in theirs.headers.items():
        if value:
            mine.headers.set(name, value, replace=name.lower() not in _ADDED)
