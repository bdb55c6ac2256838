"""Verdicts on assemblies of degraded and imprecise puzzles, where float32 rounding explains no error."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from generator.reassembly.scoring.verdict import decide, explained_error

if TYPE_CHECKING:
    import numpy as np

    from generator.reassembly.puzzle import ReassemblyPuzzle
    from generator.reassembly.scoring.verdict import Verdict
    from solvers.reassembly.core.assembly import Assembly, Halves
    from solvers.reassembly.core.deadline import Deadline

__all__ = ["AssemblyJudge"]

NEAR_FLOOR = 4.0
"""Ratio of an assembly's error to the error that the degradation explains, up to which the assembly is judged.

Hand-set; a higher value judges worse assemblies and costs time.
"""

FAR_ABOVE = 10.0
"""Factor on NEAR_FLOOR times the latest explained error; above this error, no new explained error is estimated.

A larger value estimates more often and takes more time. Hand-set: rounding errors of imprecise predictions differ less
between orders of the same blocks.
"""

WORTH_ESTIMATING = 1e-3
"""Error as a share of the variance below which the explained error is always estimated anew. A larger value takes more
time. Hand-set."""

LATE = 2.0
"""Time that must be left for another verdict, as a multiple of the longest verdict so far. A larger value judges less
near the time limit. Hand-set."""


@dataclass
class AssemblyJudge:
    """Judge assemblies of one degraded or imprecise puzzle, each at most once.

    Attributes:
        puzzle: to solve.
        rng: the attempt's generator, by reference.
        deadline: the attempt's deadline, by reference.
        verdicts: verdict by halves; None if the error is too large for a verdict.
        longest_s: seconds that the longest verdict took.
        explained: error that the degradation explains, from the latest estimate.
    """

    puzzle: ReassemblyPuzzle
    rng: np.random.Generator
    deadline: Deadline
    verdicts: dict[Halves, Verdict | None] = field(default_factory=dict)
    longest_s: float = 0.0
    explained: float = math.inf

    def certifies(self, assembly: Assembly) -> bool:
        """Check whether an assembly is certified; the judge reaches a verdict first if its error is small enough."""
        halves = assembly.halves
        if halves not in self.verdicts and not self._late():
            self.verdicts[halves] = self._verdict(halves) if self._near_floor(assembly) else None
        verdict = self.verdicts.get(halves)
        return verdict is not None and verdict.certified

    def rival(self, assembly: Assembly) -> Halves | None:
        """Judge an assembly whatever its error, and return a likelier neighbour if there is one."""
        halves = assembly.halves
        if self.verdicts.get(halves) is None and not self._late():
            self.verdicts[halves] = self._verdict(halves)
        verdict = self.verdicts.get(halves)
        if verdict is None or verdict.margin >= 0.0 or verdict.rival is None:
            return None
        return assembly.moved_halves(*verdict.rival.assembly(self.puzzle.depth))

    def settles(self, assembly: Assembly) -> bool:
        """Check whether the verdict on an assembly is settled: the data favour no neighbour."""
        verdict = self.verdicts.get(assembly.halves)
        return verdict is not None and verdict.settled

    def _near_floor(self, assembly: Assembly) -> bool:
        """Check whether the degradation explains an error of this size; this check is cheap, a verdict is not."""
        puzzle, network = self.puzzle, self.puzzle.network.reordered(*assembly.halves)
        far = max(FAR_ABOVE * NEAR_FLOOR * self.explained, WORTH_ESTIMATING * puzzle.variance)
        if puzzle.degradation.imprecise and assembly.mse > far:
            return False
        self.explained = explained_error(network, puzzle.inputs, puzzle.predictions, puzzle.degradation, self.rng)
        return assembly.mse <= NEAR_FLOOR * self.explained

    def _late(self) -> bool:
        """Check whether another verdict could overrun the time limit."""
        return not self.deadline.leaves(LATE * self.longest_s)

    def _verdict(self, halves: Halves) -> Verdict:
        puzzle, began = self.puzzle, time.monotonic()
        network = puzzle.network.reordered(*halves)
        verdict = decide(network, puzzle.inputs, puzzle.predictions, puzzle.degradation, self.rng)
        self.longest_s = max(self.longest_s, time.monotonic() - began)
        self.deadline.context.log(verdict.note)
        return verdict
