from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from generator.recovery.network.mlp import MLP
from solvers.recovery.core.ensemble import Rows, network_of_row, parameters_of
from solvers.recovery.finishing.polish import polish, root_mean_square, solve_outputs, without_spare_units
from tests.solvers.recovery.hidden import teacher


@pytest.mark.parametrize("activation", ["tanh", "g", "softplus", "relu"])
def test_a_disturbed_network_is_polished_to_round_off(activation: str) -> None:
    network = teacher(6, 8, 2, activation=activation, seed=1)
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((400, 6))
    rows = Rows.of(inputs, network(inputs))
    shape, row = parameters_of(network)
    disturbed = network_of_row(shape, row + 0.02 * rng.standard_normal(len(row)))
    polished = polish(disturbed, rows, lambda: False)
    assert root_mean_square(polished, rows) < 1e-12
    if activation != "relu":  # whose units have a free scale
        assert np.abs(polished.weights[0] - network.weights[0]).max() < 1e-11


def test_outputs_are_solved_with_and_without_a_bypass() -> None:
    network = replace(teacher(4, 6, 2, seed=1), bypass=np.arange(8.0).reshape(2, 4))
    inputs = np.random.default_rng(0).standard_normal((100, 4))
    rows = Rows.of(inputs, network(inputs))
    blank = replace(network, weights=(network.weights[0], np.zeros((2, 6))))
    solved = solve_outputs(blank, rows, bypass=True)
    assert solved.bypass is not None
    assert np.allclose(solved.bypass, np.arange(8.0).reshape(2, 4))
    assert np.allclose(solved.weights[1], network.weights[1])
    assert solve_outputs(blank, rows, bypass=False).bypass is None


def test_copies_of_a_unit_are_merged_and_needed_units_stay() -> None:
    network = teacher(4, 5, 1, seed=3)
    inputs = np.random.default_rng(0).standard_normal((300, 4))
    rows = Rows.of(inputs, network(inputs))
    (weight, outer), (bias, constant) = network.weights, network.biases
    copied = MLP(
        (np.vstack([weight, weight[2]]), np.hstack([outer, 0.4 * outer[:, 2:3]])),
        (np.append(bias, bias[2]), constant),
        "tanh",
    )
    copied.weights[1][0, 2] *= 0.6
    assert without_spare_units(copied, rows, lambda: False).widths == (4, 5, 1)
    assert without_spare_units(network, rows, lambda: False) is network
