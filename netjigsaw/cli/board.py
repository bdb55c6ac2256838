"""`netjigsaw leaderboard` and `netjigsaw score`: tables from a store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from generator.errors import StorageError
from netjigsaw.cli.console import say
from netjigsaw.cli.limits import Answers

__all__ = ["add"]

Results = Annotated[Path, typer.Option(help="Folder of the store.")]


def add(app: typer.Typer, _: tuple[str, ...]) -> None:
    """Add the commands."""
    app.command("leaderboard")(leaderboard)
    app.command("score")(score)


def leaderboard(
    results: Results = Path("results"),
    style: Annotated[str, typer.Option("--format", help="github, plain, csv or json.")] = "plain",
    by: Annotated[str, typer.Option(help="One table per puzzle, family, depth, regime or other label.")] = "",
) -> None:
    """Rank the solvers of a store.

    Examples:
      netjigsaw leaderboard --results results

      netjigsaw leaderboard --results results --format github --by depth
    """
    from benchmark.store import Store
    from leaderboard.ranking import rank
    from leaderboard.tables import render

    _check_results(results)
    say(render(rank(Store(results).rows(), by=by), style).rstrip("\n"))


def score(
    puzzles: Annotated[list[Path], typer.Argument(help="Folders of the puzzles.")],
    results: Results = Path("results"),
    answers: Answers = None,
) -> None:
    """Compute every metric anew from the raw answers, without running anything.

    Example:
      netjigsaw score p1 p2 --results results
    """
    from benchmark.request import load_for_run
    from benchmark.rescore import rescore
    from benchmark.store import Store

    _check_results(results)
    before = {row.trial: row for row in Store(results).rows()}
    rows = rescore(results, [load_for_run(folder, answers) for folder in puzzles])
    say(f"{sum(row != before[row.trial] for row in rows)} of {len(rows)} rows changed")


def _check_results(folder: Path) -> None:
    if not folder.is_dir():
        raise StorageError(f"no results at {folder}; netjigsaw run writes them")
