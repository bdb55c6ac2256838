from __future__ import annotations

import math

import pytest

from benchmark.statistics import fewest_puzzles, mcnemar, wilson


def test_no_success_still_leaves_room() -> None:
    low, high = wilson(0, 12)
    assert low == 0.0
    assert high == pytest.approx(0.2425, abs=1e-4)


@pytest.mark.parametrize(("k", "n"), [(1, 3), (7, 20), (12, 12)])
def test_wilson_is_the_closed_form(k: int, n: int) -> None:
    z, p = 1.959963984540054, k / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    assert wilson(k, n) == pytest.approx((centre - half, min(1.0, centre + half)), abs=1e-9)


def test_nothing_is_known_of_no_trials() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("b", "c"), [(6, 0), (0, 6), (1, 8), (3, 5), (4, 4)])
def test_mcnemar_sums_the_binomial_tails(b: int, c: int) -> None:
    n, extreme = b + c, min(b, c)
    tail = sum(math.comb(n, k) for k in range(extreme + 1)) / 2**n
    assert mcnemar(b, c) == pytest.approx(min(1.0, 2 * tail))


def test_agreement_separates_nobody() -> None:
    assert mcnemar(0, 0) == 1.0


@pytest.mark.parametrize("alpha", [0.1, 0.05, 0.01, 0.001])
def test_fewest_puzzles_is_where_a_clean_sweep_begins_to_count(alpha: float) -> None:
    n = fewest_puzzles(alpha)
    assert mcnemar(n, 0) <= alpha < mcnemar(n - 1, 0)
