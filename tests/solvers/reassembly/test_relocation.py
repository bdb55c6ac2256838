"""Passings against exact moves, and the search on their model against its own definition."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from solvers.reassembly.adjoint import Linearisation, linearise
from solvers.reassembly.evaluation import Rows, order_mse, split_rows
from solvers.reassembly.quadratic import PassingSearch
from solvers.reassembly.relocation import PassingModel, passing_features, passing_model

if TYPE_CHECKING:
    from generator.reassembly.network import ResidualNetwork
    from tests.solvers.reassembly.conftest import Dropped

ORDER = [1, 0, 2, 6, 4, 3, 5, 7]


def around(dropped: Dropped) -> tuple[Rows, Linearisation]:
    rows, _ = split_rows(dropped.puzzle, 300, np.random.default_rng(0))
    return rows, linearise(dropped.network, rows, ORDER)


def relative_error(network: ResidualNetwork, inputs: torch.Tensor, strength: float) -> float:
    """Compare the predicted with the real change of the outputs, over all moves of blocks of that strength."""
    exact = network.to(torch.float64)
    weak = dataclasses.replace(exact, V=strength * exact.V, e=strength * exact.e)
    rows = Rows(inputs.double(), weak(inputs.double()), 1.0)
    features = passing_features(weak, linearise(weak, rows, ORDER), ORDER).view(8, 8, -1)
    before = weak.reordered(ORDER, ORDER)(rows.inputs)
    wrong = total = 0.0
    for source, target in itertools.permutations(range(8), 2):
        moved = ORDER.copy()
        moved.insert(target, moved.pop(source))
        change = (weak.reordered(moved, moved)(rows.inputs) - before).T.reshape(-1)
        passed = range(source + 1, target + 1) if target > source else range(target, source)
        wrong += float((features[source, list(passed)].sum(dim=0) - change).square().sum())
        total += float(change.square().sum())
    return float((wrong / total) ** 0.5)


@pytest.mark.parametrize("kind", ["trained", "trained_logits"])
def test_sums_of_passings_predict_moves_to_first_order(kind: str, request: pytest.FixtureRequest) -> None:
    dropped: Dropped = request.getfixturevalue(kind)
    inputs = dropped.puzzle.inputs[:200]
    errors = [relative_error(dropped.network, inputs, strength) for strength in (0.1, 0.01)]

    # Smooth activations leave a tenth of the error, relu's kinks the root of that: few rows, wrong by much.
    assert errors[0] < 0.25
    assert errors[1] < 0.4 * errors[0]


def test_prices_are_those_of_the_definition(trained: Dropped) -> None:
    _, linear = around(trained)
    model = passing_model(trained.network, linear, ORDER)
    search = PassingSearch(model)
    route = search.begin(0.3)
    for move in (3 * 8 + 6, 7 * 8 + 1, 2 * 8 + 0):
        route = search.apply(route, move, float(search.prices(route).flat[move]))

    z = torch.from_numpy(route.active.reshape(-1)).float()
    energy = model.gram.diagonal()
    expected = float(-2.0 * model.linear @ z + z @ model.gram @ z + 0.3 * energy @ z)
    assert route.change == pytest.approx(expected, rel=1e-4, abs=1e-7)
    assert sorted(route.perm.tolist()) == list(range(8))


def test_moving_back_costs_what_moving_gained(trained: Dropped) -> None:
    _, linear = around(trained)
    search = PassingSearch(passing_model(trained.network, linear, ORDER))
    start = search.begin(0.1)
    forth = search.apply(start, 2 * 8 + 5, float(search.prices(start)[2, 5]))
    back = search.apply(forth, 5 * 8 + 2, float(search.prices(forth)[5, 2]))

    assert back.perm.tolist() == list(range(8))
    assert not back.active.any()
    assert back.change == pytest.approx(0.0, abs=1e-6)


def test_descent_lowers_the_real_error(trained: Dropped) -> None:
    rows, linear = around(trained)
    search = PassingSearch(passing_model(trained.network, linear, ORDER))
    route = search.descend(search.begin(0.1))
    found = [ORDER[t] for t in route.perm]

    assert route.change < 0
    assert order_mse(trained.network, rows, found) < 0.5 * linear.mse


def test_two_moves_are_found_where_no_single_one_helps() -> None:
    # Blocks 0 and 1 both want past block 2, and either alone only does harm.
    gram = torch.zeros(9, 9)
    first, second = 0 * 3 + 2, 1 * 3 + 2
    gram[first, first] = gram[second, second] = 2.0
    gram[first, second] = gram[second, first] = -1.5
    gram += 0.01 * torch.eye(9)
    linear = torch.zeros(9)
    linear[first] = linear[second] = 0.75
    # The same exchange seen from block 2 is closed.
    gram[2 * 3, 2 * 3] = gram[2 * 3 + 1, 2 * 3 + 1] = 50.0
    gram[0 * 3 + 1, 0 * 3 + 1] = gram[1 * 3, 1 * 3] = 50.0
    search = PassingSearch(PassingModel(gram, linear, 1.0, 3))
    stuck = search.descend(search.begin(0.0))
    route = search.deepen(stuck, lambda: False)

    assert stuck.change == 0.0
    assert route.change <= stuck.change
