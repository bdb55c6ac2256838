"""The output layer behind the last hidden layer, and with it the signs and the open weights of that layer.

sigma(z) = k z + kappa |z|. The units' kinks give |z|, whatever their signs. What is linear in the state before tells
the signs, and the weights of units that are on wherever some unit of the layer before is on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from solvers.recovery.relu.fitting.folding import folded_states
from solvers.recovery.relu.fitting.shallow import ShallowFit
from solvers.recovery.relu.fitting.signs import solve_signs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solvers.recovery.relu.states.layer import Layer

__all__ = ["LastLayers", "fit_last_layers", "misfits"]

KEEP = 1.5
"""Factor on the least weight that keeps a unit's sign where its open weight counts. Hand-set."""
ZERO = 1e-9
"""Preactivation, relative to the size of the point, up to which a unit is off. Hand-set, above rounding errors."""
LEFTOVER = 1e-6
"""Largest leftover of the linear part that counts as rounding errors, relative to the largest unit. Hand-set."""
IDLE = 1e-8
"""Output weights below this share of the largest one are rounding errors. Hand-set."""
REWEIGHTED = 12
"""Fits with weights that fall with the residual. A larger value singles out the misfits more sharply. Hand-set."""
FLOOR = 1e3
"""Residual below which weights do not rise further, in error bounds. Hand-set."""
UNREAD = 1e-7
"""Largest weight of a unit, whose rows have norm 1, for a unit that it does not read. Hand-set."""
DIGITS = 1e-12
"""Relative singular value below which directions of the fit are not determined. Hand-set."""


@dataclass(frozen=True, eq=False)
class LastLayers:
    """The last hidden layer and the output layer.

    Attributes:
        layers: weight and bias of both.
        doubt: why the network is not certain; empty if it is.
    """

    layers: list[tuple[NDArray[np.float64], NDArray[np.float64]]]
    doubt: str


def misfits(
    layer: Layer, points: NDArray[np.float64], values: NDArray[np.float64], limit: float
) -> NDArray[np.float64]:
    """Compute how far outputs are from the best function of the units found so far, in error bounds of the outputs.

    Where a unit is missing, some rows cannot be fitted. Weights that fall with the residual let the others decide; they
    are not needed where all errors are within the limit.
    """
    states = layer.known.features(points)
    rows, _ = _kept_off(layer, states)
    noise = layer.domain.noise(points, values)
    columns = np.column_stack([np.abs(states @ rows[:, :-1].T + rows[:, -1]), states, np.ones(len(states))])
    weight = noise.min() / noise
    for _ in range(REWEIGHTED):
        fit = _least_squares(columns, values, weight)
        errors = np.asarray(np.abs(columns @ fit - values).max(axis=1) / noise)
        if errors.max() <= limit:
            break
        weight = (noise.min() / noise) / np.maximum(errors, FLOOR)
    return errors


def fit_last_layers(layer: Layer, points: NDArray[np.float64], values: NDArray[np.float64]) -> LastLayers:
    """Fit the layer's signs, its open weights and the output layer.

    Args:
        layer: the last hidden layer.
        points: states of the first layer, rows x coordinates.
        values: outputs there, rows x outputs.
    """
    known, sigma = layer.known, layer.known.prefix.sigma
    k = sigma.half_slope
    states = known.features(points)
    weight = 1.0 / layer.domain.noise(points, values)
    weight /= weight.max()
    rows, opened = _kept_off(layer, states)
    z = states @ rows[:, :-1].T + rows[:, -1]
    fit = _least_squares(np.column_stack([np.abs(z), states, np.ones(len(z))]), values, weight)
    output = fit[: len(rows)].T / (1 - k)
    linear = fit[len(rows) : -1].T
    busy = np.abs(output).max(axis=0, initial=0.0) > IDLE * np.abs(output).max(initial=0.0)
    rows, opened, output = rows[busy], opened[busy], output[:, busy]
    columns = k * (output[:, :, None] * rows[:, :-1]).transpose(0, 2, 1)
    sure = ~opened.any(axis=0)
    part = columns[:, sure].reshape(-1, len(rows))
    signs, left = solve_signs(part, linear[:, sure].ravel(), LEFTOVER) if part.size else (np.ones(len(rows)), 0.0)
    rows = signs[:, None] * rows
    signed = left <= LEFTOVER
    # The features that weights are open for keep a free linear part.
    free = np.flatnonzero(~sure) if signed else np.arange(states.shape[1])
    on = sigma.value(states @ rows[:, :-1].T + rows[:, -1])
    fit = _least_squares(np.column_stack([on, states[:, free], np.ones(len(on))]), values, weight)
    output, constant = fit[: len(rows)].T, fit[-1]
    rest = np.zeros((values.shape[1], states.shape[1]))
    rest[:, free] = fit[len(rows) : -1].T
    rows, rest, doubt = _completed(rows, output, rest, opened, states)
    if not signed:
        doubt = "always-on units stand for a linear part, so signs are not certain"
    shallow = ShallowFit(rows[:, :-1], rows[:, -1], output, rest, constant, signed)
    most = np.abs(states).max(axis=0)
    return LastLayers(folded_states(shallow, most), doubt)


def _kept_off(layer: Layer, states: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Choose the open weights so that no unit switches where one of them counts, as the oracle says.

    Returns:
        The rows, and which weights are open: units x features.
    """
    rows = layer.rows
    opened = np.array([~part.seen for part in layer.parts]).reshape(len(rows), layer.known.prefix.units)
    # No unit reads a plane that passed for a unit of the layer before.
    opened &= ((np.abs(rows[:, :-1]) > UNREAD) & ~opened).any(axis=0)
    sizes = np.linalg.norm(states, axis=1)
    on = states > ZERO * sizes[:, None]
    for unit, feature in zip(*np.nonzero(opened), strict=True):
        others = opened[unit].copy()
        others[feature] = False
        here = on[:, feature] & ~on[:, others].any(axis=1)
        if not here.any():
            continue
        z = states[here] @ rows[unit, :-1] + rows[unit, -1]
        # Where the feature is hardly on, the unit has the sign that it has with it.
        least = (states[here, feature] / sizes[here]).argsort()[: max(1, here.sum() // 10)]
        side = np.sign(np.median(np.sign(z[least])) or 1.0)
        need = float((-side * z / states[here, feature]).max())
        rows[unit, feature] = side * KEEP * max(0.0, need)
    return rows, opened


def _completed(
    rows: NDArray[np.float64],
    output: NDArray[np.float64],
    rest: NDArray[np.float64],
    opened: NDArray[np.bool_],
    states: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], str]:
    """Explain a linear part by open weights of units that are on wherever the feature is on."""
    rows, rest, doubts = rows.copy(), rest.copy(), 0
    size = np.abs(output).max(initial=0.0)
    on = states > ZERO * np.linalg.norm(states, axis=1)[:, None]
    active = states @ rows[:, :-1].T + rows[:, -1] > 0
    for feature in np.flatnonzero(opened.any(axis=0)):
        units = np.flatnonzero(opened[:, feature])
        # A unit with an open weight has one sign wherever the feature is on.
        alone = [unit for unit in units if active[on[:, feature], unit].mean() > 0.5]
        if alone:
            shifts = np.linalg.lstsq(output[:, alone], rest[:, feature], rcond=None)[0]
            left = rest[:, feature] - output[:, alone] @ shifts
            rows[alone, feature] += shifts
            rest[:, feature] = left
        doubts += len(units) - min(len(alone), len(output))
        if np.abs(rest[:, feature]).max() <= LEFTOVER * size:
            rest[:, feature] = 0.0
    return rows, rest, f"no input was found that shows {doubts} weights of the last hidden layer" if doubts else ""


def _least_squares(
    columns: NDArray[np.float64], values: NDArray[np.float64], weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Fit weighted rows, with columns scaled to equal size, and correct the fit once."""
    scaled = columns * weight[:, None]
    sizes = np.linalg.norm(scaled, axis=0)
    sizes[sizes == 0] = 1.0
    scaled /= sizes
    basis, square = np.linalg.qr(scaled)
    solution = np.linalg.lstsq(square, basis.T @ (values * weight[:, None]), rcond=DIGITS)[0]
    rest = (values - columns @ (solution / sizes[:, None])) * weight[:, None]
    solution = solution + np.linalg.lstsq(square, basis.T @ rest, rcond=DIGITS)[0]
    return np.asarray(solution / sizes[:, None])
