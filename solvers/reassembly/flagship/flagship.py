"""The flagship: pair and order networks of any kind, and certify exact answers.

The flagship works in fixed stages:

1. `proposals.py` proposes pairings: one by weights alone where several statistics agree; otherwise several by weights
   and data together. Small networks are peeled (`peeling/peel.py`), others are paired by regression.
2. Each of several initial orders (`ordering/starts.py`) is reordered by regression on inverted pairs and descends by
   the inversion model. A start whose error falls below WORTH_FINISHING descends on with pairs of moves and measured
   moves at once. The FINALISTS with the lowest error do so after all starts.
3. If no assembly is exact, perturbations of the best assembly and new random starts alternate; halves may exchange
   partners.

The search ends when the error is down to rounding, when an assembly of a degraded or imprecise puzzle is certified
(`generator/reassembly/scoring/verdict.py`), when the data cannot improve on that assembly (checked after all first
starts and a restart), or at the deadline. Only the deadline depends on the clock; no pass starts that could overrun it.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from generator.errors import SpecError
from solvers.reassembly.core.attempt import Attempt
from solvers.reassembly.flagship.proposals import propose_pairings
from solvers.reassembly.ordering.polish import move_within_window, remove_inversions
from solvers.reassembly.ordering.refine import Refiner
from solvers.reassembly.ordering.starts import RANDOM, RANDOM_CONTINUED, SEEDS, Start, begin, first_starts
from solvers.registry import register

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.puzzle.answer import Answer
    from generator.reassembly.puzzle import ReassemblyPuzzle
    from solvers.api import Context
    from solvers.reassembly.core.assembly import Assembly
    from solvers.reassembly.core.attempt import PairedBlocks

__all__ = ["Flagship"]

PERTURBATIONS = 2
"""Perturbations after each start that does not end exact. More of them leave less time for new starts. Hand-set."""

NEARLY = 0.02
"""Error as a share of the variance below which blocks are moved within a window once more. A larger value takes more
time. Hand-set."""

FINALISTS = 2
"""Number of starts, by lowest error, that descend further after block moves. More take more time. Hand-set."""

TRIED = 2
"""Number of first starts that test a likely pairing. More take more time. Hand-set."""

WORTH_FINISHING = 0.25
"""Error as a share of the variance below which an assembly descends further at once. A larger value takes more time per
start. Hand-set."""

JUDGEMENTS = 8
"""Most steps to likelier neighbours in a row on a degraded puzzle. More take more time. Hand-set."""

WORTH_JUDGING = 0.05
"""Error as a share of the variance above which an assembly of a degraded puzzle is not judged. A larger value judges
more and takes more time. Hand-set."""


@register(family="reassembly", name="flagship", source="this project")
@dataclass(frozen=True)
class Flagship:
    """Pair by views of the weights and mean-field regression, order by mean field and inversion models.

    Attributes:
        seeds: source of initial orders: "portfolio" for all, or "mean-field", "norms" or "random".
        meanfield: whether data and weights together may decide on pairs.
        peeling: whether networks of few hidden units are peeled block by block from the input.
        repair: whether halves may exchange partners while blocks are ordered.
        inversions: whether regression on inverted pairs reorders blocks.
        continuation: whether continuation sharpens initial orders.
        exact_moves: whether moves are measured exactly when the models find nothing more.
        kicks: whether perturbations of a stuck assembly alternate with new starts.
        rows: largest number of rows to search with.
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
        """Pair, order, repair and certify.

        Raises:
            SpecError: if `seeds` is unknown, or `rows` is less than 1.
        """
        if self.seeds not in SEEDS:
            raise SpecError(f"no seeds {self.seeds!r}; known: {', '.join(SEEDS)}")
        with torch.inference_mode():
            attempt = Attempt.begin(puzzle, context, self.rows)
            _Search(self, attempt).run()
            return attempt.answer()


@dataclass(frozen=True)
class _Stage:
    """Settings of one stage of the search.

    Attributes:
        repair: whether halves may exchange partners.
        settled_ends: whether the search ends once the data cannot improve on the best assembly.
    """

    repair: bool
    settled_ends: bool = False


class _Search:
    """One run of the flagship; its state is that of the attempt and of the refiner."""

    def __init__(self, settings: Flagship, attempt: Attempt) -> None:
        self.settings = settings
        self.attempt = attempt
        self.best = attempt.best
        self.degraded = not attempt.puzzle.degradation.none
        self.refiner = Refiner(
            attempt.puzzle.network,
            attempt.search,
            attempt.rng,
            attempt.deadline,
            attempt.best.offer,
            exact_moves=settings.exact_moves,
            certifies=attempt.judge.certifies if self.degraded else None,
        )

    def run(self) -> None:
        doubtful = _Stage(self.settings.repair)
        proposals = propose_pairings(
            self.attempt,
            self.refiner,
            lambda blocks: self._order(blocks, doubtful),
            (lambda assembly: self._finish(assembly, doubtful)) if self.settings.meanfield else None,
            peeling=self.settings.peeling,
            repair=self.settings.repair,
        )
        if self._done(doubtful):
            return
        if not self._first_starts(proposals.pairings, _Stage(self.settings.repair and not proposals.sure)):
            self._restarts(proposals.pairings)

    def _first_starts(self, pairings: list[PairedBlocks], stage: _Stage) -> bool:
        """Descend from every first start, and further from the finalists; return whether the search is done.

        Block moves alone are fast, so many starts descend by them, and only the best starts descend further.
        """
        shallow: list[Assembly] = []
        for pairing, start in self._starts(len(pairings)):
            assembly = self._descend(begin(self.refiner, pairings[pairing], start), stage, patience=0)
            self.attempt.context.log(f"start: pairing {pairing + 1}, {start.label}, mse {assembly.mse:.3e}")
            if not self._done(stage) and assembly.mse < WORTH_FINISHING * self.attempt.search.variance:
                assembly = self._descend(assembly, stage)
            if self._done(stage):
                return True
            shallow.append(assembly)
        for assembly in sorted(shallow, key=lambda one: one.mse)[:FINALISTS]:
            deep = self._descend(assembly, stage)
            self.attempt.context.log(f"finalist: mse {assembly.mse:.3e} to {deep.mse:.3e}")
            if self._done(stage):
                return True
        return False

    def _restarts(self, pairings: list[PairedBlocks]) -> None:
        """Alternate perturbations of the best assembly and random starts until the search is done."""
        for turn in itertools.count():
            stage = _Stage(self.settings.repair, settled_ends=turn > 0)
            if self._done(stage):
                return
            for _ in range(PERTURBATIONS if self.settings.kicks else 0):
                if self.best.measured:
                    self._perturb(self.best.assembly, stage)
            if self._done(stage):
                return
            start = RANDOM_CONTINUED if self.settings.continuation and turn % 2 == 0 else RANDOM
            assembly = self._descend(begin(self.refiner, pairings[turn % len(pairings)], start), stage)
            self.attempt.context.log(f"restart {turn + 1}: {start.label}, mse {assembly.mse:.3e}")

    def _order(self, blocks: PairedBlocks, stage: _Stage) -> Assembly:
        """Order paired blocks from the first few starts, by block moves only."""
        found: list[Assembly] = []
        for _, start in itertools.islice(self._starts(1), TRIED):
            found.append(self._descend(begin(self.refiner, blocks, start), stage, patience=0))
            self.attempt.context.log(f"trial of the pairs: {start.label}, mse {found[-1].mse:.3e}")
            if self._done(stage) or found[-1].mse < WORTH_FINISHING * self.attempt.search.variance:
                return found[-1]
        return min(found, key=lambda one: one.mse)

    def _finish(self, assembly: Assembly, stage: _Stage) -> Assembly:
        """Descend from an assembly that came with its own pairs, and perturb it."""
        self.best.offer(assembly)
        if self._done(stage) or assembly.mse > WORTH_FINISHING * self.attempt.search.variance:
            return assembly
        assembly = self._descend(assembly, stage)
        for _ in range(PERTURBATIONS if self.settings.kicks else 0):
            assembly = self._perturb(assembly, stage)
        return assembly

    def _starts(self, pairings: int) -> Iterator[tuple[int, Start]]:
        depth, settings = self.attempt.puzzle.depth, self.settings
        return first_starts(settings.seeds, depth, pairings, continuation=settings.continuation)

    def _descend(self, assembly: Assembly, stage: _Stage, patience: int = 2) -> Assembly:
        self.best.offer(assembly)
        if self.settings.inversions:
            assembly = remove_inversions(self.refiner, assembly, repair=stage.repair)
        assembly = self.refiner.descend(assembly, patience, repair=stage.repair)
        if not self._done(stage) and assembly.mse < NEARLY * self.attempt.search.variance:
            assembly = move_within_window(self.refiner, assembly)
            if self.settings.inversions:
                assembly = remove_inversions(self.refiner, assembly, repair=stage.repair)
        if not self.degraded or self.attempt.deadline.passed():
            return assembly
        return self._judged(assembly)

    def _judged(self, assembly: Assembly) -> Assembly:
        """Replace the best assembly of a degraded puzzle by likelier neighbours while they have a lower error."""
        for _ in range(JUDGEMENTS):
            best = self.best.assembly
            too_wrong = not self.best.measured or best.mse > WORTH_JUDGING * self.attempt.search.variance
            if too_wrong or self.attempt.deadline.passed():
                break
            halves = self.attempt.judge.rival(best)
            if halves is None:
                break
            rival = self.refiner.measure(*halves)
            if rival.mse >= best.mse:
                break
            self.best.offer(rival)
            assembly = rival
        return assembly

    def _perturb(self, assembly: Assembly, stage: _Stage) -> Assembly:
        """Perturb an assembly, descend from there, and return the better of the two assemblies."""
        if self._done(stage):
            return assembly
        perturbed = self.refiner.perturb(assembly, repair=stage.repair)
        return min(self._descend(perturbed, stage, patience=1), assembly, key=lambda one: one.mse)

    def _done(self, stage: _Stage) -> bool:
        """Check whether the deadline has passed or the best assembly ends the search."""
        if self.attempt.deadline.passed() or not self.best.measured:
            return self.attempt.deadline.passed()
        best = self.best.assembly
        return self.refiner.solved(best) or (stage.settled_ends and self.attempt.judge.settles(best))
