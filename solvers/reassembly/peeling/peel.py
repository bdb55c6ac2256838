"""Peel a network: identify its blocks one by one from the input, pairing the halves on the way.

The first block reads the inputs themselves. Among all pairs of halves, the right pair turns the inputs into states from
which the other halves explain the predictions better (`evidence.py`). What is left is the same puzzle with one block
less. So pairs and order follow from the data alone, from the first block to the last; the weights give only a prior.

The derivative of the evidence by the states predicts the effect of every pair of halves at once, and of every move of
the last blocks: a relocation, a removal, an insertion. The predictions are first-order, so the moves with the lowest
predicted change are evaluated exactly, and the exact evidence decides.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
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
"""Number of last blocks of the prefix that moves may change. Hand-set; a larger window repairs older errors, slower."""

INSERTED = 2
"""Positions before the end of the prefix at which a new block is tried first. Hand-set."""

TESTED = 8
"""Insertions evaluated exactly per round, times the effort level, which rises by one per return to the best prefix.
Hand-set.
"""

HOPEFUL = 0.7
"""Share of the best gain so far that a move's predicted gain must reach to be evaluated. Hand-set."""

LEAST_REPAIR = 1.0
"""Smallest gain of a repair, in nats. Hand-set."""

FEW_UNITS, MOST_EFFORT = 1_500, 4
"""Hidden units of all blocks over which the first effort level is divided, and the highest such level. Hand-set.

An evaluation of a small network is so fast that more moves are evaluated.
"""

LOST = 6
"""Insertions without a new best value after which the search returns to the best prefix. Hand-set."""

RETURNS = 8
"""Largest number of returns. Hand-set; no prefix is visited twice, so other blocks follow after each return."""

RELOCATIONS, REMOVALS = 4, 2
"""Relocations and removals evaluated exactly per repair round, times the effort level. Hand-set."""

THINNED = 3
"""Blocks removed from the best prefix at the first return; each later return removes this many more. Hand-set."""

FOLLOWED = 0.1
"""Weight of the newest insertion in the running mean of how far predictions miss the exact change. Hand-set."""


@dataclass(frozen=True)
class _Settings:
    """How carefully a network is peeled.

    Attributes:
        together: largest number of evaluated insertions that follow the best one in the same round.
        worth: share of the best insertion's gain that such an insertion must have, alone and after the others.
        clear: gain of the best insertion, in nats, below which more rows are used.
        repairs: rounds of repair at each length of the prefix.
    """

    together: int
    worth: float
    clear: float
    repairs: int


BOLD, CAREFUL = _Settings(4, 0.35, 80.0, 2), _Settings(2, 0.5, 100.0, 3)
"""For networks whose evaluation is expensive, and for small ones. Hand-set."""


def peel(
    halves: ResidualNetwork,
    rows: Rows,
    prior: Float[Tensor, "K K"],
    stop: Callable[[], bool],
    log: Callable[[str], None],
) -> tuple[list[int], list[int]]:
    """Assemble halves front to back.

    Args:
        halves: the unpaired halves.
        rows: more rows than the state is wide; few are used at first, all where few do not decide.
        prior: log-odds of the pairs in nats.
        stop: checks whether peeling must end.
        log: takes a line at the end.

    Returns:
        Incoming and outgoing halves by position. Halves that were not identified follow behind the prefix in the
        order of their numbers, paired by the prior.
    """
    model = PrefixModel(halves, rows, prior)
    search = _Peeling(model, max(1, min(MOST_EFFORT, FEW_UNITS // halves.c.numel())))
    best = current = model.begin()
    slope: Slope | None = None
    idle, returns = 0, 0
    while len(current.blocks) < halves.depth - 1 and not stop():
        if idle == LOST:
            if returns == RETURNS:
                break
            returns += 1
            search.raise_effort()
            current, idle = search.thinned(best, THINNED * returns), 0
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


@dataclass
class _Peeling:
    """One search, the owner of its state: the model's rows, precision and ratio, effort, bias, visited prefixes.

    Attributes:
        model: evidence of prefixes.
        effort: multiple of the numbers of moves that are evaluated.
        settings: how carefully the network is peeled.
        bias: running mean of the exact change less the predicted change of insertions, in nats.
        visited: blocks of the prefixes that were extended or repaired.
    """

    model: PrefixModel
    effort: int
    bias: float = 0.0
    visited: set[tuple[Block, ...]] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Choose the settings by the first effort level."""
        self.settings = CAREFUL if self.effort > 1 else BOLD

    def raise_effort(self) -> None:
        """Evaluate more moves from now on."""
        self.effort += 1

    def slope(self, prefix: Prefix) -> Slope | None:
        """Compute the evidence behind a prefix with its derivatives, in float64 where the fit is that good."""
        slope = self.model.slope(prefix)
        if slope is not None and self.model.needs_float64(slope):
            self.model.use_float64()
            return self.model.slope(prefix)
        return slope

    def repaired(self, prefix: Prefix, slope: Slope, stop: Callable[[], bool]) -> tuple[Prefix, Slope]:
        """Move the last blocks of a prefix as long as a move raises the evidence."""
        for _ in range(self.settings.repairs if len(prefix.blocks) > 1 else 0):
            if stop():
                break
            prefix = self._valued(prefix, slope)
            tried = self._evaluated(prefix, self._repairs(prefix, slope))
            better = min(tried, key=lambda one: one.value, default=prefix)
            if better.value > prefix.value - LEAST_REPAIR:
                break
            if (renewed := self.slope(better)) is None:
                break
            prefix, slope = better, renewed
        return prefix, slope

    def longer(self, prefix: Prefix, slope: Slope, stop: Callable[[], bool]) -> Prefix | None:
        """Insert the block that raises the evidence most, and others that still do so after it.

        Returns:
            The longer prefix; None where the gain is not clear and more rows are used from now on.
        """
        prefix = self._valued(prefix, slope)
        tried = self._evaluated(prefix, self._insertions(prefix, slope, INSERTED))
        if not any(one.value < prefix.value for one in tried):
            tried += self._evaluated(prefix, self._insertions(prefix, slope, WINDOW))
        tried.sort(key=lambda one: one.value)
        self._adapt_ratio(slope, len(prefix.blocks))
        if not tried:
            return prefix
        best, added, clear = tried[0], 0, tried[0].value - prefix.value
        unclear = clear > -self.settings.clear
        if unclear and self.model.use_more_rows(all_of_them=clear > -0.5 * self.settings.clear):
            self.visited.clear()
            return None
        for other in tried[1:]:
            if added == self.settings.together or stop():
                break
            (block,) = set(other.blocks) - set(prefix.blocks)
            gain = other.value - prefix.value
            taken = any(block[0] == i or block[1] == j for i, j in best.blocks)
            if taken or gain > self.settings.worth * min(clear, 0.0):
                continue
            both = self.model.moved(best, Move(0.0, len(best.blocks), (block,)))
            if both.value < best.value + self.settings.worth * gain:
                best, added = both, added + 1
        return best

    def thinned(self, prefix: Prefix, count: int) -> Prefix:
        """Remove the blocks whose removal costs least, and all blocks whose removal gains."""
        positions = range(len(prefix.blocks))
        without = [Move(0.0, position, prefix.blocks[position + 1 :]) for position in positions]
        changes = [self.model.moved(prefix, move).value - prefix.value for move in without]
        count = max(count, sum(change < 0.0 for change in changes))
        out = sorted(positions, key=lambda position: changes[position])[:count]
        kept = tuple(block for position, block in enumerate(prefix.blocks) if position not in out)
        return self.model.moved(prefix, Move(0.0, 0, kept))

    def completed(self, prefix: Prefix) -> tuple[list[int], list[int]]:
        """Append all other halves to a prefix, paired by the prior."""
        incoming, outgoing = self.model.free(prefix.blocks)
        partners = match(self.model.prior[incoming][:, outgoing]) if incoming else []
        first, second = [i for i, _ in prefix.blocks], [j for _, j in prefix.blocks]
        return [*first, *incoming], [*second, *(outgoing[k] for k in partners)]

    def _valued(self, prefix: Prefix, slope: Slope) -> Prefix:
        """Give a prefix the value that its slope was computed with: the ratio may have changed since."""
        return replace(prefix, value=slope.value - self.model.log_odds(prefix.blocks))

    def _evaluated(self, prefix: Prefix, moves: Sequence[Move]) -> list[Prefix]:
        """Evaluate moves exactly, the lowest predicted change first, while the predicted gain is large enough."""
        self.visited.add(prefix.blocks)
        tried: list[Prefix] = []
        gain = 0.0
        for move in sorted(moves, key=lambda one: one.predicted):
            if move.predicted > HOPEFUL * gain:
                break
            if (*prefix.blocks[: move.start], *move.blocks) in self.visited:
                continue
            tried.append(self.model.moved(prefix, move))
            gained = tried[-1].value - prefix.value
            gain = min(gain, gained)
            if len(tried[-1].blocks) > len(prefix.blocks):
                self.bias += FOLLOWED * (gained - move.predicted - self.bias)
        return tried

    def _insertions(self, prefix: Prefix, slope: Slope, back: int) -> list[Move]:
        return insertions(self.model, prefix, slope, back=back, count=TESTED * self.effort)

    def _repairs(self, prefix: Prefix, slope: Slope) -> list[Move]:
        """List the relocations and the removals of the last blocks with the lowest predicted change."""
        out = removals(self.model, prefix, slope, back=WINDOW, bias=self.bias)
        chosen: list[Move] = []
        for moves, count in ((relocations(self.model, prefix, slope, back=WINDOW), RELOCATIONS), (out, REMOVALS)):
            promising = sorted(moves, key=lambda one: one.predicted)[: count * self.effort]
            chosen += [move for move in promising if move.predicted < -LEAST_REPAIR]
        return chosen

    def _adapt_ratio(self, slope: Slope, length: int) -> None:
        """Scale the ratio along its slope; the step stays small where the slope is that of few units."""
        units = self.model.halves.U.shape[1] * (self.model.halves.depth - length)
        step = slope.log_ratio / max(150.0, 0.25 * units)
        self.model.scale_ratio(math.exp(-min(0.3, max(-0.3, step))))
