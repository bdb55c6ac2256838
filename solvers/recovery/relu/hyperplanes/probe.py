"""Query a hidden network, many rows at a time, and bound the errors of its outputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from generator.errors import NetjigsawError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from generator.family.oracle import Oracle
    from generator.recovery.puzzle import RecoveryPuzzle

__all__ = ["BudgetSpentError", "Probe"]

ROUNDING = 8 * 2.0**-53
"""Assumed relative rounding error of a float64 output. A larger value finds fewer weak kinks. Hand-set: a few times the
error of one operation, because errors of the hidden sums add up."""
SINGLE = 2.0**-24
"""Relative rounding error of a float32 output."""


class BudgetSpentError(NetjigsawError):
    """The budget of the oracle does not allow a query that the search needs."""


@dataclass(eq=False)
class Probe:
    """The hidden network with its budget, box and precision.

    Attributes:
        oracle: the hidden network.
        single: whether outputs are rounded to float32.
        resolution: half a rounding step of outputs that are rounded to decimals; 0 if they are not.
        input_scale: standard deviation s of the inputs, as in `PublicSpec`.
        box: bound of every input; None for no bound.
        steepness: typical norm of the gradient, the largest one over the outputs.
        reserve: rows of the budget that the search keeps for the last fit.
    """

    oracle: Oracle
    single: bool
    resolution: float
    input_scale: float
    box: float | None
    steepness: float = 0.0
    reserve: int = 0

    @classmethod
    def of(cls, puzzle: RecoveryPuzzle, oracle: Oracle, rng: np.random.Generator) -> Probe:
        """Make the probe of a puzzle, and measure the steepness of its network by queries."""
        single = puzzle.public.precision == "float32"
        probe = cls(oracle, single, puzzle.resolution, puzzle.input_scale, puzzle.box)
        probe.steepness = probe._steepness(rng)
        return probe

    @property
    def inputs(self) -> int:
        """Number of inputs, d."""
        return self.oracle.terms.inputs

    @property
    def outputs(self) -> int:
        """Number of outputs, o."""
        return self.oracle.terms.outputs

    @property
    def left(self) -> float:
        """Rows that the search may still query; infinite without a budget."""
        return np.inf if self.oracle.left is None else self.oracle.left - self.reserve

    @property
    def reach(self) -> float:
        """Norm of the typical input, s sqrt(d), inside the box."""
        scale = self.input_scale if self.box is None else min(self.input_scale, self.box)
        return float(scale * np.sqrt(self.inputs))

    def __call__(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Evaluate rows x d inputs to rows x o outputs, in as many calls as are needed.

        Raises:
            BudgetSpentError: if fewer rows are left; then nothing is queried.
        """
        if len(points) > self.left:
            raise BudgetSpentError(f"the search needs {len(points)} more rows, but {self.left:.0f} are left")
        if not len(points):
            return np.empty((0, self.outputs))
        rows = points if self.box is None else np.clip(points, -self.box, self.box)
        step = self.oracle.terms.rows_per_call
        return np.concatenate([self.oracle(rows[at : at + step]) for at in range(0, len(rows), step)])

    def noise(self, points: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Bound the error of outputs, one number per row."""
        size = np.abs(values).max(axis=-1)
        inner = ROUNDING * (size + self.steepness * (np.linalg.norm(points, axis=-1) + 0.1 * self.reach))
        return np.asarray(inner + self.resolution + (SINGLE * size if self.single else 0.0))

    @property
    def coarseness(self) -> float:
        """Error of an output relative to the typical change of the outputs: ~1e-15 for float64, ~1e-7 for float32."""
        change = self.steepness * self.reach
        return ROUNDING + (SINGLE if self.single else 0.0) + self.resolution / max(change, 1e-300)

    @property
    def step(self) -> float:
        """Step of a difference quotient, relative to the norm of the point. It grows with the errors of the outputs."""
        return float(np.clip(self.coarseness**0.4, 1e-6, 0.05))

    def _steepness(self, rng: np.random.Generator) -> float:
        """Measure the norm of gradients from differences between random points."""
        first, second = self.reach / np.sqrt(self.inputs) * rng.standard_normal((2, 32, self.inputs))
        values = self(np.concatenate([first, second]))
        changes = np.abs(values[:32] - values[32:]).max(axis=1) / np.linalg.norm(first - second, axis=1)
        # A random direction sees the share 1 / sqrt(d) of a gradient.
        return float(np.median(changes) * np.sqrt(self.inputs))
