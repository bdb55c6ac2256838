"""The first blocks of a network that is being peeled, and the evidence of the rest behind them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import torch

from generator.reassembly.network.residual import activation_function
from solvers.reassembly.peeling.evidence import evidence, evidence_slope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from generator.reassembly.network.residual import ResidualNetwork
    from solvers.reassembly.core.evaluation import Rows
    from solvers.reassembly.peeling.evidence import Slope

__all__ = ["Block", "Change", "Front", "Prefix"]

Block: TypeAlias = "tuple[int, int]"
"""Numbers of an incoming half and the outgoing one with it."""

FIRST_ROWS = 1_500
"""Rows x outputs that are looked at first."""

RATIOS = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
"""First ratios of noise to weights that are tried."""

EXACT_SHARE = 1e-3
"""Unexplained share of the variance below which float64 takes over."""


@dataclass(frozen=True, eq=False)
class Prefix:
    """First blocks, with the states before and after each, and the evidence of the rest.

    `value` is minus the log evidence less the prior of its pairs, in nats.
    """

    blocks: tuple[Block, ...]
    states: tuple[Tensor, ...]
    value: float


@dataclass(frozen=True)
class Change:
    """Blocks from place `start` on instead of those that are there; `price` is the change of `value` to first order."""

    price: float
    start: int
    blocks: tuple[Block, ...]


class Front:
    """The puzzle, on the rows and in the precision that the present fit asks for.

    Attributes:
        halves: not paired.
        prior: log-odds of the pairs in nats, K x K.
        rows: number of rows that are looked at.
        ratio: of the variances of noise and weights, see `evidence`.
    """

    def __init__(self, halves: ResidualNetwork, rows: Rows, prior: Tensor) -> None:
        self.halves, self.prior = halves.to(torch.float32), prior.double()
        targets = rows.targets.float() - rows.targets.float().mean(dim=0)
        self._targets = targets / targets.square().mean().sqrt().clamp_min(1e-30)
        self._inputs = rows.inputs.float()
        self.rows = min(rows.count, FIRST_ROWS // targets.shape[1])
        self.ratio = 1.0

    def begin(self) -> Prefix:
        """Begin with no blocks, and the ratio that explains best."""
        values = {}
        inputs = self._inputs[: self.rows]
        for ratio in RATIOS:
            self.ratio = ratio
            values[ratio] = self.value(inputs, ())
        self.ratio = min(values, key=lambda ratio: values[ratio])
        return Prefix((), (inputs,), values[self.ratio])

    @property
    def targets(self) -> Tensor:
        """What is to be explained, on the rows that are looked at."""
        return self._targets[: self.rows]

    def look_at_more(self, *, all_of_them: bool) -> bool:
        """Look at twice as many rows from now on, or at all; false if there are no more."""
        most = len(self._targets)
        if self.rows == most:
            return False
        self.rows = most if all_of_them else min(2 * self.rows, most)
        return True

    def again(self, prefix: Prefix) -> Prefix:
        """Run a prefix on the rows that are looked at now."""
        return self.changed(replace(prefix, states=(self._inputs[: self.rows],)), Change(0.0, 0, prefix.blocks))

    def slope(self, prefix: Prefix) -> Slope | None:
        """Compute the slope at a prefix, and let the precision follow it."""
        slope = evidence_slope(self.rest(prefix.blocks), self.cast(prefix.states[-1]), self.targets, self.ratio)
        if slope is not None and slope.unexplained < EXACT_SHARE and self.targets.dtype == torch.float32:
            self._targets, self.halves = self._targets.double(), self.halves.to(torch.float64)
            return self.slope(prefix)
        return slope

    def free(self, blocks: Sequence[Block]) -> tuple[list[int], list[int]]:
        """List the incoming and the outgoing halves that no block has."""
        taken_in, taken_out = {i for i, _ in blocks}, {j for _, j in blocks}
        everything = range(self.halves.depth)
        return [i for i in everything if i not in taken_in], [j for j in everything if j not in taken_out]

    def rest(self, blocks: Sequence[Block]) -> ResidualNetwork:
        """Give the halves that are left, as `evidence` takes them."""
        incoming, _ = self.free(blocks)
        return replace(self.halves, U=self.halves.U[incoming], c=self.halves.c[incoming])

    def cast(self, states: Tensor) -> Tensor:
        """Give states in the present precision."""
        return states.to(self.targets.dtype)

    def believed(self, blocks: Sequence[Block]) -> float:
        """Sum the prior of some pairs."""
        return sum(float(self.prior[i, j]) for i, j in blocks)

    def value(self, states: Tensor, blocks: Sequence[Block]) -> float:
        """Compute minus the log evidence less the prior of the pairs, in nats."""
        return evidence(self.rest(blocks), states, self.targets, self.ratio) - self.believed(blocks)

    def advance(self, block: Block, states: Tensor) -> Tensor:
        """Let a block act on states."""
        i, j = block
        sigma, net = activation_function(self.halves.activation), self.halves
        return states + torch.addmm(net.e[j], sigma(torch.addmm(net.c[i], states, net.U[i].T)), net.V[j].T)

    def changed(self, prefix: Prefix, change: Change) -> Prefix:
        """Make a change, and compute what it is worth."""
        states = [self.cast(one) for one in prefix.states[: change.start + 1]]
        for block in change.blocks:
            states.append(self.advance(block, states[-1]))
        blocks = (*prefix.blocks[: change.start], *change.blocks)
        return Prefix(blocks, tuple(states), self.value(states[-1], blocks))
