"""``pyiismod serve``: a real port in front of modules."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pyiismod.cli import arguments, screen
from pyiismod.cli.failures import show_error
from pyiismod.cli.options import OUTPUT, Env, IisVersion, Root, Schedule, Timeout
from pyiismod.errors import PyiismodError

if TYPE_CHECKING:
    from pyiismod.server import Server

__all__ = ["serve"]


def serve(
    modules: Annotated[
        list[Path],
        typer.Argument(metavar="MODULE.dll…", help="Native modules, in <modules> order.", show_default=False),
    ],
    host: Annotated[str, typer.Option("--host", metavar="HOST", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", "-p", metavar="N", min=0, max=65535, help="0: any free one.")] = 8080,
    root: Root = None,
    iis_version: IisVersion = "10.0",
    env: Env = None,
    schedule: Schedule = "threaded",
    timeout: Timeout = 30.0,
    trace: Annotated[
        bool, typer.Option("--trace", help="Show the timeline of each request.", rich_help_panel=OUTPUT)
    ] = False,
    record: Annotated[
        Path | None,
        typer.Option(
            "--record", metavar="FILE", help="Write all requests to a .har or .http file.", rich_help_panel=OUTPUT
        ),
    ] = None,
    reports: Annotated[
        Path | None,
        typer.Option(
            "--reports",
            metavar="DIR",
            help="Folder for reports of modules that fail; one of pyiismod's own when left out.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
) -> None:
    """Serve HTTP through native modules, until Ctrl-C.

    \b
    pyiismod serve hello.dll                            http://127.0.0.1:8080/
    pyiismod serve auth.dll rewrite.dll --root wwwroot  modules before static content
    pyiismod serve hello.dll --trace                    and all that happens
    pyiismod serve hello.dll --record session.har       for pyiismod replay

    Only this machine reaches the port unless --host says otherwise. A module that crashes or hangs costs the requests
    that it has: they get a 502 with the number of a report, and the next ones find a fresh worker.

    \b
    Exit codes: 0 it was ended by Ctrl-C · 1 a module did not load, or failed on its way out
                2 wrong usage · 3 the runtime is missing or broken
    """
    from pyiismod import port as real
    from pyiismod.asgi import App
    from pyiismod.cli.requestlog import RequestLog
    from pyiismod.replay.recorder import Recorder
    from pyiismod.runtime import home
    from pyiismod.server import Server

    out, err = screen.standard()
    recorder = Recorder(record) if record is not None else None
    iis = Server(
        root=root,
        timeout=timeout,
        environment=arguments.environment(env or []),
        schedule=arguments.schedule(schedule),
        record=trace,
        iis_version=iis_version,
    )
    log = RequestLog(out, reports or home() / "reports", trace=trace)
    with real.listen(host, port) as listening:
        try:
            _load(iis, modules, out)
            if trace:
                log.timeline(iis.trace, iis.refused)
            if not real.is_loopback(host):
                err.text(f"warning: everybody who can reach {host} can reach these modules; 127.0.0.1 is only for you")
            out.text(f"Listening on {real.url_of(listening)} (Ctrl-C ends it)")
            shown = len(iis.trace)
            app: Any = App(iis, on_error=_restarting(iis, log), on_end=log.ended)
            real.run(recorder.around(app) if recorder is not None else app, listening)
        except PyiismodError:
            iis.close()
            raise
        finally:
            if recorder is not None:
                recorder.save()
    out.text("Ending: modules are told, and unloaded.")
    shown = len(iis.trace)
    iis.close()
    if trace:
        log.timeline(iis.trace[shown:], iis.refused)


def _load(iis: Server, modules: Iterable[Path], out: screen.Screen) -> None:
    from pyiismod.report.modules import module_tree

    here = Path.cwd()
    for path in modules:
        module = iis.load(path)
        out.show(module_tree(module, base=here))


def _restarting(iis: Server, log: Any) -> Any:
    """Return what keeps the report of a failure and has a fresh worker started at once."""

    def start() -> None:
        try:
            iis.start()
        except PyiismodError as error:
            _, err = screen.standard()
            show_error(error, err)

    def failed(error: PyiismodError, scope: Any) -> str:
        text: str = log.failed(error, scope)
        Thread(target=start, name="pyiismod-restart", daemon=True).start()
        return text

    return failed
