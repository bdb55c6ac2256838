"""Degrade a puzzle after the training: round the pieces, round the predictions, or add noise to the predictions.

The trained network makes the predictions, and the public pieces are its rounded weights. So the true assembly has a
residual. The distribution of the residual follows from the public recipe, and a solver can sample it (`perturbed`,
`degraded_predictions`) without the original weights.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from generator.reassembly.network.residual import ResidualNetwork
    from generator.reassembly.spec import Degradation

__all__ = ["degraded_predictions", "perturbed", "rounded", "rounding_steps"]

PARTS = ("U", "c", "V", "e", "head", "head_bias")
WHOLE = frozenset({"head", "head_bias"})
"""Parts of the network that are a single tensor; all other parts are stacked, one piece per row."""

INT8_LEVELS = 127
"""Largest integer of int8; -128 is not used, so that the format is symmetric."""

FLOAT16_BITS, FLOAT16_LEAST_STEP = 11, 2.0**-24
"""Significand bits of a normal float16, and the step between subnormal numbers."""


def rounded(network: ResidualNetwork, piece_format: str) -> ResidualNetwork:
    """Round every tensor of every piece. The values stay float32, so that readers need not know the format.

    int8 is symmetric with one scale per tensor: the multiples of max|w|/127 nearest to the weights.
    The largest weight stays exact, so the tensor determines the scale.
    """
    if piece_format == "float32":
        return network
    if piece_format == "float16":
        return _changed(network, lambda _, weights: weights.half().float())
    steps = rounding_steps(network, piece_format)
    return _changed(network, lambda part, weights: torch.round(weights / _safe(steps[part])) * steps[part])


def rounding_steps(network: ResidualNetwork, piece_format: str) -> dict[str, Tensor]:
    """Compute the step between neighbouring numbers of a format at the network's weights, part by part.

    Rounded and unrounded weights give the same steps, except if rounding reaches a power of two.
    """
    steps = {}
    for part in PARTS:
        weights: Tensor = getattr(network, part)
        if piece_format == "int8":
            dims = list(range(0 if part in WHOLE else 1, weights.ndim))
            steps[part] = weights.abs().amax(dim=dims, keepdim=True) / INT8_LEVELS
        elif piece_format == "float16":
            exponents = torch.frexp(weights.abs().clamp_min(FLOAT16_LEAST_STEP)).exponent
            steps[part] = torch.ldexp(torch.ones_like(weights), exponents - FLOAT16_BITS).clamp_min(FLOAT16_LEAST_STEP)
        else:
            steps[part] = torch.zeros(())
    return steps


def perturbed(network: ResidualNetwork, piece_format: str, rng: np.random.Generator) -> ResidualNetwork:
    """Draw a network that could round to these pieces: every weight is uniform within half a step."""
    steps = rounding_steps(network, piece_format)

    def shifted(part: str, weights: Tensor) -> Tensor:
        shift = rng.random(tuple(weights.shape), dtype=np.float32) - np.float32(0.5)
        return weights + steps[part] * torch.from_numpy(shift)

    return _changed(network, shifted)


def degraded_predictions(
    predictions: Tensor, degradation: Degradation, rng: np.random.Generator, spread: np.ndarray | None = None
) -> Tensor:
    """Add noise to predictions, n x o, then round them.

    Args:
        predictions: predictions of the network.
        degradation: noise and decimals.
        rng: random generator of the noise.
        spread: standard deviation of each of the o outputs, in which the noise is stated; that of `predictions` by
            default.
    """
    values = predictions.double().numpy()
    if degradation.prediction_noise:
        deviation = degradation.prediction_noise * (values.std(axis=0) if spread is None else spread)
        values = values + deviation * rng.standard_normal(values.shape)
    if degradation.prediction_decimals is not None:
        values = np.round(values, degradation.prediction_decimals)
    return torch.from_numpy(values.astype(np.float32))


def _changed(network: ResidualNetwork, change: Callable[[str, Tensor], Tensor]) -> ResidualNetwork:
    parts: dict[str, Any] = {part: change(part, getattr(network, part)) for part in PARTS}
    return replace(network, **parts)


def _safe(step: Tensor) -> Tensor:
    """Replace steps of zero by one, so that a tensor of zeros is not divided by zero."""
    return torch.where(step > 0, step, torch.ones_like(step))
