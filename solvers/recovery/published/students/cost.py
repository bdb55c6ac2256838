"""Nominal time of a training step.

Equal seeds must give equal answers, so the number of steps must not depend on the speed of the machine. The constants
were measured on one core of a 2026 server; `CAUTION` leaves room for slower cores.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["flops_per_step", "step_seconds"]

STEP_SECONDS = 8e-5
"""Overhead of the calls of one step without hidden layers, in seconds. Measured with students of 4 units."""
LAYER_SECONDS = 4e-5
"""Overhead that each hidden layer adds to a step, in seconds. Measured with students of 4 units."""
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
"""Time of one hidden unit of one student for one row, in seconds: activation, slope and memory traffic. Measured in
float32 with 20 students of 4-32-1 and 500 rows."""
FLOPS_PER_SECOND = 7.5e10
"""Floating-point operations per second of large matrix products in float32. Measured with 20 students of 784-512-10 and
512 rows."""
WIDE_FACTOR = 2.0
"""Time in float64 relative to float32. Its numbers have twice as many bytes."""
CAUTION = 1.5
"""Nominal time relative to the measured time. A larger value plans fewer steps, so that slower machines complete the
plan within the time limit. Hand-set."""


def step_seconds(students: int, widths: Sequence[int], rows: int, activation: str, dtype: torch.dtype) -> float:
    """Compute the nominal time of one training step, in seconds.

    Args:
        students: number of networks that are trained together.
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

    A layer takes 2 * rows * students * units * (fan-in + 1) operations forward, and as many for its gradients. A layer
    after the first takes as many again for the gradients of its inputs. Activations and Adam are not counted.
    """
    sizes = [units * (fan_in + 1) for fan_in, units in pairwise(widths)]
    return 2 * rows * students * (2 * sizes[0] + 3 * sum(sizes[1:]))
