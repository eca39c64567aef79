"""Stands in for supervisor.exe and the worker, on this side, without Wine: ``fake_worker.py DIRECTORY -- ROLE``.

The role is what it does wrong; "good" nothing.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import pyiismod
from pyiismod.abi import abi_hash
from pyiismod.worker.blackbox import BlackBox
from pyiismod.worker.channel import Channel
from pyiismod.worker.protocol import PROTOCOL_VERSION, Command, Done, Ready, Resolve, Resolved, Shutdown


def ready(**changes: Any) -> Ready:
    facts: dict[str, Any] = {
        "id": 0,
        "protocol": PROTOCOL_VERSION,
        "version": pyiismod.__version__,
        "abi_hash": abi_hash(),
        "pointer_size": 8,
        "python": "3.11.9",
        "process_id": 32,
        "platform": "win32",
    }
    return Ready(**(facts | changes))


WRONG_READY: dict[str, dict[str, Any]] = {
    "old protocol": {"protocol": 0},
    "other version": {"version": "0.0.1"},
    "other abi": {"abi_hash": "0123456789abcdef"},
    "32 bit": {"pointer_size": 4},
}


def main(directory: Path, role: str) -> None:
    channel: Channel[Any] = Channel(0, 1, Command)
    box = BlackBox(os.fspath(directory / "box"))
    if role == "dies at start":
        sys.exit("python.exe: something is missing")
    if role == "silent at start":
        time.sleep(600)
    if role == "prints at start":
        os.write(1, b"Hello from nowhere\n")
    if role == "begins with Done":
        channel.send(Done(0))
    channel.send(ready(**WRONG_READY.get(role, {})))
    while True:
        command = channel.receive()
        match role, command:
            case _, Shutdown():
                channel.send(Done(command.id))
                sys.exit(0)
            case "good", Resolve():
                channel.send(Resolved(command.id, [command.directory], {}, []))
            case "slow and mixed", Resolve():
                held = [command, *(channel.receive() for _ in range(7))]
                for command in reversed(held):
                    channel.send(Resolved(command.id, [command.directory], {}, []))
            case "garbage", _:
                os.write(1, b"\xff" * 64)
                time.sleep(600)
            case "answers twice", _:
                channel.send(Done(command.id))
                channel.send(Done(command.id))
            case "invents a reply", _:
                channel.send(Done(command.id + 7))
            case "dies", _:
                os.write(2, b"last words\n")
                os.kill(os.getpid(), 9)
            case "leaves", _:
                sys.exit(0)
            case "hangs", _:
                box.command(command.id)
                box.begin("notification", "bad.dll", "OnBeginRequest", False)
                time.sleep(600)
            case "closes its output", _:
                os.close(1)
                time.sleep(600)
            case "reads no more", _:
                time.sleep(600)
            case _:
                channel.send(Done(command.id))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[3])
