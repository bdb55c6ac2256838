"""Scores of predicted outcomes of interventions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["outcome_r2", "score_outcomes"]

FLAT = 0.05
"""Smallest standard deviation of an outcome that counts, relative to its root mean square. An outcome that is constant
to this share needs no prediction of its ripple. A larger value forgives more. Hand-set."""


def score_outcomes(
    answered: Sequence[NDArray[np.float64] | None], true: Sequence[NDArray[np.float64] | None]
) -> float | None:
    """Average R2 over the interventions that are scored; None if none is. An outcome that is left out has 0."""
    scores = [
        0.0 if found is None else outcome_r2(found, wanted)
        for found, wanted in zip(answered, true, strict=True)
        if wanted is not None
    ]
    return float(np.mean(scores)) if scores else None


def outcome_r2(found: NDArray[np.float64], true: NDArray[np.float64]) -> float:
    """Compute 1 - squared error / variance over the pairs, at least 0."""
    spread = max(float(true.var()), FLAT**2 * float((true**2).mean()))
    error = float(((found - true) ** 2).mean())
    if spread == 0:
        return float(error == 0)
    return max(0.0, 1 - error / spread)
