"""Annealing: it escapes local minima, keeps the best order, and depends on its generator and the clock alone."""

from __future__ import annotations

import dataclasses
import math
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest

from solvers.api import Context
from solvers.reassembly.core.deadline import Deadline
from solvers.reassembly.core.evaluation import Walk, order_mse, split_rows
from solvers.reassembly.published.search.annealing import anneal
from solvers.reassembly.published.search.climbing import repair
from tests.solvers.reassembly.published.search.recording import Recorder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.solvers.reassembly.conftest import Dropped

REVERSE = list(reversed(range(8)))
STUCK = [5, 2, 4, 0, 1, 6, 7, 3]
"""An order of the trained network that no swap improves."""


class RecordedWalk(Walk):
    """A walk that records the errors that it measures and accepts."""

    def __init__(self, walk: Walk) -> None:
        self.measured: list[float] = []
        self.accepted: list[float] = []
        super().__init__(walk.network, walk.rows, walk.order)

    def attempt(self, order: Sequence[int]) -> float:
        self.measured.append(super().attempt(order))
        return self.measured[-1]

    def accept(self) -> None:
        super().accept()
        self.accepted.append(self.mse)


def start(dropped: Dropped, order: Sequence[int]) -> Walk:
    rows, _ = split_rows(dropped.puzzle, 200, np.random.default_rng(0))
    return Walk(dropped.network, rows, order)


@pytest.mark.parametrize("seed", [0, 1])
def test_finds_the_order_from_the_reverse(seed: int, trained: Dropped) -> None:
    walk = start(trained, REVERSE)
    anneal(walk, 6_000, np.random.default_rng(seed), hot=1e-1)

    assert walk.order == list(range(8))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_finds_the_order_where_descent_by_swaps_is_stuck(seed: int, trained: Dropped) -> None:
    walk = start(trained, STUCK)
    repair(walk)
    assert walk.order == STUCK
    assert all(walk.attempt_swap(a, b) >= walk.mse for a, b in combinations(range(8), 2))

    anneal(walk, 6_000, np.random.default_rng(seed), hot=1e-1)
    assert walk.order == list(range(8))


@pytest.mark.parametrize("seed", range(4))
def test_ends_at_the_best_order_it_met(seed: int, trained: Dropped) -> None:
    walk, recorder = RecordedWalk(start(trained, REVERSE)), Recorder()
    before = walk.mse
    anneal(walk, 30, np.random.default_rng(seed), recorder, hot=1e6, cold=1e6)  # a random walk

    assert len(walk.accepted) >= 30
    assert any(later > earlier for earlier, later in pairwise(walk.accepted[:-1]))
    assert walk.mse == min(walk.accepted) < before
    assert order_mse(walk.network, walk.rows, walk.order) == walk.mse
    assert (recorder.orders[-1], recorder.errors[-1]) == (walk.order, walk.mse)


def test_a_walk_that_meets_nothing_better_ends_where_it_began(trained: Dropped) -> None:
    walk = RecordedWalk(start(trained, [1, 0, 2, 3, 4, 5, 6, 7]))
    before = walk.mse
    anneal(walk, 5, np.random.default_rng(0), hot=1e6, cold=1e6)

    assert len(walk.accepted) == 1 + 5 + 1  # the start, the random walk, the return
    assert min(walk.accepted[1:-1]) > before
    assert (walk.order, walk.mse) == ([1, 0, 2, 3, 4, 5, 6, 7], before)


def test_same_generator_same_result(trained: Dropped) -> None:
    results = []
    for seed in (0, 0, 1):
        walk = RecordedWalk(start(trained, REVERSE))
        anneal(walk, 200, np.random.default_rng(seed))
        results.append((walk.order, walk.mse, walk.measured))

    assert results[0] == results[1]
    assert results[0][2] != results[2][2]
    assert len(results[0][2]) > 50


def test_cold_annealing_never_climbs(trained: Dropped) -> None:
    walk = RecordedWalk(start(trained, REVERSE))
    before = walk.mse
    anneal(walk, 300, np.random.default_rng(0), hot=1e-12, cold=1e-12)

    assert walk.mse < 0.5 * before
    assert walk.accepted == sorted(walk.accepted, reverse=True)
    assert any(mse > walk.mse for mse in walk.measured[1:])


def test_the_temperature_falls_from_hot_to_cold(trained: Dropped) -> None:
    rises = []
    for hot, cold in ((1e6, 1e6), (1e6, 1e-12), (1e-12, 1e-12)):
        walk = RecordedWalk(start(trained, REVERSE))
        anneal(walk, 400, np.random.default_rng(0), hot=hot, cold=cold)
        rises.append(sum(later > earlier for earlier, later in pairwise(walk.accepted)))

    assert rises[0] > rises[1] > rises[2] == 0


def at_share(share: float) -> Recorder:
    """Give a monitor with this share of the time spent for good."""

    class StoppedClock(Context):
        def time_left(self) -> float:
            return (1.0 - share) * self.wall_s

    recorder = Recorder()
    recorder.deadline = Deadline(StoppedClock(wall_s=100.0))
    return recorder


def test_cooling_follows_the_clock_where_the_deadline_is_nearer(trained: Dropped) -> None:
    rises = []
    for share in (0.0, 0.999):
        walk = RecordedWalk(start(trained, REVERSE))
        anneal(walk, 400, np.random.default_rng(0), at_share(share), hot=1e6, cold=1e-12)
        assert len(walk.measured) > 50
        rises.append(sum(later > earlier for earlier, later in pairwise(walk.accepted)))

    assert rises[0] > rises[1] == 0


def test_no_move_is_tried_after_the_deadline(trained: Dropped) -> None:
    walk = RecordedWalk(start(trained, REVERSE))
    anneal(walk, 400, np.random.default_rng(0), at_share(1.0))

    assert len(walk.measured) == 1  # the start


def test_one_block_has_no_moves(trained: Dropped) -> None:
    network = dataclasses.replace(
        trained.network, **{name: getattr(trained.network, name)[:1] for name in ("U", "c", "V", "e")}
    )
    rows, _ = split_rows(trained.puzzle, 50, np.random.default_rng(0))
    walk = Walk(network, rows, [0])
    anneal(walk, 10, np.random.default_rng(0))

    assert walk.order == [0]
    assert math.isfinite(walk.mse)
