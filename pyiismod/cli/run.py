"""``pyiismod run``: like curl, through the module."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pyiismod.cli import arguments, screen
from pyiismod.cli.arguments import Order
from pyiismod.cli.failures import defect, show_error
from pyiismod.cli.options import OUTPUT, SERVER, Env, IisVersion, Json, Others, Root, Schedule, Timeout
from pyiismod.errors import PyiismodError, UsageError
from pyiismod.report.files import check, write
from pyiismod.report.record import Run

if TYPE_CHECKING:
    from pyiismod.replay.recorder import Recorder
    from pyiismod.response import Response
    from pyiismod.server import Server

__all__ = ["perform", "run"]

_REQUEST = "Request"


def run(
    module: Annotated[Path, typer.Argument(metavar="MODULE.dll", help="The native module.", show_default=False)],
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[METHOD] URL",
            help="The method, GET (with -d: POST) when left out; http://host/path?query, or only /path?query.",
            show_default=False,
        ),
    ],
    request: Annotated[
        str | None, typer.Option("-X", "--request", metavar="METHOD", help="The method.", rich_help_panel=_REQUEST)
    ] = None,
    header: Annotated[
        list[str] | None,
        typer.Option(
            "-H", "--header", metavar="'Name: value'", help="Send a header. Repeatable.", rich_help_panel=_REQUEST
        ),
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(
            "-d",
            "--data",
            metavar="DATA|@FILE",
            help="Send a body: text, the bytes of a file, or with @- those of standard input. Repeated, joined by &.",
            rich_help_panel=_REQUEST,
        ),
    ] = None,
    others: Others = None,
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="NAME", help="Name of MODULE.dll in <globalModules>.", rich_help_panel=SERVER),
    ] = None,
    root: Root = None,
    iis_version: IisVersion = "10.0",
    env: Env = None,
    schedule: Schedule = "threaded",
    timeout: Timeout = 30.0,
    trace: Annotated[
        bool,
        typer.Option("--trace", help="Show registration and timeline.", rich_help_panel=OUTPUT),
    ] = False,
    as_json: Json = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Write the body to a file; with - only the body goes to standard output.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    reports: Annotated[
        list[Path] | None,
        typer.Option(
            "--report",
            metavar="FILE",
            help="Write a report, also of a failure: .html a page, .json for ui.perfetto.dev, .xml as IIS traces. "
            "Repeatable.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option(
            "--record",
            metavar="FILE",
            help="Write request and response to a .har or .http file.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    fail: Annotated[
        bool,
        typer.Option("-f", "--fail", help="Exit with 1 when the status is 400 or more.", rich_help_panel=OUTPUT),
    ] = False,
    verbose: Annotated[
        bool,
        typer.Option("-v", "--verbose", help="In a crash report, show everything.", rich_help_panel=OUTPUT),
    ] = False,
) -> None:
    """Load a native module, fire one request through it, unload it, and show what happened.

    \b
    pyiismod run hello.dll /
    pyiismod run hello.dll --trace 'http://localhost/app?x=1' -H 'X-Test: 1'
    pyiismod run upload.dll PUT /file -d @photo.jpg -H 'Content-Type: image/jpeg'
    pyiismod run auth.dll --module rewrite.dll --root wwwroot /index.html
    pyiismod run hello.dll / --json | jq .outcome
    pyiismod run hello.dll / --report hello.html

    \b
    Exit codes: 0 fine, whatever the HTTP status (but see --fail)
                1 the module failed: it did not load, crashed or hung
                2 wrong usage
                3 the runtime is missing or broken
    """
    out, err = screen.standard()
    to_stdout = output is not None and str(output) == "-"
    if to_stdout and as_json:
        raise UsageError("Both --json and -o - want standard output.", hint="Leave one of them out.")
    method, url = arguments.target(words, request, "POST" if data else "GET")
    lines = arguments.headers(header or ())
    content = arguments.body(data or [])
    if content is not None and not any(name.strip().lower() == "content-type" for name, _ in lines):
        lines.append(("Content-Type", "application/x-www-form-urlencoded"))
    order = Order(
        [(module, name), *((other, None) for other in others or ())],
        method,
        url,
        lines,
        content,
        {
            "root": root,
            "timeout": timeout,
            "environment": arguments.environment(env or []),
            "schedule": arguments.schedule(schedule),
            "iis_version": iis_version,
        },
    )
    for report in reports or ():
        check(report)
    recorder = _recorder(record)
    from pyiismod.server import Server

    result = perform(order, Server)
    for report in reports or ():
        if not isinstance(result.error, UsageError):
            write(report, result)
    if recorder is not None:
        _keep(recorder, order, result)
    if output is not None and not to_stdout and result.response is not None:
        _save(output, result.response.content)
    if as_json:
        out.text(json.dumps(result.as_dict(), indent=2))
    else:
        if method != method.upper():
            err.text(f"note: the method {method!r} is sent as it is; methods are case-sensitive")
        _present(result, err if to_stdout else out, err, trace=trace)
        if result.error is None and result.output:
            err.text("The module printed:")
            err.text(result.output.removesuffix("\n"))
        if result.response is not None:
            if to_stdout:
                out.bytes(result.response.content)
            elif output is None:
                _show_body(result.response, out)
        if result.error is not None:
            show_error(result.error, err, registers=trace, everything=verbose)
    raise typer.Exit(_exit_code(result, fail))


def perform(order: Order, server: Callable[..., Server]) -> Run:
    """Carry out an order, from the first load to the last unload.

    Args:
        order: what to do.
        server: makes the server.

    Returns:
        what came of it; every error is in there, not raised.
    """
    from pyiismod.request import build
    from pyiismod.response import Sent

    modules, response, iis, error, asked, began = [], None, None, None, None, time.time()
    try:
        schedule = order.server["schedule"]
        # before anything is started
        fire = build(order.method, order.url, headers=order.headers, content=order.content, schedule=schedule)
        asked = Sent.of(fire)
        with server(**order.server) as iis:
            for path, name in order.modules:
                modules.append(iis.load(path, name))
            response = iis.request(order.method, order.url, headers=order.headers, content=order.content)
    except PyiismodError as problem:
        error = problem
    except Exception as problem:
        error = defect(problem)
    trace = None if iis is None else iis.trace
    refused = () if iis is None else iis.refused
    output = "" if iis is None else iis.output
    return Run(modules, response, trace, refused, error, output, asked, began)


def _recorder(path: Path | None) -> Recorder | None:
    if path is None:
        return None
    from pyiismod.replay.recorder import Recorder

    return Recorder(path)


def _keep(recorder: Recorder, order: Order, result: Run) -> None:
    from pyiismod.replay.recorded import Recorded, Reply

    response = result.response
    reply = None
    if response is not None and response.status:
        reply = Reply(response.status, response.reason, tuple(response.headers.lines()), response.content)
    url = order.url if "://" in order.url else f"http://localhost{order.url}"
    headers = tuple(order.headers)
    recorder.add(Recorded(order.method, url, headers, order.content, reply=reply, began=result.began))
    recorder.save()


def _present(result: Run, out: screen.Screen, err: screen.Screen, *, trace: bool) -> None:
    if trace:
        _show_trace(result, out)
    if result.response is not None:
        _show_head(result.response, out)
    if not trace:
        _show_notes(result, err)


def _show_trace(result: Run, out: screen.Screen) -> None:
    from pyiismod.report.modules import module_tree
    from pyiismod.report.timeline import timeline_trees

    here = Path.cwd()
    modules = [module_tree(module, base=here) for module in result.modules]
    for tree in (*modules, *timeline_trees(result.trace or (), refused=result.refused)):
        out.show(tree)
        out.text("")


def _show_head(response: Response, out: screen.Screen) -> None:
    from pyiismod.report.response import head_lines, head_text

    if out.painted:
        out.show(head_text(response))
    else:
        out.text("\n".join(head_lines(response)))
    out.text("")


def _show_body(response: Response, out: screen.Screen) -> None:
    from pyiismod.report.response import body_note, body_text

    if not out.terminal:
        out.bytes(response.content)
    elif (text := body_text(response)) is None:
        out.text(body_note(response, "-o FILE saves it"))
    elif text:
        out.text(text.removesuffix("\n"))


def _show_notes(result: Run, err: screen.Screen) -> None:
    from pyiismod.report.values import visible

    if result.refused:
        names = ", ".join(dict.fromkeys(result.refused))
        err.text(f"note: called and not served by this host: {names} (--trace shows where)")
    for module in result.modules:
        for warning in module.warnings:
            err.text(f"note: {visible(warning)}")
    for violation in result.trace.violations if result.trace else ():
        err.text(f"note: {violation.rule.id} {visible(violation)}")


def _save(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise UsageError(f"Cannot write the body to {str(path)!r}: {error.strerror}.") from None


def _exit_code(result: Run, fail: bool) -> int:
    if result.error is not None:
        return result.error.exit_code
    return int(fail and result.response is not None and result.response.status >= 400)
