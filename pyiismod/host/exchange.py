"""One request on its way through the modules: everything that lives as long as it does.

It is what the pipeline's driver dispatches to, and what the native objects of the request lean on. The thread that
:meth:`Exchange.run` was called on waits until the request has ended, wherever that happens. At the end, in this order
(fact sheet 2.2): final send, Dispose, native objects, pool.
"""

from __future__ import annotations

from _thread import allocate_lock
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from pyiismod.abi.constants import (
    GL_PRE_BEGIN_REQUEST,
    HTTP_SEND_RESPONSE_FLAG_DISCONNECT,
    HTTP_SEND_RESPONSE_FLAG_MORE_DATA,
    HTTP_SEND_RESPONSE_FLAG_OPAQUE,
    RQ_AUTHENTICATE_REQUEST,
    RQ_CUSTOM_NOTIFICATION,
    RQ_EXECUTE_REQUEST_HANDLER,
    RQ_MAP_PATH,
    RQ_MAP_REQUEST_HANDLER,
    RQ_READ_ENTITY,
    RQ_SEND_RESPONSE,
    request_notification_names,
)
from pyiismod.abi.notifications import REQUEST_BY_BIT, handler_of
from pyiismod.host import content, errorpages, wire
from pyiismod.host._abi import ffi
from pyiismod.host.around import Surroundings
from pyiismod.host.asynchrony import Asynchrony
from pyiismod.host.context import Context
from pyiismod.host.errors import E_FAIL, ERROR_INVALID_PARAMETER
from pyiismod.host.global_providers import PreBeginRequestProvider
from pyiismod.host.incoming import Client, Incoming, Outgoing
from pyiismod.host.lent import Lent
from pyiismod.host.mapping import Mapping
from pyiismod.host.memory import RequestPool
from pyiismod.host.module import STATUS_NAMES, ModuleInstance
from pyiismod.host.objects import NativeObject
from pyiismod.host.providers import (
    AuthenticationProvider,
    EventProvider,
    ForeignProvider,
    MapHandlerProvider,
    MapPathProvider,
    Provider,
    ReadEntityProvider,
    SendResponseProvider,
)
from pyiismod.host.request import Request
from pyiismod.host.response import Response
from pyiismod.host.trace import Frame, Timeline, current
from pyiismod.host.variables import ServerVariables
from pyiismod.pipeline import (
    CONTINUE,
    FINISH_REQUEST,
    NEVER_SKIPPED,
    PENDING,
    Completion,
    Driver,
    Machine,
    Subscriber,
    Turn,
)
from pyiismod.rules.body import SENDS_FOR_EVER, WRONG_ENTITY_SIZE
from pyiismod.rules.completion import COMPLETED_TWICE, LEFT_WITHOUT_WAITING, PENDING_NESTED, STRANGE_STATUS
from pyiismod.rules.lifetime import NULL_MODULE, OVERRUN
from pyiismod.rules.rule import Rule

if TYPE_CHECKING:
    from pyiismod.host.child import Child
    from pyiismod.host.iis import Iis
    from pyiismod.host.settings import Settings

_DEEPEST_SEND = 10  # a send inside a send inside a …: IIS would end in a stack overflow

_PROVIDERS: dict[int, type[EventProvider]] = {
    RQ_AUTHENTICATE_REQUEST: AuthenticationProvider,
    RQ_MAP_REQUEST_HANDLER: MapHandlerProvider,
}

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
    """

    AROUND: type[Surroundings] = Surroundings
    ASYNCHRONY: type[Asynchrony] = Asynchrony
    children: tuple[Child, ...] = ()
    level = 0
    execute_flags = 0
    is_freed = False

    has_error_pages = True
    """Whether errors without a body get one."""

    settings: Settings
    mapping: Mapping
    incoming: Incoming
    root: str
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
        self.handled = False
        self.ended = False
        self.root = content.root_of(self.settings)
        self.around = self.AROUND(self, iis)
        self.process = iis.process
        self.request = Request(self, incoming)
        self.response = Response(self)
        self.context = Context(self)
        self.variables = ServerVariables(self)
        plans = iis.plans
        self._plan = plans.default
        self._machine = Machine(self._plan, lambda: self.handled)
        self._driver = Driver(self._machine, self)
        self.mapping = Mapping(self, iis, plans, self._machine)
        self._schedule = schedule
        self._threads = iis.threads
        self._global_modules = iis.global_modules
        self._asynchrony: Asynchrony | None = None
        self._instances: dict[int, ModuleInstance | None] = {}
        self._objects: list[NativeObject] = [self.request, self.response, self.context]
        self._providers: dict[type[EventProvider], EventProvider] = {}
        self._sends = 0
        timeline.caller = self._caller
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
            if self._plan.told(RQ_MAP_PATH):
                self.url_changed()
            self._driver.run()
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
            self._objects.append(provider)
            self._global_modules.tell(GL_PRE_BEGIN_REQUEST, self.timeline, provider.pointer)

    def abandon(self) -> None:
        """End a request that was never run."""
        self._end()

    @property
    def asynchrony(self) -> Asynchrony:
        """What the request waits for."""
        if self._asynchrony is None:
            made = self.ASYNCHRONY(self, self._driver, self._threads, self._schedule)  # it may ask its parent's
            with _lock:
                if self._asynchrony is None:
                    if self.ended:
                        made.end()
                    self._asynchrony = made
        return self._asynchrony

    def drive(self, go_on: Callable[[], None]) -> None:
        """Let this thread drive the request. A fault of the host ends it at once: nobody else would."""
        try:
            go_on()
        except BaseException as fault:
            self.timeline.faults.append(fault)
            self._over()

    def _over(self) -> None:
        with _lock:
            self.ended = True
            asynchrony = self._asynchrony
        if asynchrony is not None:
            asynchrony.end()

    # --- for the pipeline's driver

    def notify(self, turn: Turn) -> int:
        """Call the module's handler, creating its object when this is its first; or do what IIS itself does."""
        subscriber, bit, post = turn.step
        if subscriber is None:
            return self._core(bit)
        return self._call(subscriber, bit, post, self._provider(_PROVIDERS.get(bit, EventProvider)))

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
        subscriber, bit, post = turn.step
        instance = self._instances.get(subscriber.position) if subscriber else None
        if subscriber is None or instance is None:
            return CONTINUE
        provider = self._provider(_PROVIDERS.get(bit, EventProvider))
        return instance.completed(self.timeline, (subscriber, bit, post), self.context, provider, completion)

    def finish(self) -> None:
        """End the request: final send, Dispose, native objects, pool."""
        if not self.outgoing.ended:
            self.send(more=False)
        self._end()

    def _end(self) -> None:
        self._dispose()
        self._free()
        self._over()

    def _dispose(self) -> None:
        for instance in self._instances.values():
            if instance is not None:
                instance.dispose(self.timeline)
        self._instances = {}

    def _free(self) -> None:
        self.response.chunks.close()
        self.around.end()
        for child in reversed(self.children):
            child.left_behind()
        for thing in (*self._objects, *self._providers.values()):
            thing.end()
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
        earlier = self._driver.waited
        for completion in turn.armed:
            if completion.is_own and earlier not in (None, turn):
                self.completed_twice(earlier, completion.what)
            else:
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

    def _caller(self) -> Frame:
        """Return the frame of a thread that is in no notification: it acts for the module whose turn it is."""
        turn, frame = self._driver.turn, Frame(self.timeline)
        subscriber, bit, post = turn.step if turn is not None else (None, 0, False)
        if subscriber is not None:
            frame.key, frame.bit, frame.post = subscriber, bit, post
            frame.module, frame.notification = subscriber.key.file, REQUEST_BY_BIT[bit].name
        return frame

    @property
    def told(self) -> Subscriber | None:
        """The module that this thread is in; on a thread of a module's own, the one whose turn it is."""
        frame = current()
        if frame is not None and frame.key is not None:
            return frame.key  # type: ignore[no-any-return]
        return self._driver.turn.step[0] if self._driver.turn else None

    @property
    def where(self) -> tuple[str | None, int]:
        """Name of that module, and the ``RQ_*`` bit that it is told of; (None, 0) when there is none."""
        told, frame, turn = self.told, current(), self._driver.turn
        bit = frame.bit if frame is not None and frame.key is not None else turn.step[1] if turn else 0
        return (told.key.name, bit) if told is not None else (None, 0)

    @property
    def open_turn(self) -> Turn | None:
        """The step that is not settled yet."""
        return self._driver.turn

    @property
    def waiting_turn(self) -> Turn | None:
        """The same of the innermost request that runs."""
        running = next((child for child in reversed(self.children) if child.is_running), None)
        return self._driver.turn if running is None else running.waiting_turn

    @property
    def is_authenticated(self) -> bool:
        """Whether AUTHENTICATE_REQUEST has let the request pass."""
        return self._machine.position > (RQ_AUTHENTICATE_REQUEST, False)

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
            self._machine.disable(told, request_mask, post_mask)

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

    def lose_client(self) -> None:
        """The client has gone away."""
        if not self.outgoing.aborted:
            self.outgoing.abort()
            self.around.lose_client()

    def is_last_notification(self, status: int) -> bool:
        """``GetIsLastNotification`` for the module that this thread is in."""
        turn, told = self._driver.turn, self.told
        return turn is None or told is None or self._machine.is_last(told, turn.step[1], status)

    def next_notification(self, status: int) -> tuple[int, bool, ModuleInstance, EventProvider] | None:
        """``GetNextNotification``: advance if the next step is the same module's; the caller then runs it itself."""
        turn, told = self._driver.turn, self.told
        step = self._machine.take_next(told, turn.step[1], status) if turn and told else None
        instance = self._instances.get(told.position) if told else None
        if turn is None or step is None or instance is None:
            return None
        turn.step = step
        return step[1], step[2], instance, self._provider(_PROVIDERS.get(step[1], EventProvider))

    def url_changed(self) -> None:
        """The path of the request was set."""
        path = self.request.url.path
        self.physical_path = content.map_path(self.settings, path)  # what a module told of it finds
        if self._plan.told(RQ_MAP_PATH):
            self.physical_path = self.map_path(path)
        self.mapping.url_changed()

    def map_path(self, path: str) -> str:
        """Return the physical path of a URL path, after MAP_PATH modules have had their say."""
        physical = content.map_path(self.settings, path)
        if not self._plan.told(RQ_MAP_PATH):
            return physical
        provider = MapPathProvider(self, path, physical)
        self._tell(RQ_MAP_PATH, provider)
        provider.end()
        return provider.path

    def read_entity(self, buffer: Any, data: int, size: int) -> int:
        """Tell READ_ENTITY modules of a read; leave what they made of it in ``buffer`` and return its length."""
        if not self._plan.told(RQ_READ_ENTITY):
            return data
        provider = ReadEntityProvider(self, buffer, data, size)
        self._tell(RQ_READ_ENTITY, provider)
        provider.end()
        if provider.data > size:
            self.timeline.violation(
                WRONG_ENTITY_SIZE, f"SetEntity left {provider.data} bytes for a reader that asked for {size}"
            )
        data = min(provider.data, size)
        if provider.buffer != buffer:
            ffi.memmove(buffer, provider.buffer, data)
        return data

    def notify_custom(self, pointer: Any) -> None:
        """Tell CUSTOM_NOTIFICATION modules; the provider is the raising module's own."""
        self._tell(RQ_CUSTOM_NOTIFICATION, ForeignProvider(pointer))

    def _tell(self, bit: int, provider: Provider, told: Sequence[Subscriber] | None = None) -> None:
        """Raise a notification inside whatever goes on: no post phase, and it must complete at once (3.1)."""
        for subscriber in self._plan.told(bit) if told is None else told:
            status = self._call(subscriber, bit, False, provider)
            if status != CONTINUE:
                self.strange_status(Turn((subscriber, bit, False)), status)

    def written(self, more: bool) -> int:
        """Something was added to the response: send it now if buffering ends here. Return the bytes sent."""
        response = self.response
        if response.is_buffered and response.chunks.copied <= self.mapping.response_buffer_limit:
            return 0
        return self.send(more=more or response.is_buffered)

    def send(self, more: bool) -> int:
        """Tell SEND_RESPONSE modules, then put the response's chunks on the wire; return the bytes of body sent."""
        if not self.outgoing.ended:
            if self._plan.told(RQ_SEND_RESPONSE):
                more = self._tell_of_send(more)
            else:
                errorpages.complete(self, more)
        if self.outgoing.ended:  # also by a module that was told
            return 0
        return self._leave(more)

    def _leave(self, more: bool) -> int:
        return wire.send(self, more)

    def _tell_of_send(self, more: bool) -> bool:
        """Tell SEND_RESPONSE modules; return whether more data follows."""
        if self._sends >= _DEEPEST_SEND:
            self.timeline.violation(
                SENDS_FOR_EVER, f"OnSendResponse sends again, {_DEEPEST_SEND} deep: it is not told any more"
            )
            return more
        self._sends += 1
        provider = SendResponseProvider(self, more)
        self._objects.append(provider)
        told = self._plan.told(RQ_SEND_RESPONSE)
        for early in (True, False):  # CustomErrorModule is HIGH: only those with FIRST run behind it
            self._tell(RQ_SEND_RESPONSE, provider, [s for s in told if (s.rank(RQ_SEND_RESPONSE, False) > 0) is early])
            if early:
                errorpages.complete(self, more)
        self._sends -= 1
        self.response.needs_disconnect |= bool(provider.flags & HTTP_SEND_RESPONSE_FLAG_DISCONNECT)
        self.outgoing.is_opaque |= bool(provider.flags & HTTP_SEND_RESPONSE_FLAG_OPAQUE)
        return bool(provider.flags & HTTP_SEND_RESPONSE_FLAG_MORE_DATA)

    def _call(self, subscriber: Subscriber, bit: int, post: bool, provider: Provider) -> int:
        instance = self._instance(subscriber)
        if instance is None:
            return CONTINUE if bit & (RQ_SEND_RESPONSE | NEVER_SKIPPED) else FINISH_REQUEST
        return instance.notify(self.timeline, (subscriber, bit, post), self.context, provider)

    def _instance(self, subscriber: Subscriber) -> ModuleInstance | None:
        if subscriber.position not in self._instances:
            created = subscriber.key.create(self.timeline, self.pool)
            if isinstance(created, ModuleInstance):
                if self._instances.setdefault(subscriber.position, created) is not created:
                    created.dispose(self.timeline)  # another thread was first
            else:
                if created >= 0:
                    text = f"GetHttpModule of {subscriber.key.file} returned S_OK and no module: IIS would crash here"
                    self.timeline.violation(NULL_MODULE, text)
                self._instances[subscriber.position] = None
                self.response.fail(500, 0, created or E_FAIL)
        return self._instances[subscriber.position]

    def _provider(self, kind: type[EventProvider]) -> EventProvider:
        if kind not in self._providers:
            self._providers[kind] = kind(self)
        return self._providers[kind]
