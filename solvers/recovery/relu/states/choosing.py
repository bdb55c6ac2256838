"""Choose the hyperplanes of a layer among planes that do not bend where they were seen, and tell their on sides.

Planes of deeper units lie in the span of the layer's rows, which are independent. So the layer has as many units as the
normals have dimensions. For the right choice every unit shows its on side clearly: along the dual basis of the rows, an
inactive unit changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from solvers.recovery.relu.fitting.orientation import oriented
from solvers.recovery.relu.states.straight import evidence

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solvers.recovery.relu.hyperplanes.domain import Domain
    from solvers.recovery.relu.hyperplanes.planes import Planes

__all__ = ["chosen_planes"]

INDEPENDENT = 1e-6
"""Least distance of a normal from the span of others at which it is independent of them. Hand-set, above errors of
normals (1e-11)."""
CLEAR = 0.99
"""Share of the votes from which a unit's side is clear. Hand-set."""
SWAPS = 80
"""Most choices that are judged; each takes 80 queries per unit. Hand-set."""


def chosen_planes(domain: Domain, planes: Planes, rng: np.random.Generator) -> tuple[Planes, bool]:
    """Choose as many planes as their normals have dimensions, so that as many as possible have a clear side.

    Begins with the planes that most evidence speaks for, and swaps planes while that helps.

    Returns:
        The planes, turned to their on sides, and whether all sides are clear.
    """
    order = np.argsort(-evidence(domain, planes, rng), kind="stable")
    chosen = _independent(planes.normals, order)
    best, clear = _judged(domain, planes, chosen, rng)
    judged, better = 1, True
    while better and clear < len(chosen) and judged < SWAPS:
        better = False
        for one, other in _swaps(order, chosen):
            trial = _independent(planes.normals, np.array([*(unit for unit in chosen if unit != one), other]))
            if len(trial) < len(chosen):
                continue
            judged += 1
            turned, count = _judged(domain, planes, trial, rng)
            if count > clear:
                chosen, best, clear, better = trial, turned, count, True
                break
            if judged >= SWAPS:
                break
    return best, clear == len(chosen)


def _swaps(order: NDArray[np.intp], chosen: list[int]) -> list[tuple[int, int]]:
    """List the planes to leave out, the least certain first, and the planes to take instead."""
    others = [int(unit) for unit in order if unit not in chosen]
    return [(int(one), other) for one in order[::-1] if one in chosen for other in others]


def _independent(normals: NDArray[np.float64], order: NDArray[np.intp]) -> list[int]:
    """Go through planes in an order, and keep those that are independent of the ones kept before."""
    basis = np.empty((0, normals.shape[1]))
    kept: list[int] = []
    for number in order:
        rest = normals[number] - basis.T @ (basis @ normals[number])
        rest -= basis.T @ (basis @ rest)
        size = float(np.linalg.norm(rest))
        if size > INDEPENDENT:
            basis = np.concatenate([basis, rest[None] / size])
            kept.append(int(number))
    return kept


def _judged(domain: Domain, planes: Planes, chosen: list[int], rng: np.random.Generator) -> tuple[Planes, int]:
    """Turn planes to their on sides, and count the clear ones."""
    turned, votes = oriented(domain, planes.some(np.array(sorted(chosen), dtype=np.intp)), rng)
    return turned, int((votes >= CLEAR).sum())
