"""`netjigsaw show`: summarise a puzzle or a run, and draw it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from tabulate import tabulate

from generator.errors import SpecError
from netjigsaw.cli.shared.console import progress_bar, remark, say
from netjigsaw.cli.shared.limits import Answers
from netjigsaw.cli.shared.targets import find_targets, load_one

if TYPE_CHECKING:
    from benchmark.results.store import Store
    from benchmark.results.trial import Row
    from benchmark.suites.loading import Target
    from generator.puzzle.storage import LoadedPuzzle
    from leaderboard.pictures.run import Series

__all__ = ["add"]

MOST_POINTS = 40
"""Most reports scored per trial for its curve. A larger number gives a finer curve and takes longer; hand-set."""


def add(app: typer.Typer, plugins: tuple[str, ...]) -> None:
    """Add the command."""

    @app.command("show")
    def show(
        what: Annotated[
            list[str],
            typer.Argument(help="Folders of puzzles or of results, or suite/name for a puzzle of a suite."),
        ],
        out: Annotated[Path | None, typer.Option(help="PNG file to write. (default: the folder's name + .png)")] = None,
        answers: Answers = None,
        puzzle: Annotated[
            list[str] | None,
            typer.Option(help="With results: a puzzle or suite, to draw its errors over time; repeat for several."),
        ] = None,
        *,
        text: Annotated[
            bool, typer.Option("--text", help="Print sizes and settings, or the table of a run; draw nothing.")
        ] = False,
    ) -> None:
        """Summarise a puzzle, several puzzles or a run, and draw it.

        If the sealed answer is available, a puzzle is drawn in its true order, with the statistics of its true pairs.
        Several puzzles of one family, such as the checkpoints of one training run, become a table and one picture.
        With --text nothing is drawn, and a puzzle's statistics are left out, because they take longer than the rest.

        Examples:
          netjigsaw show p1 --text

          netjigsaw show p1

          netjigsaw show checkpoints --out training.png

          netjigsaw show results --puzzle p1 --out run.png
        """
        if text and (out is not None or puzzle):
            raise SpecError("--text draws nothing; leave out --text, or --out and --puzzle")
        first = Path(what[0])
        target = out or Path(f"{(first if len(what) == 1 else first.parent).resolve().name}.png")
        if len(what) > 1 or not _is_store(first):
            _show_puzzles(what, answers, plugins, None if text else target)
        elif text:
            say(_table_of(first))
        else:
            _show_run(first, target, _loaded(puzzle or [], answers))


def _is_store(folder: Path) -> bool:
    """Tell whether a folder is meant as a result store; one without rows gives way to the puzzles that it holds."""
    from benchmark.suites.folders import puzzles_at

    if not folder.is_dir() or any((folder / name).exists() for name in ("manifest.json", "suite.toml")):
        return False
    return any(folder.glob("rows-*.jsonl")) or not puzzles_at(folder)


def _loaded(puzzles: list[str], answers: Path | None) -> list[LoadedPuzzle]:
    """Read the puzzles to score reports on. Unbuilt puzzles of a suite have no rows, so they are left out."""
    from benchmark.suites.loading import load_target

    return [item for target in find_targets(puzzles) for item in load_target(target.built, answers)]


def _show_puzzles(what: list[str], answers: Path | None, plugins: tuple[str, ...], target: Path | None) -> None:
    """Show one puzzle, or the puzzles of several folders together; a suite names one puzzle."""
    targets = find_targets(what)
    if len(targets) == 1:
        _show_puzzle(load_one(what[0], answers, plugins)[1], target)
    else:
        _show_series([load_one(_named(one), answers, plugins)[1] for one in targets], target)


def _named(target: Target) -> str:
    """Write a target as an argument that names it."""
    if target.folder is not None:
        return str(target.folder)
    assert target.suite is not None  # noqa: S101 - a target is a folder or a suite
    return target.suite.name if len(target.entries) != 1 else f"{target.suite.name}/{target.entries[0].name}"


def _show_series(loaded: list[LoadedPuzzle], target: Path | None) -> None:
    """Print a table of several puzzles, and draw them in one picture if the family has one."""
    from leaderboard.pictures.puzzle import draw_series, tabulate_series

    rows = tabulate_series(loaded, statistics=target is not None)
    say(tabulate(rows, headers="keys", tablefmt="plain", disable_numparse=True))
    if target is None:
        return
    from leaderboard.pictures.drawing import save_png

    figure = draw_series(loaded, target.stem)
    if figure is None:
        family = loaded[0].puzzle.manifest.family
        remark(f"family {family!r} has no picture of several puzzles; show one of them to draw it")
        return
    save_png(figure, target)
    say(f"picture in {target}")


def _show_puzzle(loaded: LoadedPuzzle, target: Path | None) -> None:
    """Print what is known of a puzzle; draw it, and compute its statistics, if there is a file to draw to."""
    from leaderboard.pictures.puzzle import draw_puzzle, summarise_puzzle

    puzzle, sealed = loaded.puzzle, loaded.sealed
    lines = summarise_puzzle(puzzle, sealed, statistics=target is not None)
    say(tabulate(lines, tablefmt="plain", disable_numparse=True, maxcolwidths=[None, 90]))
    if target is None:
        return
    from leaderboard.pictures.drawing import save_png

    figure = draw_puzzle(puzzle, sealed)
    if figure is None:
        remark(f"family {puzzle.manifest.family!r} has no pictures, so no PNG file was written")
        return
    save_png(figure, target)
    say(f"picture in {target}")


def _table_of(folder: Path) -> str:
    from benchmark.results.store import Store
    from leaderboard.ranking.frame import frame_of
    from leaderboard.ranking.rank import rank_frame
    from leaderboard.tables.render import render

    return render(rank_frame(frame_of(Store(folder).rows())), "plain")


def _show_run(folder: Path, target: Path, puzzles: list[LoadedPuzzle]) -> None:
    from benchmark.results.naming import with_distinct_names
    from benchmark.results.store import Store
    from leaderboard.pictures.drawing import save_png
    from leaderboard.pictures.run import draw_run
    from leaderboard.ranking.frame import frame_of
    from leaderboard.ranking.rank import rank_frame
    from leaderboard.tables.render import render

    store = Store(folder)
    held = store.rows()
    rows, frame = with_distinct_names(held), frame_of(held)
    loaded = {item.puzzle.digest: item for item in puzzles}
    rankings = rank_frame(frame)
    say(render(rankings, "plain"))
    for family in (ranking.family for ranking in rankings):
        known = [row for row in rows if row.family == family and row.puzzle in loaded]
        figure = draw_run(frame, family, _series(store, family, known, loaded))
        path = target if len(rankings) == 1 else target.with_stem(f"{target.stem}-{family}")
        save_png(figure, path)
        say(f"picture in {path}")


def _series(store: Store, family: str, rows: list[Row], puzzles: dict[str, LoadedPuzzle]) -> list[Series]:
    """Score the reported answers of the given trials of a family by the family's first error metric."""
    from benchmark.running.judge import Judge
    from leaderboard.pictures.run import Series, error_metric

    metric = error_metric(family)
    if metric is None:
        return []
    series, judge = [], Judge()
    with progress_bar() as bar:
        for row in bar.track(rows, task_id=bar.add_task("scoring reports", total=len(rows), detail="")):
            outcome = store.outcome(row)
            if outcome is None or not outcome.reports:
                continue
            step = -(-len(outcome.reports) // MOST_POINTS)
            kept = [*outcome.reports[::-step]][::-1]
            scored = [(report.time_s, judge.score(puzzles[row.puzzle], report.answer)) for report in kept]
            # A report in the wrong format has no score. The harness skips it too.
            points = [(time_s, score.metrics[metric.name]) for time_s, score in scored if not isinstance(score, str)]
            if points:
                series.append(Series(row.solver, *zip(*points, strict=True)))
    return series
