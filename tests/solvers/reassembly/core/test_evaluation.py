"""Prefix reuse against plain forward passes, the split of rows, overflow."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from generator.reassembly.scoring.certificate import squared_error
from solvers.reassembly.core.evaluation import HELD_BACK, Rows, Walk, order_mse, split_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.reassembly.network.residual import ResidualNetwork
    from tests.solvers.reassembly.conftest import Dropped


def rows_of(network: ResidualNetwork, count: int = 50) -> Rows:
    inputs = torch.randn(count, 12, generator=torch.Generator().manual_seed(1))
    targets = network(inputs)
    return Rows(inputs, targets, float(targets.var(dim=0, correction=0).mean()))


def plain_mse(network: ResidualNetwork, rows: Rows, order: list[int]) -> float:
    return float((network.reordered(order, order)(rows.inputs) - rows.targets).square().mean())


@pytest.mark.parametrize("outputs", [1, 3])
def test_walk_agrees_with_plain_forward_after_any_moves(
    outputs: int, make_network: Callable[..., ResidualNetwork]
) -> None:
    network = make_network(0, depth=7, outputs=outputs)
    rows, rng = rows_of(network), np.random.default_rng(0)
    walk = Walk(network, rows, rng.permutation(7).tolist())
    for step in range(60):
        a, b = (int(t) for t in rng.integers(7, size=2))
        order = walk.order.copy()
        if step % 2:
            order[a], order[b] = order[b], order[a]
            mse = walk.attempt_swap(a, b)
        else:
            order.insert(b, order.pop(a))
            mse = walk.attempt_move(a, b)
        assert mse == order_mse(network, rows, order)
        assert mse == pytest.approx(plain_mse(network, rows, order), rel=1e-5)
        if rng.random() < 0.4:
            walk.accept()
            assert (walk.order, walk.mse) == (order, mse)
        else:
            assert walk.mse == order_mse(network, rows, walk.order)


def test_accepting_without_a_trial_changes_nothing(make_network: Callable[..., ResidualNetwork]) -> None:
    network = make_network(0)
    walk = Walk(network, rows_of(network), [1, 0, 2, 3, 4])
    before = walk.mse
    walk.accept()

    assert (walk.order, walk.mse) == ([1, 0, 2, 3, 4], before)


def test_true_order_is_solved_and_another_is_not(make_network: Callable[..., ResidualNetwork]) -> None:
    network = make_network(0)
    walk = Walk(network, rows_of(network), range(5))

    assert walk.solved
    walk.attempt_swap(0, 1)
    walk.accept()
    assert not walk.solved


def test_walk_over_a_single_block(make_network: Callable[..., ResidualNetwork]) -> None:
    network = make_network(0, depth=1)

    assert Walk(network, rows_of(network), [0]).solved


def test_overflow_is_an_infinite_error() -> None:
    assert squared_error(torch.tensor([[math.inf]]), torch.zeros(1, 1)) == math.inf
    assert squared_error(torch.tensor([[math.nan]]), torch.zeros(1, 1)) == math.inf


@pytest.mark.parametrize(
    ("total", "asked", "searched", "held"),
    [(3_000, 1_000, 1_000, 600), (9_000, 500, 500, HELD_BACK), (10, 1_000, 8, 2), (2, 5, 1, 1), (1, 5, 1, 0)],
)
def test_rows_are_split_without_overlap(
    total: int,
    asked: int,
    searched: int,
    held: int,
    make_network: Callable[..., ResidualNetwork],
    make_puzzle: Callable[..., Dropped],
) -> None:
    puzzle = make_puzzle(make_network(0), rows=total).puzzle
    search, held_back = split_rows(puzzle, asked, np.random.default_rng(0))
    drawn = torch.cat([search.inputs, held_back.inputs])

    assert (search.count, held_back.count) == (searched, held)
    assert len({tuple(row.tolist()) for row in drawn}) == searched + held
    assert search.variance == held_back.variance == puzzle.variance


def test_head_takes_the_first_rows(make_network: Callable[..., ResidualNetwork]) -> None:
    rows = rows_of(make_network(0))

    assert torch.equal(rows.head(7).inputs, rows.inputs[:7])
    assert rows.head(7).count == 7
