"""Solver `students`: train wide students by Levenberg-Marquardt, and reduce them to the hidden network."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from generator.errors import UnsupportedPuzzleError
from generator.puzzle.answer import Answer
from solvers.recovery.core.certificate import UNSEEN, rows_show_all
from solvers.recovery.core.deadline import constant_answer, out_of_time
from solvers.recovery.students.activations import in_turn, possible_activations
from solvers.recovery.students.sampling import Sampler
from solvers.recovery.students.search import Run, Settings, candidates
from solvers.registry import register

if TYPE_CHECKING:
    from generator.recovery.puzzle import RecoveryPuzzle
    from solvers.api import Context
    from solvers.recovery.students.reduction import Candidate

__all__ = ["Students"]

SOURCE = "this project; after Martinelli et al. 2024, Expand-and-Cluster, arXiv:2304.12794"


@register(family="recovery", name="students", source=SOURCE)
@dataclass(frozen=True)
class Students:
    """Recover one hidden layer: train wide students by Levenberg-Marquardt, prune or cluster them, certify the result.

    Attributes:
        students: students per width in the first pass. More students succeed more often and take longer.
        growth: factor between successive widths.
        ratio: equations per parameter of a student's fit. A larger value takes longer.
        steps: steps of the warm start by Adam.
        cluster: whether the units of an ensemble are clustered if its students fail.
    """

    students: int = 3
    growth: float = 1.5
    ratio: float = 3.5
    steps: int = 200
    cluster: bool = True

    def solve(self, puzzle: RecoveryPuzzle, context: Context) -> Answer | None:
        """Search until a certificate holds or the time is up.

        Raises:
            UnsupportedPuzzleError: if the network has several hidden layers, or there are too few rows.
        """
        if puzzle.hidden_layers != 1:
            raise UnsupportedPuzzleError(f"students recover one hidden layer; this network has {puzzle.hidden_layers}")
        context.report(constant_answer(puzzle))
        rng = context.rng()
        sampler = Sampler(puzzle, rng)
        settings = Settings(self.students, self.growth, self.ratio, self.steps, cluster=self.cluster)
        run = Run(sampler, settings, rng, out_of_time(context), context.log)
        best: Candidate | None = None
        for one in in_turn(possible_activations(puzzle.activation), partial(candidates, run)):
            if best is None or one.certificate.holds or one.certificate.mse < best.certificate.mse:
                best = one
                context.report(puzzle.answer(one.network))
            if one.certificate.holds:
                sure = rows_show_all(one.network, puzzle.public)
                note = f"{one.network.widths[1]} units" if sure else UNSEEN
                return Answer(puzzle.answer(one.network), certified=sure, note=note)
        if best is None:
            return None
        return Answer(puzzle.answer(best.network), note=best.certificate.reason)
