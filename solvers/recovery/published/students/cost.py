"""The nominal time of a training step, so that a plan of the training needs no clock.

Equal seeds must give equal answers, so the number of steps may not depend on how fast the machine was. The figures are
those of one core of a 2026 server, multiplied by a factor that leaves room for slower cores.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["flops_per_step", "step_seconds"]

STEP_SECONDS = 8e-5
"""Time of the calls of one step without hidden layers, in seconds. Measured with students of 4 units."""
LAYER_SECONDS = 4e-5
"""Time of the calls that each hidden layer adds to a step, in seconds. Measured with students of 4 units."""
UNIT_SECONDS = {
    "relu": 1.2e-9,
    "leaky_relu": 1.8e-9,
    "sigmoid": 1.5e-9,
    "tanh": 2.3e-9,
    "softplus": 4.6e-9,
    "silu": 4.5e-9,
    "gelu": 5.2e-9,
    "g": 8.3e-9,
}
"""Time of one hidden unit of one student at one row, activation, slope and memory traffic, in seconds. Measured in
float32 with 20 students of 4-32-1 and 500 rows."""
FLOPS_PER_SECOND = 7.5e10
"""Floating-point operations per second of large matrix products in float32. Measured with 20 students of 784-512-10 and
512 rows."""
WIDE_FACTOR = 2.0
"""How much longer numbers of float64 take than those of float32: they are twice as long."""
CAUTION = 1.5
"""Nominal time per measured time. A larger value plans fewer steps, and lets slower machines complete the plan within
the time limit. Hand-set."""


def step_seconds(students: int, widths: Sequence[int], rows: int, activation: str, dtype: torch.dtype) -> float:
    """Compute the nominal time of one training step, in seconds.

    Args:
        students: networks that are trained together.
        widths: inputs, units of each hidden layer, outputs.
        rows: rows of a minibatch.
        activation: name of the activation.
        dtype: precision of the training.
    """
    calls = STEP_SECONDS + LAYER_SECONDS * (len(widths) - 2)
    numbers = UNIT_SECONDS[activation] * students * sum(widths[1:-1]) * rows
    numbers += flops_per_step(students, widths, rows) / FLOPS_PER_SECOND
    return CAUTION * (calls + numbers * (WIDE_FACTOR if dtype == torch.float64 else 1.0))


def flops_per_step(students: int, widths: Sequence[int], rows: int) -> int:
    """Count the floating-point operations of the matrix products of one training step.

    A layer takes 2 * rows * students * units * (fan-in + 1) operations forward and the same for its gradients; a layer
    after the first takes them again to pull gradients back. Activations and Adam are not counted.
    """
    sizes = [units * (fan_in + 1) for fan_in, units in pairwise(widths)]
    return 2 * rows * students * (2 * sizes[0] + 3 * sum(sizes[1:]))
