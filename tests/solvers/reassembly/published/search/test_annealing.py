"""Annealing: it escapes what descent cannot, keeps the best, depends on its generator alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from solvers.reassembly.core.evaluation import Walk, split_rows
from solvers.reassembly.published.search.annealing import anneal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.solvers.reassembly.conftest import Dropped


def start(dropped: Dropped, order: Sequence[int]) -> Walk:
    rows, _ = split_rows(dropped.puzzle, 200, np.random.default_rng(0))
    return Walk(dropped.network, rows, order)


@pytest.mark.parametrize("seed", [0, 1])
def test_finds_the_order_from_the_reverse(seed: int, trained: Dropped) -> None:
    walk = start(trained, list(reversed(range(8))))
    anneal(walk, 6_000, np.random.default_rng(seed), hot=1e-1)

    assert walk.order == list(range(8))


def test_ends_at_the_best_order_it_met(trained: Dropped) -> None:
    walk = start(trained, [1, 0, 2, 3, 4, 5, 6, 7])
    before = walk.mse
    anneal(walk, 30, np.random.default_rng(0), hot=1e6, cold=1e6)  # a random walk

    assert walk.mse <= before


def test_same_generator_same_result(trained: Dropped) -> None:
    results = []
    for seed in (0, 0):
        walk = start(trained, list(reversed(range(8))))
        anneal(walk, 200, np.random.default_rng(seed))
        results.append((walk.order, walk.mse))

    assert results[0] == results[1]


def test_cold_annealing_never_climbs(trained: Dropped) -> None:
    walk = start(trained, list(reversed(range(8))))
    before = walk.mse
    anneal(walk, 300, np.random.default_rng(0), hot=1e-12, cold=1e-12)

    assert walk.mse < before
