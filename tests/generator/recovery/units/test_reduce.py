"""Removing and merging units leaves the function unchanged within the reach, and leaves the fewest units."""

from __future__ import annotations

import numpy as np
import pytest

from generator.errors import PuzzleError
from generator.recovery.network.activations import ACTIVATIONS
from generator.recovery.network.mlp import MLP
from generator.recovery.units.reduce import equal_units, reduced
from tests.solvers.recovery.hidden import teacher


def widened(network: MLP, rng: np.random.Generator) -> MLP:
    """Split a unit into two, add a constant unit and a unit without effect, in every hidden layer; shuffle units."""
    for layer in range(network.hidden_layers):
        weight, bias = network.layers()[layer]
        columns = network.weights[layer + 1]
        fan_in, fan_out = weight.shape[1], len(columns)
        sign = -1.0 if network.sigma.symmetry == "odd" else 1.0
        scale = 3.0 if network.sigma.scales else 1.0
        rows = np.vstack([weight, sign * scale * weight[:1], np.zeros((1, fan_in)), rng.standard_normal((1, fan_in))])
        new_bias = np.concatenate([bias, sign * scale * bias[:1], [0.7], [0.3]])
        split = columns.copy()
        split[:, 0] *= 0.4
        copied, used, unused = columns[:, :1], rng.standard_normal((fan_out, 1)), np.zeros((fan_out, 1))
        outgoing = np.hstack([split, sign * 0.6 / scale * copied, used, unused])
        order = rng.permutation(len(new_bias))
        weights, biases = list(network.weights), list(network.biases)
        weights[layer], biases[layer], weights[layer + 1] = rows[order], new_bias[order], outgoing[:, order]
        network = MLP(tuple(weights), tuple(biases), network.activation)
    return network


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize("widths", [(4, 6, 2), (3, 5, 4, 1)])
def test_added_units_are_removed_and_the_function_stays(activation: str, widths: tuple[int, ...]) -> None:
    rng = np.random.default_rng(5)
    network = teacher(*widths, activation=activation, seed=3, worst_condition=None)
    found = reduced(widened(network, rng), box=10.0)
    assert found.network.widths == widths
    assert found.invisible == (2,) * network.hidden_layers
    assert found.merged == (1,) * network.hidden_layers
    inputs = rng.uniform(-10, 10, (200, widths[0]))
    np.testing.assert_allclose(found.network(inputs), widened(network, np.random.default_rng(5))(inputs), atol=1e-10)
    assert [len(layer) for layer in found.statuses] == list(widths[1:-1])


def test_a_sigmoid_unit_and_its_mirror_become_one() -> None:
    weight, bias = np.array([[1.0, 2.0], [-1.0, -2.0], [0.5, 0.0]]), np.array([0.3, -0.3, 0.1])
    network = MLP.of([(weight, bias), (np.array([[2.0, 0.5, 1.0]]), [0.1])], "sigmoid")
    found = reduced(network)
    assert found.network.widths == (2, 2, 1)
    inputs = np.random.default_rng(0).standard_normal((50, 2))
    np.testing.assert_allclose(found.network(inputs), network(inputs), atol=1e-13)


def test_units_of_opposite_rows_stay_where_they_are_not_copies() -> None:
    network = MLP.of([(np.array([[1.0], [-1.0]]), [0.2, -0.2]), (np.ones((1, 2)), [0.0])], "relu")
    assert reduced(network, box=1.0).network.widths == (1, 2, 1)


def test_copies_that_cancel_are_removed_with_the_units_before_that_only_they_use() -> None:
    network = MLP.of(
        [
            (np.array([[1.0, 0.0], [0.0, 1.0]]), [0.1, 0.2]),
            (np.array([[0.0, 1.0], [0.0, 1.0], [1.0, 0.0]]), [0.3, 0.3, 0.1]),
            (np.array([[1.0, -1.0, 2.0]]), [0.0]),
        ],
        "tanh",
    )
    found = reduced(network)
    assert found.network.widths == (2, 1, 1, 1)
    inputs = np.random.default_rng(0).standard_normal((50, 2))
    np.testing.assert_allclose(found.network(inputs), network(inputs), atol=1e-13)


def test_a_unit_that_is_off_in_the_box_is_removed_and_the_record_counts_it() -> None:
    first = np.array([[1.0, 1.0], [1.0, -1.0], [2.0, 1.0]])
    network = MLP.of([(first, [-30.0, 0.1, 40.0]), (np.ones((1, 3)), [0.0])], "relu")
    found = reduced(network, box=10.0)
    assert found.network.widths == (2, 2, 1)
    assert found.record() == {"invisible": [1], "merged": [0], "linear": [[1]], "unknown": [[]]}
    found = reduced(network, box=1000.0)
    assert not any((*found.invisible, *found.merged))


def test_a_constant_network_is_refused() -> None:
    network = MLP.of([(np.array([[1.0]]), [-2.0]), (np.ones((1, 1)), [0.0])], "relu")
    with pytest.raises(PuzzleError, match="shows a unit of hidden layer 1"):
        reduced(network, box=1.0)


def test_equal_units_gives_factors() -> None:
    weight, bias = np.array([[1.0, 2.0], [2.0, 4.0], [-1.0, -2.0]]), np.array([1.0, 2.0, -1.0])
    assert equal_units(weight, bias, scales=False) == [(2, 0, -1.0)]
    assert equal_units(weight, bias, scales=True) == [(1, 0, 2.0), (2, 0, -1.0)]
