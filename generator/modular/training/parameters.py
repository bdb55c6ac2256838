"""All parameters of a network in one flat tensor: one call of the optimiser updates them all."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Parameter", "draw", "normal", "uniform", "unpack", "zero"]


@dataclass(frozen=True)
class Parameter:
    """Name, shape and law of the initial values of one parameter.

    Attributes:
        name: key in the result of `unpack`.
        shape: sizes.
        scale: standard deviation of a normal law, or the bound of a uniform law.
        law: of the initial values.
    """

    name: str
    shape: tuple[int, ...]
    scale: float
    law: Literal["normal", "uniform"]

    @property
    def size(self) -> int:
        """The number of values."""
        return math.prod(self.shape)


def normal(name: str, *shape: int, variance: float) -> Parameter:
    """Describe a parameter with normal initial values of mean 0."""
    return Parameter(name, shape, variance**0.5, "normal")


def uniform(name: str, *shape: int, inputs: int) -> Parameter:
    """Describe a parameter whose initial values are uniform within 1 / sqrt(inputs), as torch's linear layers have."""
    return Parameter(name, shape, inputs**-0.5, "uniform")


def zero(name: str, *shape: int) -> Parameter:
    """Describe a parameter that starts at 0."""
    return Parameter(name, shape, 0.0, "uniform")


def draw(layout: Sequence[Parameter], generator: torch.Generator) -> torch.Tensor:
    """Draw the initial values of all parameters: one flat float32 tensor."""
    pieces = []
    for parameter in layout:
        if parameter.law == "normal":
            values = torch.randn(parameter.size, generator=generator)
        else:
            values = 2 * torch.rand(parameter.size, generator=generator) - 1
        pieces.append(parameter.scale * values)
    return torch.cat(pieces)


def unpack(flat: torch.Tensor, layout: Sequence[Parameter]) -> dict[str, torch.Tensor]:
    """View a flat tensor as the parameters, by name. Gradients flow back to the flat tensor."""
    pieces = torch.split(flat, [parameter.size for parameter in layout])
    return {parameter.name: piece.view(parameter.shape) for parameter, piece in zip(layout, pieces, strict=True)}
