"""Build a network from the directions of all units: fit norms and biases, outgoing weights and signs, and polish."""

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
"""Most Levenberg-Marquardt steps of one polish. Hand-set."""

LOOSE = 6.0
"""Largest by-pass that may remain after flips, in multiples of its predicted error. A larger value accepts more flips.
Hand-set."""

LEAST_LEFT = 1e-9
"""By-pass that may remain after flips in any case, relative to the largest a_i w_i. Hand-set, far above rounding
errors."""


def parameters(inputs: int, units: int, outputs: int) -> int:
    """Count the parameters of a network with one hidden layer and a by-pass."""
    return units * (inputs + 1 + outputs) + outputs * (1 + inputs)


def fit_units(activation: str, probed: Probe, directions: NDArray[np.float64]) -> Ridges:
    """Fit norms and biases of units to derivative tensors.

    Args:
        activation: name of the activation.
        probed: derivative tensors at sampled points.
        directions: directions of the units' weights, units x inputs, of norm 1.
    """
    points, outputs, size = probed.tensors.shape
    powers = probed.space.powers(directions)
    found = np.linalg.lstsq(powers.T, probed.tensors.reshape(-1, size).T, rcond=None)[0]
    samples = np.asarray(found.T.reshape(points, outputs, -1).transpose(0, 2, 1), dtype=np.float64)
    return fit_ridges(ACTIVATIONS[activation], probed.space.order, directions, probed.points, samples)


def assemble(activation: str, ridges: Ridges, rows: Rows, stop: Callable[[], bool]) -> MLP:
    """Solve for the outgoing weights, and polish all weights. A by-pass is added if signs are not determined yet."""
    outputs, units = rows.outputs.shape[1], len(ridges.bias)
    blank = MLP.of([(ridges.weight, ridges.bias), (np.zeros((outputs, units)), np.zeros(outputs))], activation)
    network = solve_outputs(blank, rows, bypass=ACTIVATIONS[activation].half_slope > 0)
    return polish(network, rows, POLISH_STEPS, stop)


def settle_signs(network: MLP, rows: Rows, stop: Callable[[], bool]) -> MLP:
    """Replace the by-pass of a polished network by flips of units; if no flips explain it, return the same network."""
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
