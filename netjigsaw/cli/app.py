"""Build the command line from all commands."""

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

HELP = """Make puzzles from trained networks, run solvers on the puzzles, and rank the solvers.

Three steps: make a puzzle, run solvers on it, print the leaderboard.

  netjigsaw generate reassembly --preset tiny --out puzzle
  netjigsaw run puzzle --results results
  netjigsaw leaderboard --results results

Every command takes two more options: --plugin FILE.py|MODULE loads more families and solvers, and --traceback prints
the traceback of an error.
"""


def _show_version(asked: bool) -> None:  # noqa: FBT001 - typer passes it by position
    if asked:
        say(__version__)
        raise typer.Exit


def build_app(plugins: tuple[str, ...]) -> typer.Typer:
    """Build the command line. Every process that a command starts also loads `plugins`."""
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
