from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from solvers.recovery.core.flips import find_flips, flip_units
from tests.solvers.recovery.hidden import teacher

Array = np.ndarray[Any, Any]


def hidden_flips(
    inputs: int, units: int, outputs: int, half_slope: float = 0.5, noise: float = 0.0, seed: int = 0
) -> tuple[Array, Array, Array, Array]:
    rng = np.random.default_rng(seed)
    weight = rng.standard_normal((units, inputs))
    outgoing = rng.uniform(0.5, 1.5, (outputs, units)) * rng.choice([-1.0, 1.0], (outputs, units))
    flips = rng.random(units) < 0.5
    bypass = -2 * half_slope * (outgoing * flips) @ weight
    return weight, outgoing, bypass + noise * rng.standard_normal(bypass.shape), flips


@pytest.mark.parametrize(
    ("inputs", "units", "outputs"),
    [(8, 6, 1), (8, 14, 1), (4, 20, 1), (2, 18, 2), (16, 28, 1), (2, 1, 1), (8, 48, 1)],
)
def test_flips_are_found(inputs: int, units: int, outputs: int) -> None:
    weight, outgoing, bypass, flips = hidden_flips(inputs, units, outputs, half_slope=0.505, seed=units)
    search = find_flips(weight, outgoing, bypass, 0.505, 1e-8)
    assert search.units is not None
    assert (search.units == flips).all()
    assert search.residual < 1e-12


@pytest.mark.parametrize(("inputs", "units"), [(8, 8), (8, 20), (16, 40)])
def test_flips_are_found_from_an_imprecise_bypass(inputs: int, units: int) -> None:
    weight, outgoing, bypass, flips = hidden_flips(inputs, units, 1, noise=1e-5, seed=units)
    search = find_flips(weight, outgoing, bypass, 0.5, 1e-4)
    assert search.units is not None
    assert (search.units == flips).all()


@pytest.mark.parametrize("units", [6, 20, 40])
def test_a_bypass_that_no_flips_explain(units: int) -> None:
    weight, outgoing, bypass, _ = hidden_flips(6, units, 1, seed=3)
    search = find_flips(weight, outgoing, bypass + 0.1, 0.5, 1e-8)
    assert search.units is None
    assert search.residual > 1e-4


def test_no_flips_are_needed_without_a_bypass() -> None:
    weight, outgoing, _, _ = hidden_flips(8, 12, 1)
    search = find_flips(weight, outgoing, np.zeros((1, 8)), 0.5, 1e-9)
    assert search.units is not None
    assert not search.units.any()


@pytest.mark.parametrize("activation", ["softplus", "gelu", "silu", "relu", "leaky_relu"])
def test_flipped_units_with_a_bypass_compute_the_same_function(activation: str) -> None:
    network = teacher(5, 9, 2, activation=activation, seed=4)
    network = replace(network, bypass=np.arange(10.0).reshape(2, 5))
    units = np.random.default_rng(0).random(9) < 0.5
    flipped = flip_units(network, units)
    inputs = np.random.default_rng(1).standard_normal((50, 5))
    assert np.allclose(flipped(inputs), network(inputs), rtol=0, atol=1e-12)
    assert np.array_equal(flipped.weights[0][units], -network.weights[0][units])


def test_the_flips_of_a_network_are_found_from_its_bypass() -> None:
    network = teacher(6, 16, 1, activation="softplus", seed=2)
    units = np.random.default_rng(0).random(16) < 0.5
    flipped = flip_units(network, units)
    assert flipped.bypass is not None
    search = find_flips(flipped.weights[0], flipped.weights[1], flipped.bypass, 0.5, 1e-9)
    assert search.units is not None
    assert (search.units == units).all()
    restored = flip_units(flipped, search.units)
    assert restored.bypass is not None
    assert np.abs(restored.bypass).max() < 1e-12
    assert np.allclose(restored.biases[1], network.biases[1], rtol=0, atol=1e-12)
