"""Verdicts on assemblies of degraded puzzles, where no error is down to rounding."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from generator.reassembly.scoring.likelihood import expected_error, judge

if TYPE_CHECKING:
    import numpy as np

    from generator.reassembly.puzzle import ReassemblyPuzzle
    from generator.reassembly.scoring.likelihood import LikelihoodVerdict
    from solvers.reassembly.core.assembly import Assembly, Halves
    from solvers.reassembly.core.deadline import Deadline

__all__ = ["AssemblyJudge"]

JUDGED_ROWS = 2_000
"""Largest number of rows that an assembly is judged on. Hand-set; more rows cost time in proportion."""

NEAR_FLOOR = 4.0
"""Ratio of an assembly's error to the error that the degradation explains, up to which the assembly is judged.

Hand-set; a higher value judges worse assemblies and costs time.
"""

LATE = 2.0
"""Multiple of the longest verdict so far that must be left until the time limit for another verdict. Hand-set."""


@dataclass
class AssemblyJudge:
    """Judge assemblies of one degraded puzzle, each at most once.

    Attributes:
        puzzle: to solve.
        rng: the attempt's generator, by reference.
        deadline: the attempt's deadline, by reference.
        verdicts: by halves; None where the error is too large for a verdict.
        longest_s: seconds that the longest verdict took.
    """

    puzzle: ReassemblyPuzzle
    rng: np.random.Generator
    deadline: Deadline
    verdicts: dict[Halves, LikelihoodVerdict | None] = field(default_factory=dict)
    longest_s: float = 0.0

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
        """Check whether a verdict says that the data cannot improve on an assembly."""
        verdict = self.verdicts.get(assembly.halves)
        return verdict is not None and verdict.settled

    def _near_floor(self, assembly: Assembly) -> bool:
        """Check whether the degradation explains an error of this size; this check is cheap, a verdict is not."""
        puzzle, network = self.puzzle, self.puzzle.network.reordered(*assembly.halves)
        floor = expected_error(network, puzzle.inputs, puzzle.predictions, puzzle.degradation, self.rng)
        return assembly.mse <= NEAR_FLOOR * floor

    def _late(self) -> bool:
        """Check whether another verdict could overrun the time limit."""
        return not self.deadline.leaves(LATE * self.longest_s)

    def _verdict(self, halves: Halves) -> LikelihoodVerdict:
        puzzle, began = self.puzzle, time.monotonic()
        inputs, targets = puzzle.inputs[:JUDGED_ROWS], puzzle.predictions[:JUDGED_ROWS]
        verdict = judge(puzzle.network.reordered(*halves), inputs, targets, puzzle.degradation, self.rng)
        self.longest_s = max(self.longest_s, time.monotonic() - began)
        self.deadline.context.log(verdict.note)
        return verdict
