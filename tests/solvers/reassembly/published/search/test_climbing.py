"""Hill climbing: it undoes a few moves, never raises the error, and stops at the deadline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from solvers.reassembly.core.evaluation import Rows, Walk, split_rows
from solvers.reassembly.published.search.climbing import bubble, insert, repair, swap_at_random, sweep
from tests.solvers.reassembly.published.search.recording import Recorder

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.reassembly.network.residual import ResidualNetwork
    from tests.solvers.reassembly.conftest import Dropped


def start(dropped: Dropped, order: list[int]) -> Walk:
    rows, _ = split_rows(dropped.puzzle, 300, np.random.default_rng(0))
    return Walk(dropped.network, rows, order)


def test_one_adjacent_swap_is_undone_by_one_sweep(trained: Dropped) -> None:
    walk = start(trained, [0, 1, 3, 2, 4, 5, 6, 7])

    assert sweep(walk, range(7)) >= 1
    assert walk.solved
    assert walk.order == list(range(8))


def test_bubble_ends_in_an_order_that_no_adjacent_swap_improves(trained: Dropped) -> None:
    walk = start(trained, [7, 6, 5, 4, 3, 2, 1, 0])
    bubble(walk)

    assert walk.solved or all(walk.attempt_swap(t, t + 1) >= walk.mse - walk.rows.floor for t in range(7))


def test_repair_undoes_a_wide_swap(trained: Dropped) -> None:
    walk = start(trained, [0, 5, 2, 3, 4, 1, 6, 7])
    repair(walk)

    assert walk.order == list(range(8))


def test_insertion_undoes_a_relocation(trained: Dropped) -> None:
    walk = start(trained, [1, 2, 3, 4, 5, 6, 0, 7])
    insert(walk)

    assert walk.order == list(range(8))


def test_random_swaps_undo_a_swap_whatever_the_seed(trained: Dropped) -> None:
    for seed in range(3):
        walk = start(trained, [0, 1, 2, 6, 4, 5, 3, 7])
        swap_at_random(walk, 2_000, np.random.default_rng(seed))
        assert walk.order == list(range(8))


@pytest.mark.parametrize("climb", [bubble, insert, repair])
def test_errors_fall_and_are_those_of_the_walk(climb: Callable[..., object], trained: Dropped) -> None:
    walk, recorder = start(trained, [2, 0, 1, 5, 7, 3, 4, 6]), Recorder()
    climb(walk, recorder)

    assert recorder.errors == sorted(set(recorder.errors), reverse=True)
    assert (recorder.orders[-1], recorder.errors[-1]) == (walk.order, walk.mse)
    assert set(recorder.rows) == {walk.rows.count}
    assert recorder.lines


@pytest.mark.parametrize("climb", [bubble, insert, repair])
def test_search_ends_at_the_deadline(climb: Callable[..., object], trained: Dropped) -> None:
    walk, recorder = start(trained, [7, 6, 5, 4, 3, 2, 1, 0]), Recorder(patience=2)
    climb(walk, recorder)

    assert len(recorder.errors) == 2


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_gaps_wider_than_the_network_are_left_out(depth: int, make_network: Callable[..., ResidualNetwork]) -> None:
    network = make_network(0, depth=depth)
    inputs = network.U[0]
    walk = Walk(network, Rows(inputs, network(inputs), 1.0), list(reversed(range(depth))))
    repair(walk)
    swap_at_random(walk, 5, np.random.default_rng(0))

    assert sorted(walk.order) == list(range(depth))
