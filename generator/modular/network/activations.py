"""Activations of hidden units, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ACTIVATIONS", "ActivationName", "activate"]

ActivationName = Literal["relu", "square", "gelu", "abs"]

ACTIVATIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "relu": torch.relu,
    "square": torch.square,
    "gelu": functional.gelu,
    "abs": torch.abs,
}
"""Elementwise functions by name; `square` is x^2."""


def activate(name: str, values: torch.Tensor) -> torch.Tensor:
    """Apply an activation elementwise."""
    return ACTIVATIONS[name](values)
