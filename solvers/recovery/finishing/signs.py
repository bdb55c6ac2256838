"""Turn the linear by-pass of a fitted network into signs of its units."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from solvers.recovery.core.ensemble import parameters_of
from solvers.recovery.core.flips import find_flips, flip_units
from solvers.recovery.finishing.polish import polish, root_mean_square, solve_outputs
from solvers.recovery.finishing.precision import weight_errors

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.recovery.network.mlp import MLP
    from solvers.recovery.core.ensemble import Rows

__all__ = ["settle_signs"]

LOOSE = 6.0
"""By-pass that flips may leave over, in multiples of its predicted error."""

LEAST_LEFT = 1e-9
"""Least by-pass that flips may leave over, relative to the largest a_i w_i; far above rounding errors."""


def settle_signs(network: MLP, rows: Rows, stop: Callable[[], bool]) -> MLP:
    """Replace the by-pass of a polished network by flips of units; return it as it is if no flips explain it."""
    if network.bypass is None:
        return network
    weight, outer = network.weights
    excess = rows.equations - parameters_of(network)[0].parameters
    noise = root_mean_square(network, rows) * np.sqrt(rows.equations / max(excess, 1))
    errors = weight_errors(network, rows.inputs.T, noise)[-network.bypass.size :]
    largest = np.abs(outer).max() * np.abs(weight).max()
    tolerance = max(LOOSE * float(np.linalg.norm(errors)), float(LEAST_LEFT * largest))
    search = find_flips(weight, outer, network.bypass, network.sigma.half_slope, tolerance)
    if search.units is None:
        return network
    flipped = replace(flip_units(network, search.units), bypass=None)
    return polish(solve_outputs(flipped, rows, bypass=False), rows, stop)
