"""Sample the derivative tensors of a hidden network, and find the subspace that they span."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from solvers.recovery.core.derivatives import STENCILS, choose_step, derivatives_along, draw_points, output_noise
from solvers.recovery.core.derivatives import STEPS as TRIED_STEPS
from solvers.recovery.hessian.symmetric import SymmetricPower

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from generator.family.oracle import Oracle
    from generator.recovery.puzzle import RecoveryPuzzle

__all__ = ["Probe", "Span", "find_span", "probe"]

LINES = 4
"""Lines on which the step is chosen. A larger value is more reliable and takes more queries. Hand-set."""

LARGEST_STEP = 1.0
"""Twice the largest step to choose, relative to the radius of the points. A larger value suits coarser outputs.
Hand-set."""

LEAST_POINTS = 20
"""Points of a first probe. They are doubled until the span is complete. A probe needs rows for at least half of them.
Hand-set, so that the samples determine norm, bias and outgoing weight of a unit."""

POINTS_PER_UNIT = 1.5
"""Tensors (points times outputs) per dimension of the span. Larger values make the span more precise. Hand-set."""

SPARE_POINTS = 10
"""Points of a probe in addition to `POINTS_PER_UNIT`. Hand-set."""

ACCURATE = 1e-5
"""Largest relative error of derivatives that counts as accurate. Above it, more points are probed to average the error.
Hand-set."""

MOST_TENSORS = 4.0
"""Tensors per coordinate of an inaccurate probe. A larger value leaves fewer rows for fits. Hand-set."""

LEAST_GAP = 2.0
"""Least ratio of successive singular values at the end of the span. A larger value rejects more spans. From experiments
with outputs of three decimals, whose ratio is 2 to 6."""


MOST_NOISE = 30.0
"""Largest singular value beyond the span, in multiples of the value that errors of the estimated size would cause. A
larger value accepts more spans. Hand-set."""


@dataclass(frozen=True, eq=False)
class Probe:
    """Derivative tensors at sampled points.

    Attributes:
        space: the space of the tensors.
        points: points x inputs.
        tensors: points x outputs x coordinates.
        error: estimated error of the derivatives relative to their root mean square.
    """

    space: SymmetricPower
    points: NDArray[np.float64]
    tensors: NDArray[np.float64]
    error: float


@dataclass(frozen=True, eq=False)
class Span:
    """The subspace of the tensors.

    Attributes:
        basis: orthonormal, units x coordinates.
        gap: ratio of the smallest singular value inside to the largest one outside. A larger gap makes the dimension
            more certain.
    """

    basis: NDArray[np.float64]
    gap: float

    @property
    def noise(self) -> float:
        """Ratio of the largest singular value outside to the smallest one inside, the reciprocal of the gap."""
        return 1 / self.gap

    @property
    def units(self) -> int:
        """Dimension of the subspace."""
        return len(self.basis)


def probe(
    puzzle: RecoveryPuzzle, oracle: Oracle, radius: float, order: int, *, rows: int, rng: np.random.Generator
) -> Probe | None:
    """Sample derivative tensors at random points; their number follows from the span's dimension and the precision.

    Args:
        puzzle: the puzzle, for its precision and box.
        oracle: the hidden network.
        radius: standard deviation of the points.
        order: order of the derivatives.
        rows: most rows to query.
        rng: generator for points and lines.

    Returns:
        The tensors; None if the rows do not suffice.
    """
    space, stencil = SymmetricPower(puzzle.inputs, order), STENCILS[order]
    trial = LINES * (1 + TRIED_STEPS * len(stencil.offsets))
    if rows < trial + stencil.rows(LEAST_POINTS // 2, space.size):
        return None
    largest = LARGEST_STEP * radius
    if puzzle.box is not None:
        largest = min(largest, 0.25 * puzzle.box / stencil.reach)
    lines = draw_points(puzzle, LINES, radius, stencil.reach * largest, rng)
    noise = output_noise(puzzle.public.precision, puzzle.resolution, oracle(lines))
    step, error = choose_step(oracle, lines, largest, order, noise=noise, rng=rng)
    rows -= trial + LINES
    result = Probe(space, np.empty((0, puzzle.inputs)), np.empty((0, puzzle.outputs, space.size)), error)
    wanted = LEAST_POINTS
    if error > ACCURATE:
        wanted = max(wanted, int(MOST_TENSORS * space.size / puzzle.outputs))
    while True:
        count = min(wanted - len(result.points), rows // stencil.rows(1, space.size))
        if count > 0:
            points = draw_points(puzzle, count, radius, stencil.reach * step, rng)
            along = derivatives_along(oracle, points, space.directions, step, order).transpose(0, 2, 1)
            rows -= stencil.rows(count, space.size)
            result = Probe(
                space,
                np.vstack([result.points, points]),
                np.concatenate([result.tensors, along @ space.from_directions.T]),
                error,
            )
        held = len(result.points)
        span = find_span(result)
        wanted = int(POINTS_PER_UNIT * (space.size if span is None else span.units) / puzzle.outputs) + SPARE_POINTS
        if count <= 0 or held >= wanted:
            return result
        wanted = wanted if span is not None else min(wanted, 2 * held)


def find_span(probed: Probe) -> Span | None:
    """Find the subspace that the tensors span, by the largest gap of their singular values.

    Returns:
        The subspace; None if there is no gap, or if the values beyond it are too large for errors of the derivatives.
    """
    tensors = probed.tensors.reshape(-1, probed.space.size)
    _, values, right = np.linalg.svd(tensors, full_matrices=False)
    if len(values) < 2 or values[0] == 0:
        return None
    floor = values[0] * np.finfo(np.float64).eps
    ratios = values[:-1] / np.maximum(values[1:], floor)
    at = int(np.argmax(ratios))
    amplified = np.linalg.norm(probed.space.from_directions) / np.sqrt(probed.space.size)
    level = probed.error * amplified * np.sqrt(np.mean(tensors**2)) * np.sqrt(tensors.shape).sum()
    if ratios[at] < LEAST_GAP or values[at + 1] > MOST_NOISE * level:
        return None
    return Span(right[: at + 1], float(ratios[at]))
