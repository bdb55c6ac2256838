"""All commands, gathered."""

from __future__ import annotations

from typing import Annotated

import typer

from generator.version import __version__
from netjigsaw.cli.puzzles import generate, layouts, suite
from netjigsaw.cli.results import board, compare, show
from netjigsaw.cli.shared.console import say
from netjigsaw.cli.submissions import submit, verify
from netjigsaw.cli.trials import check, listing, new_solver, run, solve

__all__ = ["build_app"]

HELP = """Take trained networks apart, put them back together, and measure who does it best.

Three steps: make a puzzle, run solvers on it, look at the table.

  netjigsaw generate reassembly --preset tiny --out puzzle
  netjigsaw run puzzle --results results
  netjigsaw leaderboard --results results

Anywhere: --plugin FILE.py|MODULE loads new families and solvers; --traceback shows where an error arose.
"""


def _show_version(asked: bool) -> None:  # noqa: FBT001 - typer's way to call back
    if asked:
        say(__version__)
        raise typer.Exit


def build_app(plugins: tuple[str, ...]) -> typer.Typer:
    """Build the command line; `plugins` are handed on to every process that a command starts."""
    app = typer.Typer(no_args_is_help=True, rich_markup_mode="rich", pretty_exceptions_enable=False)

    @app.callback(help=HELP)
    def root(
        *,
        _version: Annotated[
            bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_show_version)
        ] = False,
    ) -> None:
        pass

    for command in (
        generate,
        layouts,
        solve,
        run,
        board,
        compare,
        submit,
        verify,
        check,
        new_solver,
        show,
        suite,
        listing,
    ):
        command.add(app, plugins)
    return app
