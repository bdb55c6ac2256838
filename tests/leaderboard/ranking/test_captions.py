from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from leaderboard.ranking.captions import caption, number
from leaderboard.ranking.rank import rank

if TYPE_CHECKING:
    from benchmark.results.trial import Row

pytestmark = pytest.mark.usefixtures("toy")


def test_the_caption_states_the_rule(rows: list[Row]) -> None:
    text = caption(rank(rows)[0])
    assert (
        "Order: puzzles solved, then cells solved, then share found, then error (lowest first), then median wall time."
        in text
    )
    assert "The rank is the position in this order." in text
    test = "an exact McNemar test on the solved puzzles does not separate them (two-sided, alpha = 0.05, one pair)."
    assert f"Not separated: two solvers share a letter when {test}" in text
    assert "Share found: mean over all cells; a failed cell counts as 0." in text
    assert "Error: median over all cells; a failed cell counts as ∞." in text
    assert "Puzzles: 6; a puzzle is solved when more than half of its cells are solved." in text
    assert "Interval: 95 %, Wilson score interval of the share of puzzles solved." in text
    assert "A missing cell counts as a failure." in text
    assert "provisional: the solver was not run on every cell, so it has no rank." in text
    assert "tau" not in text


def test_missing_and_infinite_numbers_have_their_own_sign() -> None:
    values = (1.5, float("inf"), float("-inf"), float("nan"))
    assert [number(value, ".1f") for value in values] == ["1.5", "∞", "−∞", "–"]
