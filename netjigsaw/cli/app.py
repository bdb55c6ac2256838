"""Build the command line. Only the module of the command that runs is imported, so that `--help` starts quickly."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Annotated

import typer

from generator.version import __version__
from netjigsaw.cli.shared.console import say

__all__ = ["COMMANDS", "Entry", "build_app"]

HELP = """Make puzzles from trained networks, run solvers on the puzzles, and rank the solvers.

Three steps: make a puzzle, run solvers on it, print the leaderboard.

  netjigsaw generate reassembly --preset tiny --out puzzle
  netjigsaw run puzzle --results results
  netjigsaw leaderboard --results results

Every command takes two more options: --plugin FILE.py|MODULE loads more families and solvers, and --traceback prints
the traceback of an error.
"""


@dataclass(frozen=True)
class Entry:
    """A command in the list of `netjigsaw --help`.

    Attributes:
        module: module whose function `add(app, plugins)` adds the command, below `netjigsaw.cli`.
        panel: heading in the list.
        summary: first line of the command's own help.
    """

    module: str
    panel: str
    summary: str


PUZZLES, SOLVERS, RESULTS = "Puzzles", "Solvers", "Results"

COMMANDS = {
    "generate": Entry(
        "puzzles.generate", PUZZLES, "Make puzzles: train networks, write the public puzzles, seal the answers."
    ),
    "import": Entry("puzzles.layouts", PUZZLES, "Import puzzles that other programs wrote."),
    "export": Entry("puzzles.layouts", PUZZLES, "Export puzzles for other programs."),
    "suite": Entry("puzzles.suite", PUZZLES, "Suites: named lists of puzzles with limits."),
    "families": Entry("trials.listing", PUZZLES, "List the puzzle families and their presets."),
    "run": Entry(
        "trials.run", SOLVERS, "Run solvers on puzzles, each trial in its own process, and write one row per trial."
    ),
    "solve": Entry(
        "trials.solve",
        SOLVERS,
        "Run one solver on one puzzle in its own process, and print the answer on the last line.",
    ),
    "solvers": Entry(
        "trials.listing",
        SOLVERS,
        "List every registered solver: family, parameters, what it does, source and origin.",
    ),
    "new-solver": Entry(
        "trials.new_solver", SOLVERS, "Write a short working solver to a file, and print the next commands."
    ),
    "check": Entry(
        "trials.check",
        SOLVERS,
        "Run a solver on small and unusual puzzles, report each breach of the solver contract, and suggest a fix.",
    ),
    "leaderboard": Entry("results.board", RESULTS, "Rank the solvers of a store, of submitted bundles, or of both."),
    "show": Entry("results.show", RESULTS, "Summarise a puzzle, several puzzles or a run, and draw it."),
    "compare": Entry(
        "results.compare", RESULTS, "Compare two sets of results puzzle by puzzle, and fail if the second is worse."
    ),
    "score": Entry(
        "results.board", RESULTS, "Compute the metrics of stored results again from their raw answers. No solver runs."
    ),
    "submit": Entry(
        "submissions.submit",
        RESULTS,
        "Run a solver on a whole suite, with its limits and seeds, and bundle the results for others to verify.",
    ),
    "verify": Entry(
        "submissions.verify",
        RESULTS,
        "Verify submitted bundles: score every raw answer again on the puzzles here, and compare.",
    ),
}
"""The commands by name, in the order of `netjigsaw --help`."""


def _show_version(asked: bool) -> None:  # noqa: FBT001 - typer passes it by position
    if asked:
        say(__version__)
        raise typer.Exit


def build_app(command: str | None, plugins: tuple[str, ...]) -> typer.Typer:
    """Build the command line for one command; every other command is a line of `--help` only.

    Args:
        command: name of the command that runs; None or an unknown name for `--help` and for errors.
        plugins: plug-ins that every process of the command loads.
    """
    app = typer.Typer(no_args_is_help=True, rich_markup_mode="rich", pretty_exceptions_enable=False)

    @app.callback(help=HELP)
    def root(
        *,
        _version: Annotated[
            bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_show_version)
        ] = False,
    ) -> None:
        pass

    chosen = COMMANDS[command].module if command in COMMANDS else None
    if chosen is not None:
        import_module(f"netjigsaw.cli.{chosen}").add(app, plugins)
    for name, entry in COMMANDS.items():
        if entry.module != chosen:
            app.command(name, help=entry.summary, rich_help_panel=entry.panel)(_listed_only)
    return app


def _listed_only() -> None:
    """Stand for a command that does not run in this process."""
