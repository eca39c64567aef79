"""``pyiismod replay``: requests from files, through a module."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from pyiismod.cli import arguments, screen
from pyiismod.cli.failures import show_error
from pyiismod.cli.options import OUTPUT, Env, IisVersion, Json, Others, Root, Schedule, Timeout
from pyiismod.errors import ModuleError, PyiismodError

if TYPE_CHECKING:
    from pyiismod.replay.recorded import Recorded
    from pyiismod.response import Response
    from pyiismod.server import Server

__all__ = ["replay"]


class Replayed(NamedTuple):
    """One request of a file, and what came of it now."""

    recorded: Recorded
    response: Response | None
    error: PyiismodError | None

    @property
    def is_other(self) -> bool:
        """Whether the status is not the recorded one."""
        then = self.recorded.reply
        return then is not None and self.response is not None and then.status != self.response.status


def replay(
    module: Annotated[Path, typer.Argument(metavar="MODULE.dll", help="The native module.", show_default=False)],
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE…", help="HAR, .http, curl command lines, or raw HTTP, in that order.", show_default=False
        ),
    ],
    others: Others = None,
    root: Root = None,
    iis_version: IisVersion = "10.0",
    env: Env = None,
    schedule: Schedule = "threaded",
    timeout: Timeout = 30.0,
    as_json: Json = False,
    fail: Annotated[
        bool,
        typer.Option("-f", "--fail", help="Exit with 1 when a status is not the recorded one.", rich_help_panel=OUTPUT),
    ] = False,
) -> None:
    """Fire the requests of files through a module, one after the other, and say what has become of them.

    \b
    pyiismod replay waf.dll session.har           what a browser has recorded
    pyiismod replay api.dll tests/api.http        what an editor sends
    pyiismod replay hello.dll attacks.sh          curl command lines
    pyiismod replay hello.dll session.har --fail  a regression test: the same statuses as then

    A module that crashes costs that request; the next one finds a fresh worker.

    \b
    Exit codes: 0 fine · 1 the module failed, or with --fail a status is another one
                2 wrong usage · 3 the runtime is missing or broken
    """
    from pyiismod.replay.files import read
    from pyiismod.server import Server

    out, err = screen.standard()
    requests = [request for file in files for request in read(file)]
    server: dict[str, Any] = {
        "root": root,
        "iis_version": iis_version,
        "environment": arguments.environment(env or []),
        "schedule": arguments.schedule(schedule),
        "timeout": timeout,
    }
    found = []
    error: PyiismodError | None = None
    try:
        with Server(**server) as iis:
            for path in (module, *(others or ())):
                iis.load(path)
            for request in requests:
                found.append(_fired(iis, request))
                if not as_json:
                    _show(found[-1], out, err)
    except ModuleError as problem:
        error = problem
    if as_json:
        out.text(json.dumps(_document(found, error), indent=2))
    else:
        if error is not None:
            show_error(error, err)
        out.text(_summary(found))
    failed = error is not None or any(each.error is not None for each in found)
    raise typer.Exit(int(failed or (fail and any(each.is_other for each in found))))


def _fired(iis: Server, request: Recorded) -> Replayed:
    """Fire one request; a failure of the module is what came of it."""
    try:
        response = iis.request(
            request.method,
            request.url,
            headers=request.headers,
            content=request.content,
            http_version=request.http_version,
        )
    except PyiismodError as error:
        if error.exit_code == 3:
            raise
        return Replayed(request, None, error)
    return Replayed(request, response, None)


def _show(replayed: Replayed, out: screen.Screen, err: screen.Screen) -> None:
    from pyiismod.report.values import size, visible

    recorded, response = replayed.recorded, replayed.response
    line = f"{recorded.method} {visible(recorded.url)}"
    if response is None:
        out.text(f"{line}  failed  ({recorded.place})")
        if replayed.error is not None:
            show_error(replayed.error, err)
        return
    was = f"  was {recorded.reply.status}" if replayed.is_other and recorded.reply else ""
    out.text(f"{line}  {response.status}{was}  {size(len(response.content))}  ({recorded.place})")
    for violation in response.trace.violations:
        out.text(f"    {violation.rule.id} {visible(violation)}")


def _summary(found: Iterable[Replayed]) -> str:
    all_of_them = list(found)
    failed = sum(each.error is not None for each in all_of_them)
    other = sum(each.is_other for each in all_of_them)
    many = "1 request" if len(all_of_them) == 1 else f"{len(all_of_them)} requests"
    return f"{many}, {failed} failed, {other} with another status than recorded"


def _document(found: Iterable[Replayed], error: PyiismodError | None) -> dict[str, Any]:
    requests = [_entry(each) for each in found]
    outcome = "completed" if error is None else error.outcome if isinstance(error, ModuleError) else "crashed"
    return {"outcome": outcome, "error": None if error is None else error.as_dict(), "requests": requests}


def _entry(replayed: Replayed) -> dict[str, Any]:
    from pyiismod.report.record import response_document

    recorded, response = replayed.recorded, replayed.response
    return {
        "place": recorded.place,
        "method": recorded.method,
        "url": recorded.url,
        "recorded_status": None if recorded.reply is None else recorded.reply.status,
        "error": None if replayed.error is None else replayed.error.as_dict(),
        "response": None if response is None else response_document(response),
        "violations": []
        if response is None
        else [{"rule": each.rule.id, "text": str(each)} for each in response.trace.violations],
    }
