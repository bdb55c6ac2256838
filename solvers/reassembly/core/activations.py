"""Derivatives of the activations, for adjoints and Jacobians without an autograd graph."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from generator.errors import SpecError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DERIVATIVES", "derivative_function"]


def _relu(z: Tensor) -> Tensor:
    return (z > 0).to(z.dtype)


def _gelu(z: Tensor) -> Tensor:
    density = torch.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    return 0.5 * (1.0 + torch.erf(z / math.sqrt(2.0))) + z * density


def _silu(z: Tensor) -> Tensor:
    gate = torch.sigmoid(z)
    return gate * (1.0 + z * (1.0 - gate))


def _tanh(z: Tensor) -> Tensor:
    return 1.0 - torch.tanh(z).square()


DERIVATIVES: dict[str, Callable[[Tensor], Tensor]] = {"relu": _relu, "gelu": _gelu, "silu": _silu, "tanh": _tanh}
"""Derivative by name of the activation. The derivative of relu at 0 is 0, as in autograd."""


def derivative_function(name: str) -> Callable[[Tensor], Tensor]:
    """Look up the derivative of an activation.

    Raises:
        SpecError: if no activation has that name.
    """
    if name not in DERIVATIVES:
        raise SpecError(f"no derivative of activation {name!r}; known: {', '.join(DERIVATIVES)}")
    return DERIVATIVES[name]
