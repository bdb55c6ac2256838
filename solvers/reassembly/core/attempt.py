"""One solver's work on one puzzle: its rows, its deadline, and the best assembly so far."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from generator.errors import SpecError
from generator.puzzle.answer import Answer, plain
from generator.reassembly.scoring.certificate import certify
from generator.reassembly.scoring.likelihood import expected_error, judge
from solvers.reassembly.core.band import Band
from solvers.reassembly.core.evaluation import Rows, split_rows
from solvers.reassembly.pairing.statistics import pair

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from generator.reassembly.network.residual import ResidualNetwork
    from generator.reassembly.puzzle import ReassemblyPuzzle
    from generator.reassembly.scoring.likelihood import Verdict
    from solvers.api import Context
    from solvers.reassembly.ordering.refine import Halves

__all__ = ["Attempt", "PairedBlocks"]

JUDGED_ROWS = 2_000
"""Rows on which an assembly of a degraded puzzle is judged, at most."""

NEAR_FLOOR = 4.0
"""How far above what the degradation explains an error may be for its assembly to be worth a judgement."""

LATE = 2.0
"""Times the longest verdict so far that must be left for another one."""

RESERVE_SHARE = 0.1
"""Share of the time limit kept back for certifying and handing in the answer."""

RESERVE_S = 1.0
"""Seconds that are kept back besides those of one long step, if the share allows it."""

LONG_STEP = 54_000
"""Rows times moments of the longest step that does not ask whether time is up, a regression of the pairs."""

MODEL_ROWS = 40
"""Rows x outputs, by block, of the largest model of moves; those of 50 blocks at least."""

FLOPS = 2e10
"""Operations a second that a step is sure to reach: a fifth of what one thread does on a quiet machine."""


@dataclass
class Attempt:
    """What every solver of this family keeps while it works.

    Attributes:
        puzzle: to solve.
        context: seed, limits, and where to report.
        rng: the trial's only source of randomness.
        search: rows that a search may look at.
        held_back: rows that only the certificate looks at.
        incoming: halves of the best assembly so far, by position.
        outgoing: those paired with them.
        mse: its error on `rows` search rows.
        rows: an error on more rows supersedes one on fewer.
        verdicts: on the assemblies judged so far, where the puzzle is degraded; None where the error is far too large.
        verdict_s: the longest that one of them took, so that none is begun too late.
    """

    puzzle: ReassemblyPuzzle
    context: Context
    rng: np.random.Generator
    search: Rows
    held_back: Rows
    incoming: list[int] = field(default_factory=list)
    outgoing: list[int] = field(default_factory=list)
    mse: float = math.inf
    rows: int = 0
    verdicts: dict[Halves, Verdict | None] = field(default_factory=dict)
    verdict_s: float = 0.0

    @classmethod
    def begin(cls, puzzle: ReassemblyPuzzle, context: Context, rows: int) -> Attempt:
        """Draw the rows, and report the pieces as they lie, so that there always is an answer.

        Raises:
            SpecError: if there are to be no rows.
        """
        if rows < 1:
            raise SpecError(f"a solver cannot search with {rows} rows; set rows to 1 or more")
        rng = context.rng()
        search, held_back = split_rows(puzzle, rows, rng)
        attempt = cls(puzzle, context, rng, search, held_back)
        attempt.offer(range(puzzle.depth), range(puzzle.depth), math.inf, 0)
        return attempt

    def offer(self, incoming: Sequence[int], outgoing: Sequence[int], mse: float, rows: int) -> None:
        """Keep and report an assembly if it is the best so far."""
        if self.incoming and (rows < self.rows or (rows == self.rows and mse >= self.mse)):
            return
        changed = (self.incoming, self.outgoing) != (list(incoming), list(outgoing))
        self.incoming, self.outgoing, self.mse, self.rows = list(incoming), list(outgoing), mse, rows
        if changed:
            self.context.report(self.puzzle.answer(incoming, outgoing))

    def judge(self) -> Halves | None:
        """Judge the best assembly of a degraded puzzle, once, and give a likelier neighbour if there is one."""
        halves = (tuple(self.incoming), tuple(self.outgoing))
        if self.verdicts.get(halves) is None and not self._late():
            self.verdicts[halves] = self._verdict(halves)
        verdict = self.verdicts.get(halves)
        if verdict is None or verdict.margin >= 0.0 or verdict.rival is None:
            return None
        i, j = verdict.rival.assembly(self.puzzle.depth)
        return tuple(halves[0][k] for k in i), tuple(halves[1][k] for k in j)

    def settles(self, halves: Halves, mse: float) -> bool:
        """Say whether an assembly of a degraded puzzle may be called right; each is judged once at most."""
        if halves not in self.verdicts and not self._late():
            self.verdicts[halves] = self._verdict(halves) if self._near_floor(halves, mse) else None
        verdict = self.verdicts.get(halves)
        return verdict is not None and verdict.certified

    def settled(self) -> bool:
        """Say whether the best assembly of a degraded puzzle is as good as can be told."""
        verdict = self.verdicts.get((tuple(self.incoming), tuple(self.outgoing)))
        return verdict is not None and verdict.settled

    def _near_floor(self, halves: Halves, mse: float) -> bool:
        """Say whether an error is of the size that the degradation explains; cheap, where a judgement is not."""
        puzzle, network = self.puzzle, self.puzzle.network.reordered(*halves)
        floor = expected_error(network, puzzle.inputs, puzzle.predictions, puzzle.degradation, self.rng)
        return mse <= NEAR_FLOOR * floor

    def _late(self) -> bool:
        """Say whether a verdict might come after the limit."""
        return self.context.time_left() < LATE * self.verdict_s

    def _verdict(self, halves: Halves) -> Verdict:
        puzzle, began = self.puzzle, time.monotonic()
        inputs, targets = puzzle.inputs[:JUDGED_ROWS], puzzle.predictions[:JUDGED_ROWS]
        verdict = judge(puzzle.network.reordered(*halves), inputs, targets, puzzle.degradation, self.rng)
        self.verdict_s = max(self.verdict_s, time.monotonic() - began)
        self.context.log(verdict.note)
        return verdict

    def spent(self) -> float:
        """Say which share of the time for searching is spent; 0 without a limit."""
        wall_s = self.context.wall_s
        if math.isinf(wall_s):
            return 0.0
        search_s = wall_s - min(RESERVE_S + self._long_step_s, RESERVE_SHARE * wall_s)
        return (wall_s - self.context.time_left()) / search_s

    @cached_property
    def _long_step_s(self) -> float:
        """Estimate how long the longest step may last: a regression of all pairs, or a model of moves in its band."""
        depth, hidden, width = self.puzzle.network.U.shape
        pairing = 2.0 * LONG_STEP * depth * hidden * (4 * width + 2 * depth)
        passings = depth * Band.fitting(depth).span
        model = 2.0 * MODEL_ROWS * max(50, depth) * passings * (passings + 2 * hidden * width)
        return max(pairing, model) / FLOPS

    def pair(self, statistic: str) -> PairedBlocks:
        """Pair the halves by a named statistic.

        Raises:
            SpecError: if there is no statistic of that name.
        """
        return self.paired(pair(self.puzzle.network, statistic))

    def paired(self, partners: Sequence[int]) -> PairedBlocks:
        """Make incoming half k and outgoing half partners[k] block k."""
        network = self.puzzle.network.reordered(range(self.puzzle.depth), partners)
        return PairedBlocks(self, list(partners), network)

    def answer(self) -> Answer:
        """Hand in the best assembly, certified if it is exact on the rows held back.

        On a degraded puzzle no assembly is; there it is certified if a verdict on it says so.
        """
        value = plain(self.puzzle.answer(self.incoming, self.outgoing))
        if not self.puzzle.degradation.none:
            verdict = self.verdicts.get((tuple(self.incoming), tuple(self.outgoing)))
            if verdict is None:
                return Answer(value, note="not judged")
            return Answer(value, verdict.certified, note=verdict.note)
        if self.held_back.count == 0:
            return Answer(value, note="no rows to hold back")
        network, rows = self.puzzle.network.reordered(self.incoming, self.outgoing), self.held_back
        certificate = certify(network, rows.inputs, rows.targets, rows.variance)
        note = f"mse {certificate.mse:.3e} on {certificate.rows} rows held back"
        self.context.log(note)
        return Answer(value, certificate.exact, note=note)


@dataclass(frozen=True, eq=False)
class PairedBlocks:
    """A pairing under which orders are sought; it is the `Monitor` of such a search.

    Attributes:
        attempt: that it belongs to.
        partners: outgoing half of block k, by the number k of its incoming half.
        network: the blocks, block k at position k.
    """

    attempt: Attempt
    partners: list[int]
    network: ResidualNetwork

    def found(self, order: Sequence[int], mse: float, rows: int) -> None:
        """Offer an order of these blocks."""
        self.attempt.offer(order, [self.partners[k] for k in order], mse, rows)

    def spent(self) -> float:
        """Say which share of the time is spent."""
        return self.attempt.spent()

    def stop(self) -> bool:
        """Say whether time is up."""
        return self.attempt.spent() >= 1.0

    def log(self, text: str) -> None:
        """Pass a line on."""
        self.attempt.context.log(text)
