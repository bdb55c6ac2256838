"""A widened network is reduced to its minimal widths."""

from __future__ import annotations

import numpy as np

from generator.recovery.network.mlp import MLP
from solvers.recovery.core.ensemble import Rows
from solvers.recovery.peeling.pruning import minimal_network, polished
from tests.solvers.recovery.hidden import teacher


def widened(network: MLP, rng: np.random.Generator) -> MLP:
    """Split a unit of the second hidden layer into two copies and add a unit without effect to the first."""
    (first, bias), (second, second_bias), (output, output_bias) = network.layers()
    first = np.vstack([first, rng.standard_normal(first.shape[1])])
    bias = np.append(bias, 0.3)
    second = np.column_stack([np.vstack([second, second[:1]]), np.zeros(len(second) + 1)])
    output = np.column_stack([output, 0.25 * output[:, :1]])
    output[:, 0] *= 0.75
    layers = [(first, bias), (second, np.append(second_bias, second_bias[0])), (output, output_bias)]
    return MLP.of(layers, network.activation)


def test_copies_and_units_without_effect_are_removed() -> None:
    network = teacher(3, 3, 3, 1, seed=3)
    rng = np.random.default_rng(0)
    inputs = 1.5 * rng.standard_normal((400, 3))
    rows = Rows.of(inputs, network(inputs))
    wide = widened(network, rng)
    np.testing.assert_allclose(wide(inputs), network(inputs), atol=1e-12)
    found, minimal = minimal_network(wide, rows, 1e-19, lambda: False)
    assert found.widths == network.widths
    assert minimal
    assert np.abs(polished(found, rows)(inputs) - network(inputs)).max() < 1e-13


def test_without_time_nothing_is_said_to_be_minimal() -> None:
    network = teacher(3, 3, 3, 1, seed=3)
    inputs = np.random.default_rng(0).standard_normal((100, 3))
    _, minimal = minimal_network(network, Rows.of(inputs, network(inputs)), 1e-19, lambda: True)
    assert not minimal
