"""The fast solver: pairs that stand out, an order by weight norms, and a few rounds of moves on few rows.

In many trained networks, nearly all matched halves are each other's best partner, and the norm of V sorts the blocks
up to a few positions. The fast solver handles these networks. It starts with a few dozen rows and takes more rows and
a wider window only when a round gains too little; one certificate ends the search. Where no pairs stand out, the norms
do not sort the blocks, rounds stall, or the certificate fails, the flagship continues with the time that is left. Only
assemblies better than the fast solver's best are reported after that.

Where the roles of the halves are unknown, roles are assumed, the most coherent ones first
(`solvers.reassembly.roles.search`), and the same search solves the puzzle that they make.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from generator.puzzle.answer import Answer, as_answer, plain
from generator.reassembly.scoring.certificate import NOISE_FACTOR, certify
from solvers.reassembly.core.attempt import Attempt
from solvers.reassembly.core.evaluation import Rows, Walk, order_mse
from solvers.reassembly.flagship.flagship import Flagship
from solvers.reassembly.ordering.seeding import seed_order
from solvers.reassembly.ordering.window import windowed_round
from solvers.reassembly.pairing.statistics import PAIRINGS, match
from solvers.reassembly.roles.search import solve_unknown_roles
from solvers.registry import register

if TYPE_CHECKING:
    from typing import Any

    from generator.reassembly.network.residual import ResidualNetwork
    from generator.reassembly.puzzle import ReassemblyPuzzle
    from generator.reassembly.unknown_roles import AnyPuzzle
    from solvers.api import Context
    from solvers.reassembly.core.attempt import PairedBlocks

__all__ = ["Fast", "clear_pairs"]

LEVELS = ((64, 3, 0.5), (256, 4, 0.5), (1_000, 6, 0.25), (1_500, 12, 0.1))
"""Levels of the search, each with rows x outputs, a window in positions, and the least gain as a share of the error.

A round that gains less is followed by a round of the next level; after the last level the flagship takes over, which
is expensive, so the last levels accept small gains. Hand-set.
"""

FEWEST_ROWS = 32
"""Smallest number of rows of a round, whatever the number of outputs. Hand-set."""

STATISTICS = ("trace", "norm-correlation")
"""Pairing statistics that are tried in turn."""

CLEAR = 0.9
"""Share of matched halves that must be each other's best partner. Hand-set; random pairs reach far less."""

NORMS = ("frobenius", "l1")
"""Depth proxies that blocks are sorted by, in both directions."""

MOST_ROUNDS = 12
"""Largest number of rounds of one level. Hand-set."""

WITHIN_REACH = 0.05
"""Error as a share of the variance above which the next, more expensive level is not tried. Hand-set."""

ROUNDED_ROWS = 250
"""Rows held back that rounding is measured on, in float64; the error is measured on all, in float32. Hand-set."""

COMPARED_ROWS = 250
"""Number of rows on which the flagship's reports are compared with the best assembly. Hand-set."""

MAYBE_EXACT = 1e-7
"""Error as a share of the variance below which a certificate decides whether it is rounding. Hand-set."""


@register(family="reassembly", name="fast", source="this project")
@dataclass(frozen=True)
class Fast:
    """Pair by a clear statistic, sort by weight norm, move blocks on few rows; call the flagship if that fails.

    Attributes:
        handover: whether the flagship continues where the fast search ends without a certificate.
    """

    handover: bool = True

    def solve(self, puzzle: AnyPuzzle, context: Context) -> Answer:
        """Search fast, and hand over to the flagship if there is no certificate."""
        if puzzle.roles is None:
            return solve_unknown_roles(
                puzzle,
                context,
                stands_out=_stands_out,
                quick=Fast(handover=False).solve,
                thorough=Flagship().solve if self.handover else None,
            )
        with torch.inference_mode():
            attempt = Attempt.begin(puzzle, context, LEVELS[-1][0])
            answer = _Easy(attempt).run()
        if answer is not None:
            return answer
        if not self.handover or attempt.deadline.passed():
            return attempt.answer()
        context.log("the fast search ends without a certificate; the flagship continues")
        return _hand_over(attempt, puzzle, context)


def clear_pairs(network: ResidualNetwork) -> list[int] | None:
    """Pair halves by the first statistic under which nearly all matched halves are each other's best.

    Returns:
        The outgoing half of each incoming one, or None where there is no such statistic.
    """
    everyone = torch.arange(network.depth)
    for statistic in STATISTICS:
        scores = PAIRINGS[statistic](network)
        partners = match(scores)
        best = (scores.argmax(dim=1) == torch.tensor(partners)) & (scores.argmax(dim=0)[partners] == everyone)
        if float(best.float().mean()) >= CLEAR:
            return partners
    return None


def _stands_out(network: ResidualNetwork) -> bool:
    return clear_pairs(network) is not None


class _Easy:
    """One run of the fast search, without the flagship."""

    def __init__(self, attempt: Attempt) -> None:
        self.attempt = attempt
        self.variance = attempt.search.variance

    def run(self) -> Answer | None:
        """Return a certified answer, or None if the fast search does not reach one."""
        partners = clear_pairs(self.attempt.puzzle.network)
        if partners is None:
            self.attempt.context.log("pairs do not stand out")
            return None
        blocks = self.attempt.paired(partners)
        order = self._seed(blocks)
        for level, (rows, window, gain) in enumerate(LEVELS):
            walk = Walk(blocks.network, self._rows(rows), order)
            self._level(blocks, walk, window, gain)
            order, mse = walk.order, walk.mse
            imprecise = self.attempt.puzzle.degradation.imprecise
            if mse < MAYBE_EXACT * self.variance or imprecise:
                answer = self._judged() if imprecise else self._certified()
                if answer is not None:
                    return answer
            if mse > WITHIN_REACH * self.variance or blocks.deadline.passed():
                self.attempt.context.log(f"level {level + 1} leaves mse {mse:.3e}")
                return None
        return None

    def _rows(self, count: int) -> Rows:
        search = self.attempt.search
        return search.head(max(FEWEST_ROWS, count // search.targets.shape[1]))

    def _seed(self, blocks: PairedBlocks) -> list[int]:
        """Sort by the norm and in the direction of the lowest error."""
        rows = self._rows(FEWEST_ROWS)
        best, lowest = list(range(blocks.network.depth)), math.inf
        for proxy, descending in itertools.product(NORMS, (False, True)):
            order = seed_order(blocks.network, rows.inputs, proxy, descending=descending)
            mse = order_mse(blocks.network, rows, order)
            if mse < lowest:
                best, lowest = order, mse
        return best

    def _level(self, blocks: PairedBlocks, walk: Walk, window: int, gain: float) -> None:
        """Move blocks within a window until a round gains too little."""
        rows = walk.rows.count
        blocks.found(walk.order, walk.mse, rows)
        for _ in range(MOST_ROUNDS):
            if walk.solved or not math.isfinite(walk.mse) or blocks.deadline.passed():
                break
            before = walk.mse
            windowed_round(walk, window)
            blocks.log(f"{rows} rows, window {window}: mse {before:.3e} to {walk.mse:.3e}")
            if walk.mse < before:
                blocks.found(walk.order, walk.mse, rows)
            if walk.mse > (1.0 - gain) * before:
                break

    def _judged(self) -> Answer | None:
        """Return the best assembly of imprecise predictions if a verdict certifies it."""
        attempt = self.attempt
        return attempt.answer() if attempt.judge.certifies(attempt.best.assembly) else None

    def _certified(self) -> Answer | None:
        """Certify the best assembly: rounding on some of the rows held back, the error on all of them."""
        attempt, rows = self.attempt, self.attempt.held_back
        if rows.count == 0:
            return None
        network = attempt.puzzle.network.reordered(*attempt.best.assembly.halves)
        few = rows.head(ROUNDED_ROWS)
        certificate = certify(network, few.inputs, few.targets, rows.variance)
        if not certificate.exact:
            return None
        mse = order_mse(network, rows, range(network.depth))
        note = f"mse {mse:.3e} on {rows.count} rows held back"
        attempt.context.log(note)
        if mse > NOISE_FACTOR * certificate.rounding:
            return None
        return Answer(plain(attempt.puzzle.answer(*attempt.best.assembly.halves)), certified=True, note=note)


def _hand_over(attempt: Attempt, puzzle: ReassemblyPuzzle, context: Context) -> Answer:
    """Run the flagship on the same clock, and report only answers better than the best so far."""
    rows = attempt.search.head(COMPARED_ROWS)

    def error(answer: Any) -> float:
        network = puzzle.assembled(as_answer(answer).value)
        return order_mse(network, rows, range(network.depth))

    best = Answer(plain(puzzle.answer(*attempt.best.assembly.halves)), note="of the easy way")
    lowest = error(best)

    def keep(answer: Any) -> None:
        nonlocal best, lowest
        mse = error(answer)
        if mse < lowest:
            best, lowest = as_answer(answer), mse
            context.report(answer)

    with torch.inference_mode():
        answer = Flagship().solve(puzzle, dataclasses.replace(context, report=keep))
        return answer if answer.certified or error(answer) <= lowest else best
