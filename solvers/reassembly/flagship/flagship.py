"""The flagship: pairing and order of networks of any kind, certified where exact, with no setting.

Policy, fixed: `proposals.py` names pairings, by weights alone where they are sure; where they are likely, their order
is sought first, and else weights and data are asked together; networks of few hidden units are peeled for that
(`peeling.py`), then others settled by regression. Then each of several first orders (`starts.py`: by the
mean field, by continuation from it, quick and patient, by |V|_F both ways, two at random) is put straight by
regression on inverted pairs and descends by the model of passings. One that comes below WORTH_FINISHING goes on at
once, with pairs of moves and exact moves, and the FINALISTS that came lowest after all; an order that is nearly right
is tightened by joint moves of a few places. If none is exact, the best assembly is kicked KICKS times and a new
random start made, by turns, with halves free to change partners. It ends when the error is rounding, when a degraded
puzzle's assembly is certified - or, after all first starts and a restart, as good as can be told - or when time is
up. Only that end, and not to begin a pass that would come after it, depends on the clock.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from generator.errors import SpecError
from solvers.reassembly.core.attempt import Attempt
from solvers.reassembly.flagship.proposals import propose_pairings
from solvers.reassembly.ordering.nearby import straighten, tighten
from solvers.reassembly.ordering.refine import Assembly, Refiner
from solvers.reassembly.ordering.starts import SEEDS, begin, first_starts
from solvers.registry import register

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.puzzle.answer import Answer
    from generator.reassembly.puzzle import ReassemblyPuzzle
    from solvers.api import Context
    from solvers.reassembly.core.attempt import PairedBlocks

__all__ = ["Flagship"]

KICKS = 2
"""Kicks that follow a start whose descent does not end exact."""

NEARLY = 0.02
"""Share of the variance below which an order is nearly right: blocks are moved by a few places once more."""

FINALISTS = 2
"""Starts that are taken further than moves alone lead."""

TRIED = 2
"""First starts from which pairs that are likely but not sure are put to the test."""

WORTH_FINISHING = 0.25
"""Share of the variance below which what a way of pairing found is refined at once."""

JUDGEMENTS = 8
"""Likelier neighbours that are followed in a row where the end cannot be certified."""

WORTH_JUDGING = 0.05
"""Share of the variance above which an assembly of a degraded puzzle is not judged: the search is not over."""


@register(family="reassembly", name="flagship", source="this project")
@dataclass(frozen=True)
class Flagship:
    """Pair by fingerprints and mean-field regression, order by mean field and relocation models.

    Attributes:
        seeds: "portfolio", or one source of first orders: "mean-field", "norms" or "random".
        meanfield: whether the data may decide on pairs.
        peeling: whether networks of few hidden units are peeled for that, block by block from the input.
        repair: whether halves change partners while ordering.
        inversions: whether the data are asked which pairs of blocks are inverted.
        continuation: whether orders are also sought by sharpening the times at which blocks act.
        exact_moves: whether promising moves are measured exactly when the models help no more.
        kicks: whether a stuck assembly is shaken, besides new starts.
        rows: to search with at most.
    """

    seeds: str = "portfolio"
    meanfield: bool = True
    peeling: bool = True
    repair: bool = True
    inversions: bool = True
    continuation: bool = True
    exact_moves: bool = True
    kicks: bool = True
    rows: int = 20_000

    def solve(self, puzzle: ReassemblyPuzzle, context: Context) -> Answer:
        """Pair, order, repair, certify.

        Raises:
            SpecError: for unknown seeds, or no rows.
        """
        if self.seeds not in SEEDS:
            raise SpecError(f"no seeds {self.seeds!r}; known: {', '.join(SEEDS)}")
        with torch.inference_mode():
            attempt = Attempt.begin(puzzle, context, self.rows)
            _Search(self, attempt).run()
            return attempt.answer()


class _Search:
    """One run of the flagship."""

    def __init__(self, settings: Flagship, attempt: Attempt) -> None:
        self.settings = settings
        self.attempt = attempt
        self.refiner = Refiner(
            attempt.puzzle.network,
            attempt.search,
            attempt.rng,
            self._report,
            self._stop,
            repair=settings.repair,
            exact_moves=settings.exact_moves,
            settled=None if attempt.puzzle.degradation.none else self._settled,
        )
        self.best: Assembly | None = None
        self.tried = False  # whether all first starts and a restart are done: then what cannot be told apart will do

    def run(self) -> None:
        finish = self._finish if self.settings.meanfield else None
        pairings = propose_pairings(self.attempt, self.refiner, self._order, finish, peeling=self.settings.peeling)
        if self._done():
            return
        # Moves alone are cheap: many starts are taken as far as those go, and the best ones further.
        shallow: list[Assembly] = []
        for pairing, seed in self._starts(len(pairings)):
            assembly = self._descend(begin(self.refiner, pairings[pairing], seed), patience=0)
            self.attempt.context.log(f"start: pairing {pairing + 1}, {seed}, mse {assembly.mse:.3e}")
            if not self._done() and assembly.mse < WORTH_FINISHING * self.attempt.search.variance:
                assembly = self._descend(assembly)
            if self._done():
                return
            shallow.append(assembly)
        for assembly in sorted(shallow, key=lambda one: one.mse)[:FINALISTS]:
            deep = self._descend(assembly)
            self.attempt.context.log(f"finalist: mse {assembly.mse:.3e} to {deep.mse:.3e}")
            if self._done():
                return
        self._go_on(pairings)

    def _go_on(self, pairings: list[PairedBlocks]) -> None:
        """Kick the best assembly and start anew by turns, with repair allowed, until done."""
        self.refiner.repair = self.settings.repair
        turn = 0
        while not self._done():
            for _ in range(KICKS if self.settings.kicks else 0):
                if self.best is not None:
                    self._shake(self.best)
            if self._done():
                return
            seed = "random, continued" if self.settings.continuation and turn % 2 == 0 else "random"
            assembly = self._descend(begin(self.refiner, pairings[turn % len(pairings)], seed))
            self.attempt.context.log(f"restart {turn + 1}: {seed}, mse {assembly.mse:.3e}")
            turn += 1
            self.tried = True

    def _order(self, blocks: PairedBlocks) -> Assembly:
        """Order paired blocks from the first few starts, as far as moves alone lead."""
        found: list[Assembly] = []
        for _, seed in itertools.islice(self._starts(1), TRIED):
            found.append(self._descend(begin(self.refiner, blocks, seed), patience=0))
            self.attempt.context.log(f"trial of the pairs: {seed}, mse {found[-1].mse:.3e}")
            if self._done() or found[-1].mse < WORTH_FINISHING * self.attempt.search.variance:
                return found[-1]
        return min(found, key=lambda one: one.mse)

    def _finish(self, assembly: Assembly) -> Assembly:
        """Take an assembly that came with its own pairs to its end."""
        self._report(assembly)
        if self._done() or assembly.mse > WORTH_FINISHING * self.attempt.search.variance:
            return assembly
        assembly = self._descend(assembly)
        for _ in range(KICKS if self.settings.kicks else 0):
            assembly = self._shake(assembly)
        return assembly

    def _starts(self, pairings: int) -> Iterator[tuple[int, str]]:
        depth, settings = self.attempt.puzzle.depth, self.settings
        return first_starts(settings.seeds, depth, pairings, continuation=settings.continuation)

    def _descend(self, assembly: Assembly, patience: int = 2) -> Assembly:
        self._report(assembly)
        if self.settings.inversions:
            assembly = straighten(self.refiner, assembly)
        assembly = self.refiner.descend(assembly, patience)
        if not self._done() and assembly.mse < NEARLY * self.attempt.search.variance:
            assembly = tighten(self.refiner, assembly)
            assembly = straighten(self.refiner, assembly) if self.settings.inversions else assembly
        if self.attempt.puzzle.degradation.none or self._stop():
            return assembly
        return self._judged(assembly)

    def _judged(self, assembly: Assembly) -> Assembly:
        """Follow likelier neighbours of the best assembly where rounding or noise hides the end."""
        for _ in range(JUDGEMENTS):
            if self.best is None or self.best.mse > WORTH_JUDGING * self.attempt.search.variance or self._stop():
                break
            halves = self.attempt.judge()
            if halves is None:
                break
            rival = self.refiner.measure(*halves)
            if rival.mse >= self.best.mse:
                break
            self._report(rival)
            assembly = rival
        return assembly

    def _shake(self, assembly: Assembly) -> Assembly:
        """Kick an assembly, descend, and keep the better of the two."""
        if self._done():
            return assembly
        kicked = self.refiner.kick(assembly, 1 + int(self.attempt.rng.integers(3)))
        return min(self._descend(kicked, patience=1), assembly, key=lambda one: one.mse)

    def _report(self, assembly: Assembly) -> None:
        if self.best is None or assembly.mse < self.best.mse:
            self.best = assembly
            self.attempt.offer(assembly.incoming, assembly.outgoing, assembly.mse, self.refiner.deciding.count)

    def _settled(self, assembly: Assembly) -> bool:
        return self.attempt.settles((assembly.incoming, assembly.outgoing), assembly.mse)

    def _stop(self) -> bool:
        return self.attempt.spent() >= 1.0

    def _done(self) -> bool:
        if self._stop() or self.best is None:
            return self._stop()
        return self.refiner.solved(self.best) or (self.tried and self.attempt.settled())
