from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from generator.recovery.network.jacobian import parameter_jacobian
from solvers.recovery.hessian.polish import Rows, jacobian, moved, polish, solve_outputs
from tests.solvers.recovery.hidden import teacher


@pytest.mark.parametrize("outputs", [1, 3])
def test_the_jacobian_agrees_with_the_networks(outputs: int) -> None:
    network = teacher(4, 5, outputs, activation="silu")
    inputs = np.random.default_rng(0).standard_normal((7, 4))
    assert np.allclose(jacobian(network, inputs), parameter_jacobian(network, inputs), rtol=0, atol=1e-12)


def test_the_jacobian_of_the_bypass_by_differences() -> None:
    network = replace(teacher(4, 5, 2), bypass=np.ones((2, 4)))
    inputs = np.random.default_rng(0).standard_normal((7, 4))
    J = jacobian(network, inputs)
    for at in range(J.shape[1]):
        step = 1e-6 * np.eye(J.shape[1])[at]
        difference = (moved(network, step)(inputs) - moved(network, -step)(inputs)).reshape(-1) / 2e-6
        assert np.allclose(J[:, at], difference, rtol=0, atol=1e-8)


@pytest.mark.parametrize("activation", ["tanh", "g", "softplus"])
def test_a_disturbed_network_is_polished_to_round_off(activation: str) -> None:
    network = teacher(6, 8, 2, activation=activation, seed=1)
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((400, 6))
    rows = Rows(inputs, network(inputs))
    size = jacobian(network, inputs[:1]).shape[1]
    disturbed = moved(network, np.asarray(0.02 * rng.standard_normal(size)))
    polished = polish(disturbed, rows, 60, lambda: False)
    assert np.abs(rows.residual(polished)).max() < 1e-13
    assert np.abs(polished.weights[0] - network.weights[0]).max() < 1e-11


def test_outputs_are_solved_with_and_without_a_bypass() -> None:
    network = replace(teacher(4, 6, 2, seed=1), bypass=np.arange(8.0).reshape(2, 4))
    inputs = np.random.default_rng(0).standard_normal((100, 4))
    rows = Rows(inputs, network(inputs))
    blank = replace(network, weights=(network.weights[0], np.zeros((2, 6))))
    solved = solve_outputs(blank, rows, bypass=True)
    assert solved.bypass is not None
    assert np.allclose(solved.bypass, np.arange(8.0).reshape(2, 4))
    assert np.allclose(solved.weights[1], network.weights[1])
    assert solve_outputs(blank, rows, bypass=False).bypass is None
