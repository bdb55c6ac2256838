"""Changes of hidden units that keep the function: filling up to a width, rescaling, permuting.

A layer of hidden units is a triple: `into`, n x m, one row per unit of everything that scales its input; `bias`, n; and
`out`, k x n, one column per unit of everything that reads it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    import numpy as np

__all__ = ["DEGREES", "Layer", "scrambled_layer"]

DEGREES: dict[str, int] = {"relu": 1, "abs": 1, "square": 2}
"""Degree n of the activations with sigma(r x) = r^n sigma(x) for r > 0; other activations cannot be rescaled."""
NORM_SPREAD = 0.3
"""Standard deviation of the logarithm of a unit's norm of input weights and bias after rescaling. The law is the same
for every network, so norms of inputs tell nothing. A larger value gives more uneven units. Hand-set."""
DEAD_SHARE = 0.5
"""Share of the units that fill up a layer which are dead; the others are split off live units. Hand-set."""


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer of hidden units.

    Attributes:
        into: n x m, rows scale the input of a unit.
        bias: n.
        out: k x n, columns read a unit.
        highest: n, a bound of the input without bias over all inputs of the layer, also if parts of `into` are removed.
            Where it is None, no dead units are made.
    """

    into: torch.Tensor
    bias: torch.Tensor
    out: torch.Tensor
    highest: torch.Tensor | None = None


def scrambled_layer(layer: Layer, width: int, activation: str, rng: np.random.Generator) -> Layer:
    """Fill up a layer to a width, rescale its units to norms of one law, and permute them; the function is kept."""
    layer = _filled(layer, width, activation, rng)
    if activation in DEGREES:
        layer = _rescaled(layer, DEGREES[activation], rng)
    order = torch.from_numpy(rng.permutation(len(layer.bias)))
    return Layer(layer.into[order], layer.bias[order], layer.out[:, order])


def _filled(layer: Layer, width: int, activation: str, rng: np.random.Generator) -> Layer:
    """Add dead units, and units that share the output of another unit."""
    missing = width - len(layer.bias)
    if missing <= 0:
        return layer
    dead = int(missing * DEAD_SHARE) if layer.highest is not None and activation == "relu" else 0
    live = len(layer.bias)
    copied = torch.from_numpy(rng.integers(live, size=missing))
    rows, bias, out = layer.into[copied], layer.bias[copied], layer.out[:, copied]
    if layer.highest is not None:
        below = layer.highest[copied[:dead]]
        bias[:dead] = -below * torch.from_numpy(rng.uniform(1.02, 1.3, dead)) - 1e-3
        out[:, :dead] = layer.out[:, torch.from_numpy(rng.integers(live, size=dead))]
    parts = torch.from_numpy(rng.uniform(0.2, 0.8, missing - dead))
    rest = layer.out.clone()
    for column, (unit, part) in enumerate(zip(copied[dead:].tolist(), parts.tolist(), strict=True), start=dead):
        out[:, column] = part * rest[:, unit]
        rest[:, unit] = (1 - part) * rest[:, unit]
    return replace(
        layer, into=torch.cat([layer.into, rows]), bias=torch.cat([layer.bias, bias]), out=torch.cat([rest, out], dim=1)
    )


def _rescaled(layer: Layer, degree: int, rng: np.random.Generator) -> Layer:
    """Give input weights and biases of the units norms of one law, and make up for it in the outputs."""
    wanted = torch.from_numpy(rng.lognormal(0.0, NORM_SPREAD, len(layer.bias)))
    norms = torch.hypot(layer.into.norm(dim=1), layer.bias)
    factor = torch.where(norms > 0, wanted / norms.clamp_min(1e-300), torch.ones_like(norms))
    return Layer(factor[:, None] * layer.into, factor * layer.bias, layer.out / factor**degree)
