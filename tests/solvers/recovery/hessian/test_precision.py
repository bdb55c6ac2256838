from __future__ import annotations

import numpy as np
import pytest

from solvers.recovery.core.derivatives import ask
from solvers.recovery.hessian.polish import Rows, jacobian, moved, polish
from solvers.recovery.hessian.precision import centre, output_bounds, weight_errors
from tests.solvers.recovery.hidden import active_puzzle, teacher


@pytest.mark.parametrize("precision", ["3 decimals", "5 decimals", "float32"])
def test_bounds_give_more_than_least_squares(precision: str) -> None:
    network = teacher(4, 5, 1, seed=1)
    puzzle = active_puzzle(network, precision=precision)
    assert puzzle.oracle is not None
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((6000, 4))
    rows = Rows(inputs, ask(puzzle.oracle, inputs))
    start = moved(network, np.asarray(1e-3 * rng.standard_normal(jacobian(network, inputs[:1]).shape[1])))
    fitted = polish(start, rows, 50, lambda: False)
    bounds = output_bounds(precision, puzzle.resolution, rows.outputs)
    assert bounds is not None
    assert (np.abs(rows.residual(network)) <= bounds * (1 + 1e-6) + 1e-12).all()
    centred = centre(fitted, rows, bounds, lambda: False)
    assert (np.abs(rows.residual(centred)) <= bounds).all()

    def error(one: object) -> float:
        return float(np.abs(one.weights[0] - network.weights[0]).max())  # type: ignore[attr-defined]

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
        rows = Rows(inputs, network(inputs) + 1e-6 * rng.standard_normal((2000, 1)))
        fitted = polish(network, rows, 20, lambda: False)
        ratios.append((fitted.weights[0] - network.weights[0]).reshape(-1) / predicted)
    assert 0.8 < np.sqrt(np.mean(np.square(ratios))) < 1.25


def test_weights_that_rows_do_not_determine_have_infinite_errors() -> None:
    network = teacher(4, 5, 1)
    assert np.isinf(weight_errors(network, np.zeros((100, 4)), 1e-6)).all()


def test_exact_outputs_have_no_bounds() -> None:
    assert output_bounds("float64", 0.0, np.ones((3, 1))) is None
