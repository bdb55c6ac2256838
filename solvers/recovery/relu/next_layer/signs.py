"""Determine the signs of a layer's units, and its units that are on everywhere, from rows of the next layer.

A row of the next layer is U sigma(z) + Q h + b, where z = W h + c are the preactivations of layer l with arbitrary
signs and h = h_{l-1}. Flipping unit i changes sigma(z_i) by (1 + leak) z_i, which is linear in h. With the true signs
there is no linear
part: Q + (1 + leak) sum_{i in S} U_i w_i^T = 0, one equation per row and entry of h. A remainder of low rank belongs to
units that are on everywhere, because they are linear.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Signs", "settle_signs"]

MOST_ON = 4
"""Most units that are on everywhere. A larger value takes longer. Hand-set."""
MOST_TRIED = 12
"""Most units of which all 2^n flips are tried together with units that are on everywhere. Hand-set."""
STARTS = 20
"""Random starts of the search for flips of more units. A larger value finds better flips and takes longer. Hand-set."""
LEFT = 1e-5
"""Largest remainder that counts as zero, relative to the rows U. Hand-set, far above the rows' errors."""
BETTER = 1e-3
"""Factor by which units that are on everywhere must lower a larger remainder to be accepted. Hand-set."""
DEPENDENT = 1e-9
"""Relative singular value below which equations count as dependent. Hand-set."""
MOST_FREE = 14
"""Most signs n that are enumerated, in 2^n combinations, if there are fewer equations than units. Hand-set."""


@dataclass(frozen=True, eq=False)
class Signs:
    """The signs of a layer.

    Attributes:
        flips: whether each unit must be flipped.
        shifts: multiple of each open direction that must be added to the flipped rows of layer l.
        on: rows of the units that are on everywhere, units x entries of h. The equations determine only their span.
        weights: weights of the following rows on these units, rows x units.
        left: norm of the remainder, relative to the rows U.
    """

    flips: NDArray[np.bool_]
    shifts: NDArray[np.float64]
    on: NDArray[np.float64]
    weights: NDArray[np.float64]
    left: float

    @property
    def settled(self) -> bool:
        """Whether the signs explain the rows."""
        return self.left < LEFT


def settle_signs(
    following: NDArray[np.float64],
    linear: NDArray[np.float64],
    rows: NDArray[np.float64],
    leak: float,
    opened: tuple[NDArray[np.int64], NDArray[np.float64]],
    *,
    steady: NDArray[np.int64] | None = None,
) -> Signs:
    """Find the flips, with as few units that are on everywhere as possible.

    If a unit i never switches on the points of a row, sigma(z_i) is linear there, so the row does not determine U_i and
    the part of Q along w_i separately. So U_i is moved to Q, and the row is used modulo w_i.

    Args:
        following: U, rows x units of layer l.
        linear: Q, rows x entries of h.
        rows: W, units x entries of h.
        leak: slope of sigma below zero.
        opened: units of layer l, and for each of them a direction (entries of h). A multiple of the direction may have
            to be added to the unit's row. A unit may appear several times.
        steady: rows x units of layer l: 1 if a unit is on at all points of the row, -1 if it is off at all points, 0 if
            it switches. None if all units switch.
    """
    steady = np.zeros(following.shape, np.int64) if steady is None else steady
    sizes = np.linalg.norm(following, axis=1)
    sizes[sizes == 0] = 1.0
    U, Q = following / sizes[:, None], linear / sizes[:, None]
    Q = Q + (U * np.select([steady > 0, steady < 0], [1.0, leak], 0.0)) @ rows
    U = np.where(steady != 0, 0.0, U)
    terms = (1 + leak) * np.einsum("ji,ik->ijk", U, rows).reshape(len(rows), -1).T
    count = len(opened[0])
    row, unit = np.nonzero(steady)
    blind = np.zeros((*Q.shape, len(row)))
    blind[row, :, np.arange(len(row))] = rows[unit]
    free = np.einsum("jf,fk->jkf", U[:, opened[0]], opened[1]).reshape(Q.size, -1)
    free = np.concatenate([free, blind.reshape(Q.size, -1)], axis=1)
    # Signs are settled on the part of the equations that open directions do not change.
    basis, values, _ = np.linalg.svd(free, full_matrices=False)
    basis = basis[:, values > DEPENDENT * values.max(initial=0.0)]
    flips = _binary(terms - basis @ (basis.T @ terms), basis @ (basis.T @ Q.ravel()) - Q.ravel())
    shifts = np.linalg.lstsq(free, Q.ravel() + terms @ flips, rcond=DEPENDENT)[0]
    remainder = Q + (terms @ flips - free @ shifts).reshape(Q.shape)
    # A unit that is off at all points but is read there has the other sign.
    read = np.bincount(unit, np.abs(shifts[count:]), len(rows)) > LEFT
    best = _with_rank(flips | ((steady < 0).all(axis=0) & read), shifts[:count], remainder, 0, sizes)
    same = (steady != 0).all(axis=0)
    plain = ((steady != 0) == same).all(axis=1)
    if best.settled or np.count_nonzero(plain) <= 1:
        return best
    # A low rank shows only where all rows count modulo the same units.
    basis = np.linalg.qr(rows[same].T)[0]
    U, Q, sizes = U[plain], Q[plain] - (Q[plain] @ basis) @ basis.T, sizes[plain]
    seen = rows - (rows @ basis) @ basis.T
    terms = (1 + leak) * np.einsum("ji,ik->ijk", U, seen).reshape(len(rows), -1).T
    for rank in range(1, min(MOST_ON, min(Q.shape) - 1) + 1):
        flips = _low_rank(terms, Q, rank)
        remainder = Q + (terms @ flips).reshape(Q.shape)
        found = _with_rank(flips, np.zeros(count), remainder, rank, sizes)
        if found.settled or found.left < BETTER * best.left:
            best = found
        if best.settled:
            break
    return best


def _binary(terms: NDArray[np.float64], wanted: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Solve terms x = wanted for x in {0, 1}; signs beyond the rank of the terms are enumerated."""
    left, values, right = np.linalg.svd(terms, full_matrices=len(terms) < terms.shape[1])
    rank = int((values > DEPENDENT * values[0]).sum())
    solution = right[:rank].T @ ((left[:, :rank].T @ wanted) / values[:rank])
    free = right[rank:].T
    if not 0 < free.shape[1] <= MOST_FREE:
        return np.asarray(solution > 0.5)
    # Choose the units whose signs fix the free part: pivots of the free directions.
    pivots: list[int] = []
    rest = free.copy()
    for _ in range(free.shape[1]):
        pivot = int(np.linalg.norm(rest, axis=1).argmax())
        pivots.append(pivot)
        unit = rest[pivot] / np.linalg.norm(rest[pivot])
        rest = rest - np.outer(rest @ unit, unit)
    choices = np.array(list(product([0.0, 1.0], repeat=len(pivots))))
    shifts = np.linalg.solve(free[pivots], (choices - solution[pivots]).T)
    trials = solution[:, None] + free @ shifts
    off = np.abs(trials - (trials > 0.5)).max(axis=0)
    return np.asarray(trials[:, int(off.argmin())] > 0.5)


def _low_rank(terms: NDArray[np.float64], Q: NDArray[np.float64], rank: int) -> NDArray[np.bool_]:
    """Find the flips whose remainder is closest to a matrix of a given rank.

    All flips are tried for few units. For more units, single flips are changed from several starts as long as this
    helps.
    """
    units = terms.shape[1]

    def excess(flips: NDArray[np.bool_]) -> NDArray[np.float64]:
        remainders = Q + (flips @ terms.T).reshape(-1, *Q.shape)
        return np.asarray((np.linalg.svd(remainders, compute_uv=False)[:, rank:] ** 2).sum(axis=1))

    if units <= MOST_TRIED:
        every = np.array(list(product([False, True], repeat=units)))
        return np.asarray(every[int(excess(every).argmin())])
    rng = np.random.default_rng(0)  # only the starts of the search depend on it
    best: NDArray[np.bool_] = np.zeros(units, dtype=bool)
    least = np.inf
    for _ in range(STARTS):
        flips, value = np.asarray(rng.random(units) < 0.5), np.inf
        while True:
            trials = flips ^ np.eye(units, dtype=bool)
            values = excess(trials)
            if values.min() >= value:
                break
            flips, value = trials[int(values.argmin())], float(values.min())
        if value < least:
            best, least = flips, value
    return best


def _with_rank(
    flips: NDArray[np.bool_],
    shifts: NDArray[np.float64],
    remainder: NDArray[np.float64],
    rank: int,
    sizes: NDArray[np.float64],
) -> Signs:
    """Split a remainder into units that are on everywhere and an unexplained rest."""
    left, values, right = np.linalg.svd(remainder, full_matrices=False)
    rest = float(values[rank]) if rank < len(values) else 0.0
    weights = left[:, :rank] * values[:rank] * sizes[:, None]
    return Signs(flips, shifts, right[:rank], weights, rest / np.sqrt(len(sizes)))
