"""One solver's attempt at one puzzle: its rows, randomness, deadline, incumbent and certificate."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.errors import SpecError
from generator.puzzle.answer import Answer, plain
from generator.reassembly.scoring.certificate import certify
from solvers.reassembly.core.assembly import Assembly
from solvers.reassembly.core.deadline import Deadline, reserve_s
from solvers.reassembly.core.evaluation import Rows, split_rows
from solvers.reassembly.core.incumbent import Incumbent
from solvers.reassembly.core.judging import AssemblyJudge

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from generator.reassembly.network.residual import ResidualNetwork
    from generator.reassembly.puzzle import ReassemblyPuzzle
    from solvers.api import Context

__all__ = ["Attempt", "PairedBlocks"]


@dataclass(frozen=True, eq=False)
class Attempt:
    """The state of a solver of this family during a trial. Each part has one owner; searches hold references.

    Attributes:
        puzzle: puzzle to solve.
        context: seed, limits and callbacks.
        rng: the only source of randomness.
        search: rows that a search may use.
        held_back: rows that only the certificate uses.
        deadline: the only clock.
        best: the incumbent, which keeps the best assembly so far.
        judge: gives verdicts on assemblies of a degraded puzzle.
    """

    puzzle: ReassemblyPuzzle
    context: Context
    rng: np.random.Generator
    search: Rows
    held_back: Rows
    deadline: Deadline
    best: Incumbent
    judge: AssemblyJudge

    @classmethod
    def begin(cls, puzzle: ReassemblyPuzzle, context: Context, rows: int) -> Attempt:
        """Draw the rows, and report the halves in the order of their numbers, so that there is always an answer.

        Raises:
            SpecError: if `rows` is less than 1.
        """
        if rows < 1:
            raise SpecError(f"a solver cannot search with {rows} rows; set rows to 1 or more")
        rng = context.rng()
        search, held_back = split_rows(puzzle, rows, rng)
        deadline = Deadline(context, reserve_s(puzzle.network, context.wall_s))

        def report(assembly: Assembly) -> None:
            context.report(puzzle.answer(*assembly.halves))

        unmeasured = Assembly(tuple(range(puzzle.depth)), tuple(range(puzzle.depth)), math.inf, 0)
        best = Incumbent(unmeasured, report)
        return cls(puzzle, context, rng, search, held_back, deadline, best, AssemblyJudge(puzzle, rng, deadline))

    def paired(self, partners: Sequence[int]) -> PairedBlocks:
        """Pair incoming half k and outgoing half partners[k] to block k."""
        network = self.puzzle.network.reordered(range(self.puzzle.depth), partners)
        return PairedBlocks(self, list(partners), network)

    def answer(self) -> Answer:
        """Return the best assembly, certified if it is exact on the rows held back.

        No assembly of a degraded puzzle is exact; the answer is certified there if a verdict certifies it. Bounds of
        stored predictions are cheap to check, so there the judge always gives a verdict.
        """
        best = self.best.assembly
        value = plain(self.puzzle.answer(*best.halves))
        degradation = self.puzzle.degradation
        if not degradation.none:
            if degradation.imprecise and not degradation.unbounded:
                self.judge.certifies(best)
            verdict = self.judge.verdicts.get(best.halves)
            if verdict is None:
                return Answer(value, note="" if degradation.imprecise else "not judged")
            return Answer(value, verdict.certified, note=verdict.note)
        if self.held_back.count == 0:
            return Answer(value, note="no rows to hold back")
        network, rows = self.puzzle.network.reordered(*best.halves), self.held_back
        certificate = certify(network, rows.inputs, rows.targets, rows.variance)
        note = f"mse {certificate.mse:.3e} on {certificate.rows} rows held back"
        self.context.log(note)
        return Answer(value, certificate.exact, note=note)


@dataclass(frozen=True, eq=False)
class PairedBlocks:
    """The blocks of one pairing, and the `Monitor` of a search for their order.

    Attributes:
        attempt: attempt that the search belongs to.
        partners: number of the outgoing half of block k; k is the number of the incoming half.
        network: the blocks, block k at position k.
    """

    attempt: Attempt
    partners: list[int]
    network: ResidualNetwork

    @property
    def deadline(self) -> Deadline:
        """The attempt's deadline."""
        return self.attempt.deadline

    def found(self, order: Sequence[int], mse: float, rows: int) -> None:
        """Offer an order of these blocks to the incumbent, with its error on that many rows."""
        self.attempt.best.offer(Assembly(tuple(order), tuple(self.partners[k] for k in order), mse, rows))

    def log(self, text: str) -> None:
        """Pass a line to the context's log."""
        self.attempt.context.log(text)
