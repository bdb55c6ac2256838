"""Separate the units of the next layer from the units of deeper layers.

A unit of the next layer has kinks wherever its preactivation is zero. The kinks of a deeper unit look the same inside
one activation region, but bend at its boundary. So a row is checked at zeros of its preactivation on random segments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from solvers.recovery.published.critical.merging import Row
    from solvers.recovery.published.critical.prefix import Prefix
    from solvers.recovery.published.critical.probe import Probe

__all__ = ["lasting_rows"]

CHECKS = 12
"""Zeros at which a row is checked. A larger value is more reliable and takes more queries. Hand-set."""
LASTING = 0.5
"""Share of the checks that must show a kink. A larger value drops more rows. Hand-set: deeper units that are off hide
some kinks."""
STEP = 1e-4
"""Step of the second difference, in standard deviations of the inputs. A larger step is more exact, but meets other
kinks more often. Hand-set."""
VISIBLE = 1e-7
"""Least second difference that counts as a kink, relative to the largest value. Hand-set, above the rounding errors."""
HALVINGS = 60
"""Halvings of a segment to find a zero. Hand-set: 60 exhaust the precision of float64."""


def lasting_rows(probe: Probe, prefix: Prefix, rows: Sequence[Row], rng: np.random.Generator) -> NDArray[np.float64]:
    """Keep the complete rows whose zeros show a kink in most of the checks.

    Args:
        probe: the hidden network.
        prefix: the known layers.
        rows: candidate rows of the next layer; rows with unknown entries are dropped.
        rng: generator for the segments.

    Returns:
        The rows kept, rows x (fan-in + 1).

    Raises:
        SpentError: if the budget ends.
    """
    kept = []
    for row in rows:
        entries = row.entries
        if np.isnan(entries).any():
            continue
        zeros = _zeros(probe, prefix, entries, len(prefix.layers[0][0][0]) if prefix.layers else len(entries) - 1, rng)
        if not len(zeros):
            continue
        way = np.array([entries[:-1] @ prefix.jacobian(zero) for zero in zeros])
        way *= STEP * probe.scale / np.maximum(np.linalg.norm(way, axis=1, keepdims=True), np.finfo(float).tiny)
        values = probe.values(np.concatenate([zeros, zeros + way, zeros - way])).reshape(3, -1)
        bends = np.abs(values[1] + values[2] - 2.0 * values[0])
        if np.mean(bends > VISIBLE * STEP * (np.abs(values).max() + 1.0)) >= LASTING:
            kept.append(entries)
    return np.array(kept).reshape(len(kept), -1)


def _zeros(
    probe: Probe, prefix: Prefix, entries: NDArray[np.float64], inputs: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Find inputs with preactivation zero by bisection between random inputs of opposite signs, without a query."""
    draws = probe.clip(2.0 * probe.scale * rng.standard_normal((40 * CHECKS, inputs)), 2 * STEP * probe.scale)

    def value(rows: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(prefix.states(rows) @ entries[:-1] + entries[-1])

    positive = value(draws) > 0.0
    count = min(CHECKS, int(positive.sum()), int((~positive).sum()))
    low, high = draws[~positive][:count], draws[positive][:count]
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        above = (value(middle) > 0.0)[:, None]
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return low
