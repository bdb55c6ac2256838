from __future__ import annotations

from typing import TYPE_CHECKING

from leaderboard.page import results as results_module
from leaderboard.page.encode import coded, short
from leaderboard.page.results import ENDING_CODES, ENDINGS, LEFT_OUT, LONGEST_REASON, puzzles_of, results_of
from leaderboard.ranking.frame import frame_of
from leaderboard.ranking.grid import MISSING, drop_skipped, grid_of, mark_live

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    import pytest

    from benchmark.results.trial import Row
    from generator.family.record import Family

    MakeRow = Callable[..., Row]


def laid_out(rows: Iterable[Row], family: Family, order: list[int]) -> dict[str, Any]:
    grid = grid_of(drop_skipped(mark_live(frame_of(rows, details=True))))
    return results_of(grid, order, family.metrics)


def test_cells_lie_by_puzzle_and_seed_whatever_the_order_of_the_rows(row: MakeRow, toy: Family) -> None:
    rows = [
        row("b", 0, "crashed", seed=1, wall_s=None, reason="boom"),
        row("a", 1, seed=0, wall_s=2.0, metrics={"share": 1.0}),
        row("a", 0, "partial", seed=0, wall_s=0.123456, metrics={"share": 1 / 3, "error": 1.23456e-7}),
    ]
    found = laid_out(rows, toy, [1, 0])
    assert (found["puzzle"], found["seed"]) == ([0, 0, 1], [0, 1, 0])
    first, second = found["solvers"]
    missing, crashed = ENDINGS.index(MISSING), ENDINGS.index("crashed")
    assert [int(code, 36) for code in first["status"]] == [ENDINGS.index("partial"), missing, ENDINGS.index("solved")]
    assert [int(code, 36) for code in second["status"]] == [missing, crashed, missing]
    assert first["wall_s"] == [0.1235, None, 2]
    assert first["metrics"]["share"] == [0.3333, None, 1]
    assert first["metrics"]["error"] == [1.235e-7, None, None]
    assert [None if code is None else found["reasons"][code] for code in second["reason"]] == [None, "boom", None]


def test_every_ending_is_one_character() -> None:
    assert len(ENDINGS) <= len(ENDING_CODES) == 36


def test_a_long_reason_is_cut_and_the_rarest_left_out(
    row: MakeRow, toy: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results_module, "MOST_REASONS", LONGEST_REASON + 10)
    rows = [row("a", n, reason="long " * 100) for n in range(2)]
    rows += [row("a", n, reason=f"rare one, number {n}") for n in range(2, 5)]
    found = laid_out(rows, toy, [0])
    shown = [found["reasons"][code] for code in found["solvers"][0]["reason"]]
    assert shown[0] == shown[1] == ("long " * 100)[: LONGEST_REASON - 1] + "…"
    assert shown[2:] == [LEFT_OUT] * 3


def test_puzzles_are_numbered_as_the_solved_ones_are(row: MakeRow) -> None:
    rows = [row("a", n, "solved" if n == 2 else "partial", seed=seed) for n in (2, 0, 1) for seed in (1, 0)]
    grid = grid_of(mark_live(frame_of(rows)))
    _, digests = puzzles_of(grid)
    assert [digests[p] for p in grid.puzzles_solved[0].nonzero()[0]] == [f"{2:064x}"]


def test_numbers_are_short() -> None:
    assert [short(value) for value in (1.0, 0.123456, 1.5e-300, 12345.6)] == [1, 0.1235, 1.5e-300, 12350]
    assert short(float("nan")) is None
    assert short(float("inf")) is None


def test_a_coded_column_keeps_equal_keys_of_different_types_separate() -> None:
    found = coded([1, "1", 1.0, None, 1])
    assert [found["values"][code] for code in found["codes"]] == [1, "1", 1.0, None, 1]
    assert len(found["values"]) == 4
