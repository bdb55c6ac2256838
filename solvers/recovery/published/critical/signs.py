"""Find the signs of a layer's rows.

Inner layers: the gradient at an input is a linear combination of the active units' rows. So a unit with the coefficient
zero is inactive there (the system of equations of Canales-Martinez et al. 2023, for layers that do not expand).

The last hidden layer: the outputs are linear in |z_i| and in the states of the previous layer. The linear part is a sum
of all units' rows, each with its sign. The signs solve this linear system, or are searched exhaustively (Carlini et al.
2020, section 4.4). If there are too many units to search, the neuron wiggle decides the clearest signs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solvers.recovery.published.critical.prefix import Prefix
    from solvers.recovery.published.critical.probe import Probe

__all__ = ["last_signs", "voted_signs", "wiggle", "wiggle_votes"]

VOTES = 12
"""Inputs that vote on the signs of an inner layer. A larger value is more reliable and takes more queries. Hand-set."""
STEP = 1e-4
"""Step of a difference quotient, in standard deviations of the inputs. A larger step has smaller rounding errors, but
meets kinks more often. Hand-set."""
ZERO = 1e-5
"""Largest coefficient of an inactive unit, relative to the largest one. A larger value takes more units as inactive.
Hand-set, above the rounding errors of a gradient."""
ON_KINK = 1e-7
"""Largest preactivation of a unit at its critical point, in norms of the row. Hand-set, above the rounding errors."""
MOST_EXHAUSTIVE = 18
"""Most units whose signs are searched exhaustively. The time doubles with every unit. Hand-set."""


def voted_signs(
    probe: Probe, prefix: Prefix, rows: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64] | None:
    """Find the signs of an inner layer's rows; return None if the rows are dependent at all inputs tried.

    Args:
        probe: the hidden network.
        prefix: the known layers before the inner layer.
        rows: rows of any sign, units x (fan-in + 1).
        rng: generator for the inputs.

    Raises:
        SpentError: if the budget ends.
    """
    inputs = len(prefix.layers[0][0][0]) if prefix.layers else rows.shape[1] - 1
    points = probe.clip(2.0 * probe.scale * rng.standard_normal((VOTES, inputs)), STEP * probe.scale)
    step = STEP * probe.scale
    shifted = np.concatenate([points[:, None] + step * np.eye(inputs), points[:, None] - step * np.eye(inputs)])
    ahead, behind = probe.values(shifted.reshape(-1, inputs)).reshape(2, VOTES, inputs)
    gradients = (ahead - behind) / (2.0 * step)
    before = prefix.states(points) @ rows[:, :-1].T + rows[:, -1]
    votes = np.zeros(len(rows))
    for point, gradient, values in zip(points, gradients, before, strict=True):
        directions = (rows[:, :-1] @ prefix.jacobian(point)).T
        shares, _, rank, _ = np.linalg.lstsq(directions, gradient, rcond=1e-9)
        off = np.abs(directions @ shares - gradient).max()
        if rank < len(rows) or off > ZERO * np.abs(gradient).max() or not shares.any():
            continue
        active = np.abs(shares) > ZERO * np.abs(shares).max()
        votes += np.where(active, np.sign(values), -np.sign(values))
    return np.where(votes < 0, -1.0, 1.0) if votes.any() else None


def wiggle(probe: Probe, points: NDArray[np.float64], signatures: NDArray[np.float64]) -> NDArray[np.float64]:
    """Measure on which side of its kink each unit is on, by steps along the signature in both directions.

    A unit contributes to the change of the outputs only on the side where it is on. So the larger change is a vote for
    that side (the neuron wiggle of Canales-Martinez et al. 2023).

    Returns:
        One vote per point, from -1 to 1; positive if the unit is on in the direction of the signature.

    Raises:
        SpentError: if the budget ends.
    """
    if not len(points):
        return np.empty(0)
    way = STEP * probe.scale * signatures / np.linalg.norm(signatures, axis=1, keepdims=True)
    middle, ahead, behind = probe.values(np.concatenate([points, points + way, points - way])).reshape(3, -1)
    forward, back = np.abs(ahead - middle), np.abs(behind - middle)
    return np.asarray((forward - back) / np.maximum(forward + back, np.finfo(np.float64).tiny))


def wiggle_votes(
    prefix: Prefix,
    rows: NDArray[np.float64],
    points: NDArray[np.float64],
    signatures: NDArray[np.float64],
    wiggles: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Sum the votes of each row's critical points; a positive sum means that the row has the right sign."""
    before = prefix.states(points) @ rows[:, :-1].T + rows[:, -1]
    at, unit = np.nonzero(np.abs(before) < ON_KINK * np.linalg.norm(rows, axis=1))
    votes = np.zeros(len(rows))
    for point, row in zip(at, unit, strict=True):
        along = float(rows[row, :-1] @ prefix.jacobian(points[point]) @ signatures[point])
        votes[row] += np.sign(along) * wiggles[point]
    return votes


def last_signs(
    states: NDArray[np.float64],
    outputs: NDArray[np.float64],
    rows: NDArray[np.float64],
    votes: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.intp]] | None:
    """Find the signs of the last hidden layer's rows; return None if no row acts on the outputs.

    Because relu(s z) = (|z| + s z) / 2 for s = 1 and s = -1, the signs solve a linear system. If the system does not
    determine them, all combinations are tried. If there are more than `MOST_EXHAUSTIVE` units, the units with the
    clearest votes keep the sign of their votes.

    Args:
        states: outputs of the previous layer, samples x fan-in.
        outputs: samples x o.
        rows: rows of any sign, units x (fan-in + 1).
        votes: one number per row, see `wiggle_votes`.

    Returns:
        Signs of the units that act on the outputs, and the numbers of these units.
    """
    before = states @ rows[:, :-1].T + rows[:, -1]
    table = np.column_stack([np.abs(before), states, np.ones(len(states))])
    solution = np.linalg.lstsq(table, outputs, rcond=1e-12)[0]
    sizes = np.abs(solution[: len(rows)]).max(axis=1)
    acting = np.flatnonzero(sizes > ZERO * sizes.max(initial=0.0))
    if not len(acting):
        return None
    # Column i: the contribution of unit i to the linear part, for each output and each unit of the previous layer.
    share = np.einsum("io,ij->oji", solution[acting], rows[acting, :-1]).reshape(-1, len(acting))
    linear = solution[len(rows) : -1].T.ravel()
    signs, _, rank, _ = np.linalg.lstsq(share, linear, rcond=1e-9)
    if rank == len(acting):
        return np.where(signs < 0, -1.0, 1.0), acting
    signs = np.where(votes[acting] < 0, -1.0, 1.0)
    open_ones = np.argsort(np.abs(votes[acting]))[:MOST_EXHAUSTIVE]
    rest = linear - np.delete(share, open_ones, axis=1) @ np.delete(signs, open_ones)
    codes = np.arange(2 ** len(open_ones))[:, None] >> np.arange(len(open_ones))
    every = 1.0 - 2.0 * (codes & 1)
    signs[open_ones] = every[int(np.linalg.norm(every @ share[:, open_ones].T - rest, axis=1).argmin())]
    return signs, acting
