"""The solver `peeling`: recover the first layer by saturation and the rest by students, or all layers by students."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from generator.errors import QueryError, UnsupportedPuzzleError
from generator.puzzle.answer import Answer
from generator.recovery.network.mlp import MLP
from solvers.recovery.core.certificate import UNSEEN, certify, noise_level, rows_show_all
from solvers.recovery.core.deadline import constant_answer
from solvers.recovery.core.ensemble import Architecture, Rows
from solvers.recovery.core.levenberg_marquardt import Stopping
from solvers.recovery.peeling.active import SATURATING, draw_points, reduced, saturated_layer
from solvers.recovery.peeling.probing import Probe
from solvers.recovery.peeling.pruning import minimal_network, polished, refitted
from solvers.recovery.peeling.students import students_above, whole_students
from solvers.registry import register

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from generator.recovery.puzzle import RecoveryPuzzle
    from solvers.api import Context
    from solvers.recovery.peeling.students import Trial

    Array = NDArray[np.float64]

__all__ = ["Peeling"]

EXACT = 1e-19
"""Mean squared error at which a student counts as exact, relative to the outputs' variance. A smaller value trains
longer. Hand-set: wide students converge slowly below it, and minimal networks then reach 1e-30."""
NEAR = 1e-9
"""Mean squared error below which a student that is not exact is pruned, relative to the outputs' variance. Hand-set:
wide students of badly conditioned networks, such as sigmoid ones, slow down there, and minimal students converge."""
ROOM = 3.0
"""Factor by which the error may rise while such a student is pruned. A larger value removes more units. Hand-set."""
HELD_OUT = 0.1
"""Share of the rows that is kept for the certificate. Hand-set."""
NOISE_FACTOR = 1.5
"""Largest mean squared error of an exact student of rounded outputs, in units of the mean squared rounding error.
Hand-set."""
RESERVE = 0.03
"""Share of the time limit that is kept for polishing and for the answer. A larger value searches less. Hand-set."""
SCAN_SHARE = 4
"""Divisor of the budget that gives the rows of the students, at most `rows`. A larger value leaves more queries for
scans. Hand-set."""


@dataclass(frozen=True, eq=False)
class _Data:
    """Data of the students.

    Attributes:
        rows: rows of the fits, in effective inputs.
        held: rows of the certificate, in effective inputs.
        basis: matrix that maps effective inputs to inputs, d x n.
    """

    rows: Rows
    held: Rows
    basis: Array


@register(
    family="recovery", name="peeling", source="Martinelli et al. 2024, arXiv:2304.12794; saturation: this project"
)
@dataclass(frozen=True)
class Peeling:
    """Find the first layer where all other units are saturated, then the rest by students and pruning.

    With queries, the first layer of tanh and sigmoid networks is found far from the origin, see `hyperplanes`. Students
    above this layer have one layer less to fit, and mostly converge. Without queries, or if no hyperplane is found,
    students of the whole network are fitted at growing widths until one is exact. In both cases every layer is then
    pruned.

    Attributes:
        rows: rows of the students' fits for active puzzles. A larger value takes longer.
        trials: most groups of students.
        saturation: whether to search the first layer by saturation.
    """

    rows: int = 1600
    trials: int = 300
    saturation: bool = True

    def solve(self, puzzle: RecoveryPuzzle, context: Context) -> Answer | None:
        """Recover the network.

        Raises:
            UnsupportedPuzzleError: if the puzzle hides the activation.
        """
        if puzzle.activation is None:
            raise UnsupportedPuzzleError("peeling needs to know the activation; this puzzle hides it")
        context.report(constant_answer(puzzle))
        rng, reserve = context.rng(), RESERVE * context.wall_s if np.isfinite(context.wall_s) else 0.0
        known, data = self._prepared(puzzle, context, rng)
        level = max(EXACT * data.rows.targets.var(), NOISE_FACTOR * noise_level(puzzle.public, data.rows.targets))
        stopping = Stopping(level, out_of_time=lambda: context.time_left() <= reserve)
        best: Answer | None = None
        least = np.inf
        for number, trial in enumerate(self._trials(puzzle, known, data, stopping, rng), start=1):
            if number > self.trials:
                break
            context.log(f"group {number}: widths {trial.network.widths}, mse {trial.mse:.1e}")
            network, mse = self._nearly_exact(trial, data, level, stopping)
            if mse > level:
                if mse < least:
                    least, best = mse, Answer(puzzle.answer(_lifted(network, data.basis)))
                    context.report(best)
                continue
            network, minimal = minimal_network(network, data.rows, level, stopping.out_of_time)
            network = polished(network, data.rows)
            certificate = certify(network, data.rows, data.held, puzzle.public)
            context.log(f"pruned to {network.widths}, held-out mse {certificate.mse:.1e} {certificate.reason}")
            exact, sure = minimal and certificate.holds, rows_show_all(network, puzzle.public)
            note = UNSEEN if exact and not sure else certificate.reason
            answer = Answer(puzzle.answer(_lifted(network, data.basis)), certified=exact and sure, note=note)
            if exact or certificate.mse < least:
                least, best = certificate.mse, answer
                context.report(answer)
            if exact:
                break
        return best

    def _nearly_exact(self, trial: Trial, data: _Data, level: float, stopping: Stopping) -> tuple[MLP, float]:
        """Prune and fit a student that is nearly exact, as long as this lowers its error."""
        network, mse = trial.network, trial.mse
        while level < mse < NEAR * data.rows.targets.var() and not stopping.out_of_time():
            smaller, _ = minimal_network(network, data.rows, ROOM * mse, stopping.out_of_time)
            smaller, least = refitted(smaller, data.rows, stopping)
            if least > mse / ROOM:
                break
            network, mse = smaller, least
        return network, mse

    def _prepared(self, puzzle: RecoveryPuzzle, context: Context, rng: np.random.Generator) -> tuple[MLP | None, _Data]:
        """Find the first layer if possible, and collect the rows of the students."""
        if puzzle.oracle is None:
            assert puzzle.table is not None  # noqa: S101  # a puzzle has an oracle or a table
            return None, _split(puzzle.table.inputs, puzzle.table.outputs, np.eye(puzzle.inputs))
        budget = puzzle.oracle.left
        count = self.rows if budget is None else max(1, min(self.rows, budget // SCAN_SHARE))
        probe = reduced(Probe.of(puzzle.oracle, rng), puzzle.input_scale, rng)
        points = draw_points(probe, count, puzzle.input_scale, rng)
        data = _split(points, probe.outputs(points), probe.basis)
        known = None
        if self.saturation and puzzle.activation in SATURATING and puzzle.public.precision == "float64":
            try:
                known = saturated_layer(probe, puzzle.activation, rng)
            except QueryError as error:
                context.log(f"saturation stopped: {error}")
            units = 0 if known is None else known.widths[1]
            context.log(
                f"{probe.inputs} effective inputs, {units} hyperplanes found, queries left: {puzzle.oracle.left}"
            )
        return known, data

    def _trials(
        self, puzzle: RecoveryPuzzle, known: MLP | None, data: _Data, stopping: Stopping, rng: np.random.Generator
    ) -> Iterator[Trial]:
        """Train students, above the known layer if there is one."""
        if known is not None:
            return students_above(known, puzzle.hidden_layers, data.rows, stopping, rng)
        assert puzzle.activation is not None  # noqa: S101  # checked by the caller
        widths = (data.basis.shape[1], *[1] * puzzle.hidden_layers, puzzle.outputs)
        return whole_students(Architecture(widths, puzzle.activation), data.rows, stopping, rng)


def _split(inputs: Array, outputs: Array, basis: Array) -> _Data:
    """Keep every tenth row for the certificate."""
    held = np.arange(len(inputs)) % round(1 / HELD_OUT) == 0
    return _Data(Rows.of(inputs[~held], outputs[~held]), Rows.of(inputs[held], outputs[held]), basis)


def _lifted(network: MLP, basis: Array) -> MLP:
    """Rewrite a network of the effective inputs as a network of all inputs."""
    return MLP((network.weights[0] @ basis.T, *network.weights[1:]), network.biases, network.activation)
