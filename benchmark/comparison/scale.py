"""The scale of a ranking metric, on which values are averaged, tested and drawn, and the value of a failed cell."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from generator.family.metric import Metric

__all__ = ["LARGEST", "from_scale", "to_scale"]

LARGEST = 1e100
"""Largest value that is averaged. Larger values come from an answer that overflowed and count as failures."""


def to_scale(values: np.ndarray, metric: Metric) -> np.ndarray:
    """Convert values to the metric's scale.

    A value that is unknown (NaN), has overflowed, or is not above 0 on a logarithmic scale counts as the metric's
    `if_failed`, which is finite for every ranking metric. Values below the metric's floor are rounding errors; they
    count as 0 on a linear scale, and as the floor on a logarithmic scale.

    Args:
        values: values of any shape; NaN for a cell without an answer.
        metric: ranking metric of the family.

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
    """Convert a mean on the metric's scale to a value; on a logarithmic scale, to the geometric mean."""
    return math.exp(value) if metric.scale == "log" else value
