"""The messages between us and the worker: msgspec structs, one tagged union per direction, msgpack on the wire.

Each command carries an ``id``; its one reply repeats it. In between, a request's bodies may flow in pieces, both ways
(:mod:`pyiismod.worker.flow`), under the same id. Ids cross the pipe, pointers never. Times are in
microseconds, sizes in bytes, paths are Windows paths as the worker sees them.
"""

from __future__ import annotations

from typing import Any

import msgspec

from pyiismod.host.settings import SHUTDOWNS as SHUTDOWNS
from pyiismod.host.timing import SCHEDULES as SCHEDULES

PROTOCOL_VERSION = 2


class _Message(msgspec.Struct, tag=True, array_like=True, omit_defaults=True, frozen=True, gc=False):
    id: int


# --- plain data -------------------------------------------------------------------------------------------------


class TraceEvent(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One line of the timeline, in order of its start; the fields up to ``us`` are those of ``run --json``.

    ``depth`` nests what one thread does. ``thread`` is 0 for that of the command, else a number among those that had to
    do with it besides: IIS's own and the modules'. ``at`` is when it began, in microseconds on the worker's own clock.
    ``event`` is ``"phase"``, ``"notification"``, ``"call"``, ``"output"``, ``"trace"`` or ``"violation"``.
    """

    event: str
    module: str | None
    notification: str | None
    post: bool
    interface: str | None
    method: str
    args: dict[str, Any]
    result: Any
    us: float
    depth: int = 0
    thread: int = 0
    at: float = 0.0


class User(msgspec.Struct, array_like=True, omit_defaults=True, frozen=True):
    """Credentials of a client, which IIS accepts; the fields are those of :class:`pyiismod.host.user.Account`."""

    name: str
    password: str = ""
    kind: str = "Basic"
    roles: tuple[str, ...] = ()
    remote_name: str | None = None
    token: int | None = None


class Registration(msgspec.Struct, array_like=True, frozen=True):
    """What ``RegisterModule`` asked for; masks are the raw 32-bit values."""

    hresult: int
    factory: bool
    request_notifications: int
    post_notifications: int
    global_module: bool
    global_notifications: int
    priorities: dict[str, str]
    """``"RQ_BEGIN_REQUEST"``, ``"post RQ_BEGIN_REQUEST"`` or ``"GL_…"`` → alias."""


class Answer(msgspec.Struct, array_like=True, frozen=True):
    """A response that nobody but the test sees."""

    status: int
    substatus: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes


class ErrorInfo(msgspec.Struct, array_like=True, frozen=True):
    """An exception of :mod:`pyiismod.errors` on its way: class name, message, hint, details."""

    type: str
    message: str
    hint: str
    details: dict[str, Any]


# --- commands (us → worker) -------------------------------------------------------------------------------------


class Configure(_Message, frozen=True):
    """The server that modules will find: the first command, and again when all modules of another were unloaded.

    With ``pooled`` :class:`Unloaded` says what they have left. Reply: :class:`Done`.
    """

    settings: dict[str, Any]
    pooled: bool = False


class Resolve(_Message, frozen=True):
    """Ask which imports exist here. Reply: :class:`Resolved`. ``imports``: DLL → names (or ordinals) wanted."""

    directory: str
    imports: dict[str, list[str | int]]


class Load(_Message, frozen=True):
    """``LoadLibrary`` and ``RegisterModule``. Reply: :class:`Loaded`.

    ``companions`` are DLLs that the module's exports are forwarded to.
    """

    path: str
    name: str
    companions: list[str] = []


class Fire(_Message, frozen=True):
    """One request through the pipeline. Reply: :class:`Fired`.

    ``authority`` is host and port as the Host header has them, ``target`` path and query as sent; text is latin-1.
    ``remote`` and ``local`` are (address, port) of the two ends. ``connection`` names the connection; requests with the
    same name share it, "" is one of the request's own. ``certificate`` is the client's, DER. ``schedule`` says when
    completions are delivered: one of :data:`pyiismod.host.timing.SCHEDULES` or a seed. Without
    ``record`` no calls are written down.

    ``body`` is what arrives with the headers; with ``more`` the rest flows as :data:`REQUEST_BODY`. With ``stream`` the
    response comes as :class:`Begun` and flows as :data:`RESPONSE_BODY`. With ``asks`` our side's
    handler answers what no module has (:class:`Asked`). ``version`` is that of HTTP. ``short_reads``
    seeds the sizes of reads, ``disconnect_after`` is the byte of the body after which the client goes away.
    """

    method: str
    scheme: str
    authority: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    remote: tuple[str, int]
    local: tuple[str, int]
    user: User | None = None
    connection: str = ""
    certificate: bytes = b""
    schedule: str | int = "threaded"
    record: bool = True
    more: bool = False
    stream: bool = False
    asks: bool = False
    version: tuple[int, int] = (1, 1)
    short_reads: int | None = None
    disconnect_after: int | None = None


class Raise(_Message, frozen=True):
    """Something happens to the process that global modules hear of. Reply: :class:`Raised`.

    ``notification`` is one of these; ``text``, ``parameters`` and ``flag`` mean:

    - ``GL_CONFIGURATION_CHANGE``: configuration path, -, whether the application stops for it;
    - ``GL_FILE_CHANGE``: physical path;
    - ``GL_RSCA_QUERY``: function, parameters;
    - ``GL_APPLICATION_PRELOAD``: -, -, whether the process takes the place of another;
    - ``GL_STOP_LISTENING``: -, -, whether requests are drained gracefully;
    - ``GL_SUSPEND_PROCESS``: -, -, whether it is resumed instead;
    - ``GL_HEALTH_CHECK``.
    """

    notification: str
    text: str = ""
    parameters: str = ""
    flag: bool = False


class Measure(_Message, frozen=True):
    """Ask what the process holds. Reply: :class:`Measured`."""


class Unload(_Message, frozen=True):
    """The process's end but for the process, and ``FreeLibrary``, last loaded first. Reply: :class:`Unloaded`.

    ``graceful`` says that it is recycled; IIS stops else.
    """

    graceful: bool = False


class Shutdown(_Message, frozen=True):
    """End the worker. Reply: :class:`Done`, the goodbye; then the process exits with 0."""


class Answered(_Message, frozen=True):
    """What our side's handler gives to :class:`Asked`; its body flows as ``flow`` plus one. No reply."""

    flow: int
    status: int
    reason: str
    headers: list[tuple[str, str]]


# --- both ways --------------------------------------------------------------------------------------------------

REQUEST_BODY, RESPONSE_BODY, FIRST_ASKED = 0, 1, 2
"""Flows of one :class:`Fire`; from the third on they belong to :class:`Asked`."""


class Part(_Message, frozen=True):
    """A piece of a body; an empty one is its end."""

    flow: int
    data: bytes


class Credit(_Message, frozen=True):
    """So many bytes of a body were read: there is room for as many again."""

    flow: int
    size: int


class Gone(_Message, frozen=True):
    """Whoever wrote or read this body has gone: neither its rest nor its end will come, or be read."""

    flow: int


Command = Configure | Resolve | Load | Fire | Raise | Measure | Unload | Shutdown | Part | Credit | Gone | Answered


# --- replies (worker → us) --------------------------------------------------------------------------------------


class Ready(_Message, frozen=True):
    """Sent once, unasked, with id 0, before anything else."""

    protocol: int
    version: str
    abi_hash: str
    pointer_size: int
    python: str
    process_id: int
    platform: str


class Done(_Message, frozen=True):
    """Nothing to tell."""


class Resolved(_Message, frozen=True):
    """``missing_dlls``: names; ``missing_functions``: DLL → names. ``builtin``: DLLs that are Wine's own."""

    missing_dlls: list[str]
    missing_functions: dict[str, list[str | int]]
    builtin: list[str]


class Loaded(_Message, frozen=True):
    """The module is registered."""

    registration: Registration
    trace: list[TraceEvent]
    refused: list[str]


class Fired(_Message, frozen=True):
    """The response as the client would get it, and how it came about.

    A very large body comes before, in parts of :data:`RESPONSE_BODY`; ``body`` is empty then, and when it was streamed.
    A small response that leaves at once is not streamed even if it was to be: no :class:`Begun` comes.

    ``connection`` is what became of it: ``"keep-alive"``, ``"close"`` or ``"reset"``; ``interim`` are the status codes
    of the interim responses that came before.
    """

    status: int
    substatus: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes
    trace: list[TraceEvent]
    refused: list[str]
    connection: str = "keep-alive"
    interim: list[int] = []

    recycle: str = ""
    """Why the process wants to be replaced, if it does."""
    gone: bool = False
    """The process was ending when the request came: nothing has happened."""
    log: dict[str, str | int] = {}
    """What the request is logged with, when a module has asked for that; see :mod:`pyiismod.host.logdata`."""


class Begun(_Message, frozen=True):
    """The head of a streamed response; its body flows, and :class:`Fired` is still to come."""

    status: int
    substatus: int
    reason: str
    headers: list[tuple[str, str]]
    interim: list[int] = []


class Asked(_Message, frozen=True):
    """No module has answered: our side's handler is to. Answer: :class:`Answered`.

    The body flows as ``flow``: each :class:`Credit` asks for one piece of it.
    """

    flow: int
    method: str
    scheme: str
    authority: str
    target: str
    path: str
    headers: list[tuple[str, str]]
    remote: tuple[str, int]
    local: tuple[str, int]
    version: tuple[int, int]


class Raised(_Message, frozen=True):
    """What the modules made of it.

    ``hresult`` and ``data`` answer ``GL_RSCA_QUERY``; ``answers`` are those of ``GL_APPLICATION_PRELOAD``'s requests.
    """

    trace: list[TraceEvent]
    refused: list[str]
    hresult: int = 0
    data: bytes = b""
    answers: list[Answer] = []
    recycle: str = ""


class Measured(_Message, frozen=True):
    """What the process holds: numbers, and bytes; zeros where nobody can tell. The host's own threads do not count.

    ``created`` and ``disposed`` count module objects, ``kept`` and ``cleaned`` stored contexts, since the start.
    """

    handles: int
    threads: int
    heap_blocks: int
    heap_bytes: int
    private_bytes: int
    created: int
    disposed: int
    kept: int
    cleaned: int


class Unloaded(_Message, frozen=True):
    """All modules have gone. ``left`` says in words what they left in the process; see :mod:`pyiismod.host.remains`."""

    trace: list[TraceEvent]
    refused: list[str]
    left: list[str] = []


class Failed(_Message, frozen=True):
    """The command raised; the worker lives on unless the error says otherwise."""

    error: ErrorInfo
    trace: list[TraceEvent] = []
    refused: list[str] = []


Reply = (
    Ready
    | Done
    | Resolved
    | Loaded
    | Fired
    | Raised
    | Measured
    | Unloaded
    | Failed
    | Begun
    | Asked
    | Part
    | Credit
    | Gone
)
