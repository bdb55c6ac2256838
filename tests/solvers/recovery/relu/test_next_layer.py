from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from generator.recovery.network.mlp import MLP
from solvers.recovery.relu.next_layer.completing import NOTHING
from solvers.recovery.relu.next_layer.output import OutputLayer, read_output_layer
from solvers.recovery.relu.next_layer.recover import recover_next_layer
from solvers.recovery.relu.prefix import Prefix
from tests.solvers.recovery.hidden import LocalOracle, active_puzzle, teacher

if TYPE_CHECKING:
    from generator.recovery.spec import PublicSpec

TOLERANCE = 1e-9


def public(network: MLP, budget: int | None = None) -> PublicSpec:
    """The public spec of a network."""
    return active_puzzle(network, budget=budget).public


def recovered(network: MLP, seed: int = 1) -> OutputLayer:
    """Recover all layers from queries."""
    oracle, rng = LocalOracle(network, public(network)), np.random.default_rng(seed)
    prefix, open_weights = Prefix(network.widths[0], network.activation), NOTHING
    while prefix.depth < network.hidden_layers:
        layer = recover_next_layer(oracle, prefix, 1.0, rng, math.inf, open_weights=open_weights)
        assert layer is not None
        prefix, open_weights = layer.prefix, layer.open
    return read_output_layer(oracle, prefix, 1.0, rng, open_weights=open_weights)


def worst_error(network: MLP, found: MLP) -> float:
    """Match units layer by layer, rows scaled to norm 1, and return the largest error of a weight."""
    columns, worst = np.arange(network.widths[0]), 0.0
    scale = lengths = np.ones(network.widths[0])
    for layer, (weight, bias) in enumerate(network.layers()[:-1]):
        true = np.column_stack([weight * scale, bias])
        rows = np.column_stack([found.weights[layer][:, columns] * lengths, found.biases[layer]])
        assert len(rows) == len(true)
        scale, norms = np.linalg.norm(true[:, :-1], axis=1), np.linalg.norm(rows[:, :-1], axis=1)
        distance = np.abs((true / scale[:, None])[:, None] - (rows / norms[:, None])[None]).max(axis=2)
        columns = distance.argmin(axis=1)
        assert len(set(columns)) == len(columns)
        lengths = norms[columns]
        worst = max(worst, distance.min(axis=1).max())
    output = found.weights[-1][:, columns] * lengths - network.weights[-1] * scale
    return float(max(worst, np.abs(output).max(), np.abs(found.biases[-1] - network.biases[-1]).max()))


@pytest.mark.parametrize(
    ("widths", "activation"),
    [((3, 5, 4, 1), "relu"), ((4, 5, 3, 2), "relu"), ((4, 3, 3, 2, 1), "relu"), ((3, 4, 3, 1), "leaky_relu")],
    ids=["expanding", "two outputs", "three hidden layers", "leaky"],
)
def test_all_layers_are_recovered_from_queries(widths: tuple[int, ...], activation: str) -> None:
    network = teacher(*widths, activation=activation, seed=3, worst_condition=None)
    found = recovered(network)
    assert found.residual < TOLERANCE
    assert worst_error(network, found.network) < TOLERANCE


def test_known_first_layer_with_wrong_signs_is_turned() -> None:
    network = teacher(4, 6, 5, 1, activation="relu", seed=5, worst_condition=None)
    weight, bias = network.layers()[0]
    turn = np.where(np.arange(6) % 2, -1.0, 1.0)
    prefix = Prefix(4, "relu").extended(turn[:, None] * weight, turn * bias)
    oracle = LocalOracle(network, public(network))
    layer = recover_next_layer(oracle, prefix, 1.0, np.random.default_rng(0), math.inf)
    assert layer is not None
    assert layer.signs is not None
    assert layer.signs.flips.tolist() == [False, True] * 3
    assert layer.prefix.units == 5


def test_unit_that_is_on_everywhere_is_part_of_the_answer() -> None:
    base = teacher(4, 3, 3, 2, 1, activation="relu", seed=1, worst_condition=None)
    weights, biases = list(base.weights), list(base.biases)
    biases[1] = biases[1].copy()
    biases[1][0] = 1e3
    biases[2] = biases[2] - 1e3 * weights[2][:, 0]
    network = MLP(tuple(weights), tuple(biases), "relu")
    found = recovered(network)
    inputs = np.random.default_rng(8).standard_normal((500, 4))
    assert np.abs(found.network(inputs) - network(inputs)).max() < 1e-8
    assert found.network.widths == network.widths


def test_spent_budget_ends_the_search_without_an_error() -> None:
    network = teacher(4, 6, 6, 1, activation="relu", seed=3, worst_condition=None)
    oracle = LocalOracle(network, public(network, 3000))
    layer = recover_next_layer(oracle, Prefix(4, "relu"), 1.0, np.random.default_rng(0), math.inf)
    assert oracle.queries <= 3000
    assert layer is None or layer.prefix.depth == 1
