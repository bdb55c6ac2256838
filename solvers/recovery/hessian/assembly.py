"""From the directions of all units to a network: norms and biases, outgoing weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from generator.recovery.network.activations import ACTIVATIONS
from generator.recovery.network.mlp import MLP
from solvers.recovery.finishing.polish import solve_outputs
from solvers.recovery.hessian.ridges import Ridges, fit_ridges

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solvers.recovery.core.ensemble import Rows
    from solvers.recovery.hessian.probing import Probe

__all__ = ["assemble", "fit_units", "parameters"]


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


def assemble(activation: str, ridges: Ridges, rows: Rows) -> MLP:
    """Solve the outgoing weights; beside a by-pass if the signs of the units are open."""
    outputs, units = len(rows.targets), len(ridges.bias)
    blank = MLP.of([(ridges.weight, ridges.bias), (np.zeros((outputs, units)), np.zeros(outputs))], activation)
    return solve_outputs(blank, rows, bypass=ACTIVATIONS[activation].half_slope > 0)
