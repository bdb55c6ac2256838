"""Derivatives and symmetries of the activations, against finite differences and identities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from generator.recovery.network.activations import ACTIVATIONS, LEAK, Activation

if TYPE_CHECKING:
    from collections.abc import Callable

Z = np.linspace(-6, 6, 1001) + 0.0031
STEP = 1e-5
TORCH: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "leaky_relu": lambda z: torch.nn.functional.leaky_relu(z, LEAK),
    "softplus": lambda z: torch.nn.functional.softplus(z, threshold=1000),
    "gelu": torch.nn.functional.gelu,
    "silu": torch.nn.functional.silu,
    "g": lambda z: torch.sigmoid(4 * z) + torch.nn.functional.softplus(z, threshold=1000),
}

every = pytest.mark.parametrize("sigma", ACTIVATIONS.values(), ids=ACTIVATIONS)


@every
def test_values_equal_those_of_torch(sigma: Activation) -> None:
    assert sigma.value(Z) == pytest.approx(TORCH[sigma.name](torch.from_numpy(Z)).numpy(), abs=1e-13)


@every
def test_derivatives(sigma: Activation) -> None:
    slope = (sigma.value(Z + STEP) - sigma.value(Z - STEP)) / (2 * STEP)
    curvature = (sigma.slope(Z + STEP) - sigma.slope(Z - STEP)) / (2 * STEP)
    assert sigma.slope(Z) == pytest.approx(slope, abs=1e-8)
    assert sigma.curvature(Z) == pytest.approx(curvature, abs=1e-8)


@every
def test_the_symmetry_is_that_of_the_function(sigma: Activation) -> None:
    mirrored = sigma.value(-Z)
    match sigma.symmetry:
        case "odd":
            assert mirrored == pytest.approx(-sigma.value(Z), abs=1e-14)
        case "odd-constant":
            assert mirrored == pytest.approx(1 - sigma.value(Z), abs=1e-14)
        case "none":
            assert np.abs(sigma.value(Z) + mirrored - 2 * sigma.value(np.zeros(1))).max() > 1
        case _:
            assert sigma.value(Z) - mirrored == pytest.approx(2 * sigma.half_slope * Z, abs=1e-13)
    if sigma.scales:
        assert sigma.value(3 * Z) == pytest.approx(3 * sigma.value(Z), abs=1e-13)


@every
def test_large_arguments_are_finite(sigma: Activation) -> None:
    far = np.array([-1e4, 1e4])
    assert np.isfinite([sigma.value(far), sigma.slope(far), sigma.curvature(far)]).all()
