"""Derivatives of a hidden network along lines, by finite differences of its outputs.

All stencils are central and of fourth order: their truncation error grows with the fourth power of the step. The error
from the outputs' rounding falls with the k-th power of the step, for derivatives of order k. `choose_step` measures the
step that balances the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from generator.family.oracle import Oracle
    from generator.recovery.puzzle import RecoveryPuzzle

__all__ = [
    "STENCILS",
    "Stencil",
    "ask",
    "choose_step",
    "derivatives_along",
    "draw_points",
    "gradients",
    "hessians",
    "output_noise",
]

ACCURACY = 4
"""Power of the step with which the truncation error of all stencils grows."""

STEPS = 13
"""Steps that `choose_step` compares; each step is half of the one before. A larger value reaches smaller steps.
Hand-set."""


@dataclass(frozen=True)
class Stencil:
    """Weights of the outputs at multiples of the step, which give a derivative.

    Attributes:
        order: order of the derivative, k.
        offsets: multiples of the step, without 0.
        weights: weight of the output at each offset.
        centre: weight of the output at offset 0; 0 for odd orders.
    """

    order: int
    offsets: tuple[int, ...]
    weights: tuple[float, ...]
    centre: float

    @property
    def reach(self) -> int:
        """Largest offset."""
        return max(self.offsets)

    def rows(self, points: int, directions: int) -> int:
        """Count the rows that a query for all directions at all points needs."""
        return points * (directions * len(self.offsets) + (self.centre != 0))

    def noise(self, noise: float, step: float) -> float:
        """Compute the standard deviation of a derivative from that of the outputs."""
        return noise * float(np.hypot(np.linalg.norm(self.weights), self.centre)) / step**self.order


STENCILS = {
    1: Stencil(1, (-2, -1, 1, 2), (1 / 12, -2 / 3, 2 / 3, -1 / 12), 0.0),
    2: Stencil(2, (-2, -1, 1, 2), (-1 / 12, 4 / 3, 4 / 3, -1 / 12), -5 / 2),
    3: Stencil(3, (-3, -2, -1, 1, 2, 3), (1 / 8, -1.0, 13 / 8, -13 / 8, 1.0, -1 / 8), 0.0),
    4: Stencil(4, (-3, -2, -1, 1, 2, 3), (-1 / 6, 2.0, -13 / 2, -13 / 2, 2.0, -1 / 6), 28 / 3),
}
"""Central stencils of fourth order, by the order of the derivative (Fornberg 1988, Generation of finite difference
formulas on arbitrarily spaced grids, table 1)."""


def ask(oracle: Oracle, inputs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Query any number of rows, in calls of the allowed size.

    Raises:
        QueryError: if the rows exceed the budget or leave the box.
    """
    size = oracle.terms.rows_per_call
    parts = [oracle(inputs[at : at + size]) for at in range(0, len(inputs), size)]
    return np.concatenate(parts) if parts else np.empty((0, oracle.terms.outputs))


def draw_points(
    puzzle: RecoveryPuzzle, count: int, radius: float, margin: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw N(0, radius^2) points inside the box, at least the margin away from its faces."""
    points = radius * rng.standard_normal((count, puzzle.inputs))
    return points if puzzle.box is None else np.clip(points, margin - puzzle.box, puzzle.box - margin)


def output_noise(precision: str, resolution: float, outputs: NDArray[np.float64]) -> float:
    """Estimate the standard deviation of the outputs' rounding errors.

    Args:
        precision: precision of the outputs, as in `PublicSpec`.
        resolution: half a rounding step; 0 for floating-point outputs.
        outputs: some outputs; their size determines the error of floating-point numbers.
    """
    if resolution:
        return float(resolution / np.sqrt(3))
    digits = np.float32 if precision == "float32" else np.float64
    return float(np.finfo(digits).eps / np.sqrt(12) * np.sqrt(np.mean(outputs**2)))


def derivatives_along(
    oracle: Oracle,
    points: NDArray[np.float64],
    directions: NDArray[np.float64],
    step: float,
    order: int,
) -> NDArray[np.float64]:
    """Compute derivatives of all outputs along directions.

    Args:
        oracle: the hidden network.
        points: points x inputs, at least `Stencil.reach` steps away from the faces of the box.
        directions: directions x inputs, of norm 1.
        step: distance of neighbouring nodes of the stencil, in units of the inputs.
        order: order of the derivative, 1 to 4.

    Returns:
        Array of points x directions x outputs.

    Raises:
        QueryError: if the rows exceed the budget or leave the box.
    """
    stencil = STENCILS[order]
    moves = step * np.asarray(stencil.offsets, dtype=np.float64)[:, None, None] * directions
    nodes = points[:, None, None] + moves
    values = ask(oracle, nodes.reshape(-1, points.shape[1])).reshape(*nodes.shape[:3], -1)
    totals = np.einsum("k,mkno->mno", stencil.weights, values)
    if stencil.centre:
        totals += stencil.centre * ask(oracle, points)[:, None]
    return np.asarray(totals / step**order)


def gradients(oracle: Oracle, points: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    """Compute the gradients of all outputs, points x outputs x inputs.

    Raises:
        QueryError: if the rows exceed the budget or leave the box.
    """
    return derivatives_along(oracle, points, np.eye(points.shape[1]), step, 1).transpose(0, 2, 1)


def hessians(oracle: Oracle, points: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    """Compute the Hessians of all outputs, points x outputs x inputs x inputs.

    Raises:
        QueryError: if the rows exceed the budget or leave the box.
    """
    inputs = points.shape[1]
    first, second = np.triu_indices(inputs)
    unit = np.eye(inputs)
    directions = unit[first] + unit[second]
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    along = derivatives_along(oracle, points, directions, step, 2).transpose(0, 2, 1)
    result = np.empty((*along.shape[:2], inputs, inputs))
    result[..., first, second] = along
    diagonal = along[..., first == second]
    mixed = along - 0.5 * (diagonal[..., first] + diagonal[..., second])
    mixed[..., first == second] = diagonal
    result[..., first, second] = mixed
    result[..., second, first] = mixed
    return result


def choose_step(
    oracle: Oracle,
    points: NDArray[np.float64],
    largest: float,
    order: int,
    *,
    noise: float,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Choose the step with the smallest error of the derivatives.

    Derivatives along one random direction per point are compared between each step and its half. The difference is the
    truncation error of the larger step, or the noise of the smaller one. Both scale with a known power of the step. The
    noise of the outputs is added, because rounded outputs may not differ at all over a small step.

    Args:
        oracle: the hidden network.
        points: points x inputs, at least `Stencil.reach` largest steps away from the faces of the box.
        largest: twice the largest step to choose, in units of the inputs.
        order: order of the derivative.
        noise: standard deviation of the outputs' errors.
        rng: generator for the directions.

    Returns:
        The step, and its error relative to the root mean square of the derivatives.

    Raises:
        QueryError: if the rows exceed the budget or leave the box.
    """
    stencil = STENCILS[order]
    directions = rng.standard_normal(points.shape)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    steps = largest * 0.5 ** np.arange(STEPS)
    offsets = np.append(0.0, np.multiply.outer(steps, stencil.offsets))
    nodes = points[:, None] + offsets[:, None] * directions[:, None]
    values = ask(oracle, nodes.reshape(-1, points.shape[1])).reshape(*nodes.shape[:2], -1)
    centre = stencil.centre * values[:, :1]
    totals = np.einsum("k,msko->mso", stencil.weights, values[:, 1:].reshape(len(points), STEPS, -1, values.shape[-1]))
    along = (totals + centre) / steps[:, None] ** order
    changes = np.sqrt(np.mean((along[:, :-1] - along[:, 1:]) ** 2, axis=(0, 2)))
    noises = np.array([stencil.noise(noise, step) for step in steps[1:-1]])
    errors = changes[:-1] / 2**ACCURACY + changes[1:] / 2**order + noises
    best = int(np.argmin(errors))
    size = float(np.sqrt(np.mean(along[:, best + 1] ** 2)))
    return float(steps[best + 1]), float(errors[best]) / max(size, np.finfo(np.float64).tiny)
