"""Rows on which students are fitted, and rows on which they are tested, from a table or an oracle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from generator.errors import UnsupportedPuzzleError
from solvers.recovery.core.certificate import noise_level
from solvers.recovery.core.ensemble import Rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from generator.recovery.puzzle import RecoveryPuzzle

    Array = NDArray[np.float64]

__all__ = ["Sampler"]

HELD_OUT = 256
"""Most rows that are held out for the certificate. A larger value makes the certificate stricter and leaves fewer rows
for the fit. Hand-set."""
HELD_OUT_SHARE = 0.1
"""Largest share of a table or of a budget that is held out. Hand-set."""
SCALES = (1.0, 5.0)
"""Smallest and largest standard deviation of the inputs that are queried. Wide inputs cover the curvature of units with
small norms too. From experiments on units with norms from 0.3 to 5."""
BOX_SHARE = 0.4
"""Largest standard deviation of the inputs that are queried, as a share of the box. A larger value clips more inputs.
Hand-set."""


class Sampler:
    """The rows of one puzzle. For an active puzzle, rows are queried when they are first needed.

    Attributes:
        puzzle: the puzzle.
        held_out: rows for the certificate.
        variance: variance of the outputs.
        noise: mean squared rounding error of the outputs; 0 for float64.
    """

    def __init__(self, puzzle: RecoveryPuzzle, rng: np.random.Generator) -> None:
        """Split the table, or query the first rows.

        Raises:
            UnsupportedPuzzleError: if there are too few rows to fit and test a network.
        """
        self.puzzle, self._rng = puzzle, rng
        if puzzle.table is not None:
            order = rng.permutation(len(puzzle.table.inputs))
            self._inputs, self._outputs = puzzle.table.inputs[order], puzzle.table.outputs[order]
            available = len(order)
        else:
            self._inputs, self._outputs = np.empty((0, puzzle.inputs)), np.empty((0, puzzle.outputs))
            available = self._left()
            self._query(max(2, min(4 * HELD_OUT, available)))
        held = max(1, int(min(HELD_OUT, HELD_OUT_SHARE * available)))
        if len(self._inputs) <= held:
            raise UnsupportedPuzzleError(f"{len(self._inputs)} rows are too few to fit a network and to test it")
        self.held_out = Rows.of(self._inputs[:held], self._outputs[:held])
        self._inputs, self._outputs = self._inputs[held:], self._outputs[held:]
        self.variance = float(self._outputs.var(axis=0).mean()) or 1.0
        self.noise = noise_level(puzzle.public, self._outputs)

    @property
    def most(self) -> int:
        """Number of rows for fits, including rows that can still be queried."""
        return len(self._inputs) + (0 if self.puzzle.table is not None else self._left())

    def rows(self, count: int, *, fresh: bool = False) -> Rows:
        """Return rows for a fit; fewer than `count` if there are fewer. Equal counts give equal rows unless `fresh`.

        Args:
            count: number of rows.
            fresh: whether to draw the rows at random from all rows.
        """
        if count > len(self._inputs) and self.puzzle.table is None:
            self._query(min(count - len(self._inputs), self._left()))
        count = min(count, len(self._inputs))
        chosen = self._rng.permutation(len(self._inputs))[:count] if fresh else slice(count)
        return Rows.of(self._inputs[chosen], self._outputs[chosen])

    def _left(self) -> int:
        oracle = self.puzzle.oracle
        if oracle is None:
            raise UnsupportedPuzzleError("the puzzle has neither a table nor an oracle")
        return UNLIMITED if oracle.left is None else oracle.left

    def _query(self, count: int) -> None:
        """Query normal inputs whose standard deviations differ between rows."""
        oracle = self.puzzle.oracle
        if oracle is None or count <= 0:
            return
        bound = self.puzzle.box if self.puzzle.box is not None else np.inf
        top = max(min(SCALES[1], BOX_SHARE * bound), 0.0)
        low = min(SCALES[0], 0.5 * top)
        scales = np.exp(self._rng.uniform(np.log(low), np.log(top), (count, 1)))
        inputs = np.clip(scales * self._rng.standard_normal((count, self.puzzle.inputs)), -bound, bound)
        step = oracle.terms.rows_per_call
        outputs = np.concatenate([oracle(inputs[at : at + step]) for at in range(0, count, step)])
        self._inputs = np.concatenate([self._inputs, inputs])
        self._outputs = np.concatenate([self._outputs, outputs])


UNLIMITED = 200_000
"""Rows that a fit may use if the oracle has no budget. A larger value takes more memory. Hand-set."""
