from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from solvers.recovery.core.derivatives import ask
from solvers.recovery.core.ensemble import Rows, network_of_row, parameters_of
from solvers.recovery.finishing.polish import polish
from solvers.recovery.finishing.precision import centre, free_parameters, output_bounds, weight_errors
from tests.solvers.recovery.hidden import active_puzzle, teacher

if TYPE_CHECKING:
    from generator.recovery.network.mlp import MLP


@pytest.mark.parametrize(
    ("activation", "precision"),
    [("tanh", "3 decimals"), ("tanh", "5 decimals"), ("tanh", "float32"), ("relu", "4 decimals")],
)
def test_bounds_give_more_than_least_squares(activation: str, precision: str) -> None:
    network = teacher(4, 5, 1, activation=activation, seed=1)
    puzzle = active_puzzle(network, precision=precision)
    assert puzzle.oracle is not None
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((6000, 4))
    rows = Rows.of(inputs, ask(puzzle.oracle, inputs))
    shape, row = parameters_of(network)
    free = free_parameters(network)
    start = row + np.where(free, 1e-3 * rng.standard_normal(len(row)), 0.0)
    fitted = polish(network_of_row(shape, start), rows, lambda: False)
    bounds = output_bounds(precision, puzzle.resolution, rows.targets)
    assert bounds is not None
    assert (np.abs(network(inputs).T - rows.targets) <= bounds * (1 + 1e-6) + 1e-12).all()
    centred = centre(fitted, rows, bounds, lambda: False)
    assert (np.abs(centred(inputs).T - rows.targets) <= bounds * (1 + 1e-3)).all()

    def error(one: MLP) -> float:
        """Largest error of the products of weights and outgoing weights, which have no free scale."""
        return float(
            np.abs(one.weights[0].T * np.abs(one.weights[1]) - network.weights[0].T * np.abs(network.weights[1])).max()
        )

    noise = float(np.sqrt(np.mean(bounds**2) / 3))
    assert error(centred) < error(fitted)
    assert error(centred) < 0.5 * weight_errors(network, inputs, noise).max()


def test_the_error_of_least_squares_is_predicted() -> None:
    network = teacher(4, 5, 1, activation="softplus", seed=2)
    rng = np.random.default_rng(0)
    inputs = 2 * rng.standard_normal((2000, 4))
    predicted = weight_errors(network, inputs, 1e-6)[: network.weights[0].size]
    ratios = []
    for _ in range(12):
        rows = Rows.of(inputs, network(inputs) + 1e-6 * rng.standard_normal((2000, 1)))
        fitted = polish(network, rows, lambda: False)
        ratios.append((fitted.weights[0] - network.weights[0]).reshape(-1) / predicted)
    assert 0.8 < np.sqrt(np.mean(np.square(ratios))) < 1.25


def test_rows_with_larger_noise_count_less() -> None:
    network = teacher(4, 5, 2, activation="silu")
    inputs = np.random.default_rng(0).standard_normal((400, 4))
    noise = np.ones((2, 400))
    noise[:, 200:] = 1e9
    few = weight_errors(network, inputs[:200], 1.0)
    assert np.allclose(weight_errors(network, inputs, noise), few, rtol=1e-6)
    assert np.allclose(weight_errors(network, inputs, 7 * noise), 7 * few, rtol=1e-6)


def test_the_scale_of_a_relu_unit_is_held() -> None:
    network = teacher(4, 5, 3, activation="relu")
    free = free_parameters(network)
    assert free.sum() == len(free) - 5
    errors = weight_errors(network, 2 * np.random.default_rng(0).standard_normal((500, 4)), 1.0)
    assert (errors[~free] == 0).all()
    assert np.isfinite(errors).all()
    assert free_parameters(teacher(4, 5, 3)).all()


def test_weights_that_rows_do_not_determine_have_infinite_errors() -> None:
    network = teacher(4, 5, 1)
    assert np.isinf(weight_errors(network, np.zeros((100, 4)), 1e-6)).all()


def test_exact_outputs_have_no_bounds() -> None:
    assert output_bounds("float64", 0.0, np.ones((3, 1))) is None
