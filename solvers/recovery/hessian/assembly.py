"""From the directions of all units to a network: norms and biases, outgoing weights, signs, polish."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from generator.recovery.network.activations import ACTIVATIONS
from generator.recovery.network.mlp import MLP
from solvers.recovery.core.flips import find_flips, flip_units
from solvers.recovery.hessian.polish import Rows, polish, solve_outputs
from solvers.recovery.hessian.precision import weight_errors
from solvers.recovery.hessian.ridges import Ridges, fit_ridges

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from solvers.recovery.hessian.probing import Probe

__all__ = ["assemble", "fit_units", "parameters", "settle_signs"]

POLISH_STEPS = 60
"""Most Levenberg-Marquardt steps of one polish."""

LOOSE = 6.0
"""By-pass that flips may leave over, in multiples of its predicted error."""

LEAST_LEFT = 1e-9
"""Least by-pass that flips may leave over, relative to the largest a_i w_i; far above rounding errors."""


def parameters(inputs: int, units: int, outputs: int) -> int:
    """Count the parameters of a network with one hidden layer and a by-pass."""
    return units * (inputs + 1 + outputs) + outputs * (1 + inputs)


def fit_units(activation: str, probed: Probe, directions: NDArray[np.float64]) -> Ridges:
    """Fit norms and biases of units with known directions to derivative tensors."""
    points, outputs, size = probed.tensors.shape
    powers = probed.space.powers(directions)
    found = np.linalg.lstsq(powers.T, probed.tensors.reshape(-1, size).T, rcond=None)[0]
    samples = np.asarray(found.T.reshape(points, outputs, -1).transpose(0, 2, 1), dtype=np.float64)
    return fit_ridges(ACTIVATIONS[activation], probed.space.order, directions, probed.points, samples)


def assemble(activation: str, ridges: Ridges, rows: Rows, stop: Callable[[], bool]) -> MLP:
    """Solve the outgoing weights, and polish all weights; beside a by-pass if the signs of the units are open."""
    outputs, units = rows.outputs.shape[1], len(ridges.bias)
    blank = MLP.of([(ridges.weight, ridges.bias), (np.zeros((outputs, units)), np.zeros(outputs))], activation)
    network = solve_outputs(blank, rows, bypass=ACTIVATIONS[activation].half_slope > 0)
    return polish(network, rows, POLISH_STEPS, stop)


def settle_signs(network: MLP, rows: Rows, stop: Callable[[], bool]) -> MLP:
    """Replace the by-pass of a polished network by flips of units; return it as it is if no flips explain it."""
    if network.bypass is None:
        return network
    weight, outer = network.weights
    residual = rows.residual(network)
    excess = residual.size - parameters(*network.widths)
    noise = float(np.sqrt((residual**2).sum() / max(excess, 1)))
    errors = weight_errors(network, rows.inputs, noise)[-network.bypass.size :]
    largest = np.abs(outer).max() * np.abs(weight).max()
    tolerance = max(LOOSE * float(np.linalg.norm(errors)), float(LEAST_LEFT * largest))
    search = find_flips(weight, outer, network.bypass, network.sigma.half_slope, tolerance)
    if search.units is None:
        return network
    flipped = replace(flip_units(network, search.units), bypass=None)
    return polish(solve_outputs(flipped, rows, bypass=False), rows, POLISH_STEPS, stop)
