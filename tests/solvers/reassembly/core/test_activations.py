"""Derivatives against autograd."""

from __future__ import annotations

import pytest
import torch

from generator.errors import SpecError
from generator.reassembly.network.residual import ACTIVATIONS
from solvers.reassembly.core.activations import DERIVATIVES, derivative_function


def test_every_activation_has_a_derivative() -> None:
    assert DERIVATIVES.keys() == ACTIVATIONS.keys()


def test_derivative_agrees_with_autograd(activation: str) -> None:
    z = torch.linspace(-6.0, 6.0, 101).requires_grad_()
    (expected,) = torch.autograd.grad(ACTIVATIONS[activation](z).sum(), z)

    torch.testing.assert_close(derivative_function(activation)(z.detach()), expected, rtol=1e-5, atol=1e-6)


def test_unknown_activation_is_named() -> None:
    with pytest.raises(SpecError, match="no derivative of activation 'step'"):
        derivative_function("step")
