from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.stats import false_discovery_control

from benchmark.statistics import (
    DRAWS,
    EXACT_FLIPS,
    adjust,
    bootstrap_interval,
    fewest_puzzles,
    mcnemar,
    sign_flip_tests,
    sign_flips,
    wilson,
)


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


signs = st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=1, max_size=30).map(np.array)


@given(signs)
def test_flips_of_won_and_lost_are_mcnemars_exact_test(differences: np.ndarray) -> None:
    won, lost = int((differences > 0).sum()), int((differences < 0).sum())
    assert sign_flips(differences) == pytest.approx(mcnemar(won, lost))


def enumerated(differences: np.ndarray) -> float:
    """All sign flips by hand, one-sided."""
    sums = [np.dot(flips, differences) for flips in itertools.product((-1, 1), repeat=len(differences))]
    return float(np.mean([total <= differences.sum() + 1e-9 for total in sums]))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(-5, 5).map(lambda x: round(x, 2)), min_size=2, max_size=9).map(np.array))
def test_few_differences_are_flipped_in_every_way(differences: np.ndarray) -> None:
    assert sign_flips(differences, "less") == pytest.approx(enumerated(differences), abs=1e-12)


def test_many_differences_are_flipped_at_random_as_scipy_does_exactly() -> None:
    differences = np.random.default_rng(0).normal(0.15, 0.5, 40)
    exact = stats.norm.sf(abs(differences.sum()) / np.sqrt((differences**2).sum())) * 2
    assert sign_flips(differences) == pytest.approx(exact, abs=0.01)
    assert sign_flips(differences) == sign_flips(differences)


def test_no_difference_is_no_evidence() -> None:
    assert sign_flips(np.zeros(5)) == 1
    assert sign_flips(np.array([])) == 1


@pytest.mark.parametrize("count", [EXACT_FLIPS, EXACT_FLIPS + 1])
def test_enumerating_and_drawing_agree(count: int) -> None:
    differences = np.random.default_rng(2).normal(0.25, 1.0, count)
    drawn = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=50_000, rng=np.random.default_rng(1)
    ).pvalue
    assert sign_flips(differences) == pytest.approx(drawn, abs=0.01)


@pytest.mark.parametrize("count", [12, 70])
def test_neither_order_nor_sign_of_the_whole_changes_a_digit(count: int) -> None:
    rng = np.random.default_rng(3)
    differences = rng.normal(0.1, 1.0, count)
    p = sign_flips(differences)
    assert sign_flips(rng.permutation(differences)) == p
    assert sign_flips(-differences) == p
    assert sign_flips(np.append(differences, [0.0, 0.0])) == p
    assert bootstrap_interval(rng.permutation(differences)) == bootstrap_interval(differences)


def test_many_tests_at_once_are_the_single_ones() -> None:
    rows = np.random.default_rng(4).normal(0.2, 1.0, (7, 40))
    rows[2, :35] = 0
    assert sign_flip_tests(rows) == [sign_flips(row) for row in rows]
    assert sign_flip_tests(rows, "less") == [sign_flips(row, "less") for row in rows]
    assert sign_flips(np.arange(1.0, 60.0)) == 1 / (DRAWS + 1)
    assert sign_flips(np.arange(1.0, 60.0), draws=99_999) == 1e-5


@pytest.mark.parametrize("count", [14, 40])
def test_equal_solvers_are_separated_as_often_as_the_level_says(count: int) -> None:
    rows = np.random.default_rng(5).normal(0, 1, (1000, count))
    found = np.array(sign_flip_tests(rows))
    assert 0.03 < (found <= 0.05).mean() < 0.07


def test_the_bootstrap_covers_the_mean_nearly_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(60):
        interval = bootstrap_interval(rng.normal(1, 2, 40))
        assert interval is not None
        hits += interval[0] <= 1 <= interval[1]
    assert 52 <= hits <= 60


def test_no_spread_has_no_interval() -> None:
    assert bootstrap_interval(np.ones(7)) is None
    assert bootstrap_interval(np.array([0.3])) is None


def test_the_bootstrap_is_scipys() -> None:
    values = np.random.default_rng(6).lognormal(0, 1, 25)
    theirs = stats.bootstrap((values,), np.mean, rng=np.random.default_rng(0)).confidence_interval
    assert bootstrap_interval(values) == pytest.approx((theirs.low, theirs.high), rel=0.03)


def test_the_false_discovery_rate_is_controlled_as_scipy_does() -> None:
    assert adjust([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.04, 0.04])
    assert adjust([0.5, 0.9]) == [0.9, 0.9]
    assert adjust([]) == []
    drawn = np.random.default_rng(0).random(50) ** 3
    assert adjust(drawn.tolist()) == pytest.approx(false_discovery_control(drawn).tolist())
