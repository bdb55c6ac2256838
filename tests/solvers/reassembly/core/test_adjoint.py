"""Adjoints against autograd, predicted against real changes, the choice of swaps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from solvers.reassembly.core.adjoint import PredictedSwaps, adjoint_swaps, choose_swaps, linearise, predict_swaps
from solvers.reassembly.core.evaluation import Rows, order_mse, split_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.reassembly.network.residual import ResidualNetwork
    from tests.solvers.reassembly.conftest import Dropped

ORDER = [1, 0, 2, 4, 3, 5, 6, 7]


def rows_of(network: ResidualNetwork) -> Rows:
    inputs = torch.randn(30, 12, generator=torch.Generator().manual_seed(1))
    return Rows(inputs, torch.zeros(30, network.head.shape[0]), 1.0)


@pytest.mark.parametrize("outputs", [1, 3])
def test_adjoints_agree_with_autograd(
    outputs: int, activation: str, make_network: Callable[..., ResidualNetwork]
) -> None:
    network = make_network(0, activation=activation, outputs=outputs)
    order, rows = [3, 0, 4, 1, 2], rows_of(network)
    around = linearise(network, rows, order)

    rebuilt = network.reordered(order, order)
    for t, (state, adjoint) in enumerate(zip(around.states, around.adjoints, strict=True)):
        leaf = state.clone().requires_grad_()
        out = rebuilt.read(rebuilt.hidden(leaf, start=t))
        expected = [torch.autograd.grad(out[:, k].sum(), leaf, retain_graph=True)[0] for k in range(outputs)]
        torch.testing.assert_close(adjoint, torch.stack(expected), rtol=1e-4, atol=1e-5)
    assert around.mse == pytest.approx(float(rebuilt(rows.inputs).square().mean()), rel=1e-5)


@pytest.mark.parametrize("kind", ["trained", "trained_logits"])
def test_predicted_changes_agree_with_the_real_ones(kind: str, request: pytest.FixtureRequest) -> None:
    dropped: Dropped = request.getfixturevalue(kind)
    rows, _ = split_rows(dropped.puzzle, 800, np.random.default_rng(0))
    around = linearise(dropped.network, rows, ORDER)
    predicted = predict_swaps(dropped.network, around, ORDER)
    real = []
    for t in range(7):
        swapped = ORDER.copy()
        swapped[t], swapped[t + 1] = swapped[t + 1], swapped[t]
        real.append(order_mse(dropped.network, rows, swapped) - around.mse)

    assert np.corrcoef(predicted.change.numpy(), real)[0, 1] > 0.9
    assert choose_swaps(predicted, rows.floor) == [0, 3]


def test_last_swap_is_predicted_exactly(trained: Dropped) -> None:
    rows, _ = split_rows(trained.puzzle, 800, np.random.default_rng(0))
    order = [0, 1, 2, 3, 4, 5, 7, 6]  # after it comes the head alone, which is linear
    around = linearise(trained.network, rows, order)
    change = float(predict_swaps(trained.network, around, order).change[-1])

    assert change == pytest.approx(order_mse(trained.network, rows, range(8)) - around.mse, rel=1e-3)


def test_uncertainty_is_the_standard_error_over_rows(trained_logits: Dropped) -> None:
    rows, _ = split_rows(trained_logits.puzzle, 800, np.random.default_rng(0))
    quarters = []
    for start in range(0, 800, 20):
        part = Rows(rows.inputs[start : start + 20], rows.targets[start : start + 20], rows.variance)
        quarters.append(predict_swaps(trained_logits.network, linearise(trained_logits.network, part, ORDER), ORDER))
    spread = torch.stack([predicted.change for predicted in quarters]).std(dim=0) / 40**0.5
    around = linearise(trained_logits.network, rows, ORDER)

    assert predict_swaps(trained_logits.network, around, ORDER).uncertainty.tolist() == pytest.approx(
        spread.tolist(), rel=0.5
    )


def test_chosen_swaps_share_no_block_and_are_significant() -> None:
    change = torch.tensor([-3.0, -5.0, -4.0, -1.0, -0.5, 2.0])
    uncertainty = torch.tensor([0.1, 0.1, 0.1, 0.1, 0.9, 0.1])

    assert choose_swaps(PredictedSwaps(change, uncertainty), floor=0.0) == [1, 3]
    assert choose_swaps(PredictedSwaps(change, uncertainty), floor=0.0, confidence=0.5) == [1, 3]
    assert choose_swaps(PredictedSwaps(change, uncertainty), floor=4.5) == [1]
    assert choose_swaps(PredictedSwaps(change, uncertainty), floor=9.0) == []


def test_swaps_find_the_order_from_few_rows_first(trained: Dropped) -> None:
    rows, _ = split_rows(trained.puzzle, 800, np.random.default_rng(0))

    assert adjoint_swaps(trained.network, rows, ORDER) == list(range(8))
    assert adjoint_swaps(trained.network, rows, list(range(8))) == list(range(8))


def test_result_is_never_worse_than_the_start(trained: Dropped) -> None:
    rows, _ = split_rows(trained.puzzle, 200, np.random.default_rng(0))
    for seed in range(4):
        order = np.random.default_rng(seed).permutation(8).tolist()
        found = adjoint_swaps(trained.network, rows, order)
        assert sorted(found) == list(range(8))
        assert order_mse(trained.network, rows, found) <= order_mse(trained.network, rows, order) * (1 + 1e-6)


def test_one_block_and_one_row_are_no_trouble(make_network: Callable[..., ResidualNetwork]) -> None:
    single = make_network(0, depth=1)
    assert adjoint_swaps(single, rows_of(single), [0]) == [0]
    several = make_network(0)
    found = adjoint_swaps(several, rows_of(several).head(1), [4, 3, 2, 1, 0])
    assert sorted(found) == list(range(5))
