"""Levenberg-Marquardt for an ensemble of students: every student has its own damping and stops on its own.

Source: Levenberg 1944, Marquardt 1963; the damping schedule and the scaled damping matrix follow the usual practice of
nonlinear least squares. The curved steps of `polish` are the geodesic acceleration of Transtrum, Machta and Sethna 2011
(Geometry of nonlinear least squares, Physical Review E 83, 036701). One iteration of one student takes n p^2
floating-point operations, n residuals and p parameters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import lstsq, qr
from scipy.linalg.lapack import dposv

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from solvers.recovery.core.ensemble import Architecture, Rows

    Array = NDArray[np.float64]

__all__ = ["Fit", "Stopping", "levenberg_marquardt", "polish"]

FIRST_DAMPING = 1e-2
"""Initial damping, relative to the diagonal of J'J. Larger values take shorter first steps. From experiments."""
NEAR_DAMPING = 1e-5
"""Initial damping of a network that is nearly right. Hand-set."""
LEAST_DAMPING = 1e-15
"""Lower bound of the damping. Larger values slow the final quadratic convergence."""
MOST_DAMPING = 1e12
"""Damping at which a student counts as stuck."""
RAISE, LOWER = 4.0, 5.0
"""Factors of the damping after a rejected and after an accepted step. From experiments."""
DIAGONAL_FLOOR = 1e-9
"""Least entry of the damping matrix, relative to its largest. It keeps the equations of dead units solvable."""
SMALLEST_SINGULAR = 1e-14
"""Share of the largest singular value below which `polish` leaves a direction as it is."""
ROUND_OFF = 2e-15
"""Root mean square of the residuals, relative to the targets', below which `polish` does not damp a step that failed:
only rounding errors are left."""
LEAST_POLISH, MOST_POLISH = 1e-16, 1e-3
"""Least damping of `polish` apart from 0, and the damping at which it gives up; relative to the squared norms of J's
columns. Hand-set."""
HARDER, SOFTER = 30.0, 10.0
"""Factors of the damping of `polish` after a failed and after a successful step. Hand-set."""
ENOUGH = 4.0
"""Fall of the squared error for which `polish` takes a straight step; else it tries a curved one too. Hand-set."""
PROBED = 0.1
"""Share of a step over which the curvature of the outputs along the step is measured: the value of the source."""
JACOBIAN_BYTES = 48 * 2**20
"""Memory of the Jacobians that are held at once, in bytes. Larger values batch more students. Hand-set."""


@dataclass(frozen=True)
class Stopping:
    """When a student stops.

    Attributes:
        tolerance: mean squared error at which a student is finished.
        iterations: most iterations of one student, rejected steps included.
        window: iterations over which the error must fall.
        gain: least relative fall of the error within a window; a student that gains less has stalled.
        damping: initial damping.
        out_of_time: tells that the deadline has passed; checked once per iteration.
    """

    tolerance: float = 1e-28
    iterations: int = 200
    window: int = 30
    gain: float = 1e-3
    damping: float = FIRST_DAMPING
    out_of_time: Callable[[], bool] = lambda: False


@dataclass(frozen=True, eq=False)
class Fit:
    """Result of a fit.

    Attributes:
        theta: parameters, B x p.
        mse: mean squared errors, B.
        iterations: iterations that each student took, B.
        operations: floating-point operations of the normal equations, n p^2 each.
    """

    theta: Array
    mse: Array
    iterations: NDArray[np.int64]
    operations: float

    def best(self) -> int:
        """Return the student with the smallest error."""
        return int(np.argmin(self.mse))

    def sorted(self) -> Fit:
        """Sort the students by error."""
        order = np.argsort(self.mse, kind="stable")
        return Fit(self.theta[order], self.mse[order], self.iterations[order], self.operations)


def levenberg_marquardt(
    architecture: Architecture,
    theta: NDArray[np.float64],
    rows: Rows,
    stopping: Stopping | None = None,
    free: NDArray[np.bool_] | None = None,
) -> Fit:
    """Minimise the mean squared error of every student.

    Args:
        architecture: shape of the students.
        theta: initial parameters, B x p; not changed.
        rows: data.
        stopping: when students stop.
        free: which parameters may change, p; None for all.

    Returns:
        The students in their order. A student's error never rises.
    """
    stopping = stopping or Stopping()
    state = _State.of(architecture, theta, rows, free, stopping.damping)
    for _ in range(stopping.iterations):
        active = np.flatnonzero(~state.done)
        if not len(active) or stopping.out_of_time():
            break
        state.linearise(active)
        state.step(active)
        state.retire(active, stopping)
    return Fit(state.theta, state.mse, state.iterations, state.operations)


@dataclass(eq=False)
class _State:
    """Everything that the iterations change; arrays have one entry per student."""

    architecture: Architecture
    rows: Rows
    free: NDArray[np.intp]
    theta: Array
    mse: Array
    damping: Array
    gram: Array
    slope: Array
    stale: NDArray[np.bool_]
    done: NDArray[np.bool_]
    iterations: NDArray[np.int64]
    marks: Array
    operations: float = 0.0

    @classmethod
    def of(
        cls, architecture: Architecture, theta: Array, rows: Rows, free: NDArray[np.bool_] | None, damping: float
    ) -> _State:
        count, parameters = theta.shape
        chosen = np.arange(parameters) if free is None else np.flatnonzero(free)
        mse = architecture.mse(theta, rows)
        return cls(
            architecture,
            rows,
            chosen,
            theta.copy(),
            mse,
            np.full(count, damping),
            np.empty((count, len(chosen), len(chosen))),
            np.empty((count, len(chosen))),
            np.ones(count, bool),
            ~np.isfinite(mse),
            np.zeros(count, np.int64),
            mse.copy(),
        )

    def linearise(self, active: NDArray[np.intp]) -> None:
        """Form the normal equations of the students whose parameters changed."""
        stale = active[self.stale[active]]
        each = max(1, int(JACOBIAN_BYTES / (8 * self.rows.equations * self.architecture.parameters)))
        for at in range(0, len(stale), each):
            chunk = stale[at : at + each]
            residuals, jacobian = self.architecture.linearise(self.theta[chunk], self.rows)
            if len(self.free) < self.architecture.parameters:
                jacobian = np.ascontiguousarray(jacobian[:, self.free])
            for student, residual, rows in zip(chunk, residuals, jacobian, strict=True):
                np.matmul(rows, rows.T, out=self.gram[student])
                np.matmul(rows, residual, out=self.slope[student])
            self.operations += len(chunk) * self.rows.equations * float(len(self.free)) ** 2
        self.stale[stale] = False

    def step(self, active: NDArray[np.intp]) -> None:
        """Try one step of every active student; accept it if the error falls."""
        trial = self.theta[active]
        for row, student in zip(trial, active, strict=True):
            matrix = self.gram[student].copy()
            diagonal = matrix.diagonal()
            scale = np.maximum(diagonal, DIAGONAL_FLOOR * diagonal.max())
            matrix.flat[:: len(matrix) + 1] += self.damping[student] * scale
            _, change, fault = dposv(matrix, self.slope[student], overwrite_a=1)
            row[self.free] -= change if fault == 0 else np.inf
        with np.errstate(over="ignore", invalid="ignore"):
            mse = self.architecture.mse(trial, self.rows)
        accepted = mse < self.mse[active]
        better = active[accepted]
        self.theta[better], self.mse[better], self.stale[better] = trial[accepted], mse[accepted], True
        self.damping[better] = np.maximum(self.damping[better] / LOWER, LEAST_DAMPING)
        self.damping[active[~accepted]] *= RAISE
        self.iterations[active] += 1

    def retire(self, active: NDArray[np.intp], stopping: Stopping) -> None:
        """Stop students that are finished, stuck or stalled."""
        due = active[self.iterations[active] % stopping.window == 0]
        stalled = due[self.mse[due] > (1 - stopping.gain) * self.marks[due]]
        self.marks[due] = self.mse[due]
        self.done[stalled] = True
        self.done[active] |= (self.mse[active] <= stopping.tolerance) | (self.damping[active] > MOST_DAMPING)


def polish(
    architecture: Architecture, row: NDArray[np.float64], rows: Rows, iterations: int = 40
) -> tuple[NDArray[np.float64], float]:
    """Take Gauss-Newton steps by an orthogonal factorisation of J while the error falls.

    The normal equations lose the directions whose singular values are below 1e-8 of the largest; this does not. Where
    the error is above round-off and falls slowly, steps are damped and curved: two near-duplicate units can trade their
    weights along a narrow curved valley of the error, which a straight step leaves.

    Args:
        architecture: shape of the network.
        row: parameters, p, close to a minimum.
        rows: data; at least as many residuals as parameters.
        iterations: most linearisations.

    Returns:
        Parameters, p, and their mean squared error.
    """
    round_off = ROUND_OFF**2 * float(np.mean(rows.targets**2))
    best, mse, damping = row, float(architecture.mse(row[None], rows)[0]), 0.0
    for _ in range(iterations):
        local = _Linearised.at(architecture, best, rows)
        while True:
            trial, reached = local.step(damping, mse, curved=mse > round_off)
            if reached < mse or mse <= round_off or damping > MOST_POLISH:
                break
            damping = max(LEAST_POLISH, HARDER * damping)
        if not reached < mse:
            break
        gained, best, mse = mse / max(reached, np.finfo(float).tiny), trial, reached
        if gained < (1.5 if damping == 0 else 1.001):
            break
        damping = damping / SOFTER if damping > LEAST_POLISH else 0.0
    return best, mse


@dataclass(frozen=True, eq=False)
class _Linearised:
    """A network and the factors Q R of its Jacobian, whose columns are scaled to norm 1."""

    architecture: Architecture
    row: Array
    rows: Rows
    residuals: Array
    Q: Array
    R: Array
    scale: Array

    @classmethod
    def at(cls, architecture: Architecture, row: Array, rows: Rows) -> _Linearised:
        residuals, jacobian = architecture.linearise(row[None], rows)
        scale = np.linalg.norm(jacobian[0], axis=1) + np.finfo(float).tiny
        Q, R = qr((jacobian[0] / scale[:, None]).T, mode="economic", check_finite=False)
        return cls(architecture, row, rows, residuals[0], Q, R, scale)

    def step(self, damping: float, mse: float, *, curved: bool) -> tuple[Array, float]:
        """Try a straight step, and a curved one if the straight one gains little; return the better end."""
        straight = -self._solve(self.residuals, damping)
        trial = self.row + straight / self.scale
        reached = float(self.architecture.mse(trial[None], self.rows)[0])
        if curved and not ENOUGH * reached < mse:
            ahead = self.row + PROBED * straight / self.scale
            change = self.architecture.residuals(ahead[None], self.rows)[0] - self.residuals
            acceleration = 2 / PROBED * (change / PROBED - self.Q @ (self.R @ straight))
            bent = trial - 0.5 * self._solve(acceleration, damping) / self.scale
            other = float(self.architecture.mse(bent[None], self.rows)[0])
            if other < reached:
                return bent, other
        return trial, reached

    def _solve(self, targets: Array, damping: float) -> Array:
        """Minimise |Q R step - targets|^2 + damping |step|^2; directions of tiny singular values stay as they are."""
        matrix, right = self.R, self.Q.T @ targets
        if damping:
            matrix = np.concatenate([matrix, np.sqrt(damping) * np.eye(matrix.shape[1])])
            right = np.concatenate([right, np.zeros(matrix.shape[1])])
        result: Array = lstsq(matrix, right, SMALLEST_SINGULAR, lapack_driver="gelsy", check_finite=False)[0]
        return result
