"""A plan that was not completed shows: missing cells count as failures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmark.results.planned import PlannedPuzzle, SuiteUse
from benchmark.results.session import Session, describe_session
from generator.puzzle.canonical import sha256_json
from leaderboard.ranking.captions import caption
from leaderboard.ranking.frame import frame_of
from leaderboard.ranking.planned import headline_of, with_plan
from leaderboard.ranking.rank import rank_frame

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmark.results.trial import Row
    from leaderboard.ranking.records import Ranking

    MakeRow = Callable[..., Row]

pytestmark = pytest.mark.usefixtures("toy")


def session(
    rows: Sequence[Row],
    *more: str,
    seeds: tuple[int, ...] = (0,),
    headline: tuple[str, ...] | None = None,
    family: str = "toy",
) -> Session:
    """Plan the puzzles of the rows, and more."""
    held = {row.puzzle: PlannedPuzzle(name=row.puzzle_name, digest=row.puzzle, family=row.family) for row in rows}
    added = [
        PlannedPuzzle(name=name, digest=sha256_json(name), family=family, groups={"depth": 96, "kind": "new"})
        for name in more
    ]
    use = SuiteUse(name="s", seeds=seeds, headline=headline, puzzles=(*held.values(), *added))
    return describe_session(jobs=1, threads=1, isolation="none", suites=(use,))


def ranked(rows: Sequence[Row], *sessions: Session, by: str = "") -> tuple[Ranking, ...]:
    return rank_frame(with_plan(frame_of(rows), sessions), by=by)


def test_without_a_plan_or_with_all_of_it_done_nothing_changes(row: MakeRow) -> None:
    rows = [row("a", n) for n in range(3)]
    frame = frame_of(rows)
    assert with_plan(frame, []) is frame
    assert with_plan(frame, [session(rows)]) is frame


def test_a_cell_without_a_row_is_missing_for_everybody(row: MakeRow) -> None:
    rows = [row(solver, n) for solver in ("a", "b") for n in range(3)]
    (table,) = ranked(rows, session(rows, "left", "out"))
    assert (table.puzzles, table.cells) == (5, 5)
    for standing in table.standings:
        assert (standing.place, standing.covered, standing.solved, standing.puzzles) == (None, 3, 3, 5)
        assert standing.statuses["missing"] == 2
    assert "superseded" not in caption(table)


def test_seeds_are_cells(row: MakeRow) -> None:
    rows = [row("a", n) for n in range(2)]
    (table,) = ranked(rows, session(rows, seeds=(0, 1, 2)))
    assert (table.cells, table.standings[0].covered, table.standings[0].puzzles_solved) == (6, 2, 0)


def test_what_another_session_ran_is_not_missing(row: MakeRow) -> None:
    rows = [row("a", n) for n in range(3)]
    (table,) = ranked(rows, session(rows[:1]), session(rows))
    assert (table.cells, table.standings[0].place) == (3, 1)


def test_missing_puzzles_are_in_the_tables_of_their_labels(row: MakeRow) -> None:
    rows = [row("a", n, groups={"depth": 8}) for n in range(2)]
    tables = {table.value: table for table in ranked(rows, session(rows, "deep"), by="depth")}
    assert (tables[8].cells, tables[96].cells) == (2, 1)
    assert tables[96].standings[0].covered == 0


def test_a_family_that_nobody_ran_has_no_table(row: MakeRow) -> None:
    rows = [row("a", n) for n in range(2)]
    (table,) = ranked(rows, session(rows, "other", family="unknown"))
    assert table.cells == 2


def test_a_suite_may_put_other_metrics_first(row: MakeRow) -> None:
    rows = [row("a", n) for n in range(2)]
    mine = session(rows, headline=("tau", "share"))
    assert headline_of([mine, mine]) == ("tau", "share")
    assert headline_of([mine, session(rows)]) == ()
    (table,) = rank_frame(frame_of(rows), headline=headline_of([mine]))
    assert [metric.name for metric in table.headline] == ["tau", "share"]
    assert caption(table).startswith("Order: puzzles solved, then cells solved, then tau, then share found, then")


@pytest.mark.parametrize("headline", [(), ("unknown",)])
def test_else_the_family_decides(row: MakeRow, headline: tuple[str, ...]) -> None:
    rows = [row("a", n) for n in range(2)]
    assert rank_frame(frame_of(rows), headline=headline) == rank_frame(frame_of(rows))
