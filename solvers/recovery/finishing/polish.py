"""Fit networks that are nearly right: by Levenberg-Marquardt, then by an orthogonal factorisation."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from solvers.recovery.core.certificate import NEEDED
from solvers.recovery.core.ensemble import network_of_row, parameters_of
from solvers.recovery.core.levenberg_marquardt import NEAR_DAMPING, Stopping, levenberg_marquardt
from solvers.recovery.core.levenberg_marquardt import polish as factorised
from solvers.recovery.core.output_layer import fit_output_layer
from solvers.recovery.core.pruning import Pruned, Pruning, prune, saliencies

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.recovery.network.mlp import MLP
    from solvers.recovery.core.ensemble import Rows

__all__ = ["polish", "root_mean_square", "sharpened", "solve_outputs", "without_spare_units"]

STEPS = 60
"""Most Levenberg-Marquardt steps of one polish."""

SLOW = 6
"""Steps over which the error must fall by a thousandth; else the polish ends."""

ROUNDING = 1e-13
"""Root mean square of the residuals, relative to the outputs', at which the polish ends; only rounding errors are left.
"""


SPARE = 1.1
"""Factor by which the mean squared error may rise without a spare unit. Hand-set."""

ZERO = 1e-22
"""Mean squared error, relative to the outputs' mean square, that counts as zero while spare units are removed."""

DOUBTFUL = 1e-10
"""Rise of the squared error without a unit, relative to the outputs' squares, below which the unit may be spare, if
the other units are fitted again: two copies that a fit has moved a little apart have such rises. Hand-set."""


def root_mean_square(network: MLP, rows: Rows) -> float:
    """Compute the root mean square of the residuals; infinite without rows."""
    shape, row = parameters_of(network)
    return float(np.sqrt(shape.mse(row[None], rows)[0])) if rows.count else np.inf


def solve_outputs(network: MLP, rows: Rows, *, bypass: bool) -> MLP:
    """Solve the outgoing weights, the output bias and, if wanted, the by-pass by least squares."""
    outputs, inputs = len(rows.targets), len(rows.inputs)
    shape, row = parameters_of(replace(network, bypass=np.zeros((outputs, inputs)) if bypass else None))
    return network_of_row(shape, fit_output_layer(shape, row, rows))


def polish(network: MLP, rows: Rows, stop: Callable[[], bool]) -> MLP:
    """Minimise the sum of squared residuals over all weights, and over the by-pass if there is one.

    Args:
        network: nearly right.
        rows: at least as many outputs as parameters.
        stop: tells whether time is up.
    """
    shape, row = parameters_of(network)
    zero = ROUNDING**2 * float(np.mean(rows.targets**2))
    stopping = Stopping(zero, STEPS, SLOW, damping=NEAR_DAMPING, out_of_time=stop)
    return network_of_row(shape, levenberg_marquardt(shape, row[None], rows, stopping).theta[0])


def without_spare_units(network: MLP, rows: Rows, stop: Callable[[], bool]) -> MLP:
    """Remove the units that a fitted network does not need: copies of other units, and units that cancel."""
    shape, row = parameters_of(network)
    mse = root_mean_square(network, rows) ** 2
    zero = max(SPARE * mse, ZERO * float(np.mean(rows.targets**2)))
    least = max(NEEDED * zero * np.sqrt(rows.equations), DOUBTFUL * float((rows.targets**2).sum()))
    if saliencies(shape, row, rows, 1).min() > least:
        return network
    small = prune(Pruned(shape, row, mse), rows, Pruning(zero, out_of_time=stop))
    return network_of_row(small.architecture, small.row)


def sharpened(network: MLP, rows: Rows) -> MLP:
    """Take steps by an orthogonal factorisation, which sees directions that normal equations lose."""
    shape, row = parameters_of(network)
    return network_of_row(shape, factorised(shape, row, rows)[0])
