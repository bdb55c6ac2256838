from __future__ import annotations

import numpy as np
import pytest

from generator.recovery.network.activations import ACTIVATIONS
from solvers.recovery.hessian.ridges import activation_derivative, fit_ridges


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "softplus", "gelu", "silu", "g"])
@pytest.mark.parametrize("order", [2, 3, 4])
def test_norms_and_biases_are_fitted(name: str, order: int) -> None:
    rng = np.random.default_rng(order)
    directions = np.eye(6)
    norms, biases, outer = rng.uniform(1.5, 2.5, 6), rng.uniform(-1, 1, 6), rng.uniform(0.5, 1.5, (6, 2))
    points = rng.standard_normal((60, 6))
    curves = activation_derivative(ACTIVATIONS[name], order, norms * points + biases)
    samples = curves[:, :, None] * outer
    ridges = fit_ridges(ACTIVATIONS[name], order, directions, points, samples)
    found = np.column_stack([np.diag(ridges.weight), ridges.bias])
    truth = np.column_stack([norms, biases])
    error = np.minimum(np.abs(found - truth).max(axis=1), np.abs(found + truth).max(axis=1))
    assert error.max() < 0.1
    assert ridges.misfit.max() < 0.03


@pytest.mark.parametrize("name", ["tanh", "softplus", "gelu", "silu", "g"])
def test_higher_derivatives_of_activations(name: str) -> None:
    z = np.linspace(-3, 3, 41)
    sigma = ACTIVATIONS[name]
    step = 1e-4
    for order in (3, 4):
        lower = [activation_derivative(sigma, order - 1, z + sign * step) for sign in (1, -1)]
        expected = (lower[0] - lower[1]) / (2 * step)
        assert np.allclose(activation_derivative(sigma, order, z), expected, rtol=0, atol=2e-3 * np.abs(expected).max())


def test_a_wrong_activation_fits_worse() -> None:
    rng = np.random.default_rng(0)
    points = rng.standard_normal((60, 1))
    samples = ACTIVATIONS["silu"].curvature(2 * points + 0.3)[:, :, None]
    misfits = {
        name: fit_ridges(ACTIVATIONS[name], 2, np.eye(1), points, samples).misfit[0]
        for name in ("tanh", "softplus", "gelu", "silu", "g")
    }
    assert min(misfits, key=misfits.__getitem__) == "silu"
