"""Peel a network: identify its blocks one by one from the input, pairing halves on the way.

The first block reads the inputs. Of all pairs of halves, the right pair turns the inputs into states from which the
other halves explain the predictions best (`evidence.py`). The remaining network is then the same puzzle with one block
less. Pairs and order so come from the data, from input to output; the weights only give a prior.

The derivative of the evidence with respect to the states predicts the change of every insertion, and of every
relocation and removal of the last blocks of the prefix. The prediction is of first order, so the moves with the lowest
predicted change are evaluated exactly, and the exact evidence decides.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from solvers.reassembly.pairing.statistics import match
from solvers.reassembly.peeling.moves import insertions, relocations, removals
from solvers.reassembly.peeling.prefix import Move, PrefixModel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jaxtyping import Float
    from torch import Tensor

    from generator.reassembly.network.residual import ResidualNetwork
    from solvers.reassembly.core.evaluation import Rows
    from solvers.reassembly.peeling.evidence import Slope
    from solvers.reassembly.peeling.prefix import Block, Prefix

__all__ = ["peel"]

WINDOW = 16
"""Number of last blocks of the prefix that may still be moved or removed. Hand-set; a higher value costs time."""

INSERTED = 2
"""Positions before the end of the prefix at which new blocks are tried first; WINDOW positions come after. Hand-set."""

TESTED = 8
"""Insertions evaluated exactly per round, times the effort level, which rises by one per restart. Hand-set."""

HOPEFUL = 0.7
"""Predicted gain as a share of the best exact gain so far, below which moves are not evaluated. Hand-set."""

LEAST_REPAIR = 1.0
"""Smallest gain of a repair in nats. Hand-set."""

CHEAP = 1_500
"""Hidden units of all blocks; the first effort level is this number over those of the network. Hand-set."""

MOST_EFFORT = 4
"""Largest first effort level. Hand-set."""

LOST = 6
"""Insertions in a row that do not improve on the best prefix, after which the search restarts from it. Hand-set."""

RESTARTS = 8
"""Largest number of restarts from the best prefix. Hand-set; no prefix is evaluated twice, so each leads elsewhere."""

RELOCATIONS, REMOVALS = 4, 2
"""Relocations and removals evaluated exactly per repair round, times the effort level. Hand-set."""

THINNED = 3
"""Blocks removed from the best prefix at the first restart; each restart removes three more. Hand-set."""

BIAS_RATE = 0.1
"""Weight of the latest insertion in the running mean of exact change less predicted change. Hand-set."""

SLOWEST_RATIO = 150.0
"""Smallest number of hidden units that a step of the ratio is divided by: higher means smaller steps. Hand-set."""


@dataclass(frozen=True)
class _Settings:
    """How thoroughly a network is peeled.

    Attributes:
        together: largest number of further insertions that may follow the best one in the same round.
        worth: share of the best insertion's gain that a further insertion must reach, and share of its own gain
            alone that it must keep.
        clear: gain of the best insertion in nats, below which more rows are used.
        repairs: rounds of repair of the prefix after each insertion.
    """

    together: int
    worth: float
    clear: float
    repairs: int


EXPENSIVE_TESTS = _Settings(together=4, worth=0.35, clear=80.0, repairs=2)
"""For networks where evaluating a move is expensive. Hand-set."""

CHEAP_TESTS = _Settings(together=2, worth=0.5, clear=100.0, repairs=3)
"""For networks where evaluating a move is cheap. Hand-set."""


def peel(
    halves: ResidualNetwork,
    rows: Rows,
    prior: Float[Tensor, "K K"],
    stop: Callable[[], bool],
    log: Callable[[str], None],
) -> tuple[list[int], list[int]]:
    """Assemble a network from its input to its output.

    Args:
        halves: unpaired.
        rows: more than the state width; the search starts on few rows and uses more where few do not decide.
        prior: log-odds of the pairs in nats.
        stop: checks whether the search must end.
        log: takes log lines.

    Returns:
        Incoming and outgoing halves by position. Halves that were not identified follow in the order of their
        numbers, paired by the prior.
    """
    model = PrefixModel(halves, rows, prior)
    search = _Peeling(model)
    best = current = model.begin()
    slope: Slope | None = None
    idle, restarts = 0, 0
    while len(current.blocks) < halves.depth - 1 and not stop():
        if idle == LOST:
            if restarts == RESTARTS:
                break
            restarts += 1
            search.raise_effort()
            current, idle = search.thinned(best, THINNED * restarts), 0
        slope = search.slope(current)
        if slope is None:
            break
        current, slope = search.repaired(current, slope, stop)
        longer = search.longer(current, slope, stop)
        if longer is None:
            best, current, idle = model.rerun(best), model.rerun(current), 0
            continue
        current = longer
        idle = 0 if current.value < best.value else idle + 1
        best = min(best, current, key=lambda one: one.value)
    log(f"peeling: {len(best.blocks)} blocks, {slope.unexplained if slope else math.nan:.1e} unexplained")
    return search.completed(best)


class _Peeling:
    """One search over prefixes, with its effort level, its bias, and the prefixes it has evaluated."""

    def __init__(self, model: PrefixModel) -> None:
        self._model = model
        self._effort = max(1, min(MOST_EFFORT, CHEAP // model.halves.c.numel()))
        self._settings = CHEAP_TESTS if self._effort > 1 else EXPENSIVE_TESTS
        self._bias = 0.0  # running mean of exact change less predicted change of insertions, in nats
        self._seen: set[tuple[Block, ...]] = set()  # no prefix is evaluated twice

    def raise_effort(self) -> None:
        """Evaluate more moves per round from now on."""
        self._effort += 1

    def slope(self, prefix: Prefix) -> Slope | None:
        """Compute the evidence with its derivatives, in float64 from the first good fit on."""
        slope = self._model.slope(prefix)
        if slope is not None and self._model.needs_float64(slope):
            self._model.use_float64()
            slope = self._model.slope(prefix)
        return slope

    def repaired(self, prefix: Prefix, slope: Slope, stop: Callable[[], bool]) -> tuple[Prefix, Slope]:
        """Relocate and remove the last blocks of a prefix while that raises the evidence."""
        for _ in range(self._settings.repairs if len(prefix.blocks) > 1 else 0):
            if stop():
                break
            prefix = replace(prefix, value=slope.value - self._model.log_odds(prefix.blocks))
            tried = self._tried(prefix, self._repairs(prefix, slope))
            better = min(tried, key=lambda one: one.value, default=prefix)
            if better.value > prefix.value - LEAST_REPAIR:
                break
            if (renewed := self.slope(better)) is None:
                break
            prefix, slope = better, renewed
        return prefix, slope

    def longer(self, prefix: Prefix, slope: Slope, stop: Callable[[], bool]) -> Prefix | None:
        """Insert the block that raises the evidence most, and further blocks that keep their gain beside it.

        Returns:
            The longer prefix, or None where no gain was clear and more rows are used from now on.
        """
        prefix = replace(prefix, value=slope.value - self._model.log_odds(prefix.blocks))
        tried = self._tried(prefix, self._insertions(prefix, slope, INSERTED))
        if not any(one.value < prefix.value for one in tried):
            tried += self._tried(prefix, self._insertions(prefix, slope, WINDOW))
        tried.sort(key=lambda one: one.value)
        self._follow_ratio(slope, len(prefix.blocks))
        if not tried:
            return prefix
        best, added, gain = tried[0], 0, tried[0].value - prefix.value
        clear, worth = self._settings.clear, self._settings.worth
        if gain > -clear and self._model.use_more_rows(all_of_them=gain > -0.5 * clear):
            self._seen.clear()
            return None
        for other in tried[1:]:
            if added == self._settings.together or stop():
                break
            (block,) = set(other.blocks) - set(prefix.blocks)
            alone = other.value - prefix.value
            taken = any(block[0] == i or block[1] == j for i, j in best.blocks)
            if taken or alone > worth * min(gain, 0.0):
                continue
            both = self._model.moved(best, Move(0.0, len(best.blocks), (block,)))
            if both.value < best.value + worth * alone:
                best, added = both, added + 1
        return best

    def thinned(self, prefix: Prefix, count: int) -> Prefix:
        """Remove the blocks whose removal raises the value least, and all whose removal lowers it."""
        positions = range(len(prefix.blocks))
        without = [Move(0.0, position, prefix.blocks[position + 1 :]) for position in positions]
        values = [self._model.moved(prefix, move).value - prefix.value for move in without]
        count = max(count, sum(value < 0.0 for value in values))
        out = sorted(positions, key=lambda position: values[position])[:count]
        kept = tuple(block for position, block in enumerate(prefix.blocks) if position not in out)
        return self._model.moved(prefix, Move(0.0, 0, kept))

    def completed(self, prefix: Prefix) -> tuple[list[int], list[int]]:
        """Append all other halves to a prefix, paired by the prior."""
        incoming, outgoing = self._model.free(prefix.blocks)
        partners = match(self._model.prior[incoming][:, outgoing]) if incoming else []
        first, second = [i for i, _ in prefix.blocks], [j for _, j in prefix.blocks]
        return [*first, *incoming], [*second, *(outgoing[k] for k in partners)]

    def _tried(self, prefix: Prefix, moves: Sequence[Move]) -> list[Prefix]:
        """Evaluate moves from the lowest predicted change on, until the rest promise too little."""
        self._seen.add(prefix.blocks)
        tried: list[Prefix] = []
        gain = 0.0
        for move in sorted(moves, key=lambda one: one.predicted):
            if move.predicted > HOPEFUL * gain:
                break
            if (*prefix.blocks[: move.start], *move.blocks) in self._seen:
                continue
            tried.append(self._model.moved(prefix, move))
            change = tried[-1].value - prefix.value
            gain = min(gain, change)
            if len(tried[-1].blocks) > len(prefix.blocks):
                self._bias += BIAS_RATE * (change - move.predicted - self._bias)
        return tried

    def _insertions(self, prefix: Prefix, slope: Slope, back: int) -> list[Move]:
        return insertions(self._model, prefix, slope, back=back, count=TESTED * self._effort)

    def _repairs(self, prefix: Prefix, slope: Slope) -> list[Move]:
        """List the relocations and removals of the last blocks with the lowest predicted change."""
        removed = removals(self._model, prefix, slope, back=WINDOW, bias=self._bias)
        relocated = relocations(self._model, prefix, slope, back=WINDOW)
        chosen: list[Move] = []
        for moves, count in ((relocated, RELOCATIONS), (removed, REMOVALS)):
            promising = sorted(moves, key=lambda one: one.predicted)[: count * self._effort]
            chosen += [move for move in promising if move.predicted < -LEAST_REPAIR]
        return chosen

    def _follow_ratio(self, slope: Slope, length: int) -> None:
        """Move the ratio of variances down its slope; the step is small where few hidden units are left."""
        units = self._model.halves.U.shape[1] * (self._model.halves.depth - length)
        step = slope.log_ratio / max(SLOWEST_RATIO, 0.25 * units)
        self._model.scale_ratio(math.exp(-min(0.3, max(-0.3, step))))
