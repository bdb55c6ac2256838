"""The gate's error rates, with the simulation that the documents quote, in small."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.plugins import load_file

RATES = load_file(Path(__file__).parents[2] / "experiments" / "measuring" / "comparison_error_rates.py")


@pytest.mark.parametrize(("puzzles", "seeds", "runs"), [(12, 1, 60), (12, 3, 40)])
def test_false_alarms_are_rare(puzzles: int, seeds: int, runs: int) -> None:
    assert RATES.rate(puzzles, seeds, "same", runs) <= 0.1  # a rate of 5 % is over it once in 50 such tests


def test_a_loss_is_seen_where_seeds_show_that_it_is_none_of_theirs() -> None:
    assert RATES.rate(20, 5, "lost", 20, steady=True) == 1
    assert RATES.rate(12, 1, "lost", 20, steady=True) == 0


def test_a_solver_half_as_slow_again_is_seen() -> None:
    assert RATES.rate(36, 1, "slow", 20) >= 0.9
