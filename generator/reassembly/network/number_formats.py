"""Number formats of predictions and inputs: the spacing of their values, rounding to them, arithmetic in them.

A format is named as manifests name it: `float32`, `float16`, `bfloat16`, `6 digits` (significant digits, as `%.6g`
prints them) or `3 decimals`. The arithmetic of a forward pass has one of three lower precisions besides float32:
`tf32` rounds the operands of every matrix product to 10 bits of mantissa; `float16` and `bfloat16` round every weight
and every intermediate value.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from generator.reassembly.network.residual import ACTIVATIONS

if TYPE_CHECKING:
    from torch import Tensor

    from generator.reassembly.network.residual import ResidualNetwork

__all__ = ["LARGEST_FLOAT16", "imprecise_draws", "on_grid", "rounded_to", "rounded_weights", "spacing"]

SIGNIFICAND = {"float16": 11, "bfloat16": 8, "tf32": 11}
"""Bits of a normal number's significand, with the leading one."""

FLOAT16_LEAST_SPACING = 2.0**-24
"""Spacing of the subnormal numbers of float16."""

EXPONENT_BITS = 0x7F800000
"""Bits of a float32 that hold its exponent; alone they are the largest power of two up to the number."""

LARGEST_FLOAT16 = float(np.finfo(np.float16).max)
"""Largest float16; a value beyond it is no float16."""

POWER_SLACK = 1e-6
"""Relative excess before the decimal exponent is taken: float32 holds 0.01 as 0.0099999998."""

WEIGHTS, BIASES = ("U", "V", "head"), ("c", "e", "head_bias")

BASE_DRAWS = 12
"""Forward passes behind all draws of imprecise predictions; each draw mixes their rows.

Hand-set; more passes take more time and give a better variance.
"""


def spacing(values: np.ndarray, form: str) -> np.ndarray:
    """Give the distance between neighbouring numbers of a format at some values, in float64.

    Half of it is the largest error that rounding to the format causes. A zero has no significant digits, so its spacing
    is 0 in a format of significant digits.
    """
    magnitudes = np.abs(values.astype(np.float64))
    count, _, unit = form.partition(" ")
    if unit == "decimals":
        return np.full(values.shape, 10.0 ** -int(count))
    if unit == "digits":
        exponents = np.floor(np.log10(np.where(magnitudes > 0, magnitudes, 1.0) * (1 + POWER_SLACK)))
        return np.where(magnitudes > 0, 10.0 ** (exponents - int(count) + 1), 0.0)
    if form == "float32":
        return np.spacing(magnitudes.astype(np.float32)).astype(np.float64)
    steps: np.ndarray = np.ldexp(1.0, np.frexp(magnitudes)[1] - SIGNIFICAND[form])
    return np.maximum(steps, FLOAT16_LEAST_SPACING) if form == "float16" else steps


def rounded_to(values: np.ndarray, form: str) -> np.ndarray:
    """Round values to the nearest number of a format; the result is float32."""
    if form == "float32":
        return values.astype(np.float32)
    exact, steps = values.astype(np.float64), spacing(values, form)
    safe = np.where(steps > 0, steps, 1.0)
    # A quotient by a whole power of ten is nearer to the printed number than a product with its inverse.
    inverse = np.round(1 / safe)
    whole = (safe < 1) & ("d" in form)
    nearest = np.where(whole, np.round(exact * inverse) / np.where(whole, inverse, 1.0), np.round(exact / safe) * safe)
    return nearest.astype(np.float32)


def on_grid(values: np.ndarray, form: str) -> np.ndarray:
    """Check which float32 values are the nearest float32 to a number of a format."""
    same: np.ndarray = np.equal(rounded_to(values, form), values.astype(np.float32))
    return same & (np.abs(values) <= LARGEST_FLOAT16) if form == "float16" else same


def rounded_weights(network: ResidualNetwork, computed: str) -> ResidualNetwork:
    """Round the weights as a forward pass in a lower precision does; the result is float32.

    TF32 rounds the operands of products only, so biases stay; float16 and bfloat16 round biases too.
    """
    if computed == "float32":
        return network
    parts = WEIGHTS if computed == "tf32" else WEIGHTS + BIASES
    changed: dict[str, Any] = {
        part: torch.from_numpy(rounded_to(getattr(network, part).numpy(), computed)) for part in parts
    }
    return replace(network, **changed)


def imprecise_draws(
    network: ResidualNetwork,
    inputs: Tensor,
    rng: np.random.Generator,
    *,
    draws: int,
    computed: str = "float32",
    inputs_stored: str = "float32",
    predictions_stored: str = "float32",
) -> np.ndarray:
    """Draw predictions of a network whose inputs were rounded, or whose arithmetic had a lower precision.

    Inputs move uniformly within their rounding interval. A rounding error of the arithmetic is pseudo-random, so a draw
    shifts the grid of every rounding. The errors of different rows are independent, since the weights are known:
    a few forward passes give any number of draws, each with rows from a pass chosen at random.

    Args:
        network: with `rounded_weights`.
        inputs: n x d.
        rng: for the draws.
        draws: number of draws.
        computed: precision of the arithmetic.
        inputs_stored: format of the inputs.
        predictions_stored: format of the predictions.

    Returns:
        draws x (n o), in float64.
    """
    steps = spacing(inputs.numpy(), inputs_stored) if inputs_stored != "float32" else np.zeros(1)
    passes = []
    for _ in range(min(draws, BASE_DRAWS)):
        shift = torch.from_numpy((steps * (rng.random(tuple(inputs.shape)) - 0.5)).astype(np.float32))
        predictions = _imprecise_pass(network, inputs + shift, computed, rng)
        passes.append(rounded_to(predictions.numpy(), predictions_stored).astype(np.float64))
    stacked, rows = np.stack(passes), np.arange(len(inputs))
    chosen = rng.integers(len(passes), size=(draws, len(inputs)))
    return np.stack([stacked[of_row, rows].ravel() for of_row in chosen])


def _imprecise_pass(network: ResidualNetwork, x: Tensor, computed: str, rng: np.random.Generator) -> Tensor:
    """Predict once: TF32 rounds the states and activations that enter products, the others round every value."""
    if computed == "float32":
        return network(x)
    widest = max(*network.U.shape[1:], len(network.head))
    shifts = torch.from_numpy(rng.random((len(x), widest), dtype=np.float32) - np.float32(0.5))
    least = FLOAT16_LEAST_SPACING if computed == "float16" else 0.0
    everywhere = computed != "tf32"

    def rounding(values: Tensor) -> Tensor:
        powers = (values.view(torch.int32) & EXPONENT_BITS).view(torch.float32)
        step, shift = (powers * 2.0 ** (1 - SIGNIFICAND[computed])).clamp_min(least), shifts[:, : values.shape[1]]
        return torch.where(values == 0, values, (torch.round(values / step + shift) - shift) * step)

    def stored(values: Tensor) -> Tensor:
        return rounding(values) if everywhere else values

    sigma = ACTIVATIONS[network.activation]
    h = stored(x)
    for k in range(network.depth):
        operand = h if everywhere else rounding(h)
        a = rounding(sigma(stored(torch.addmm(network.c[k], operand, network.U[k].T))))
        h = stored(h + stored(torch.addmm(network.e[k], a, network.V[k].T)))
    return stored(network.read(h if everywhere else rounding(h)))
