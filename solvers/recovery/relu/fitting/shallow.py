"""Fit a network with one hidden layer whose hyperplanes are known: output weights, signs, and a linear remainder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from solvers.recovery.relu.fitting.signs import solve_signs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from generator.recovery.network.activations import Activation
    from solvers.recovery.relu.hyperplanes.domain import Domain
    from solvers.recovery.relu.hyperplanes.planes import Planes

__all__ = ["ShallowFit", "both_sides", "fit_shallow"]

ROWS = 2.0
"""Points of the least squares fit per unknown. A larger value averages more rounding errors. Hand-set."""
BESIDE = 2
"""Pairs of additional points near each plane. A larger value takes more queries. Hand-set."""
IDLE = 1e-8
"""Output weights below this share of the largest ones count as zero; their units are dropped. Hand-set."""
LEFTOVER = 1e-6
"""Largest remainder of the linear part that counts as rounding errors, relative to the largest unit. Hand-set."""
AMPLIFIED = 1e3
"""The same in relative errors of the outputs. It is the larger bound for outputs in float32 or rounded to decimals.
Hand-set."""


@dataclass(frozen=True, eq=False)
class ShallowFit:
    """The function f(u) = output sigma(weight u + bias) + linear u + constant.

    Attributes:
        weight: units x dimensions, rows of norm 1.
        bias: bias of each unit.
        output: outputs x units.
        linear: the linear part of units without a kink in the domain, outputs x dimensions; zero without such units.
        constant: constant of each output.
        signed: whether the linear part determined the signs of all units.
    """

    weight: NDArray[np.float64]
    bias: NDArray[np.float64]
    output: NDArray[np.float64]
    linear: NDArray[np.float64]
    constant: NDArray[np.float64]
    signed: bool

    @property
    def doubt(self) -> str:
        """Reason for which the units are not certain; empty if they are certain."""
        return "" if self.signed else "always-on units stand for a linear part, so signs are not certain"

    def __call__(self, points: NDArray[np.float64], sigma: Activation) -> NDArray[np.float64]:
        """Evaluate rows x dimensions to rows x outputs."""
        hidden = sigma.value(points @ self.weight.T + self.bias)
        return np.asarray(hidden @ self.output.T + points @ self.linear.T + self.constant)


def fit_shallow(domain: Domain, planes: Planes, sigma: Activation, rng: np.random.Generator) -> ShallowFit:
    """Fit output weights and linear part to fresh points, then choose the signs.

    Args:
        domain: the function.
        planes: all hyperplanes on which it has kinks.
        sigma: the activation.
        rng: random generator.
    """
    k = sigma.half_slope
    unknowns = len(planes) + domain.dimensions + 1
    points = np.concatenate([domain.sample(int(ROWS * unknowns) + 8, rng), both_sides(domain, planes, rng)])
    values = domain.function(points)
    features = np.column_stack([np.abs(planes.distances(points)), points, np.ones(len(points))])
    # Rows far from the origin have larger rounding errors.
    weight = 1.0 / domain.noise(points, values)
    weight /= weight.max()
    solution = np.linalg.lstsq(features * weight[:, None], values * weight[:, None], rcond=None)[0]
    rest = features @ solution - values
    solution = solution - np.linalg.lstsq(features * weight[:, None], rest * weight[:, None], rcond=None)[0]
    output = solution[: len(planes)].T / (1 - k)
    busy = np.abs(output).max(axis=0, initial=0.0) > IDLE * np.abs(output).max(initial=0.0)
    planes, output = planes.some(busy), output[:, busy]
    linear, constant = solution[len(busy) : -1].T, solution[-1]
    columns = k * (output[:, :, None] * planes.normals).transpose(0, 2, 1).reshape(linear.size, len(planes))
    tolerance = max(LEFTOVER, AMPLIFIED * domain.coarseness)
    signs, left = solve_signs(columns, linear.ravel(), tolerance) if len(planes) else (np.ones(0), 1.0)
    leftover = linear - (columns @ signs).reshape(linear.shape)
    constant = constant - k * output @ (signs * planes.offsets)
    signed = left <= tolerance
    return ShallowFit(
        signs[:, None] * planes.normals,
        signs * planes.offsets,
        output,
        np.zeros_like(linear) if signed else leftover,
        constant,
        signed,
    )


def both_sides(domain: Domain, planes: Planes, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw points on both sides of every plane, rows x dimensions.

    Without such points, |n u + b| of a unit that is nearly always on would be linear on the points of a fit.
    """
    which = np.repeat(np.arange(len(planes)), 2 * BESIDE)
    points = planes.spread(domain, which, rng)
    size = np.maximum(np.linalg.norm(points, axis=1), domain.reach) * rng.choice([-1.0, 1.0], len(which))
    return domain.towards(points, points + size[:, None] * planes.normals[which], rng)
