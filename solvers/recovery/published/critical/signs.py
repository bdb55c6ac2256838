"""Signs and scales of a layer's rows.

Inner layers: the gradient at an input is a combination of the active units' rows, so the units without a coefficient
are inactive there (the system of equations of Canales-Martinez et al. 2023, for layers that do not expand). The last
hidden layer: the outputs are linear in |z_i| and in the previous layer; the linear part is a sum of all units' rows
with the wanted signs, which is solved, or searched exhaustively (Carlini et al. 2020, section 4.4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solvers.recovery.published.critical.prefix import Prefix
    from solvers.recovery.published.critical.probe import Probe

__all__ = ["last_signs", "voted_signs"]

VOTES = 12
"""Inputs that vote on the signs of an inner layer. A larger value is more certain and takes more rows. Hand-set."""
STEP = 1e-4
"""Step of a gradient, in standard deviations of the inputs. Hand-set."""
ZERO = 1e-5
"""Coefficient of an inactive unit, relative to the largest. Hand-set, above the rounding errors of a gradient."""
MOST_EXHAUSTIVE = 18
"""Most units whose signs are searched exhaustively; the time doubles with every unit. Hand-set."""


def voted_signs(
    probe: Probe, prefix: Prefix, rows: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64] | None:
    """Find the signs of an inner layer's rows; None if its rows are not independent at any input.

    Args:
        probe: the function.
        prefix: the known layers before it.
        rows: units x (fan-in + 1), of any sign.
        rng: draws the inputs.

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


def last_signs(
    states: NDArray[np.float64], outputs: NDArray[np.float64], rows: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.intp]] | None:
    """Find the signs of the last hidden layer's rows; None if there are too many units for a search.

    relu(s z) = (|z| + s z) / 2 for s = 1 and s = -1.

    Args:
        states: samples x fan-in, outputs of the previous layer.
        outputs: samples x o.
        rows: units x (fan-in + 1), of any sign.

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
    # Column i: what unit i adds to the linear part, for each output and each unit of the previous layer.
    share = np.einsum("io,ij->oji", solution[acting], rows[acting, :-1]).reshape(-1, len(acting))
    linear = solution[len(rows) : -1].T.ravel()
    signs, _, rank, _ = np.linalg.lstsq(share, linear, rcond=1e-9)
    if rank == len(acting):
        return np.where(signs < 0, -1.0, 1.0), acting
    if len(acting) > MOST_EXHAUSTIVE:
        return None
    codes = np.arange(2 ** len(acting))[:, None] >> np.arange(len(acting))
    every = 1.0 - 2.0 * (codes & 1)
    return every[int(np.linalg.norm(every @ share.T - linear, axis=1).argmin())], acting
