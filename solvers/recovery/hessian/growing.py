"""Repair a fit whose units are wrong or too few, from outputs alone.

The derivatives show the units' directions, but a probe may have too few points near a sharp unit's hyperplane to tell
its norm and bias, and two near-duplicate units look like one. `refitted` chooses norm and bias of one unit after the
other so that the outputs are fitted best (backfitting: Friedman and Stuetzle 1981, Projection pursuit regression).
`grown` adds units where the residual asks for them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from solvers.recovery.finishing.polish import polish, root_mean_square, solve_outputs

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from generator.recovery.network.activations import Activation
    from generator.recovery.network.mlp import MLP
    from solvers.recovery.core.ensemble import Rows

__all__ = ["grown", "refitted"]

NORMS = np.geomspace(0.15, 15.0, 18)
"""Norms that are tried, times the spread of the inputs along the unit's direction."""

CENTRES = np.linspace(-3.0, 3.0, 25)
"""Positions of hyperplanes that are tried, in multiples of that spread."""

ZOOMS = 6
"""Zooms into the best cell; each halves the spacing of the grid."""

SWEEPS = 3
"""Times that every unit is chosen again."""

SETTLED = 0.5
"""Fall of the residual over a sweep above which no further sweep follows: the fit is near a minimum. Hand-set."""

DRAWN = 60
"""Random directions that are tried for a new unit, besides those of the known units. Hand-set."""

PURSUED = 3
"""Directions per output that are taken from a quadratic fit to the residual. Hand-set."""

STARTS = 3
"""New units, each fitted with all others, of which the best is kept. Hand-set."""

NEW = 1e-9
"""Least share of a unit's squared values that other units do not explain; less is rounding errors."""


@dataclass(frozen=True, eq=False)
class _Rest:
    """What some features leave of the outputs.

    Attributes:
        basis: orthonormal basis of the features' values, rows x features.
        residual: rows x outputs.
    """

    basis: NDArray[np.float64]
    residual: NDArray[np.float64]


@dataclass(frozen=True)
class _Choice:
    """A candidate for a unit: how much of the squared residual it explains, its signed norm and its bias."""

    gain: float
    norm: float
    bias: float


def refitted(network: MLP, rows: Rows, right: float, stop: Callable[[], bool]) -> MLP:
    """Choose norm and bias of every unit again, and keep its direction; polish if that makes the network right.

    Args:
        network: one hidden layer, with the right directions.
        rows: inputs and outputs.
        right: root mean square of a right network's residuals.
        stop: tells whether time is up.

    Returns:
        A polished network that is right, else the best unpolished one: where units are missing, a polish would turn the
        others away from their directions.
    """
    best, lowest = network, root_mean_square(network, rows)
    for _ in range(SWEEPS):
        for unit in range(len(network.biases[0])):
            if stop():
                return best
            network = _chosen_again(network, unit, rows)
        network = solve_outputs(network, rows, bypass=network.bypass is not None)
        polished = polish(network, rows, stop)
        if root_mean_square(polished, rows) <= right:
            return polished
        error = root_mean_square(network, rows)
        settled = error > SETTLED * lowest
        if error < lowest:
            best, lowest = network, error
        if settled or stop():
            break
    return best


def grown(network: MLP, rows: Rows, rng: np.random.Generator, stop: Callable[[], bool]) -> MLP:
    """Add the unit with which all weights fit the outputs best.

    Args:
        network: one hidden layer.
        rows: inputs and outputs.
        rng: draws directions.
        stop: tells whether time is up.
    """
    known = network.weights[0]
    rest = _others(network, np.arange(len(known)), rows)
    directions = np.concatenate([known, _pursued(rows, rest), rng.standard_normal((DRAWN, known.shape[1]))])
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    choices = [_choice(network, one @ rows.inputs, rest) for one in directions]
    order = np.argsort([-choice.gain for choice in choices], kind="stable")[:STARTS]
    trials = [_extended(network, directions[at], choices[at], rows) for at in order]
    fitted = [polish(trial, rows, stop) for trial in trials]
    return min(fitted, key=lambda one: root_mean_square(one, rows))


def _pursued(rows: Rows, rest: _Rest) -> NDArray[np.float64]:
    """Guess directions of a missing unit from a quadratic fit to the residual.

    The linear part of a unit's fit points along its weights w, and the quadratic part is about a multiple of w w^T
    (principal Hessian directions: Li 1992).
    """
    inputs = rows.inputs.T
    first, second = np.triu_indices(inputs.shape[1])
    columns = [np.ones((len(inputs), 1)), inputs]
    if len(first) < len(inputs) / 2:
        columns.append(inputs[:, first] * inputs[:, second])
    found = np.linalg.lstsq(np.hstack(columns), rest.residual, rcond=None)[0].T
    size = inputs.shape[1]
    guesses = [found[:, 1 : 1 + size]]
    for quadratic in found[:, 1 + size :] if len(columns) > 2 else ():
        matrix = np.zeros((size, size))
        matrix[first, second] = quadratic
        values, vectors = np.linalg.eigh(matrix + matrix.T)
        guesses.append(vectors[:, np.argsort(-np.abs(values))[:PURSUED]].T)
    return np.concatenate(guesses)


def _chosen_again(network: MLP, unit: int, rows: Rows) -> MLP:
    """Replace norm and bias of one unit."""
    weight, bias = network.weights[0].copy(), network.biases[0].copy()
    direction = weight[unit] / np.linalg.norm(weight[unit])
    rest = _others(network, np.delete(np.arange(len(weight)), unit), rows)
    choice = _choice(network, direction @ rows.inputs, rest)
    weight[unit], bias[unit] = choice.norm * direction, choice.bias
    return replace(network, weights=(weight, network.weights[1]), biases=(bias, network.biases[1]))


def _extended(network: MLP, direction: NDArray[np.float64], choice: _Choice, rows: Rows) -> MLP:
    """Append a unit, and solve the outgoing weights."""
    weight = np.vstack([network.weights[0], choice.norm * direction])
    outer = np.hstack([network.weights[1], np.zeros((len(network.weights[1]), 1))])
    wider = replace(
        network, weights=(weight, outer), biases=(np.append(network.biases[0], choice.bias), network.biases[1])
    )
    return solve_outputs(wider, rows, bypass=network.bypass is not None)


def _others(network: MLP, units: NDArray[np.intp], rows: Rows) -> _Rest:
    """Take the values of some units, a constant and a by-pass out of the outputs."""
    inputs = rows.inputs.T
    parts = [network.hidden(inputs, 1)[:, units], np.ones((len(inputs), 1))]
    parts += [] if network.bypass is None else [inputs]
    basis = np.linalg.qr(np.hstack(parts))[0]
    return _Rest(basis, rows.targets.T - basis @ (basis.T @ rows.targets.T))


def _choice(network: MLP, positions: NDArray[np.float64], rest: _Rest) -> _Choice:
    """Choose the norm and the bias of a unit at positions along its direction that explain most of the residual."""
    sigma, spread = network.sigma, float(np.std(positions))
    t = positions / spread
    signed = np.concatenate([NORMS, -NORMS]) if sigma.symmetry == "none" else NORMS
    norms, centres = (grid.ravel() for grid in np.meshgrid(signed, CENTRES, indexing="ij"))
    gains = _gains(sigma, norms, centres, t, rest)
    at = int(np.argmax(gains))
    ratio, gap = NORMS[1] / NORMS[0], CENTRES[1] - CENTRES[0]
    around = np.arange(-1, 2)
    for _ in range(ZOOMS):
        ratio, gap = np.sqrt(ratio), gap / 2
        powers, shifts = (grid.ravel() for grid in np.meshgrid(around, around))
        norms, centres = norms[at] * ratio**powers, centres[at] + gap * shifts
        gains = _gains(sigma, norms, centres, t, rest)
        at = int(np.argmax(gains))
    return _Choice(float(gains[at]), float(norms[at] / spread), float(-norms[at] * centres[at]))


def _gains(
    sigma: Activation,
    norms: NDArray[np.float64],
    centres: NDArray[np.float64],
    t: NDArray[np.float64],
    rest: _Rest,
) -> NDArray[np.float64]:
    """Compute how much of the squared residual each candidate explains beside the known features."""
    values = sigma.value(norms[:, None] * (t - centres[:, None]))
    size = (values**2).sum(axis=1)
    values = values - (values @ rest.basis) @ rest.basis.T
    left = (values**2).sum(axis=1)
    explained = ((values @ rest.residual) ** 2).sum(axis=1)
    return np.asarray(np.where(left > NEW * size, explained / np.maximum(left, np.finfo(float).tiny), 0.0))
