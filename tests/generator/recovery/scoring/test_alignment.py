"""Networks with units that no input of the box switches."""

from __future__ import annotations

import numpy as np
import pytest

from generator.recovery.network.mlp import MLP
from generator.recovery.scoring.alignment import Alignment, align
from generator.recovery.sealed import HiddenTruth

SAMPLE = np.random.default_rng(0).uniform(-1, 1, (500, 3))
LINEAR = ((1, 3), ())


def network() -> MLP:
    """Build a ReLU network 3-5-4-2 whose units 1 and 3 of the first layer are on for all |x_i| <= 1."""
    rng = np.random.default_rng(1)
    first, bias = rng.standard_normal((5, 3)), 0.1 * rng.standard_normal(5)
    bias[[1, 3]] = 20.0
    second, third = rng.standard_normal((4, 5)), rng.standard_normal((2, 4))
    return MLP((first, second, third), (bias, -second @ np.maximum(bias, 0), rng.standard_normal(2)), "relu")


def mixed(source: MLP) -> MLP:
    """Replace the two linear units by two other combinations of them."""
    mix = np.array([[1.0, 0.5], [-0.2, 1.5]])
    first, bias, second = source.weights[0].copy(), source.biases[0].copy(), source.weights[1].copy()
    first[[1, 3]], bias[[1, 3]] = mix @ first[[1, 3]], mix @ bias[[1, 3]]
    second[:, [1, 3]] = second[:, [1, 3]] @ np.linalg.inv(mix)
    return MLP((first, second, source.weights[2]), (bias, *source.biases[1:]), "relu")


def compared(found: MLP) -> Alignment:
    return align(HiddenTruth(network(), LINEAR), found, 1e-6, SAMPLE)


def test_only_the_sum_of_linear_units_counts() -> None:
    other = mixed(network())
    assert np.abs(other(SAMPLE) - network()(SAMPLE)).max() < 1e-10
    found = compared(other)
    assert found.exact_size
    assert found.errors.max() < 1e-10
    assert found.signatures == found.units == 1


def test_a_wrong_sum_of_linear_units_is_wrong() -> None:
    other = mixed(network())
    second = other.weights[1].copy()
    second[0, 1] += 1e-3
    found = compared(MLP((other.weights[0], second, other.weights[2]), other.biases, "relu"))
    assert found.exact_size
    assert found.errors.max() > 1e-4


def test_a_unit_that_switches_is_no_linear_unit() -> None:
    other = network()
    bias = other.biases[0].copy()
    bias[3] = 0.0
    found = compared(MLP(other.weights, (bias, *other.biases[1:]), "relu"))
    assert not found.exact_size


def test_linear_units_need_a_mark_in_the_sealed_answer() -> None:
    found = align(HiddenTruth(network(), ((), ())), mixed(network()), 1e-6, SAMPLE)
    assert found.errors.max() > 1e-2


def test_a_flip_beside_a_linear_unit_is_free_if_the_linear_unit_makes_up_for_it() -> None:
    source = network()
    first, bias, second = source.weights[0].copy(), source.biases[0].copy(), source.weights[1].copy()
    outgoing = second[:, 0].copy()  # relu(z) = relu(-z) + z
    mixed_in = np.linalg.lstsq(second[:, [1, 3]], outgoing, rcond=None)[0]
    exact = second[:, [1, 3]] @ mixed_in
    second[:, 0] = exact  # make the linear map of the flip one that the linear units can supply
    truth = MLP((first, second, source.weights[2]), source.biases, "relu")
    flipped, offset = first.copy(), bias.copy()
    flipped[0], offset[0] = -first[0], -bias[0]
    flipped[[1, 3]] += np.outer(mixed_in, first[0])
    offset[[1, 3]] += mixed_in * bias[0]
    other = MLP((flipped, second, source.weights[2]), (offset, *source.biases[1:]), "relu")
    assert np.abs(other(SAMPLE) - truth(SAMPLE)).max() < 1e-10
    found = align(HiddenTruth(truth, LINEAR), other, 1e-6, SAMPLE)
    assert found.exact_size
    assert found.errors.max() < 1e-10
    turned = first.copy()
    turned[0] = -turned[0]
    unsupplied = MLP((turned, second, source.weights[2]), (offset, *source.biases[1:]), "relu")
    assert align(HiddenTruth(truth, LINEAR), unsupplied, 1e-6, SAMPLE).errors.max() > 1e-3


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_a_leak_or_an_off_unit_passes_its_slope_on(activation: str) -> None:
    source = network()
    bias = source.biases[0].copy()
    bias[[1, 3]] = -20.0
    truth = MLP(source.weights, (bias, *source.biases[1:]), activation)
    found = align(HiddenTruth(truth, LINEAR), truth, 1e-6, SAMPLE)
    assert found.exact_size
    assert found.errors.max() < 1e-12
