"""Activations of the students in torch: values, and products with the slope, computed in place.

Elementwise functions take most of a training step of small students, so each activation uses the fastest kernel. On a
CPU, torch evaluates `sigmoid` six times as fast as `tanh`. The absolute errors are a few rounding steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from generator.recovery.network.activations import LEAK

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

__all__ = ["TORCH_ACTIVATIONS", "TorchActivation"]

_ops = torch.ops.aten


@dataclass(frozen=True)
class TorchActivation:
    """An activation as two in-place functions.

    Attributes:
        value: `(z, out)` writes sigma(z) to `out` and leaves z.
        pull_back: `(gradient, z, value)` multiplies `gradient` by sigma'(z), where `value` is sigma(z); z may be
            overwritten.
    """

    value: Callable[[Tensor, Tensor], object]
    pull_back: Callable[[Tensor, Tensor, Tensor], object]


def _tanh(z: Tensor, out: Tensor) -> None:
    torch.add(z, z, out=out)  # tanh z = 2 sigmoid(2 z) - 1
    out.sigmoid_().mul_(2.0).sub_(1.0)


def _tanh_back(gradient: Tensor, _z: Tensor, value: Tensor) -> None:
    _ops.tanh_backward.grad_input(gradient, value, grad_input=gradient)


def _sigmoid_back(gradient: Tensor, _z: Tensor, value: Tensor) -> None:
    _ops.sigmoid_backward.grad_input(gradient, value, grad_input=gradient)


def _relu_back(gradient: Tensor, _z: Tensor, value: Tensor) -> None:
    _ops.threshold_backward.grad_input(gradient, value, 0.0, grad_input=gradient)


def _leaky(z: Tensor, out: Tensor) -> None:
    torch.mul(z, LEAK, out=out)
    torch.maximum(out, z, out=out)


def _leaky_back(gradient: Tensor, z: Tensor, _value: Tensor) -> None:
    _ops.leaky_relu_backward.grad_input(gradient, z, LEAK, False, grad_input=gradient)


def _softplus(z: Tensor, out: Tensor) -> None:
    # -log sigmoid(-z) loses small values of softplus; the clamp keeps the logarithm finite for large z.
    torch.neg(z, out=out)
    out.clamp_(min=-80.0).sigmoid_().log_().neg_()
    torch.maximum(out, z, out=out)


def _softplus_back(gradient: Tensor, z: Tensor, _value: Tensor) -> None:
    gradient.mul_(z.sigmoid_())


def _gelu(z: Tensor, out: Tensor) -> None:
    torch.ops.aten.gelu.out(z, out=out)


def _gelu_back(gradient: Tensor, z: Tensor, _value: Tensor) -> None:
    _ops.gelu_backward.grad_input(gradient, z, grad_input=gradient)


def _silu(z: Tensor, out: Tensor) -> None:
    _ops.silu.out(z, out=out)


def _silu_back(gradient: Tensor, z: Tensor, _value: Tensor) -> None:
    _ops.silu_backward.grad_input(gradient, z, grad_input=gradient)


def _g(z: Tensor, out: Tensor) -> None:
    _softplus(z, out)
    out.add_((4.0 * z).sigmoid_())


def _g_back(gradient: Tensor, z: Tensor, _value: Tensor) -> None:
    steep = (4.0 * z).sigmoid_()
    slope = steep.sub_(steep.square()).mul_(4.0)
    gradient.mul_(slope.add_(z.sigmoid_()))


TORCH_ACTIVATIONS = {
    "tanh": TorchActivation(_tanh, _tanh_back),
    "sigmoid": TorchActivation(lambda z, out: torch.sigmoid(z, out=out), _sigmoid_back),
    "relu": TorchActivation(lambda z, out: torch.clamp(z, min=0.0, out=out), _relu_back),
    "leaky_relu": TorchActivation(_leaky, _leaky_back),
    "softplus": TorchActivation(_softplus, _softplus_back),
    "gelu": TorchActivation(_gelu, _gelu_back),
    "silu": TorchActivation(_silu, _silu_back),
    "g": TorchActivation(_g, _g_back),
}
"""Activations by their names in `generator.recovery.network.activations.ACTIVATIONS`."""
