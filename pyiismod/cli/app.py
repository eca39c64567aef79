"""The commands, and the one door through which errors leave."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

import pyiismod
from pyiismod.cli.failures import defect, show_error
from pyiismod.cli.run import run
from pyiismod.cli.screen import standard
from pyiismod.errors import PyiismodError, UsageError
from pyiismod.report.record import Run

__all__ = ["application", "main"]


_MORE = ("check", "inspect", "probe", "diff")
"""Commands that are one function of the same name in a module of the same name."""

_WITHOUT: dict[str, dict[str, Any]] = {"check": {"outcome": "not_checked"}}
"""What the JSON document of a command says besides its error, when there is nothing else to say."""


class _Run(TyperCommand):
    """``run``: the optional method stands before the URL, which a generated usage line cannot say."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return what stands after ``pyiismod run`` in the usage line."""
        return ["MODULE.dll", "[METHOD]", "URL", "[OPTIONS]"]


def application(words: list[str]) -> typer.Typer:
    """Return the commands that a command line needs: one alone where it is named, because each costs start-up."""
    app = typer.Typer(
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
        pretty_exceptions_enable=False,
    )
    app.callback(invoke_without_command=True)(_pyiismod)
    app.command(cls=_Run)(run)
    one = words[:1] and words[0] in ("run", *_MORE)
    for name in _MORE:
        if not one or name == words[0]:
            app.command(name)(getattr(import_module(f"pyiismod.cli.{name}"), name))
    if not one:
        from pyiismod.cli import runtime

        app.add_typer(runtime.app, name="runtime")
        app.command("exec", context_settings=runtime.EXEC_SETTINGS)(runtime.exec_python)
    return app


def main(arguments: list[str] | None = None) -> int:
    """Carry out one command line and return its exit code.

    0 fine · 1 the module failed · 2 wrong usage · 3 the runtime is missing or broken · 130 interrupted.
    """
    words = sys.argv[1:] if arguments is None else arguments
    out, err = standard()
    try:
        return int(application(words)(args=words, prog_name="pyiismod", standalone_mode=False) or 0)
    except PyiismodError as problem:
        error = problem
    except typer.TyperException as problem:
        if not problem.format_message():  # help was shown for want of a command
            return 0
        context = getattr(problem, "ctx", None)
        hint = f"See {context.command_path if context else 'pyiismod'} --help."
        error = UsageError(problem.format_message(), hint=hint)
    except typer.Abort:
        err.text("Aborted.")
        return 1
    except Exception as problem:
        error = defect(problem)
    if words[:1] == ["run"] and "--json" in words:
        out.text(json.dumps(Run(error=error).as_dict(), indent=2))
    elif words[:1] and words[0] in _MORE and "--json" in words:
        out.text(json.dumps({**_WITHOUT.get(words[0], {}), "error": error.as_dict()}, indent=2))
    else:
        show_error(error, err)
    return error.exit_code


def _version(asked: bool) -> None:
    if asked:
        print(f"pyiismod {pyiismod.__version__}")
        raise typer.Exit


def _pyiismod(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("-v", "--version", help="Show the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Load a real native IIS module, give it a faithful IIS, and see exactly what it does. No IIS needed.

    \b
    pyiismod run hello.dll /              fire one request through a module
    pyiismod run hello.dll / --trace      and show all that happens meanwhile
    pyiismod check hello.dll              say why it fails, or prove that it behaves
    pyiismod inspect hello.dll            what it is and would do, without running it
    pyiismod run --help                   more examples
    """
    if context.invoked_subcommand is None:
        print(context.get_help())
