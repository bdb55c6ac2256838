"""`netjigsaw leaderboard` and `netjigsaw score`: rank stored results, and score them again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from generator.errors import SpecError, StorageError
from netjigsaw.cli.shared.console import remark, say
from netjigsaw.cli.shared.limits import Answers
from netjigsaw.cli.shared.targets import find_targets
from netjigsaw.cli.submissions.bundles import SuiteName, verify_all

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from benchmark.results.store import Store
    from benchmark.submission.merging import Merged

__all__ = ["add"]

Results = Annotated[Path, typer.Option(help="Folder of the result store.")]


def add(app: typer.Typer, plugins: tuple[str, ...]) -> None:
    """Add the commands."""
    app.command("score")(score)

    @app.command("leaderboard")
    def leaderboard(
        bundles: Annotated[
            list[Path] | None, typer.Argument(help="Bundles that netjigsaw submit wrote; each is verified first.")
        ] = None,
        results: Annotated[
            Path | None, typer.Option(help="Folder of the result store. (default: results; with bundles, no store)")
        ] = None,
        style: Annotated[str, typer.Option("--format", help="Table format: github, plain, csv or json.")] = "plain",
        by: Annotated[
            str, typer.Option(help="Print one table per value of this label: puzzle, family, depth, regime, ...")
        ] = "",
        html: Annotated[
            Path | None,
            typer.Option(help="Write this HTML file instead of a table; it opens without a network."),
        ] = None,
        suite: SuiteName = None,
        answers: Answers = None,
    ) -> int:
        """Rank the solvers of a store, of submitted bundles, or of both.

        A bundle that does not verify is left out with a reason, and the exit code is 1. With bundles, the table covers
        only their suite.

        Examples:
          netjigsaw leaderboard --results results

          netjigsaw leaderboard --results results --format github --by depth

          netjigsaw leaderboard --results results --html site/index.html

          netjigsaw leaderboard ada.njz bob.njz --results results
        """
        if not bundles:
            if suite is not None or answers is not None:
                raise SpecError("--suite and --answers apply to bundles only; give bundles as well")
            _rank_store(results or Path("results"), style, by, html)
            return 0
        merged, refused = _merge(bundles, results, suite, answers, plugins)
        _rank_merged(merged, style, by, html)
        return 1 if refused else 0


def _rank_store(results: Path, style: str, by: str, html: Path | None) -> None:
    from benchmark.results.store import Store
    from leaderboard.ranking.frame import frame_of_store
    from leaderboard.ranking.planned import headline_of, with_plan

    _check_results(results)
    store = Store(results)
    sessions = store.sessions().values()
    if html is None:
        from leaderboard.ranking.rank import rank_frame
        from leaderboard.tables.render import render

        frame = with_plan(_held(frame_of_store(store), results), sessions)
        say(render(rank_frame(frame, by=by, headline=headline_of(sessions)), style).rstrip("\n"))
        return
    _check_page(style, by)
    from leaderboard.page.make import write_page

    size = write_page(store, with_plan(_held(frame_of_store(store, details=True), results), sessions), html)
    say(f"page in {html}, {size / 2**20:.2f} MiB")


def _held(frame: pd.DataFrame, results: Path) -> pd.DataFrame:
    if frame.empty:
        raise SpecError(f"{results} holds no results (no rows-*.jsonl with a row); netjigsaw run writes them")
    return frame


def _check_page(style: str, by: str) -> None:
    if by or style != "plain":
        raise SpecError("--html has every table and label on one page; leave --by and --format out")


def _merge(
    bundles: Sequence[Path], results: Path | None, suite: str | None, answers: Path | None, plugins: tuple[str, ...]
) -> tuple[Merged, int]:
    """Verify bundles, merge the verified bundles and the store if one is named, and count the refused bundles.

    Raises:
        SpecError: if no bundle verifies.
    """
    from benchmark.results.store import Store
    from benchmark.submission.merging import merge

    if results is not None:
        _check_results(results)
    found, ground = verify_all(bundles, suite, answers, plugins)
    refused = [one for one in found if not one.verified]
    for one in refused:
        others = f"; {len(one.findings) - 1} more, see netjigsaw verify" if len(one.findings) > 1 else ""
        remark(f"refused {one.path}: {one.findings[0].line}{others}")
    if ground is None:
        raise SpecError(f"none of the {len(found)} bundles verifies; netjigsaw verify lists the faults")
    store: Store | None = None if results is None else Store(results)
    merged = merge([one for one in found if one.verified], store, ground)
    if merged.left_out:
        remark(f"left out {merged.left_out} rows of {results} that are not of suite {ground.suite.name}")
    return merged, len(refused)


def _rank_merged(merged: Merged, style: str, by: str, html: Path | None) -> None:
    from leaderboard.ranking.frame import frame_of
    from leaderboard.ranking.machines import with_machines
    from leaderboard.ranking.planned import headline_of, with_plan

    sessions = merged.sessions.values()
    frame = with_machines(with_plan(frame_of(merged.rows, details=True), sessions), merged.sessions)
    if html is None:
        from leaderboard.ranking.rank import rank_frame
        from leaderboard.tables.render import render

        say(render(rank_frame(frame, by=by, headline=headline_of(sessions)), style).rstrip("\n"))
        return
    _check_page(style, by)
    from generator.puzzle.storage import writing_file
    from leaderboard.page.make import make_page

    text = make_page(frame, merged.manifests, merged.sessions).encode()
    with writing_file(html) as scratch:
        scratch.write_bytes(text)
    say(f"page in {html}, {len(text) / 2**20:.2f} MiB")


def score(
    puzzles: Annotated[list[str], typer.Argument(help="Puzzles or folders of puzzles, or suites.")],
    results: Results = Path("results"),
    answers: Answers = None,
) -> None:
    """Compute the metrics of stored results again from their raw answers. No solver runs.

    Example:
      netjigsaw score p1 p2 --results results
    """
    from benchmark.results.store import Store
    from benchmark.running.rescore import rescore
    from benchmark.suites.loading import load_target

    _check_results(results)
    before = {row.trial: row for row in Store(results).rows()}
    loaded = [item for target in find_targets(puzzles) for item in load_target(target.built, answers)]
    rows = rescore(results, loaded)
    say(f"{sum(row != before[row.trial] for row in rows)} of {len(rows)} rows changed")


def _check_results(folder: Path) -> None:
    if not folder.is_dir():
        raise StorageError(f"no results at {folder}; netjigsaw run writes them")
