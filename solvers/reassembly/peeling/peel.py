"""Blocks taken off a network one by one from its input, halves paired as they come, by the evidence of the rest.

The first block reads the inputs themselves. Of all pairs of halves the right one turns the inputs into states from
which all other halves explain the predictions better (`evidence.py`); then what is left is the same puzzle, one block
shorter. So pairs and order come from the data alone, front to back, and what the weights say is but a prior.

The derivative of the evidence by the states prices every pair of halves at once, and every change of the last few
blocks of the prefix: a block moved, left out again, or given another half. That is only a first order, so the best
prices are put to the test, and the exact evidence decides.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from solvers.reassembly.pairing.statistics import match
from solvers.reassembly.peeling.moves import moves, news, removals
from solvers.reassembly.peeling.prefix import Change, Front

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

    from generator.reassembly.network.residual import ResidualNetwork
    from solvers.reassembly.core.evaluation import Rows
    from solvers.reassembly.peeling.evidence import Slope
    from solvers.reassembly.peeling.prefix import Block, Prefix

__all__ = ["peel"]

WINDOW = 16
"""Last blocks of the prefix that may still be changed."""

INSERTED = 2
"""Places before the end of the prefix at which a new block is first looked for."""

TESTED = 8
"""New blocks whose evidence is computed at once, at most; after every return as many more."""

HOPEFUL = 0.7
"""Share of the best gain so far that a change must promise to be put to the test."""

LEAST_REPAIR = 1.0
"""Nats that a repair must gain."""

CHEAP, MOST_EFFORT = 1_500, 4
"""Hidden units of all blocks below which tests are so cheap that as many times more are made, and times at most."""

LOST = 6
"""Blocks put in without the best evidence being bettered after which it is gone back to: some blocks are wrong."""

RETURNS = 8
"""Times that this is done; no prefix is gone through twice, so each time other blocks follow."""

MOVES, REMOVALS = 4, 2
"""Of these, how many are put to the test at once; after every return as many more."""

THINNED = 3
"""Blocks that are taken out then, those that are missed least; the next time as many more."""


@dataclass(frozen=True)
class _Manner:
    """How carefully a network is peeled.

    Attributes:
        together: how many more of the new blocks that were put to the test may follow the best one at once,
        worth: each if it keeps this share of its gain alone, which must be that share of the best one's.
        clear: nats that the best new block must gain, or more rows are looked at.
        repairs: rounds of repair of the prefix at each length.
    """

    together: int
    worth: float
    clear: float
    repairs: int


BOLD, CAREFUL = _Manner(4, 0.35, 80.0, 2), _Manner(2, 0.5, 100.0, 3)
"""Where tests are dear, and where they are cheap."""


def peel(
    halves: ResidualNetwork, rows: Rows, prior: Tensor, stop: Callable[[], bool], log: Callable[[str], None]
) -> tuple[list[int], list[int]]:
    """Put halves together front to back.

    Args:
        halves: not paired.
        rows: more than the state is wide; few are used at first, all where few do not tell.
        prior: log-odds of the pairs in nats, K x K.
        stop: asked whether time is up.
        log: told about the way.

    Returns:
        Incoming and outgoing halves by position. Behind the blocks that were found the rest follow, in the order of
        their numbers, paired by the prior.
    """
    front = Front(halves, rows, prior)
    search = _Peeling(front)
    best = current = front.begin()
    slope: Slope | None = None
    idle, returns = 0, 0
    while len(current.blocks) < halves.depth - 1 and not stop():
        if idle == LOST:
            if returns == RETURNS:
                break
            returns += 1
            search.effort += 1
            current, idle = search.thinned(best, THINNED * returns), 0
        slope = front.slope(current)
        if slope is None:
            break
        current, slope = search.repaired(current, slope, stop)
        longer = search.longer(current, slope, stop)
        if longer is None:
            best, current, idle = front.again(best), front.again(current), 0
            continue
        current = longer
        idle = 0 if current.value < best.value else idle + 1
        best = min(best, current, key=lambda one: one.value)
    log(f"peeling: {len(best.blocks)} blocks, {slope.unexplained if slope else math.nan:.1e} unexplained")
    return search.completed(best)


class _Peeling:
    """One search, with what it has learnt on its way."""

    def __init__(self, front: Front) -> None:
        self.front = front
        self.effort = max(1, min(MOST_EFFORT, CHEAP // front.halves.c.numel()))
        self.manner = CAREFUL if self.effort > 1 else BOLD
        self.overrated = 0.0  # by how much new blocks gain less than their price says, on average
        self.seen: set[tuple[Block, ...]] = set()  # no prefix is gone through twice

    def repaired(self, prefix: Prefix, slope: Slope, stop: Callable[[], bool]) -> tuple[Prefix, Slope]:
        """Change the last blocks of a prefix as long as that raises the evidence."""
        for _ in range(self.manner.repairs if len(prefix.blocks) > 1 else 0):
            if stop():
                break
            prefix = replace(prefix, value=slope.value - self.front.believed(prefix.blocks))
            tried = self._tried(prefix, self._repairs(prefix, slope))
            better = min(tried, key=lambda one: one.value, default=prefix)
            if better.value > prefix.value - LEAST_REPAIR:
                break
            if (renewed := self.front.slope(better)) is None:
                break
            prefix, slope = better, renewed
        return prefix, slope

    def longer(self, prefix: Prefix, slope: Slope, stop: Callable[[], bool]) -> Prefix | None:
        """Put the block in that raises the evidence most, and others that do as well after it."""
        prefix = replace(prefix, value=slope.value - self.front.believed(prefix.blocks))
        tried = self._tried(prefix, self._news(prefix, slope, INSERTED))
        if not any(one.value < prefix.value for one in tried):
            tried += self._tried(prefix, self._news(prefix, slope, WINDOW))
        tried.sort(key=lambda one: one.value)
        self._follow(slope, len(prefix.blocks))
        if not tried:
            return prefix
        best, added, clear = tried[0], 0, tried[0].value - prefix.value
        if clear > -self.manner.clear and self.front.look_at_more(all_of_them=clear > -0.5 * self.manner.clear):
            self.seen.clear()
            return None
        for other in tried[1:]:
            if added == self.manner.together or stop():
                break
            (block,) = set(other.blocks) - set(prefix.blocks)
            gain = other.value - prefix.value
            taken = any(block[0] == i or block[1] == j for i, j in best.blocks)
            if taken or gain > self.manner.worth * min(clear, 0.0):
                continue
            both = self.front.changed(best, Change(0.0, len(best.blocks), (block,)))
            if both.value < best.value + self.manner.worth * gain:
                best, added = both, added + 1
        return best

    def thinned(self, prefix: Prefix, count: int) -> Prefix:
        """Take out the blocks that are missed least."""
        places = range(len(prefix.blocks))
        without = [Change(0.0, place, prefix.blocks[place + 1 :]) for place in places]
        values = [self.front.changed(prefix, change).value - prefix.value for change in without]
        count = max(count, sum(value < 0.0 for value in values))
        out = sorted(places, key=lambda place: values[place])[:count]
        kept = tuple(block for place, block in enumerate(prefix.blocks) if place not in out)
        return self.front.changed(prefix, Change(0.0, 0, kept))

    def completed(self, prefix: Prefix) -> tuple[list[int], list[int]]:
        """Put all other halves behind a prefix."""
        incoming, outgoing = self.front.free(prefix.blocks)
        partners = match(self.front.prior[incoming][:, outgoing]) if incoming else []
        first, second = [i for i, _ in prefix.blocks], [j for _, j in prefix.blocks]
        return [*first, *incoming], [*second, *(outgoing[k] for k in partners)]

    def _tried(self, prefix: Prefix, changes: Sequence[Change]) -> list[Prefix]:
        self.seen.add(prefix.blocks)
        tried: list[Prefix] = []
        gain = 0.0
        for change in sorted(changes, key=lambda one: one.price):
            if change.price > HOPEFUL * gain:
                break
            if (*prefix.blocks[: change.start], *change.blocks) in self.seen:
                continue
            tried.append(self.front.changed(prefix, change))
            gained = tried[-1].value - prefix.value
            gain = min(gain, gained)
            if len(tried[-1].blocks) > len(prefix.blocks):
                self.overrated += 0.1 * (gained - change.price - self.overrated)
        return tried

    def _news(self, prefix: Prefix, slope: Slope, back: int) -> list[Change]:
        return news(self.front, prefix, slope, back=back, count=TESTED * self.effort)

    def _repairs(self, prefix: Prefix, slope: Slope) -> list[Change]:
        """List the most promising changes of the last blocks, some of each kind."""
        out = removals(self.front, prefix, slope, back=WINDOW, overrated=self.overrated)
        chosen: list[Change] = []
        for changes, count in ((moves(self.front, prefix, slope, back=WINDOW), MOVES), (out, REMOVALS)):
            promising = sorted(changes, key=lambda one: one.price)[: count * self.effort]
            chosen += [change for change in promising if change.price < -LEAST_REPAIR]
        return chosen

    def _follow(self, slope: Slope, length: int) -> None:
        """Let the ratio follow its slope, by a step that stays small where the slope is that of few units."""
        units = self.front.halves.U.shape[1] * (self.front.halves.depth - length)
        step = slope.log_ratio / max(150.0, 0.25 * units)
        self.front.ratio *= math.exp(-min(0.3, max(-0.3, step)))
