"""`netjigsaw leaderboard` and `netjigsaw score`: tables from a store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from generator.errors import SpecError, StorageError
from netjigsaw.cli.console import say
from netjigsaw.cli.limits import Answers
from netjigsaw.cli.targets import find_targets

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
    html: Annotated[
        Path | None, typer.Option(help="Write a page instead: one file with everything, that opens without a network.")
    ] = None,
) -> None:
    """Rank the solvers of a store.

    Examples:
      netjigsaw leaderboard --results results

      netjigsaw leaderboard --results results --format github --by depth

      netjigsaw leaderboard --results results --html site/index.html
    """
    from benchmark.store import Store
    from leaderboard.frame import frame_of_store
    from leaderboard.planned import headline_of, with_plan

    _check_results(results)
    store = Store(results)
    sessions = store.sessions().values()
    if html is None:
        from leaderboard.ranking import rank_frame
        from leaderboard.tables import render

        frame = with_plan(frame_of_store(store), sessions)
        say(render(rank_frame(frame, by=by, headline=headline_of(sessions)), style).rstrip("\n"))
        return
    if by or style != "plain":
        raise SpecError("--html has every table and label on one page; leave --by and --format out")
    from leaderboard.page.make import write_page

    size = write_page(store, with_plan(frame_of_store(store, details=True), sessions), html)
    say(f"page in {html}, {size / 2**20:.2f} MiB")


def score(
    puzzles: Annotated[list[str], typer.Argument(help="Folders of the puzzles, or suites.")],
    results: Results = Path("results"),
    answers: Answers = None,
) -> None:
    """Compute every metric anew from the raw answers, without running anything.

    Example:
      netjigsaw score p1 p2 --results results
    """
    from benchmark.rescore import rescore
    from benchmark.store import Store
    from benchmark.suites.loading import load_target

    _check_results(results)
    before = {row.trial: row for row in Store(results).rows()}
    loaded = [item for target in find_targets(puzzles) for item in load_target(target.built, answers)]
    rows = rescore(results, loaded)
    say(f"{sum(row != before[row.trial] for row in rows)} of {len(rows)} rows changed")


def _check_results(folder: Path) -> None:
    if not folder.is_dir():
        raise StorageError(f"no results at {folder}; netjigsaw run writes them")
