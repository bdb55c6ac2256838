"""Statistics against scipy and against values computed by hand."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from benchmark.comparison.inference import loss_within_puzzles, share_interval
from benchmark.statistics import adjust, sign_flips

if TYPE_CHECKING:
    from collections.abc import Sequence


@pytest.mark.parametrize(
    ("won", "lost", "same", "low", "high"),
    [
        (0, 0, 12, -0.1980, 0.1980),  # d = 0, variance (0 + 2) / 14 over 14
        (1, 5, 14, -0.4221, 0.0584),  # d = -4/22, variance (8/22 - (4/22)^2) / 22
    ],
)
def test_the_interval_of_a_share_is_bonett_and_prices(won: int, lost: int, same: int, low: float, high: float) -> None:
    differences = np.array([1.0] * won + [-1.0] * lost + [0.0] * same)
    n = won + lost + same + 2
    middle = (won - lost) / n
    half = stats.norm.ppf(0.975) * math.sqrt(((won + lost + 2) / n - middle**2) / n)
    assert share_interval(differences) == pytest.approx((middle - half, middle + half))
    assert share_interval(differences) == pytest.approx((low, high), abs=2e-4)


@pytest.mark.parametrize(
    ("base", "new", "p"),
    [
        ([[1, 1, 1]], [[0, 0, 0]], 1 / 20),
        ([[1, 1, 1, 1]], [[0, 0, 0, 0]], 1 / 70),
        ([[1, 1, 1, 1, 1]], [[0, 0, 0, 0, 0]], 1 / 252),
        ([[1, 1], [1, 1]], [[0, 0], [0, 0]], 1 / 36),
        ([[1, 1], [1, 1], [0, 0]], [[0, 0], [1, 1], [0, 0]], 1 / 6),
        ([[1]] * 5, [[0]] * 5, 1 / 32),
        ([[1, 1], [1]], [[0, 0], [0]], 1 / 12),  # unequal numbers of seeds
        ([[1, 0]], [[1, 0]], 5 / 6),
        ([[1, 1]], [[1, 1]], 1),
    ],
)
def test_chances_of_losses_within_puzzles_by_hand(
    base: Sequence[Sequence[int]], new: Sequence[Sequence[int]], p: float
) -> None:
    found = loss_within_puzzles([np.array(v, float) for v in base], [np.array(v, float) for v in new])
    assert found == pytest.approx(p)


@given(st.integers(2, 6), st.integers(0, 6), st.integers(0, 6))
def test_one_puzzle_is_fishers_exact_test(seeds: int, ours: int, theirs: int) -> None:
    ours, theirs = min(ours, seeds), min(theirs, seeds)
    base = np.array([1.0] * ours + [0.0] * (seeds - ours))
    new = np.array([1.0] * theirs + [0.0] * (seeds - theirs))
    table = np.array([[theirs, seeds - theirs], [ours, seeds - ours]])
    fisher = stats.fisher_exact(table, alternative="less")
    assert loss_within_puzzles([base], [new]) == pytest.approx(fisher.pvalue)


def test_one_seed_is_the_test_over_puzzles() -> None:
    rng = np.random.default_rng(2)
    base, new = rng.random(10), rng.random(10)
    assert loss_within_puzzles(list(base[:, None]), list(new[:, None])) == sign_flips(new - base, "less")


def test_shuffling_agrees_with_scipys_permutations() -> None:
    rng = np.random.default_rng(3)
    base, new = rng.random(5) + 0.3, rng.random(5)

    def gain(one: np.ndarray, other: np.ndarray, axis: int) -> np.ndarray:
        return np.asarray(np.mean(one, axis=axis) - np.mean(other, axis=axis))

    exact = stats.permutation_test((new, base), gain, alternative="less").pvalue
    assert loss_within_puzzles([base], [new]) == pytest.approx(exact, abs=0.01)


def test_adjusted_as_by_hand() -> None:
    assert adjust([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.04, 0.04])
    assert adjust([]) == []
