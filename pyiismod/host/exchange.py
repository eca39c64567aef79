"""One request on its way through the modules: everything that lives as long as it does.

How modules are called is in :mod:`pyiismod.host.nested`, whose turn it is in :mod:`pyiismod.host.whereabouts`.

It is what the pipeline's driver dispatches to, and what the native objects of the request lean on. The thread that
:meth:`Exchange.run` was called on waits until the request has ended, wherever that happens. At the end, in this order
(fact sheet 2.2): final send, Dispose, native objects, pool.
"""

from __future__ import annotations

from _thread import allocate_lock
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyiismod.abi.constants import (
    GL_PRE_BEGIN_REQUEST,
    RQ_AUTHENTICATE_REQUEST,
    RQ_EXECUTE_REQUEST_HANDLER,
    RQ_MAP_PATH,
    RQ_SEND_RESPONSE,
    request_notification_names,
)
from pyiismod.abi.notifications import handler_of
from pyiismod.host import content, errorpages, logdata, nested, whereabouts, wire
from pyiismod.host.around import Surroundings
from pyiismod.host.asynchrony import Asynchrony
from pyiismod.host.context import Context
from pyiismod.host.errors import ERROR_INVALID_PARAMETER, ERROR_OPERATION_ABORTED
from pyiismod.host.global_providers import PreBeginRequestProvider
from pyiismod.host.incoming import Client, Incoming, Outgoing
from pyiismod.host.lent import Lent
from pyiismod.host.mapping import Mapping
from pyiismod.host.memory import RequestPool
from pyiismod.host.module import STATUS_NAMES, ModuleInstance
from pyiismod.host.objects import NativeObject, end_all
from pyiismod.host.providers import (
    PROVIDERS,
    EventProvider,
    SendResponseProvider,
)
from pyiismod.host.request import READ, Request
from pyiismod.host.response import Response
from pyiismod.host.trace import Timeline, current
from pyiismod.host.variables import ServerVariables
from pyiismod.pipeline import (
    CONTINUE,
    FINISH_REQUEST,
    PENDING,
    Completion,
    Driver,
    Machine,
    Subscriber,
    Turn,
)
from pyiismod.rules.completion import COMPLETED_TWICE, LEFT_WITHOUT_WAITING, PENDING_NESTED, STRANGE_STATUS
from pyiismod.rules.lifetime import OVERRUN
from pyiismod.rules.rule import Rule

if TYPE_CHECKING:
    from pyiismod.host.child import Child
    from pyiismod.host.iis import Iis
    from pyiismod.host.settings import Settings

_lock = allocate_lock()  # one for all requests: making one costs more under Wine than a request may


class Exchange:
    """One request and its response.

    Args:
        iis: the server.
        incoming: what came over the wire.
        timeline: where it is written down.
        schedule: when completions are delivered; see :mod:`pyiismod.host.timing`.
        client: who takes the answer while it is made; None for gathering it.

    Attributes:
        handled: whether ``SetRequestHandled`` was called.
        ended: whether everything is over.
        is_freed: whether its objects and memory are gone.
        level: 0 for a top-level request, 1 for a child of that, …
        children: the clones of this one that were not released.
        execute_flags: what ``ExecuteRequest`` was told.
        plan, machine, driver: whom to tell, where it is, and who goes on with it.
        instances: the modules' objects by position; None where ``GetHttpModule`` failed.
        objects: what ends with it; the request is there as soon as a module has asked for it.
        sends: how deep it is in sends that SEND_RESPONSE modules make.
        logging: has the log data of the send that leaves now.
    """

    AROUND: type[Surroundings] = Surroundings
    ASYNCHRONY: type[Asynchrony] = Asynchrony
    children: tuple[Child, ...] = ()
    level = 0
    execute_flags = 0
    logging: SendResponseProvider | None = None
    handled = False
    ended = False
    is_freed = False
    sends = 0
    _asynchrony: Asynchrony | None = None
    _variables: ServerVariables | None = None

    has_error_pages = True
    """Whether errors without a body get one."""

    settings: Settings
    mapping: Mapping
    incoming: Incoming
    physical_path: str
    request: Request
    response: Response

    def __init__(
        self,
        iis: Iis,
        incoming: Incoming,
        timeline: Timeline,
        schedule: str | int = "threaded",
        client: Client | None = None,
    ) -> None:
        self.iis = iis
        self.settings = iis.settings
        self.incoming = incoming
        self.timeline = timeline
        self.pool = RequestPool()
        self.pool.is_exhausted = self.settings.fail_allocations
        self.lent = Lent(timeline)
        self.outgoing = Outgoing(client)
        self.around = self.AROUND(self, iis)
        self.process = iis.process
        self.request = Request(self, incoming)
        self.response = Response(self)
        self.context = Context(self)
        plans = iis.plans
        self.plan = plans.default
        self.machine = Machine(self.plan, lambda: self.handled)
        self.driver = Driver(self.machine, self)
        self.mapping = Mapping(self, iis, plans, self.machine)
        self._schedule = schedule
        self._threads = iis.threads
        self._global_modules = iis.global_modules
        self.instances: dict[int, ModuleInstance | None] = {}
        self.objects: list[NativeObject] = [self.response, self.context]
        self._providers: dict[type[EventProvider], EventProvider] = {}
        timeline.caller = lambda: whereabouts.caller(self)
        if client is not None:
            client.left = self._client_left
        self.physical_path = content.map_path(self.settings, self.request.url.path)
        self.mapping.url_changed()

    @property
    def parent(self) -> Exchange | None:
        """What this is a child of; None for a top-level request."""
        return None

    def run(self) -> Outgoing:
        """Drive the request to its end, waiting for whatever is asynchronous, and return what the client got."""
        try:
            self._pre_begin()
            if self.plan.told(RQ_MAP_PATH):
                self.url_changed()
            self.driver.run()
        except BaseException:
            self._end()
            raise
        if not self.ended or self._asynchrony is not None:
            self.asynchrony.wait()
        return self.outgoing

    def _pre_begin(self) -> None:
        """Tell global modules of the request."""
        if self._global_modules.wants(GL_PRE_BEGIN_REQUEST):
            provider = PreBeginRequestProvider(self.timeline, self.context)
            self.objects.append(provider)
            self._global_modules.tell(GL_PRE_BEGIN_REQUEST, self.timeline, provider.pointer)

    def abandon(self) -> None:
        """End a request that was never run."""
        self._end()

    @property
    def variables(self) -> ServerVariables:
        """Its server variables."""
        if self._variables is None:
            with _lock:
                self._variables = self._variables or ServerVariables(self)
        return self._variables

    @property
    def root(self) -> str:
        """The site's physical root, with a separator at its end."""
        return content.root_of(self.settings)

    @property
    def asynchrony(self) -> Asynchrony:
        """What the request waits for."""
        if self._asynchrony is None:
            made = self.ASYNCHRONY(self, self.driver, self._threads, self._schedule)  # it may ask its parent's
            with _lock:
                self._asynchrony = self._asynchrony or made
            if self.ended:  # asked behind that: whoever ends the request looks the other way round
                self._asynchrony.end()
        return self._asynchrony

    def drive(self, go_on: Callable[[], None]) -> None:
        """Let this thread drive the request. A fault of the host ends it at once, and what it is a child of: nobody
        else would.
        """
        try:
            go_on()
        except BaseException as fault:
            self.timeline.faults.append(fault)
            ending: Exchange | None = self
            while ending is not None:
                ending._over()
                ending = ending.parent

    def _over(self) -> None:
        self.ended = True
        if self._asynchrony is not None:
            self._asynchrony.end()

    # --- for the pipeline's driver

    def notify(self, turn: Turn) -> int:
        """Call the module's handler, creating its object when this is its first; or do what IIS itself does."""
        subscriber, bit, post = turn.step
        if subscriber is None:
            return self._core(bit)
        kind = PROVIDERS.get(bit, EventProvider)
        return nested.call(self, (subscriber, bit, post), self._providers.get(kind) or self.provider(kind), turn)

    def _core(self, bit: int) -> int:
        """Do what IIS itself does at an event."""
        if bit == RQ_EXECUTE_REQUEST_HANDLER:
            if not self.handled:
                self.request.check_body()
                self.mapping.serve()
        elif not self.around.has_user and self.incoming.account is None:
            self.response.fail(401, 2)
            return FINISH_REQUEST
        return CONTINUE

    def completed(self, turn: Turn, completion: Completion) -> int:
        """Call ``OnAsyncCompletion`` or the module's callback."""
        subscriber, bit, _ = turn.step
        instance = self.instances.get(subscriber.position) if subscriber else None
        if subscriber is None or instance is None:
            return CONTINUE
        provider = self.provider(PROVIDERS.get(bit, EventProvider))
        return instance.completed(self.timeline, turn, self.context, provider, completion)

    def finish(self) -> None:
        """End the request: final send, Dispose, native objects, pool."""
        if not self.outgoing.ended:
            self.send(more=False)
        self._drain()
        self._end()

    def _drain(self) -> None:
        """Let what is on its way leave, before its memory goes."""
        if self.outgoing.line is not None:
            self.outgoing.line.drain()

    def _end(self) -> None:
        self._dispose()
        self._free()
        self._over()

    def _dispose(self) -> None:
        for instance in self.instances.values():
            if instance is not None:
                instance.dispose(self.timeline)
        self.instances = {}

    def _free(self) -> None:
        self.response.chunks.close()
        self.around.end()
        for child in reversed(self.children):
            child.left_behind()
        end_all(self.objects)
        end_all(self._providers.values())
        for what in self.pool.damage():
            self.timeline.violation(OVERRUN, what)
        self.pool.release()
        self.around.leave_connection()
        self.is_freed = True

    def release(self) -> int:
        """``ReleaseClonedContext``; return its HRESULT."""
        return ERROR_INVALID_PARAMETER  # nobody cloned this one

    def strange_status(self, turn: Turn, status: int) -> None:
        """Note a status that this step cannot act on."""
        name = STATUS_NAMES.get(status, status)
        rule = PENDING_NESTED if status == PENDING else STRANGE_STATUS
        self._violation(rule, turn, f"returned {name}; IIS cannot act on it here and goes on as with CONTINUE")

    def completed_twice(self, turn: Turn, what: str) -> None:
        """Note a completion of a turn that is settled already."""
        self._violation(COMPLETED_TWICE, turn, f"was completed already when {what} completed it again")

    def forgotten(self, turn: Turn) -> None:
        """Note a handler that ended its turn although something it started is still under way.

        What a thread of a module's own has just posted is meant for whom it may have completed before.
        """
        earlier = self.driver.waited
        for completion in turn.armed:
            if completion.is_own and earlier not in (None, turn):
                self.completed_twice(earlier, completion.what)
            else:
                if completion.operation == READ:
                    completion.cancel(ERROR_OPERATION_ABORTED)  # its buffer may be gone by now
                self._violation(LEFT_WITHOUT_WAITING, turn, f"went on without waiting for {completion.what}")

    def waits(self, turn: Turn) -> None:
        """Note what the request waits for."""
        if self._asynchrony is not None:
            self._asynchrony.waits(turn)

    def schedule(self, turn: Turn, completion: Completion) -> None:
        """Deliver a completion."""
        self.asynchrony.schedule(turn, completion)

    def _violation(self, rule: Rule, turn: Turn, what: str) -> None:
        subscriber, bit, post = turn.step
        if subscriber is not None:
            name = request_notification_names(bit)[0]
            self.timeline.violation(rule, f"{handler_of(bit, post)} ({name}) of {subscriber.key.file} {what}")

    # --- for the native objects

    @property
    def told(self) -> Subscriber | None:
        """The module that this thread is in; on a thread of a module's own, the one whose turn it is."""
        frame = current()
        if frame is not None and frame.key is not None:
            return frame.key  # type: ignore[no-any-return]
        return self.driver.turn.step[0] if self.driver.turn else None

    @property
    def open_turn(self) -> Turn | None:
        """The step that is not settled yet."""
        return self.driver.turn

    @property
    def waiting_turn(self) -> Turn | None:
        """The same of the innermost request that runs."""
        running = next((child for child in reversed(self.children) if child.is_running), None)
        return self.driver.turn if running is None else running.waiting_turn

    @property
    def is_authenticated(self) -> bool:
        """Whether AUTHENTICATE_REQUEST has let the request pass."""
        return self.machine.position > (RQ_AUTHENTICATE_REQUEST, False)

    @property
    def keeps_alive(self) -> bool:
        """Whether the connection outlives the request."""
        return self.outgoing.connection == "keep-alive"

    @property
    def arrived(self) -> Incoming:
        """What the client has sent."""
        return self.incoming

    def disable(self, request_mask: int, post_mask: int) -> None:
        """``DisableNotifications`` for the module that is being told."""
        if (told := self.told) is not None:
            self.machine.disable(told, request_mask, post_mask)

    def conclude(self, completion: Completion, is_async: int, pfPending: Any, *, is_slow: bool) -> int:
        """Carry out an operation: here, or so that the module is told, where it allows that (fact sheet 2.4).

        Args:
            completion: the operation.
            is_async: whether the caller allows a completion.
            pfPending: where to say whether one follows.
            is_slow: whether IIS would have to wait for the network here.

        Returns:
            what the call returns.
        """
        if is_async:
            return self.asynchrony.conclude(completion, pfPending, is_slow=is_slow)
        completion.perform()
        if pfPending:
            pfPending[0] = 0
        return completion.status

    def _client_left(self) -> None:
        """The client has gone away, and nothing has noticed it yet."""

        def lose() -> None:
            with self.timeline.visit():
                self.lose_client()

        self._threads.submit(lose)

    def lose_client(self) -> None:
        """The client has gone away."""
        if not self.outgoing.aborted:
            self.outgoing.abort()
            self.around.lose_client()

    def url_changed(self) -> None:
        """The path of the request was set."""
        path = self.request.url.path
        self.physical_path = content.map_path(self.settings, path)  # what a module told of it finds
        if self.plan.told(RQ_MAP_PATH):
            self.physical_path = nested.map_path(self, path)
        self.mapping.url_changed()

    def written(self, more: bool) -> int:
        """Something was added to the response: send it now if buffering ends here. Return the bytes sent."""
        return self.send(more=more or self.response.is_buffered) if self.is_due else 0

    @property
    def is_due(self) -> bool:
        """Whether buffering ends here: what was written has to be sent."""
        response = self.response
        return not response.is_buffered or response.chunks.copied > self.mapping.response_buffer_limit

    def send(self, more: bool) -> int:
        """Tell SEND_RESPONSE modules, then put the response's chunks on the wire; return the bytes of body sent."""
        more = self._before_send(more)
        sent = 0 if self.outgoing.ended else self._leave(more)
        if self.logging is not None:
            self._log(self.logging)
        return sent

    def _log(self, provider: SendResponseProvider) -> None:
        """The last send has left: its log data may go."""
        self.logging = None
        self.outgoing.log = logdata.fields(provider.log_data)

    def send_later(self, more: bool) -> wire.Sending:
        """As :meth:`send` to a client that takes it at once; but the body leaves when that is performed."""
        more = self._before_send(more)
        if self.logging is not None:
            self._log(self.logging)
        return wire.nothing(self) if self.outgoing.ended else self._leave_later(more)

    def _before_send(self, more: bool) -> bool:
        """Tell SEND_RESPONSE modules, one of which may send itself; return whether more data follows."""
        if not self.outgoing.ended:
            if self.plan.told(RQ_SEND_RESPONSE):
                return nested.tell_of_send(self, more)
            errorpages.complete(self, more)
        return more

    def _leave(self, more: bool) -> int:
        return wire.send(self, more)

    def _leave_later(self, more: bool) -> wire.Sending:
        return wire.put(self, more)

    def provider(self, kind: type[EventProvider]) -> EventProvider:
        """Return the request's provider of that kind, which lasts as long as it."""
        if kind not in self._providers:
            self._providers[kind] = kind(self)
        return self._providers[kind]
