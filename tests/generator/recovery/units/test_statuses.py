"""Statuses of hidden units: proofs that they switch or never do, and effects that are zero."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from generator.recovery.network.mlp import MLP
from generator.recovery.units.search import look
from generator.recovery.units.statuses import unit_statuses


def he_network(*widths: int, seed: int = 0, activation: str = "relu") -> MLP:
    rng = np.random.default_rng(seed)
    return MLP.of(
        [(rng.standard_normal((o, i)) * np.sqrt(2 / i), 0.1 * rng.standard_normal(o)) for i, o in pairwise(widths)],
        activation,
    )


def test_the_first_layer_is_decided_by_the_largest_preactivation_in_the_box() -> None:
    first = np.array([[1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [0.0, 0.0]])
    network = MLP.of([(first, [1.9, 2.1, -2.1, 1.0]), (np.ones((1, 4)), [0.0])], "relu")
    assert unit_statuses(network, box=1.0) == (("switches", "linear", "invisible", "invisible"),)
    assert unit_statuses(network, box=1.1)[0][:3] == ("switches", "switches", "switches")
    assert unit_statuses(network)[0] == ("switches", "switches", "switches", "invisible")


def test_a_leaky_unit_that_is_always_off_is_linear() -> None:
    network = MLP.of([(np.array([[1.0, 1.0]]), [-2.1]), (np.ones((1, 1)), [0.0])], "leaky_relu")
    assert unit_statuses(network, box=1.0) == (("linear",),)


def test_a_deep_unit_that_interval_arithmetic_cannot_decide_is_decided_by_the_program() -> None:
    # h = (max(x, 0), max(-x, 0)); h1 + h2 = |x| <= 1, but intervals allow 2.
    first = np.array([[1.0], [-1.0]])
    second = np.array([[1.0, 1.0], [1.0, 1.0], [-1.0, -1.0]])
    network = MLP.of([(first, [0.0, 0.0]), (second, [-1.1, -0.9, 1.1]), (np.ones((1, 3)), [0.0])], "relu")
    assert unit_statuses(network, box=1.0) == (("switches", "switches"), ("invisible", "switches", "linear"))


def test_a_unit_that_few_inputs_switch_is_found() -> None:
    # The second unit is on only where all ten inputs are within 1e-3 of a corner of the box.
    corner = np.where(np.arange(10) % 3 == 0, -1.0, 1.0)
    first = np.vstack([corner, np.eye(10)])
    second = np.zeros((2, 11))
    second[:, 0] = 1.0
    second[0, 1] = 1.0
    network = MLP.of([(first, [0.0, *[0.0] * 10]), (second, [0.0, -9.999]), (np.ones((1, 2)), [0.0])], "relu")
    assert unit_statuses(network, box=1.0)[1][1] == "switches"


@pytest.mark.parametrize("seed", range(6))
def test_no_random_input_contradicts_a_proof(seed: int) -> None:
    network, box = he_network(12, 8, 8, 1, seed=seed), 0.05
    found = unit_statuses(network, box=box)
    points = np.random.default_rng(100 + seed).uniform(-box, box, (20_000, 12))
    for statuses, off, on in zip(found, *zip(*look(network, points), strict=True), strict=True):
        for status, was_off, was_on in zip(statuses, off, on, strict=True):
            assert not (was_off and was_on) or status == "switches"
            assert not was_off or status != "linear"
            assert not was_on or status != "invisible"


def test_units_without_effect_are_invisible_also_through_others() -> None:
    network = he_network(5, 4, 3, 1, activation="tanh")
    second, last = network.weights[1].copy(), network.weights[2].copy()
    last[0, 1] = 0.0  # unit 1 of layer 2 has no effect,
    second[[0, 2], 3] = 0.0  # and unit 3 of layer 1 reaches only that unit
    network = MLP((network.weights[0], second, last), network.biases, "tanh")
    assert unit_statuses(network) == (
        ("switches", "switches", "switches", "invisible"),
        ("switches", "invisible", "switches"),
    )


def test_a_constant_unit_is_invisible_for_any_activation() -> None:
    network = he_network(3, 2, 2, 1, activation="sigmoid")
    first, second = network.weights[0].copy(), network.weights[1].copy()
    first[1] = 0.0
    second[0, 0] = 0.0  # unit 0 of layer 2 sees only the constant unit
    network = MLP((first, second, network.weights[2]), network.biases, "sigmoid")
    assert unit_statuses(network) == (("switches", "invisible"), ("invisible", "switches"))


def test_the_reach_of_a_table_is_its_rows() -> None:
    network = MLP.of([(np.array([[1.0], [1.0], [1.0]]), [0.0, -5.0, 5.0]), (np.ones((1, 3)), [0.0])], "relu")
    rows = np.linspace(-3, 3, 7)[:, None]
    assert unit_statuses(network, rows=rows) == (("switches", "invisible", "linear"),)


def test_large_networks_and_no_box() -> None:
    assert {*sum(unit_statuses(he_network(784, 64, 64, 1), box=1000.0), ())} == {"switches"}
    assert {*sum(unit_statuses(he_network(10, 8, 8, 1)), ())} <= {"switches", "unknown", "linear"}
