"""Units that a network does not need are found and left out."""

from __future__ import annotations

import numpy as np

from generator.recovery.network.mlp import MLP
from solvers.recovery.relu.fitting.removing import superfluous, without_superfluous
from tests.solvers.recovery.hidden import teacher
from tests.solvers.recovery.relu.comparing import weight_error

INPUTS = 3 * np.random.default_rng(4).standard_normal((500, 6))


def test_a_network_that_needs_all_units_stays() -> None:
    network = _drawn()
    assert without_superfluous(network, INPUTS).widths == network.widths
    assert not superfluous(network, INPUTS)


def test_a_unit_without_effect_is_left_out() -> None:
    network = _drawn()
    rng = np.random.default_rng(7)
    wider = _widened(network, rng.standard_normal(6), rng.standard_normal(), 1e-14 * rng.standard_normal(4))
    assert superfluous(wider, INPUTS)
    assert weight_error(network, without_superfluous(wider, INPUTS)) < 1e-10


def test_a_copy_of_a_unit_is_merged() -> None:
    network = _drawn()
    wider = _widened(network, 2 * network.weights[0][1], 2 * network.biases[0][1], np.ones(4))
    assert superfluous(wider, INPUTS)
    smaller = without_superfluous(wider, INPUTS)
    assert smaller.widths == network.widths
    assert np.abs(smaller(INPUTS) - wider(INPUTS)).max() < 1e-9


def test_a_unit_that_never_switches_denies_the_certificate() -> None:
    network = _drawn()
    wider = _widened(network, np.ones(6), 1e3, np.ones(4))
    assert "does not switch" in superfluous(wider, INPUTS)


def test_a_unit_that_is_off_on_all_rows_stays_and_is_reported() -> None:
    network = _drawn()
    wider = _widened(network, np.ones(6), -1e3, np.ones(4))
    assert without_superfluous(wider, INPUTS).widths == wider.widths
    assert superfluous(wider, INPUTS)


def _drawn() -> MLP:
    return teacher(6, 5, 4, 1, activation="relu", seed=2, worst_condition=None)


def _widened(network: MLP, weight: np.ndarray, bias: float, outgoing: np.ndarray) -> MLP:
    """Add a unit to the first hidden layer."""
    layers = network.layers()
    first = np.vstack([layers[0][0], weight]), np.append(layers[0][1], bias)
    second = np.column_stack([layers[1][0], outgoing]), layers[1][1]
    return MLP.of([first, second, *layers[2:]], network.activation)
