"""Determine the signs of units with known hyperplanes from the linear part of the function.

sigma(z) = kappa |z| + k z with k = (1 + q) / 2 and kappa = (1 - q) / 2, where q is the slope below zero. Kinks
determine a |z|, which does not depend on the sign of z. The linear part sum_j s_j k a_j (n_j x + b_j) depends on the
signs s_j.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["solve_signs"]

INDEPENDENT = 1e-9
"""Least singular value of independent columns, relative to the largest one. Hand-set, above rounding errors."""
SECONDS = 20.0
"""Time limit of the integer program, in seconds. A larger value finds more signs. Hand-set: 64 units with 32 inputs
take less than a minute."""
FEASIBLE = 1e-6
"""Least tolerance of the integer program, relative to the largest column. From the default of HiGHS."""


def solve_signs(
    columns: NDArray[np.float64], target: NDArray[np.float64], tolerance: float
) -> tuple[NDArray[np.float64], float]:
    """Find signs s with columns s = target.

    If the columns are independent, their one real solution is rounded. Otherwise an integer program finds the signs.
    Its linear relaxation decides most cases with more than half as many equations as signs (Mangasarian and Recht 2011,
    "Probability of unique integer solution to a system of linear equations").

    Args:
        columns: equations x units.
        target: one number per equation.
        tolerance: error of the target, relative to the largest column.

    Returns:
        Signs +1 or -1, and the norm of columns s - target, relative to the largest column.
    """
    scale = float(np.linalg.norm(columns, axis=0).max(initial=1e-300))
    matrix, goal = columns / scale, target / scale
    values = np.linalg.svd(matrix, compute_uv=False)
    if matrix.shape[1] <= matrix.shape[0] and values[-1] > INDEPENDENT * values[0]:
        signs = np.where(np.linalg.lstsq(matrix, goal, rcond=None)[0] > 0, 1.0, -1.0)
    else:
        slack = max(FEASIBLE, tolerance)
        found = milp(
            np.zeros(matrix.shape[1]),
            integrality=np.ones(matrix.shape[1], dtype=np.int64),
            bounds=Bounds(0, 1),
            constraints=LinearConstraint(
                2 * matrix, goal + matrix.sum(axis=1) - slack, goal + matrix.sum(axis=1) + slack
            ),
            options={"time_limit": SECONDS},
        )
        signs = np.ones(matrix.shape[1]) if found.x is None else np.where(found.x > 0.5, 1.0, -1.0)
    return signs, float(np.linalg.norm(matrix @ signs - goal))
