"""The regression on inverted pairs: features by chunks, exact recovery, and windows that fit rows and memory."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING

import pytest
import torch

from solvers.reassembly.core.adjoint import linearise
from solvers.reassembly.core.evaluation import Rows
from solvers.reassembly.ordering import inversion_regression
from solvers.reassembly.ordering.inversion_regression import (
    FEWEST_PER_PAIR,
    MOST_NUMBERS,
    exchange_gains,
    largest_window,
    pairs_within,
    regressed_orders,
    regression_data,
    rows_for,
)
from solvers.reassembly.ordering.window import inverted_pairs, pair_changes

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.reassembly.network.residual import ResidualNetwork
    from tests.solvers.reassembly.conftest import Dropped

ORDER = [1, 0, 2, 6, 4, 3, 5, 7]


def weak(network: ResidualNetwork, strength: float = 0.1) -> ResidualNetwork:
    return dataclasses.replace(network, V=strength * network.V, e=strength * network.e)


def rows_of(network: ResidualNetwork, count: int = 400) -> Rows:
    inputs = torch.randn(count, 12, generator=torch.Generator().manual_seed(3))
    targets = network(inputs)
    return Rows(inputs, targets, float(targets.var(dim=0, correction=0).mean()))


@pytest.mark.parametrize(("depth", "window"), [(8, 1), (8, 3), (8, 7), (8, 12), (1, 4)])
def test_pairs_are_counted_as_they_are_numbered(depth: int, window: int) -> None:
    assert pairs_within(depth, window) == int(inverted_pairs(depth, window).max()) + 1


@pytest.mark.parametrize("outputs", [1, 3])
def test_chunks_of_rows_hold_the_same_numbers(
    outputs: int, make_network: Callable[..., ResidualNetwork], monkeypatch: pytest.MonkeyPatch
) -> None:
    network = make_network(0, depth=6, outputs=outputs)
    rows = rows_of(network, 150)
    order = [1, 0, 2, 4, 3, 5]
    ordered = network.reordered(order, order)
    around = linearise(ordered, rows, range(6))
    whole, errors = pair_changes(ordered, around, 3), around.errors.T.reshape(-1)
    monkeypatch.setattr(inversion_regression, "STATES", 1)
    parts, targets = regression_data(ordered, rows, 3)

    # Chunks of 64 rows come one after the other, each output by output.
    positions = torch.arange(outputs * 150).view(outputs, 150)
    moved = torch.cat([part.flatten() for part in torch.split(positions, 64, dim=1)])
    torch.testing.assert_close(parts, whole[:, moved], rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(targets, errors[moved])


def test_many_inverted_pairs_are_found_at_once(make_network: Callable[..., ResidualNetwork]) -> None:
    network = weak(make_network(1, depth=12))
    order = [2, 0, 1, 4, 3, 6, 7, 5, 9, 8, 11, 10]
    rows = rows_of(network)
    changes, errors = regression_data(network.reordered(order, order), rows, 4)
    proposals = [[order[t] for t in perm] for perm in regressed_orders(changes, errors, 12, 4)]

    assert proposals[0] == list(range(12))
    assert all(sorted(proposal) == list(range(12)) for proposal in proposals)


def test_a_right_order_stays(make_network: Callable[..., ResidualNetwork]) -> None:
    network = make_network(2, depth=6)
    changes, _ = regression_data(network, rows_of(network), 3)

    assert set(map(tuple, regressed_orders(changes, torch.zeros(changes.shape[1]), 6, 3))) == {tuple(range(6))}


def test_networks_whose_blocks_matter_are_put_in_order_in_a_few_rounds(trained: Dropped) -> None:
    rows = Rows(trained.puzzle.inputs, trained.puzzle.predictions, trained.puzzle.variance)
    order = ORDER
    for _ in range(4):
        changes, errors = regression_data(trained.network.reordered(order, order), rows, 4)
        found = [[order[t] for t in perm] for perm in regressed_orders(changes, errors, 8, 4)]
        order = min(found, key=lambda one: _mse(trained.network, rows, one))

    assert order == list(range(8))


def _mse(network: ResidualNetwork, rows: Rows, order: list[int]) -> float:
    return float((network.reordered(order, order)(rows.inputs) - rows.targets).square().mean())


@pytest.mark.parametrize(("depth", "rows"), [*itertools.product((1, 2, 8, 48, 192, 1024), (1, 10, 300, 20_000))])
def test_windows_are_as_wide_as_rows_and_memory_allow(depth: int, rows: int) -> None:
    window = largest_window(depth, rows)
    pairs, more = pairs_within(depth, window), pairs_within(depth, window + 1)

    assert 0 <= window < max(1, depth)
    assert FEWEST_PER_PAIR * pairs <= rows
    assert pairs * rows_for(pairs, 1) <= MOST_NUMBERS
    if window < depth - 1:
        assert FEWEST_PER_PAIR * more > rows or FEWEST_PER_PAIR * more**2 > MOST_NUMBERS


def test_the_right_exchange_is_found_although_the_order_makes_up_for_it(
    make_network: Callable[..., ResidualNetwork], monkeypatch: pytest.MonkeyPatch
) -> None:
    network = weak(make_network(1, depth=10), 0.2)
    rows = rows_of(network, 500)
    order, partners = [0, 2, 1, 3, 4, 6, 5, 7, 9, 8], list(range(10))
    partners[2], partners[7] = partners[7], partners[2]
    wrong = network.reordered(order, [partners[k] for k in order])
    gains = exchange_gains(wrong, rows, 3)

    assert divmod(int(gains.argmax()), 10) == (1, 7)  # positions of the blocks 2 and 7
    right = network.reordered(order, order)
    assert float(exchange_gains(right, rows, 3).max()) < 0.01 * float(gains.max())
    monkeypatch.setattr(inversion_regression, "EFFECTS", 1)
    torch.testing.assert_close(exchange_gains(wrong, rows, 3)[1, 7], gains[1, 7], rtol=1e-3, atol=0.0)
    monkeypatch.setattr(inversion_regression, "MOST_PRODUCTS", 1)
    assert not exchange_gains(wrong, rows, 3).any()
