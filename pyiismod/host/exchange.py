"""One request on its way through the modules: everything that lives as long as it does.

It is what the pipeline's machine dispatches to, and what the native objects of the request lean on. At the end, in this
order (fact sheet 2.2): final send, Dispose, native objects, pool.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiismod.abi.constants import (
    HTTP_SEND_RESPONSE_FLAG_MORE_DATA,
    RQ_AUTHENTICATE_REQUEST,
    RQ_EXECUTE_REQUEST_HANDLER,
    RQ_MAP_REQUEST_HANDLER,
    RQ_SEND_RESPONSE,
    request_notification_names,
)
from pyiismod.abi.notifications import REQUEST_BY_BIT
from pyiismod.errors import ModuleHung
from pyiismod.host import content, wire
from pyiismod.host.context import Context
from pyiismod.host.errors import E_FAIL
from pyiismod.host.incoming import Incoming, Outgoing
from pyiismod.host.memory import RequestPool
from pyiismod.host.module import ModuleInstance
from pyiismod.host.objects import NativeObject
from pyiismod.host.providers import (
    AuthenticationProvider,
    EventProvider,
    MapHandlerProvider,
    SendResponseProvider,
)
from pyiismod.host.request import Request
from pyiismod.host.response import Response
from pyiismod.host.trace import Timeline
from pyiismod.host.variables import ServerVariables
from pyiismod.pipeline import CONTINUE, FINISH_REQUEST, NEVER_SKIPPED, Machine, Subscriber

if TYPE_CHECKING:
    from pyiismod.host.iis import Iis
    from pyiismod.host.settings import Settings

_DEEPEST_SEND = 10  # a send inside a send inside a …: IIS would end in a stack overflow

_PROVIDERS: dict[int, type[EventProvider]] = {
    RQ_AUTHENTICATE_REQUEST: AuthenticationProvider,
    RQ_MAP_REQUEST_HANDLER: MapHandlerProvider,
}


class Exchange:
    """One request and its response.

    Args:
        iis: the server.
        incoming: what came over the wire.
        timeline: where it is written down.

    Attributes:
        handled: whether ``SetRequestHandled`` was called.
        notification: the ``RQ_*`` bit being told, 0 before the first.
        error_status: what a module gave to ``SetErrorStatus``.
    """

    CORE = RQ_EXECUTE_REQUEST_HANDLER
    """Events at which :meth:`core` has something to do."""

    settings: Settings
    incoming: Incoming
    root: str
    physical_path: str
    request: Request
    response: Response

    def __init__(self, iis: Iis, incoming: Incoming, timeline: Timeline) -> None:
        self.settings = iis.settings
        self.incoming = incoming
        self.timeline = timeline
        self.pool = RequestPool()
        self.outgoing = Outgoing()
        self.handled = False
        self.notification = 0
        self.error_status = 0
        self.root = content.root_of(self.settings)
        self.request = Request(self, incoming)
        self.response = Response(self)
        self.context = Context(self)
        self.variables = ServerVariables(self)
        self.url_changed()
        self._plan = iis.plan
        self._machine = Machine(self._plan, self)
        self._instances: dict[int, ModuleInstance | None] = {}
        self._objects: list[NativeObject] = [self.request, self.response, self.context]
        self._providers: dict[type[EventProvider], EventProvider] = {}
        self._told: Subscriber | None = None
        self._sends = 0

    def run(self) -> Outgoing:
        """Drive the request to its end and return what the client got.

        Raises:
            ModuleHung: a module returned PENDING.
        """
        try:
            step = self._machine.run()
        except BaseException:
            self._end()
            raise
        if step is not None:
            raise _pending(*step)  # nothing ends: what the module has started may still use all of it
        self._end()
        return self.outgoing

    def _end(self) -> None:
        for instance in self._instances.values():
            if instance is not None:
                instance.dispose(self.timeline)
        for thing in (*self._objects, *self._providers.values()):
            thing.end()
        self.pool.release()

    # --- for the pipeline's machine

    def notify(self, subscriber: Subscriber, bit: int, post: bool) -> int:
        """Call the module's handler, creating its object when this is its first."""
        return self._call(subscriber, bit, post, self._provider(_PROVIDERS.get(bit, EventProvider)))

    def is_handled(self) -> bool:
        """Return whether the handler stage is over."""
        return self.handled

    def core(self, bit: int) -> int:
        """Answer with content when no module has handled the request."""
        if not self.handled:
            content.serve(self)
        return CONTINUE

    def finish(self) -> None:
        """Send what was not sent yet."""
        if not self.outgoing.ended:
            self.send(more=False)

    def strange_status(self, subscriber: Subscriber, bit: int, post: bool, status: int) -> None:
        """Note a status that this step cannot act on."""
        name = request_notification_names(bit)[0]
        what = f"{_handler(bit, post)} of {subscriber.key.file} returned {status} from {name}"
        self.timeline.violation(f"{what}; IIS cannot act on it here and goes on as with CONTINUE")

    # --- for the native objects

    @property
    def told(self) -> str | None:
        """Name of the module that is being told."""
        return self._told.key.name if self._told else None

    def disable(self, request_mask: int, post_mask: int) -> None:
        """``DisableNotifications`` for the module that is being told."""
        if self._told is not None:
            self._machine.disable(self._told, request_mask, post_mask)

    def url_changed(self) -> None:
        """The path of the request was set."""
        self.physical_path = self.map_path(self.request.url.path)

    def map_path(self, path: str) -> str:
        """Return the physical path of a URL path."""
        return content.map_path(self.settings, path)

    def written(self, more: bool) -> int:
        """Something was added to the response: send it now if buffering ends here. Return the bytes sent."""
        response = self.response
        if response.is_buffered and response.chunks.copied <= self.settings.response_buffer_limit:
            return 0
        return self.send(more=more or response.is_buffered)

    def send(self, more: bool) -> int:
        """Tell SEND_RESPONSE modules, then put the response's chunks on the wire; return the bytes of body sent."""
        if not self.outgoing.ended and (told := self._plan.told(RQ_SEND_RESPONSE)):
            more = self._tell_of_send(told, more)
        if self.outgoing.ended:  # also by a module that was told
            return 0
        return wire.send(self.outgoing, self.response, self.request.method, more)

    def _tell_of_send(self, told: tuple[Subscriber, ...], more: bool) -> bool:
        """Tell SEND_RESPONSE modules; return whether more data follows."""
        if self._sends >= _DEEPEST_SEND:
            self.timeline.violation(f"OnSendResponse sends again, {_DEEPEST_SEND} deep: it is not told any more")
            return more
        self._sends += 1
        provider = SendResponseProvider(self, more)
        self._objects.append(provider)
        for subscriber in told:
            status = self._call(subscriber, RQ_SEND_RESPONSE, False, provider)
            if status != CONTINUE:
                self.strange_status(subscriber, RQ_SEND_RESPONSE, False, status)
        self._sends -= 1
        return bool(provider.flags & HTTP_SEND_RESPONSE_FLAG_MORE_DATA)

    def _call(self, subscriber: Subscriber, bit: int, post: bool, provider: NativeObject) -> int:
        told, self._told = self._told, subscriber
        notification, self.notification = self.notification, bit
        try:
            instance = self._instance(subscriber)
            if instance is None:
                return CONTINUE if bit & (RQ_SEND_RESPONSE | NEVER_SKIPPED) else FINISH_REQUEST
            return instance.notify(self.timeline, REQUEST_BY_BIT[bit], post, self.context, provider)
        finally:
            self._told, self.notification = told, notification

    def _instance(self, subscriber: Subscriber) -> ModuleInstance | None:
        if subscriber.position not in self._instances:
            created = subscriber.key.create(self.timeline, self.pool)
            if isinstance(created, ModuleInstance):
                self._instances[subscriber.position] = created
            else:
                if created >= 0:
                    text = f"GetHttpModule of {subscriber.key.file} returned S_OK and no module: IIS would crash here"
                    self.timeline.violation(text)
                self._instances[subscriber.position] = None
                self.response.fail(500, 0, created or E_FAIL)
        return self._instances[subscriber.position]

    def _provider(self, kind: type[EventProvider]) -> EventProvider:
        if kind not in self._providers:
            self._providers[kind] = kind(self)
        return self._providers[kind]


def _handler(bit: int, post: bool) -> str:
    notification = REQUEST_BY_BIT[bit]
    return str(notification.post_handler if post else notification.handler)


def _pending(subscriber: Subscriber, bit: int, post: bool) -> ModuleHung:
    file, name, method = subscriber.key.file, request_notification_names(bit)[0], _handler(bit, post)
    return ModuleHung(
        f"{file} returned RQ_NOTIFICATION_PENDING from {method} ({name}) and nothing it started can complete it: "
        "asynchronous completion is refused by this version of pyiismod.",
        details={"module": file, "phase": "notification", "notification": method},
    )
