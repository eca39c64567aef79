"""Calls into the modules of one request, and the notifications inside of whatever goes on: no post phase, and they must
complete at once (fact sheet 3.1).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pyiismod.abi.constants import (
    HTTP_SEND_RESPONSE_FLAG_DISCONNECT,
    HTTP_SEND_RESPONSE_FLAG_MORE_DATA,
    HTTP_SEND_RESPONSE_FLAG_OPAQUE,
    RQ_CUSTOM_NOTIFICATION,
    RQ_MAP_PATH,
    RQ_READ_ENTITY,
    RQ_SEND_RESPONSE,
)
from pyiismod.host import content, errorpages
from pyiismod.host._abi import ffi
from pyiismod.host.errors import E_FAIL
from pyiismod.host.module import ModuleInstance
from pyiismod.host.providers import (
    ForeignProvider,
    MapPathProvider,
    Provider,
    ReadEntityProvider,
    SendResponseProvider,
)
from pyiismod.pipeline import ALIASES, CONTINUE, FINISH_REQUEST, NEVER_SKIPPED, Subscriber, Turn
from pyiismod.rules.body import SENDS_FOR_EVER, WRONG_ENTITY_SIZE
from pyiismod.rules.lifetime import NULL_MODULE

if TYPE_CHECKING:
    from pyiismod.host.exchange import Exchange

_DEEPEST_SEND = 10  # a send inside a send inside a …: IIS would end in a stack overflow
_HIGH = ALIASES.index("HIGH")  # log data is ready behind modules of lower priority


def call(exchange: Exchange, step: tuple[Subscriber, int, bool], provider: Provider, turn: Turn | None = None) -> int:
    """Call a module's handler, creating its object when this is its first; return its status, unchecked."""
    subscriber, bit, _ = step
    instance = exchange.instances.get(subscriber.position) or _instance(exchange, subscriber)
    if instance is None:
        return CONTINUE if bit & (RQ_SEND_RESPONSE | NEVER_SKIPPED) else FINISH_REQUEST
    return instance.notify(exchange.timeline, step, exchange.context, provider, turn)


def _instance(exchange: Exchange, subscriber: Subscriber) -> ModuleInstance | None:
    instances = exchange.instances
    if subscriber.position not in instances:
        created = subscriber.key.create(exchange.timeline, exchange.pool)
        if isinstance(created, ModuleInstance):
            if instances.setdefault(subscriber.position, created) is not created:
                created.dispose(exchange.timeline)  # another thread was first
        else:
            if created >= 0:
                text = f"GetHttpModule of {subscriber.key.file} returned S_OK and no module: IIS would crash here"
                exchange.timeline.violation(NULL_MODULE, text)
            instances[subscriber.position] = None
            exchange.response.fail(500, 0, created or E_FAIL)
    return instances[subscriber.position]


def _tell(exchange: Exchange, bit: int, provider: Provider, told: Iterable[Subscriber]) -> None:
    for subscriber in told:
        status = call(exchange, (subscriber, bit, False), provider)
        if status != CONTINUE:
            exchange.strange_status(Turn((subscriber, bit, False)), status)


def map_path(exchange: Exchange, path: str) -> str:
    """Return the physical path of a URL path, after MAP_PATH modules have had their say."""
    physical = content.map_path(exchange.settings, path)
    if not (told := exchange.plan.told(RQ_MAP_PATH)):
        return physical
    provider = MapPathProvider(exchange, path, physical)
    _tell(exchange, RQ_MAP_PATH, provider, told)
    provider.end()
    return provider.path


def read_entity(exchange: Exchange, buffer: Any, data: int, size: int) -> int:
    """Tell READ_ENTITY modules of a read; leave what they made of it in ``buffer`` and return its length."""
    if not (told := exchange.plan.told(RQ_READ_ENTITY)):
        return data
    provider = ReadEntityProvider(exchange, buffer, data, size)
    _tell(exchange, RQ_READ_ENTITY, provider, told)
    provider.end()
    if provider.data > size:
        exchange.timeline.violation(
            WRONG_ENTITY_SIZE, f"SetEntity left {provider.data} bytes for a reader that asked for {size}"
        )
    data = min(provider.data, size)
    if provider.buffer != buffer:
        ffi.memmove(buffer, provider.buffer, data)
    return data


def notify_custom(exchange: Exchange, pointer: Any) -> None:
    """Tell CUSTOM_NOTIFICATION modules; the provider is the raising module's own."""
    told = exchange.plan.told(RQ_CUSTOM_NOTIFICATION)
    _tell(exchange, RQ_CUSTOM_NOTIFICATION, ForeignProvider(pointer), told)


def tell_of_send(exchange: Exchange, more: bool) -> bool:
    """Tell SEND_RESPONSE modules, one of which may send itself; return whether more data follows."""
    if exchange.sends >= _DEEPEST_SEND:
        exchange.timeline.violation(
            SENDS_FOR_EVER, f"OnSendResponse sends again, {_DEEPEST_SEND} deep: it is not told any more"
        )
        return more
    exchange.sends += 1
    provider = SendResponseProvider(exchange, more)
    exchange.objects.append(provider)
    told = exchange.plan.told(RQ_SEND_RESPONSE)
    for early in (True, False):  # CustomErrorModule is HIGH: only those with FIRST run behind it
        for subscriber in told:
            rank = subscriber.rank(RQ_SEND_RESPONSE, False)
            if (rank > 0) is early:
                provider.may_log = rank <= _HIGH
                _tell(exchange, RQ_SEND_RESPONSE, provider, (subscriber,))
        if early:
            errorpages.complete(exchange, more)
    exchange.sends -= 1
    if provider.log_data:
        exchange.logging = provider
    exchange.response.needs_disconnect |= bool(provider.flags & HTTP_SEND_RESPONSE_FLAG_DISCONNECT)
    exchange.outgoing.is_opaque |= bool(provider.flags & HTTP_SEND_RESPONSE_FLAG_OPAQUE)
    return bool(provider.flags & HTTP_SEND_RESPONSE_FLAG_MORE_DATA)
