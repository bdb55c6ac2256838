"""The scale of a metric that ranks solvers: what is averaged, tested and drawn, and what a failed cell counts as."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from generator.family.metric import Metric

__all__ = ["LARGEST", "from_scale", "to_scale"]

LARGEST = 1e100
"""Larger values come from an answer that overflowed. A mean of such values says nothing, so they are not averaged."""


def to_scale(values: np.ndarray, metric: Metric) -> np.ndarray:
    """Put values on the metric's scale, where they are averaged.

    A value that is unknown (NaN), overflowed, or not above 0 on a logarithmic scale counts as the metric's
    `if_failed`, which is finite for every metric that ranks solvers. Values below the metric's floor are rounding:
    they count as 0 on a linear scale, as the floor on a logarithmic one.

    Args:
        values: any shape; NaN for a cell without an answer.
        metric: ranks its family's solvers.

    Returns:
        Finite numbers of the same shape; logarithms if the scale is `log`.
    """
    values = np.asarray(values, dtype=float)
    usable = np.isfinite(values) & (np.abs(values) <= LARGEST)
    if metric.scale == "linear":
        filled = np.where(usable, values, metric.if_failed)
        return np.where(np.abs(filled) < metric.floor, 0.0, filled)
    if metric.floor > 0:
        values = np.where(usable, np.maximum(values, metric.floor), values)
    usable &= values > 0
    return np.log(np.where(usable, values, metric.if_failed))


def from_scale(value: float, metric: Metric) -> float:
    """Turn a mean on the metric's scale back into a value: itself, or the geometric mean."""
    return math.exp(value) if metric.scale == "log" else value
