"""The worker: reads commands, lets the engine carry them out on pool threads, sends replies.

    python -c "from pyiismod.worker.serve import main; main()" DIRECTORY\\box

It runs under supervisor.exe, which gives it the pipes of the protocol by number, in the black box: the standard
handles, and with them every C runtime's stdin, stdout and stderr, never were these pipes. So nothing that a module
prints can end up in the protocol, whatever it is linked with.

Threads take turns: one reads a command and carries it out itself; :mod:`pyiismod.worker.baton` says who reads
meanwhile. So commands do not wait for each other, and no command is handed from thread to thread. A thread that dies
inside a module is noticed by the supervisor, which reads in the black box where every thread is.
"""

from __future__ import annotations

import gc
import os
import sys
from _thread import allocate_lock, start_new_thread
from time import sleep
from typing import TypeGuard

import pyiismod
from pyiismod.abi import abi_hash
from pyiismod.errors import PyiismodError
from pyiismod.worker.baton import Baton
from pyiismod.worker.blackbox import BlackBox
from pyiismod.worker.channel import Channel, ChannelClosed, ChannelError
from pyiismod.worker.engine import Engine
from pyiismod.worker.protocol import (
    PROTOCOL_VERSION,
    Answered,
    Command,
    Credit,
    Done,
    ErrorInfo,
    Failed,
    Fire,
    Gone,
    Part,
    Ready,
    Reply,
    Shutdown,
)

__all__ = ["main"]

_LAST_LOOK = 0.005  # seconds in which a thread that a module has left behind runs into memory that is gone


class Worker:
    """The commands of one channel, carried out on a pool.

    What the engine raises becomes :class:`Failed`: one of our errors as it is, anything else as a ``WorkerError``.

    Args:
        box: notes which thread works on which command.
        channel: to and from our side.
        engine: does the work.
    """

    def __init__(self, box: BlackBox, channel: Channel[Command], engine: Engine) -> None:
        self._box = box
        self._channel = channel
        self._engine = engine
        self._reading = Baton(self._work, lambda: box.sent() > channel.received)
        self._over = allocate_lock()
        self._asked = False

    def run(self) -> bool:
        """Serve until :class:`Shutdown` (True), or until nobody is left to serve (False)."""
        self._over.acquire()
        start_new_thread(self._work, ())
        self._over.acquire()
        return self._asked

    def _work(self) -> None:
        reading = self._reading
        while True:
            reading.take()
            mine = True
            while mine:
                command = self._next()
                loan = reading.lend(is_wanted=_waits(command))
                self._box.command(command.id)
                reply = self._answer(command)
                self._box.command(0)
                mine = reading.regain(loan)
                self._send(reply)

    def _next(self) -> Command:
        """Return the next command, passing on what belongs to requests under way; after the last one wake the main
        thread, which ends the process.
        """
        try:
            while True:
                command = self._channel.receive()
                if isinstance(command, (Part, Credit, Gone, Answered)):
                    self._engine.streams.deliver(command)
                    continue
                if isinstance(command, Shutdown):
                    break
                if _flows(command):
                    self._engine.streams.expect(command, self._channel.send)
                return command
            sleep(_LAST_LOOK)
            self._channel.send(Done(command.id))
            self._asked = True
        except ChannelClosed:
            pass
        except (ChannelError, OSError) as error:
            sys.stderr.write(f"the worker cannot read commands any more: {error}\n")
        self._over.release()
        while True:
            sleep(1)

    def _send(self, reply: Reply) -> None:
        try:
            self._channel.send(reply)
        except OSError:
            os._exit(0)
        except Exception as error:
            self._channel.send(Failed(reply.id, _defect(reply, error)))

    def _answer(self, command: Command) -> Reply:
        try:
            return self._engine.handle(command)
        except PyiismodError as error:
            return Failed(command.id, ErrorInfo(type(error).__name__, error.message, error.hint, error.details))
        except BaseException as error:
            return Failed(command.id, _defect(command, error))


def _flows(command: Command) -> TypeGuard[Fire]:
    """Return whether more messages belong to this command."""
    return isinstance(command, Fire) and (command.more or command.stream or command.asks)


def _waits(command: Command) -> bool:
    """Return whether this command will wait for others that somebody has to read."""
    return isinstance(command, Fire) and (command.more or command.asks)


def _defect(message: Command | Reply, error: BaseException) -> ErrorInfo:
    import traceback

    text = f"the worker failed at {type(message).__name__}: {type(error).__name__}: {error}"
    lines = "".join(traceback.format_exception(error)).splitlines()
    return ErrorInfo("WorkerError", text, "", {"traceback": lines})


def _open_pipes(box: BlackBox) -> tuple[int, int]:
    """Return file descriptors for the protocol's pipes, which no child process will inherit."""
    if sys.platform != "win32":
        raise AssertionError("a worker is a Windows process")
    import msvcrt

    reading, writing = box.pipes()
    for handle in (reading, writing):
        os.set_handle_inheritable(handle, False)
    flags = os.O_BINARY | os.O_NOINHERIT
    return msvcrt.open_osfhandle(reading, flags | os.O_RDONLY), msvcrt.open_osfhandle(writing, flags | os.O_WRONLY)


def _ready() -> Ready:
    return Ready(
        id=0,
        protocol=PROTOCOL_VERSION,
        version=pyiismod.__version__,
        abi_hash=abi_hash(),
        pointer_size=8 if sys.maxsize > 2**32 else 4,
        python=sys.version.split()[0],
        process_id=os.getpid(),
        platform=sys.platform,
    )


def _serve(box: BlackBox, channel: Channel[Command]) -> bool:
    try:
        channel.send(_ready())
    except OSError:
        return False
    return Worker(box, channel, Engine(box, channel.send)).run()


def main() -> None:
    """Run a worker as the command line says, and end the process.

    The end is ExitProcess: it stops the module's own threads and calls ``DllMain(DLL_PROCESS_DETACH)`` in what is
    still loaded, which the black box therefore names as the phase.
    """
    gc.freeze()  # what was imported stays: no collection has to look at it
    box = BlackBox(sys.argv[1])
    channel: Channel[Command] = Channel(*_open_pipes(box), Command)
    box.leave(asked=_serve(box, channel))
    box.begin("DLL_PROCESS_DETACH", "")
    os._exit(0)
