from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmark.statistics import wilson
from leaderboard.page.summaries import MOST_STEPS, MOST_VALUES, cactus, facet, solved_bits, solved_by_both
from leaderboard.ranking.frame import frame_of
from leaderboard.ranking.grid import drop_skipped, grid_of, mark_live

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from benchmark.results.trial import Row
    from leaderboard.ranking.grid import Grid

    MakeRow = Callable[..., Row]


def grid(rows: Iterable[Row]) -> Grid:
    return grid_of(drop_skipped(mark_live(frame_of(rows))))


def test_a_puzzle_counts_from_the_time_a_majority_of_its_seeds_needs(row: MakeRow) -> None:
    times = {0: (1.0, 5.0, 3.0), 1: (2.0, 9.0, None)}
    rows = [
        row("a", n, "partial" if wall_s is None else "solved", seed=seed, wall_s=wall_s or 0.1)
        for n, walls_s in times.items()
        for seed, wall_s in enumerate(walls_s)
    ]
    rows += [row("a", 2, "solved", seed=0, wall_s=0.5), row("a", 2, "crashed", seed=1, wall_s=0.1)]
    assert cactus(grid(rows), [0]) == [{"wall_s": [3, 9], "solved": [1, 2]}]


def test_lines_end_where_the_table_counts(row: MakeRow) -> None:
    rows = [
        row(s, n, "solved" if n < most else "timeout", wall_s=n + 1.0)
        for s, most in (("a", 3), ("b", 0))
        for n in range(5)
    ]
    found = cactus(grid(rows), [1, 0])
    assert found[0] == {"wall_s": [], "solved": []}
    assert found[1]["solved"][-1] == 3


def test_a_long_line_is_thinned_but_keeps_its_ends(row: MakeRow) -> None:
    (line,) = cactus(grid(row("a", n, wall_s=1.0 + n) for n in range(1000)), [0])
    assert len(line["wall_s"]) == MOST_STEPS
    assert (line["wall_s"][0], line["wall_s"][-1]) == (1, 1000)
    assert (line["solved"][0], line["solved"][-1]) == (1, 1000)


def test_success_by_label_has_intervals(row: MakeRow) -> None:
    results = grid(row(s, n, "solved" if s == "a" and n < 3 else "partial") for s in "ba" for n in range(5))
    depth: dict[str, str | int | float] = {f"{n:064x}": 8 if n < 4 else 16 for n in range(5)}
    found = facet("depth", depth, results, [1, 0], 0.05)
    assert found is not None
    assert (found["values"], found["puzzles"], found["solved"]) == ([8, 16], [4, 1], [[3, 0], [0, 0]])
    assert (found["low"][0][0], found["high"][0][0]) == pytest.approx(wilson(3, 4), abs=1e-3)


def test_puzzles_without_the_label_are_in_no_group(row: MakeRow) -> None:
    results = grid(row("a", n) for n in range(3))
    found = facet("regime", {f"{0:064x}": "x", f"{2:064x}": "y"}, results, [0], 0.05)
    assert found is not None
    assert found["puzzles"] == [1, 1]


@pytest.mark.parametrize("values", [1, MOST_VALUES + 1])
def test_labels_with_one_value_or_too_many_are_left_out(row: MakeRow, values: int) -> None:
    results = grid(row("a", n) for n in range(30))
    assert facet("k", {f"{n:064x}": n % values for n in range(30)}, results, [0], 0.05) is None


def test_pairs_agree_with_the_bits(row: MakeRow) -> None:
    hits = {"a": {0, 1, 2}, "b": {1, 2, 3}, "c": set()}
    results = grid(row(s, n, "solved" if n in own else "partial") for s, own in hits.items() for n in range(4))
    assert solved_bits(results, [1, 0, 2]) == ["0111", "1110", "0000"]
    assert solved_by_both(results, [1, 0, 2]) == [[3, 2, 0], [2, 3, 0], [0, 0, 0]]
