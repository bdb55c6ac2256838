"""Get the most out of rounded outputs: where to query, and a fit within the rounding bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from solvers.recovery.core.derivatives import draw_points
from solvers.recovery.finishing.polish import polish
from solvers.recovery.finishing.precision import centre, output_bounds, weight_errors
from solvers.recovery.finishing.signs import settle_signs

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from generator.recovery.network.mlp import MLP
    from generator.recovery.puzzle import RecoveryPuzzle
    from solvers.recovery.core.ensemble import Rows

__all__ = ["PLAUSIBLE", "REFINING_ROWS", "telling_points", "within_bounds"]

PLAUSIBLE = 3.0
"""Residual of a first fit, in multiples of the outputs' noise, up to which it is refined with all rows."""

REFINING_ROWS = 20_000
"""Rows that the refinement of imprecise outputs asks for, if the budget has them."""

RADII = (0.7, 1.0, 1.5, 2.0, 3.0, 5.0)
"""Radii among which the refinement chooses, in multiples of the input scale."""

TRIED = 2000
"""Points per radius for which the weights' errors are predicted; no queries. Hand-set."""


def telling_points(puzzle: RecoveryPuzzle, network: MLP, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw points, rows x d, of the radius for which the worst weight has the least predicted error."""
    worst = {}
    for radius in RADII:
        points = draw_points(puzzle, TRIED, radius * puzzle.input_scale, 0.0, rng)
        bounds = output_bounds(puzzle.public.precision, puzzle.resolution, network(points).T)
        worst[radius] = float(weight_errors(network, points, 1.0 if bounds is None else bounds).max())
    return draw_points(puzzle, count, min(worst, key=worst.__getitem__) * puzzle.input_scale, 0.0, rng)


def within_bounds(puzzle: RecoveryPuzzle, network: MLP, rows: Rows, stop: Callable[[], bool]) -> MLP:
    """Polish a network, settle its signs, and move it to the centre of the rounding bounds of all rows."""
    network = settle_signs(polish(network, rows, stop), rows, stop)
    bounds = output_bounds(puzzle.public.precision, puzzle.resolution, rows.targets)
    return network if bounds is None else centre(network, rows, bounds, stop)
