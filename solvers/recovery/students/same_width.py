"""Solver `same-width`: train students of the true width, the control of Expand-and-Cluster."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from generator.errors import SpecError, UnsupportedPuzzleError
from generator.puzzle.answer import Answer
from solvers.recovery.core.certificate import UNSEEN, certify, rows_show_all
from solvers.recovery.core.deadline import constant_answer, out_of_time
from solvers.recovery.core.ensemble import Architecture, draw_students, network_of_row
from solvers.recovery.core.levenberg_marquardt import Fit, Stopping, levenberg_marquardt, polish
from solvers.recovery.core.warm_start import warm_start
from solvers.recovery.students.reduction import Levels
from solvers.recovery.students.sampling import Sampler
from solvers.registry import register

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np

    from generator.recovery.puzzle import RecoveryPuzzle
    from solvers.api import Context
    from solvers.recovery.core.ensemble import Rows

__all__ = ["SameWidth"]

SOURCE = "Martinelli et al. 2024, Expand-and-Cluster, arXiv:2304.12794, control; fitted by Levenberg-Marquardt"
ROWS = 1500
"""Rows of a fit to an oracle. A larger value is slower and fits fewer wrong networks. Hand-set."""
ITERATIONS = 300
"""Most Levenberg-Marquardt iterations of a student. A larger value trains longer. Hand-set."""
LEAST_EQUATIONS = 1.2
"""Least number of equations per parameter of a student. With fewer, a wrong network could fit the data. Hand-set."""


@register(family="recovery", name="same-width", source=SOURCE)
@dataclass(frozen=True)
class SameWidth:
    """Train students of the true width, without expansion (control of Expand-and-Cluster).

    The true width is secret. With `width=0` the solver tries 1, 2, 3, ... units until a certificate holds. To repeat
    the paper's control, set `width` to the true width.

    Attributes:
        width: hidden units of the students; 0 tries 1, 2, 3, ...
        restarts: students per width. More students succeed more often and take longer.
        steps: steps of the warm start by Adam.
    """

    width: int = 0
    restarts: int = 5
    steps: int = 300

    def __post_init__(self) -> None:
        """Check the settings.

        Raises:
            SpecError: if width or steps are negative, or restarts is below 1.
        """
        if self.width < 0 or self.restarts < 1 or self.steps < 0:
            raise SpecError("same-width needs width >= 0, restarts >= 1 and steps >= 0")

    def solve(self, puzzle: RecoveryPuzzle, context: Context) -> Answer | None:
        """Train students, and answer with the best one.

        Raises:
            UnsupportedPuzzleError: if the network has several hidden layers, the activation is hidden, or there are too
                few rows.
        """
        if puzzle.hidden_layers != 1 or puzzle.activation is None:
            raise UnsupportedPuzzleError("same-width needs one hidden layer and a known activation")
        context.report(constant_answer(puzzle))
        rng, stop = context.rng(), out_of_time(context)
        sampler = Sampler(puzzle, rng)
        rows = sampler.rows(sampler.most if puzzle.table is not None else ROWS)
        level = Levels.of(sampler.variance, sampler.noise, rows.equations).zero
        best: Answer | None = None
        lowest = float("inf")
        for shape in self._shapes(puzzle, rows):
            fit = self._train(shape, rows, 1e-4 * level, rng, stop)
            row = fit.theta[0] if sampler.noise else polish(shape, fit.theta[0], rows)[0]
            network = network_of_row(shape, row)
            certificate = certify(network, rows, sampler.held_out, puzzle.public)
            context.log(f"width {shape.widths[1]}: error {fit.mse[0]:.1e}, {certificate.reason or 'certified'}")
            if certificate.mse < lowest or certificate.holds:
                lowest = certificate.mse
                sure = rows_show_all(network, puzzle.public)
                note = UNSEEN if certificate.holds and not sure else certificate.reason
                best = Answer(puzzle.answer(network), certificate.holds and sure, note=note)
                context.report(best)
            if certificate.holds or stop():
                break
        return best

    def _shapes(self, puzzle: RecoveryPuzzle, rows: Rows) -> Iterator[Architecture]:
        """Yield the shapes to try, until a student has too many parameters for the data."""
        for width in [self.width] if self.width else count(1):
            shape = Architecture((puzzle.inputs, width, puzzle.outputs), str(puzzle.activation))
            if not self.width and rows.equations < LEAST_EQUATIONS * shape.parameters:
                return
            yield shape

    def _train(
        self, shape: Architecture, rows: Rows, tolerance: float, rng: np.random.Generator, stop: Callable[[], bool]
    ) -> Fit:
        """Train `restarts` students; best student first."""
        theta = warm_start(shape, draw_students(shape, self.restarts, rows, rng), rows, self.steps, rng)
        return levenberg_marquardt(shape, theta, rows, Stopping(tolerance, ITERATIONS, out_of_time=stop)).sorted()
