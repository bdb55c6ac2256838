"""The relocation model against exact moves: convergence of its predicted changes, and a descent that uses them."""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from solvers.reassembly.core.adjoint import Linearisation, linearise
from solvers.reassembly.core.evaluation import Rows, order_mse, split_rows
from solvers.reassembly.ordering.inversion_search import InversionSearch
from solvers.reassembly.ordering.relocation import inversion_features, inversion_model, move_changes

if TYPE_CHECKING:
    from generator.reassembly.network.residual import ResidualNetwork
    from tests.solvers.reassembly.conftest import Dropped

ORDER = [1, 0, 2, 6, 4, 3, 5, 7]


def around(dropped: Dropped) -> tuple[Rows, Linearisation]:
    rows, _ = split_rows(dropped.puzzle, 300, np.random.default_rng(0))
    return rows, linearise(dropped.network, rows, ORDER)


def prediction_error(network: ResidualNetwork, inputs: torch.Tensor, strength: float) -> float:
    """Measure the share of the outputs' changes that the model does not predict, over all moves of blocks."""
    exact = network.to(torch.float64)
    weak = dataclasses.replace(exact, V=strength * exact.V, e=strength * exact.e)
    rows = Rows(inputs.double(), weak(inputs.double()), 1.0)
    features = inversion_features(weak, linearise(weak, rows, ORDER), ORDER).view(8, 8, -1)
    before = weak.reordered(ORDER, ORDER)(rows.inputs)
    wrong = 0.0
    for source, target in itertools.permutations(range(8), 2):
        moved = ORDER.copy()
        moved.insert(target, moved.pop(source))
        change = (weak.reordered(moved, moved)(rows.inputs) - before).T.reshape(-1)
        passed = range(source + 1, target + 1) if target > source else range(target, source)
        wrong += float((features[source, list(passed)].sum(dim=0) - change).square().sum())
    return float(wrong**0.5)


@pytest.mark.parametrize(("kind", "order"), [("trained_logits", (2.9, 3.1)), ("trained", (2.3, 2.8))])
def test_prediction_of_moves_converges(kind: str, order: tuple[float, float], request: pytest.FixtureRequest) -> None:
    # Moves of blocks of strength s change outputs by s^2, and a smooth activation leaves s^3 unpredicted: half the
    # strength, an eighth of the error. With relu a share s of the rows meets a kink, which leaves s^2 there, so the
    # root of the mean square is s^2.5.
    dropped: Dropped = request.getfixturevalue(kind)
    inputs = dropped.puzzle.inputs[:400]
    coarse, fine = (prediction_error(dropped.network, inputs, strength) for strength in (0.2, 0.0125))

    assert order[0] < math.log2(coarse / fine) / 4 < order[1]


def test_single_moves_cost_what_the_search_says_without_its_matrix(trained_logits: Dropped) -> None:
    rows, linear = around(trained_logits)
    search = InversionSearch(inversion_model(trained_logits.network, linear, ORDER))
    changes = move_changes(trained_logits.network, linear, ORDER)

    np.testing.assert_allclose(changes.numpy(), search.predicted_changes(search.begin(0.0)), rtol=1e-3, atol=1e-5)
    assert rows.targets.shape[1] > 1


def test_descent_lowers_the_real_error(trained: Dropped) -> None:
    rows, linear = around(trained)
    search = InversionSearch(inversion_model(trained.network, linear, ORDER))
    route = search.descend(search.begin(0.1))
    found = [ORDER[t] for t in route.perm]

    assert route.change < 0
    assert order_mse(trained.network, rows, found) < 0.5 * linear.mse
