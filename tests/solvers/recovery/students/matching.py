"""Compare a recovered network with the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from generator.recovery.scoring.alignment import align
from generator.recovery.sealed import HiddenTruth

if TYPE_CHECKING:
    from generator.recovery.network.mlp import MLP

__all__ = ["worst_error"]


def worst_error(true: MLP, found: MLP) -> float:
    """Return the largest relative weight error; infinite if a width is wrong."""
    sample = np.random.default_rng(0).standard_normal((64, true.widths[0]))
    result = align(HiddenTruth(true, ((),) * true.hidden_layers), found, 1e-6, sample)
    return float(result.errors.max()) if result.exact_size else float("inf")
