from __future__ import annotations

import numpy as np
import pytest

from generator.recovery.network.mlp import MLP
from solvers.recovery.core.ensemble import Architecture, Rows, network_of_row, parameters_of
from solvers.recovery.core.output_layer import fit_output_layer
from solvers.recovery.core.pruning import Pruned, Pruning, prune, remove_units, saliencies
from tests.solvers.recovery.hidden import passive_puzzle, teacher


def rows_of(network: MLP, rows: int = 300) -> Rows:
    table = passive_puzzle(network, rows, 1.5).table
    assert table is not None
    return Rows.of(table.inputs, table.outputs)


def padded(network: MLP, seed: int = 0) -> MLP:
    """Split one unit into two copies, and add a unit whose outgoing weights are zero."""
    rng = np.random.default_rng(seed)
    (weight, *_, outer), (bias, *_, constant) = network.weights, network.biases
    weight = np.concatenate([weight, weight[:1], rng.standard_normal((1, weight.shape[1]))])
    bias = np.concatenate([bias, bias[:1], [0.3]])
    outer = np.concatenate([outer, 0.25 * outer[:, :1], np.zeros((len(outer), 1))], axis=1)
    outer[:, 0] *= 0.75
    return MLP.of([(weight, bias), (outer, constant)], network.activation)


@pytest.mark.parametrize(("activation", "outputs"), [("tanh", 1), ("g", 2)])
def test_copies_and_dead_units_go(activation: str, outputs: int) -> None:
    network = teacher(3, 4, outputs, activation=activation)
    rows = rows_of(network)
    shape, row = parameters_of(padded(network))
    small = saliencies(shape, row, rows, 1)[[0, 4, 5]]
    assert small.max() < 1e-6 * saliencies(shape, row, rows, 1)[1:4].min()
    result = prune(Pruned(shape, row, 1e-30), rows, Pruning(1e-24))
    assert result.architecture.widths == network.widths
    assert result.mse < 1e-24


def test_needed_units_stay() -> None:
    network = teacher(3, 5, 1)
    shape, row = parameters_of(network)
    result = prune(Pruned(shape, row, 1e-31), rows_of(network), Pruning(1e-24))
    np.testing.assert_array_equal(result.row, row)


def test_the_next_layer_takes_over() -> None:
    network = teacher(3, 4, 3, 1)
    rows = rows_of(network)
    shape, row = parameters_of(network)
    twice = [(np.repeat(network.weights[0], 2, axis=0), np.repeat(network.biases[0], 2))]
    twice.append((0.5 * np.repeat(network.weights[1], 2, axis=1), network.biases[1]))
    wide, wide_row = parameters_of(MLP.of([*twice, (network.weights[2], network.biases[2])], "tanh"))
    smaller, result = remove_units(wide, wide_row, rows, 1, np.arange(0, 8, 2))
    assert smaller == shape
    np.testing.assert_allclose(result, row, atol=1e-11)
    pruned = prune(Pruned(wide, wide_row, 1e-30), rows, Pruning(1e-24))
    assert pruned.architecture == shape


def test_output_layer_with_a_by_pass() -> None:
    network = teacher(3, 4, 2, activation="softplus")
    inputs = np.random.default_rng(0).standard_normal((100, 3))
    rows = Rows.of(inputs, network(inputs) + inputs[:, :2] @ np.array([[1.0, 2.0], [3.0, 4.0]]))
    shape = Architecture(network.widths, "softplus", bypass=True)
    row = np.concatenate([network.weights[0].ravel(), network.biases[0], np.zeros(2 * 4 + 2 + 6)])
    fitted = network_of_row(shape, fit_output_layer(shape, row, rows))
    np.testing.assert_allclose(fitted.weights[1], network.weights[1], atol=1e-11)
    assert fitted.bypass is not None
    np.testing.assert_allclose(fitted.bypass, [[1, 3, 0], [2, 4, 0]], atol=1e-11)
