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
from typing import TYPE_CHECKING, TypeAlias

import torch

from generator.reassembly.network import activation_function
from solvers.reassembly.activations import derivative_function
from solvers.reassembly.evidence import evidence, evidence_slope
from solvers.reassembly.pairing import match

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

    from generator.reassembly.network import ResidualNetwork
    from solvers.reassembly.evaluation import Rows
    from solvers.reassembly.evidence import Slope

__all__ = ["peel"]

Block: TypeAlias = "tuple[int, int]"
"""Numbers of an incoming half and the outgoing one with it."""

WINDOW = 16
"""Last blocks of the prefix that may still be changed."""

INSERTED = 2
"""Places before the end of the prefix at which a new block is first looked for."""

TESTED = 8
"""New blocks whose evidence is computed at once, at most; after every return as many more."""

HOPEFUL = 0.7
"""Share of the best gain so far that a change must promise to be put to the test."""

FIRST_ROWS = 1_500
"""Rows x outputs that are looked at first."""

LEAST_REPAIR = 1.0
"""Nats that a repair must gain."""

PRICED_ROWS = 2_000
"""Rows on which changes of the prefix are priced, about; new blocks are on all rows."""

FORWARD, BACKWARD = 16, 6
"""Places by which a block is moved."""

CHEAP, MOST_EFFORT = 1_500, 4
"""Hidden units of all blocks below which tests are so cheap that as many times more are made, and times at most."""

RATIOS = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
"""First ratios of noise to weights that are tried."""

EXACT_SHARE = 1e-3
"""Unexplained share of the variance below which float64 takes over."""

LOST = 6
"""Blocks put in without the best evidence being bettered after which it is gone back to: some blocks are wrong."""

RETURNS = 8
"""Times that this is done; no prefix is gone through twice, so each time other blocks follow."""

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


@dataclass(frozen=True, eq=False)
class _Prefix:
    """First blocks, with the states before and after each, and the evidence of the rest.

    `value` is minus the log evidence less the prior of its pairs, in nats.
    """

    blocks: tuple[Block, ...]
    states: tuple[Tensor, ...]
    value: float


@dataclass(frozen=True)
class _Change:
    """Blocks from place `start` on instead of those that are there; `price` is the change of `value` to first order."""

    price: float
    start: int
    blocks: tuple[Block, ...]


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
    search = _Peeling(halves, rows, prior)
    best = current = search.begin()
    slope: Slope | None = None
    idle, returns = 0, 0
    while len(current.blocks) < halves.depth - 1 and not stop():
        if idle == LOST:
            if returns == RETURNS:
                break
            returns += 1
            search.effort += 1
            current, idle = search.thinned(best, THINNED * returns), 0
        slope = search.slope(current)
        if slope is None:
            break
        current, slope = search.repaired(current, slope, stop)
        longer = search.longer(current, slope, stop)
        if longer is None:
            best, current, idle = search.again(best), search.again(current), 0
            continue
        current = longer
        idle = 0 if current.value < best.value else idle + 1
        best = min(best, current, key=lambda one: one.value)
    log(f"peeling: {len(best.blocks)} blocks, {slope.unexplained if slope else math.nan:.1e} unexplained")
    return search.completed(best)


class _Peeling:
    """The puzzle, in the precision that the present fit asks for."""

    def __init__(self, halves: ResidualNetwork, rows: Rows, prior: Tensor) -> None:
        self.halves, self.prior = halves.to(torch.float32), prior.double()
        targets = rows.targets.float() - rows.targets.float().mean(dim=0)
        self.all_targets = targets / targets.square().mean().sqrt().clamp_min(1e-30)
        self.all_inputs = rows.inputs.float()
        self.rows = min(rows.count, FIRST_ROWS // targets.shape[1])
        self.ratio = 1.0
        self.effort = max(1, min(MOST_EFFORT, CHEAP // self.halves.c.numel()))
        self.manner = CAREFUL if self.effort > 1 else BOLD
        self.overrated = 0.0  # by how much new blocks gain less than their price says, on average
        self.seen: set[tuple[Block, ...]] = set()  # no prefix is gone through twice

    def begin(self) -> _Prefix:
        """Begin with no blocks, and the ratio of noise to weights that explains best."""
        values = {}
        inputs = self.all_inputs[: self.rows]
        for ratio in RATIOS:
            self.ratio = ratio
            values[ratio] = self._value(inputs, ())
        self.ratio = min(values, key=lambda ratio: values[ratio])
        return _Prefix((), (inputs,), values[self.ratio])

    @property
    def targets(self) -> Tensor:
        """What is to be explained, on the rows that are looked at."""
        return self.all_targets[: self.rows]

    def look_at_more(self, gain: float) -> bool:
        """Look at twice as many rows from now on, or at all where the gain is small; false if there are no more."""
        everything = len(self.all_targets)
        if gain > self.manner.clear or self.rows == everything:
            return False
        self.rows = min(2 * self.rows, everything) if gain > 0.5 * self.manner.clear else everything
        self.seen.clear()
        return True

    def again(self, prefix: _Prefix) -> _Prefix:
        """Run a prefix on the rows that are looked at now."""
        return self._changed(replace(prefix, states=(self.all_inputs[: self.rows],)), _Change(0.0, 0, prefix.blocks))

    def slope(self, prefix: _Prefix) -> Slope | None:
        """Compute the slope at a prefix, and let the ratio and the precision follow it."""
        slope = evidence_slope(self._rest(prefix.blocks), self._cast(prefix.states[-1]), self.targets, self.ratio)
        if slope is not None and slope.unexplained < EXACT_SHARE and self.targets.dtype == torch.float32:
            self.all_targets, self.halves = self.all_targets.double(), self.halves.to(torch.float64)
            return self.slope(prefix)
        return slope

    def repaired(self, prefix: _Prefix, slope: Slope, stop: Callable[[], bool]) -> tuple[_Prefix, Slope]:
        """Change the last blocks of a prefix as long as that raises the evidence."""
        for _ in range(self.manner.repairs if len(prefix.blocks) > 1 else 0):
            if stop():
                break
            prefix = replace(prefix, value=slope.value - self._believed(prefix.blocks))
            tried = self._tried(prefix, self._repairs(prefix, slope))
            better = min(tried, key=lambda one: one.value, default=prefix)
            if better.value > prefix.value - LEAST_REPAIR:
                break
            if (renewed := self.slope(better)) is None:
                break
            prefix, slope = better, renewed
        return prefix, slope

    def longer(self, prefix: _Prefix, slope: Slope, stop: Callable[[], bool]) -> _Prefix | None:
        """Put the block in that raises the evidence most, and others that do as well after it."""
        prefix = replace(prefix, value=slope.value - self._believed(prefix.blocks))
        tried = self._tried(prefix, self._news(prefix, slope, INSERTED))
        if not any(one.value < prefix.value for one in tried):
            tried += self._tried(prefix, self._news(prefix, slope, WINDOW))
        tried.sort(key=lambda one: one.value)
        step = min(0.3, max(-0.3, slope.log_ratio / max(150.0, 0.25 * self.halves.U.shape[1] * self._left(prefix))))
        self.ratio *= math.exp(-step)
        if not tried:
            return prefix
        best, added, clear = tried[0], 0, tried[0].value - prefix.value
        if self.look_at_more(-clear):
            return None
        for other in tried[1:]:
            if added == self.manner.together or stop():
                break
            (block,) = set(other.blocks) - set(prefix.blocks)
            gain = other.value - prefix.value
            if gain > self.manner.worth * min(clear, 0.0) or any(
                block[0] == i or block[1] == j for i, j in best.blocks
            ):
                continue
            both = self._changed(best, _Change(0.0, len(best.blocks), (block,)))
            if both.value < best.value + self.manner.worth * gain:
                best, added = both, added + 1
        return best

    def thinned(self, prefix: _Prefix, count: int) -> _Prefix:
        """Take out the blocks that are missed least."""
        places = range(len(prefix.blocks))
        without = [_Change(0.0, place, prefix.blocks[place + 1 :]) for place in places]
        values = [self._changed(prefix, change).value - prefix.value for change in without]
        count = max(count, sum(value < 0.0 for value in values))
        out = sorted(places, key=lambda place: values[place])[:count]
        kept = tuple(block for place, block in enumerate(prefix.blocks) if place not in out)
        return self._changed(prefix, _Change(0.0, 0, kept))

    def completed(self, prefix: _Prefix) -> tuple[list[int], list[int]]:
        """Put all other halves behind a prefix."""
        incoming, outgoing = self._free(prefix.blocks)
        partners = match(self.prior[incoming][:, outgoing]) if incoming else []
        first, second = [i for i, _ in prefix.blocks], [j for _, j in prefix.blocks]
        return [*first, *incoming], [*second, *(outgoing[k] for k in partners)]

    def _left(self, prefix: _Prefix) -> int:
        return self.halves.depth - len(prefix.blocks)

    def _free(self, blocks: Sequence[Block]) -> tuple[list[int], list[int]]:
        taken_in, taken_out = {i for i, _ in blocks}, {j for _, j in blocks}
        everything = range(self.halves.depth)
        return [i for i in everything if i not in taken_in], [j for j in everything if j not in taken_out]

    def _rest(self, blocks: Sequence[Block]) -> ResidualNetwork:
        incoming, _ = self._free(blocks)
        return replace(self.halves, U=self.halves.U[incoming], c=self.halves.c[incoming])

    def _cast(self, states: Tensor) -> Tensor:
        return states.to(self.targets.dtype)

    def _believed(self, blocks: Sequence[Block]) -> float:
        return sum(float(self.prior[i, j]) for i, j in blocks)

    def _value(self, states: Tensor, blocks: Sequence[Block]) -> float:
        return evidence(self._rest(blocks), states, self.targets, self.ratio) - self._believed(blocks)

    def _advance(self, block: Block, states: Tensor) -> Tensor:
        i, j = block
        sigma, net = activation_function(self.halves.activation), self.halves
        return states + torch.addmm(net.e[j], sigma(torch.addmm(net.c[i], states, net.U[i].T)), net.V[j].T)

    def _tried(self, prefix: _Prefix, changes: Sequence[_Change]) -> list[_Prefix]:
        self.seen.add(prefix.blocks)
        tried: list[_Prefix] = []
        gain = 0.0
        for change in sorted(changes, key=lambda one: one.price):
            if change.price > HOPEFUL * gain:
                break
            if (*prefix.blocks[: change.start], *change.blocks) in self.seen:
                continue
            tried.append(self._changed(prefix, change))
            gained = tried[-1].value - prefix.value
            gain = min(gain, gained)
            if len(tried[-1].blocks) > len(prefix.blocks):
                self.overrated += 0.1 * (gained - change.price - self.overrated)
        return tried

    def _changed(self, prefix: _Prefix, change: _Change) -> _Prefix:
        states = [self._cast(one) for one in prefix.states[: change.start + 1]]
        for block in change.blocks:
            states.append(self._advance(block, states[-1]))
        blocks = (*prefix.blocks[: change.start], *change.blocks)
        return _Prefix(blocks, tuple(states), self._value(states[-1], blocks))

    def _news(self, prefix: _Prefix, slope: Slope, back: int) -> list[_Change]:
        """List the most promising blocks to put in at the end or up to `back` places before it, each at its best."""
        incoming, outgoing = self._free(prefix.blocks)
        start = max(0, len(prefix.blocks) - back)
        tail = prefix.blocks[start:]
        prices = torch.stack(
            [
                self._prices(adjoint, states, incoming, outgoing)
                for adjoint, states in zip(*self._window(prefix, slope, start, slice(None)), strict=True)
            ]
        )
        least, places = (prices - self.prior[incoming][:, outgoing].to(prices.dtype)).min(dim=0)
        changes = []
        for number in least.flatten().argsort()[: TESTED * self.effort].tolist():
            a, b = divmod(number, len(outgoing))
            place = int(places[a, b])
            blocks = (*tail[:place], (incoming[a], outgoing[b]), *tail[place:])
            changes.append(_Change(float(least[a, b]), start + place, blocks[place:]))
        return changes

    def _prices(self, adjoint: Tensor, states: Tensor, incoming: list[int], outgoing: list[int]) -> Tensor:
        """Price every pair of free halves as a block that acts on some states, by what it does to the evidence."""
        net, sigma = self.halves, activation_function(self.halves.activation)
        depth, hidden, width = len(incoming), net.U.shape[1], net.U.shape[2]
        inner = torch.addmm(net.c[incoming].reshape(-1), states, net.U[incoming].reshape(-1, width).T)
        pulled = (adjoint.T @ sigma(inner)).view(width, depth, hidden)
        told = pulled.permute(1, 0, 2).reshape(depth, -1) @ net.V[outgoing].reshape(len(outgoing), -1).T
        return told + adjoint.sum(dim=0) @ net.e[outgoing].T

    def _window(self, prefix: _Prefix, slope: Slope, start: int, rows: slice) -> tuple[list[Tensor], list[Tensor]]:
        """Give adjoints of the evidence and states before each block from `start` on, and at the end."""
        net, derivative = self.halves, derivative_function(self.halves.activation)
        states = [self._cast(one[rows]) for one in prefix.states[start:]]
        adjoint = slope.states[rows] * (len(self.targets) / len(states[-1]))
        adjoints = [adjoint - adjoint.mean(dim=0)]
        for (i, j), before in zip(reversed(prefix.blocks[start:]), reversed(states[:-1]), strict=True):
            gate = derivative(torch.addmm(net.c[i], before, net.U[i].T))
            adjoints.append(torch.addmm(adjoints[-1], (adjoints[-1] @ net.V[j]) * gate, net.U[i]))
        return adjoints[::-1], states

    def _repairs(self, prefix: _Prefix, slope: Slope) -> list[_Change]:
        """List the most promising changes of the last blocks, some of each kind."""
        start = max(0, len(prefix.blocks) - WINDOW)
        adjoints, states = self._window(prefix, slope, start, slice(None, None, max(1, self.rows // PRICED_ROWS)))
        kinds = ((self._moves, 4), (self._removals, 2))
        chosen: list[_Change] = []
        for kind, count in kinds:
            changes = sorted(kind(prefix.blocks, start, adjoints, states), key=lambda one: one.price)
            chosen += [change for change in changes[: count * self.effort] if change.price < -LEAST_REPAIR]
        return chosen

    def _moves(
        self, blocks: Sequence[Block], start: int, adjoints: list[Tensor], states: list[Tensor]
    ) -> list[_Change]:
        tail, changes = blocks[start:], []

        def price(place: int, reached: Tensor) -> float:
            return float((adjoints[place] * (reached - states[place])).sum())

        for source, block in enumerate(tail):
            without = states[source]
            for target in range(source + 1, min(len(tail), source + 1 + FORWARD)):
                without = self._advance(tail[target], without)
                moved = (*tail[source + 1 : target + 1], block, *tail[target + 1 :])
                changes.append(_Change(price(target + 1, self._advance(block, without)), start + source, moved))
            for target in range(max(0, source - BACKWARD), source - 1):  # by one place: the neighbour's move forward
                reached = self._advance(block, states[target])
                for passed in tail[target:source]:
                    reached = self._advance(passed, reached)
                moved = (block, *tail[target:source], *tail[source + 1 :])
                changes.append(_Change(price(source + 1, reached), start + target, moved))
        return changes

    def _removals(
        self, blocks: Sequence[Block], start: int, adjoints: list[Tensor], states: list[Tensor]
    ) -> list[_Change]:
        changes = []
        for place, block in enumerate(blocks[start:]):
            told = float((adjoints[place + 1] * (states[place + 1] - states[place])).sum())
            price = float(self.prior[block]) - told - self.overrated
            changes.append(_Change(price, start + place, tuple(blocks[start + place + 1 :])))
        return changes
