"""Merge the partial signatures of critical points into the rows of a layer (Carlini et al. 2020, section 4.3).

At a critical point of a unit, weights from inactive units of the previous layer have no effect. So the point determines
only the unit's weights from active units and its bias, up to a factor. Partial rows that agree up to a factor are
merged as one unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solvers.recovery.published.critical.prefix import Prefix

__all__ = ["Row", "merged_rows", "partial_rows"]

AGREE = 1e-5
"""Largest deviation of two partial rows of one unit, relative to the largest entry. A larger value merges less exact
signatures, and more often rows of different units. Hand-set."""
COMMON = 3
"""Entries, the bias included, that two partial rows must have in common to be merged. A larger value merges fewer rows
of different units. Hand-set."""


@dataclass(frozen=True, eq=False)
class Row:
    """The weights and the bias of a unit, up to a factor.

    Attributes:
        entries: fan-in + 1 numbers, the bias last; NaN where unknown.
        seen: number of critical points that agree.
    """

    entries: NDArray[np.float64]
    seen: int


def partial_rows(prefix: Prefix, points: NDArray[np.float64], signatures: NDArray[np.float64]) -> NDArray[np.float64]:
    """Write signatures as weights from the active units of the last known layer.

    Args:
        prefix: the known layers.
        points: critical points, points x d.
        signatures: gradients of the switching units by the inputs, points x d.

    Returns:
        Partial rows, rows x (units + 1), with NaN for weights from inactive units. Points on the kink of a known unit,
        and signatures that no weights explain, are left out.
    """
    rows = []
    margins = prefix.margin(points) if len(points) else np.empty(0)
    states = prefix.states(points)
    for point, signature, margin, state in zip(points, signatures, margins, states, strict=True):
        if margin < AGREE:
            continue
        jacobian = prefix.jacobian(point)
        active = np.abs(jacobian).max(axis=1) > 0.0
        if not active.any():
            continue
        weights, _, rank, _ = np.linalg.lstsq(jacobian[active].T, signature, rcond=1e-9)
        if rank < active.sum() or np.abs(jacobian[active].T @ weights - signature).max() > AGREE:
            continue
        row = np.full(len(active) + 1, np.nan)
        row[:-1][active] = weights
        row[-1] = -weights @ state[active]
        rows.append(row / np.abs(weights).max())
    return np.array(rows).reshape(-1, states.shape[1] + 1)


def merged_rows(parts: NDArray[np.float64]) -> list[Row]:
    """Merge partial rows that agree, the most complete rows first; the rows of most points come first in the result."""
    known = ~np.isnan(parts)
    waiting = list(np.argsort(-known.sum(axis=1), kind="stable"))
    rows = []
    while waiting:
        row, seen = parts[waiting.pop(0)].copy(), 1
        agreeing = True
        while agreeing:
            others = np.array(waiting, dtype=np.intp)
            members = set(others[_agree(row, parts[others])].tolist())
            agreeing = bool(members)
            for index in members:
                row, seen = _joined(row, parts[index], seen), seen + 1
            waiting = [index for index in waiting if index not in members]
        rows.append(Row(row, seen))
    return sorted(rows, key=lambda row: -row.seen)


def _agree(row: NDArray[np.float64], parts: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Find the partial rows that have enough entries in common with a row and are proportional to it there."""
    common = ~np.isnan(row) & ~np.isnan(parts)
    mine, theirs = np.where(common, row, 0.0), np.where(common, parts, 0.0)
    factors = (mine * theirs).sum(axis=1) / np.maximum((theirs**2).sum(axis=1), np.finfo(np.float64).tiny)
    off = np.abs(mine - factors[:, None] * theirs).max(axis=1, initial=0.0)
    close = off <= AGREE * np.abs(mine).max(axis=1, initial=0.0)
    return np.asarray((common.sum(axis=1) >= COMMON) & close & (factors != 0.0))


def _joined(row: NDArray[np.float64], part: NDArray[np.float64], seen: int) -> NDArray[np.float64]:
    """Merge a partial row into a row of `seen` points; common entries are averaged."""
    common = ~np.isnan(row) & ~np.isnan(part)
    scaled = part * float(row[common] @ part[common]) / float(part[common] @ part[common])
    return np.where(np.isnan(row), scaled, np.where(common, (seen * row + scaled) / (seen + 1), row))
