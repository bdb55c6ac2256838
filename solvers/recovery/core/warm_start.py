"""Train students by some steps of Adam before Levenberg-Marquardt, with hand-written gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solvers.recovery.core.ensemble import Architecture, Rows

__all__ = ["warm_start"]

BATCH = 256
"""Rows per minibatch. Larger values give less noisy and more expensive steps. From experiments."""
FIRST_RATE, LAST_RATE = 2e-2, 1e-3
"""Learning rates at the start and at the end of a cosine schedule. From experiments."""
DECAYS = (0.9, 0.999)
"""Decays per step of Adam's two averages. Larger values average more steps. From Kingma and Ba 2015."""
SMALL = 1e-8
"""Adam's constant against division by zero. From Kingma and Ba 2015."""


def warm_start(
    architecture: Architecture, theta: NDArray[np.float64], rows: Rows, steps: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Train all students by minibatch Adam.

    All students see the same minibatches. The schedule is a cosine from `FIRST_RATE` to `LAST_RATE`.

    Args:
        architecture: shape of the students.
        theta: initial parameters, B x p; not changed.
        rows: data.
        steps: number of steps.
        rng: generator for the minibatches.

    Returns:
        Parameters, B x p.
    """
    theta = theta.copy()
    mean, square = np.zeros_like(theta), np.zeros_like(theta)
    order = np.empty(0, np.intp)
    for step in range(1, steps + 1):
        if len(order) < BATCH:
            order = rng.permutation(rows.count)
        batch, order = order[:BATCH], order[BATCH:]
        gradient = architecture.gradient(theta, rows.take(batch))
        mean += (1 - DECAYS[0]) * (gradient - mean)
        square += (1 - DECAYS[1]) * (gradient**2 - square)
        rate = LAST_RATE + 0.5 * (FIRST_RATE - LAST_RATE) * (1 + np.cos(np.pi * step / steps))
        ahead = mean / (1 - DECAYS[0] ** step)
        theta -= rate * ahead / (np.sqrt(square / (1 - DECAYS[1] ** step)) + SMALL)
    return theta
