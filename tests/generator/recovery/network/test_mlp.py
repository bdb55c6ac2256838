"""Networks: evaluation that does not depend on the other rows of a query, and derivatives by the parameters."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from generator.recovery.network.activations import ACTIVATIONS
from generator.recovery.network.jacobian import condition_number, parameter_jacobian
from generator.recovery.network.mlp import MLP
from tests.generator.recovery.symmetries import disguised


def network(*widths: int, activation: str = "tanh") -> MLP:
    rng = np.random.default_rng(len(widths))
    pairs = itertools.pairwise(widths)
    return MLP.of([(rng.standard_normal((b, a)) / np.sqrt(a), rng.standard_normal(b)) for a, b in pairs], activation)


@pytest.mark.parametrize("widths", [(784, 128, 128, 1), (10, 5, 5, 1), (3, 7, 2), (1, 1, 1), (50, 25, 25, 1)])
def test_equal_rows_have_equal_outputs_in_any_query(widths: tuple[int, ...]) -> None:
    net, rng = network(*widths, activation="relu"), np.random.default_rng(0)
    rows = rng.standard_normal((200, widths[0]))
    outputs, order = net.exact(rows), rng.permutation(200)
    assert outputs == pytest.approx(net(rows), abs=1e-12)
    for count in (1, 2, 7, 63, 64, 65, 130, 200):
        assert (net.exact(rows[order[:count]]) == outputs[order[:count]]).all()


def test_layers_are_applied_in_order() -> None:
    net = network(3, 5, 4, 2)
    rows = np.random.default_rng(0).standard_normal((6, 3))
    first = np.tanh(rows @ net.weights[0].T + net.biases[0])
    assert net.hidden(rows, 1) == pytest.approx(first)
    assert net.preactivations(rows, 2) == pytest.approx(first @ net.weights[1].T + net.biases[1])
    assert net.widths == (3, 5, 4, 2)
    assert net.hidden_layers == 2
    bypass = np.ones((2, 3))
    assert replace(net, bypass=bypass)(rows) == pytest.approx(net(rows) + rows @ bypass.T)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_jacobian_is_that_of_finite_differences(activation: str) -> None:
    net = network(3, 4, 3, 2, activation=activation)
    rows, step, columns = np.random.default_rng(1).standard_normal((5, 3)), 1e-6, []
    arrays = [array for pair in net.layers() for array in pair]
    for at, array in enumerate(arrays):
        for index in np.ndindex(array.shape):
            sides = []
            for sign in (1, -1):
                moved = array.copy()
                moved[index] += sign * step
                changed = [*arrays[:at], moved, *arrays[at + 1 :]]
                sides.append(MLP(tuple(changed[::2]), tuple(changed[1::2]), activation)(rows))
            columns.append(((sides[0] - sides[1]) / (2 * step)).ravel())
    assert parameter_jacobian(net, rows) == pytest.approx(np.array(columns).T, abs=1e-7)


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_the_condition_number_leaves_free_scales_out(activation: str) -> None:
    net = network(4, 5, 1, activation=activation)
    rows = np.random.default_rng(2).standard_normal((500, 4))
    assert condition_number(net, rows) < 1e4


def test_near_duplicates_are_badly_conditioned() -> None:
    net = network(4, 6, 1)
    rows, weight, bias = np.random.default_rng(3).standard_normal((500, 4)), net.weights[0].copy(), net.biases[0].copy()
    weight[1], bias[1] = weight[0] * 1.001, bias[0] * 1.001
    twins = replace(net, weights=(weight, net.weights[1]), biases=(bias, net.biases[1]))
    assert condition_number(twins, rows) > 100 * condition_number(net, rows)
    assert condition_number(disguised(net, np.random.default_rng(0)), rows) == pytest.approx(
        condition_number(net, rows), rel=1e-6
    )
