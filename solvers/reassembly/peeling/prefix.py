"""The prefix of a network that is being peeled, and the evidence of the halves that are left behind it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import torch

from generator.reassembly.network.residual import activation_function
from solvers.reassembly.peeling.evidence import evidence, evidence_slope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxtyping import Float
    from torch import Tensor

    from generator.reassembly.network.residual import ResidualNetwork
    from solvers.reassembly.core.evaluation import Rows
    from solvers.reassembly.peeling.evidence import Slope

__all__ = ["Block", "Move", "Prefix", "PrefixModel"]

Block: TypeAlias = "tuple[int, int]"
"""Numbers of an incoming half and of the outgoing half paired with it."""

FIRST_ROWS = 1_500
"""Rows x outputs that the evidence is computed on at first. Hand-set; more rows decide better and cost time."""

RATIOS = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
"""Ratios of noise variance to weight variance that the search starts from; the best of them is taken. Hand-set."""

EXACT_SHARE = 1e-3
"""Unexplained share of the variance below which float64 replaces float32. Hand-set."""


@dataclass(frozen=True, eq=False)
class Prefix:
    """First blocks of a network, and the evidence of the halves that are left.

    Attributes:
        blocks: from the input on.
        states: before the first block and after each block, n x d each.
        value: minus the log evidence, less the prior log-odds of the pairs, in nats; lower is better.
    """

    blocks: tuple[Block, ...]
    states: tuple[Tensor, ...]
    value: float


@dataclass(frozen=True)
class Move:
    """A change of a prefix.

    Attributes:
        predicted: predicted change of the prefix's value, to first order, in nats.
        start: first position that changes.
        blocks: all blocks from that position on.
    """

    predicted: float
    start: int
    blocks: tuple[Block, ...]


class PrefixModel:
    """The evidence of prefixes on some rows, in one precision, with one ratio of variances.

    Rows, precision and ratio change only through `use_more_rows`, `use_float64` and `scale_ratio`; computing the
    evidence changes none of them.

    Attributes:
        prior: log-odds of the pairs in nats.
    """

    def __init__(self, halves: ResidualNetwork, rows: Rows, prior: Float[Tensor, "K K"]) -> None:
        self.prior = prior.double()
        self._halves = halves.to(torch.float32)
        targets = rows.targets.float() - rows.targets.float().mean(dim=0)
        self._targets = targets / targets.square().mean().sqrt().clamp_min(1e-30)
        self._inputs = rows.inputs.float()
        self._rows = min(rows.count, FIRST_ROWS // targets.shape[1])
        self._ratio = 1.0

    @property
    def halves(self) -> ResidualNetwork:
        """The unpaired halves, in the current precision."""
        return self._halves

    @property
    def rows(self) -> int:
        """Number of rows that the evidence is computed on."""
        return self._rows

    @property
    def ratio(self) -> float:
        """Ratio r of noise variance to weight variance, see `evidence`."""
        return self._ratio

    @property
    def targets(self) -> Float[Tensor, "n o"]:
        """Centred and scaled predictions of the network, on the current rows."""
        return self._targets[: self._rows]

    def begin(self) -> Prefix:
        """Choose the ratio of the best evidence, and return the prefix without blocks."""
        inputs = self._inputs[: self._rows]
        values = {ratio: evidence(self.rest(()), inputs, self.targets, ratio) for ratio in RATIOS}
        self._ratio = min(values, key=lambda ratio: values[ratio])
        return Prefix((), (inputs,), values[self._ratio])

    def use_more_rows(self, *, all_of_them: bool) -> bool:
        """Double the rows, or use all rows, from now on; return false if all rows were used already."""
        most = len(self._targets)
        if self._rows == most:
            return False
        self._rows = most if all_of_them else min(2 * self._rows, most)
        return True

    def use_float64(self) -> None:
        """Compute in float64 from now on."""
        self._targets, self._halves = self._targets.double(), self._halves.to(torch.float64)

    def scale_ratio(self, factor: float) -> None:
        """Multiply the ratio of variances by a factor from now on."""
        self._ratio *= factor

    def needs_float64(self, slope: Slope) -> bool:
        """Check whether the fit is so good that float32 rounding would hide differences."""
        return slope.unexplained < EXACT_SHARE and self.targets.dtype == torch.float32

    def rerun(self, prefix: Prefix) -> Prefix:
        """Run a prefix on the current rows."""
        return self.moved(replace(prefix, states=(self._inputs[: self._rows],)), Move(0.0, 0, prefix.blocks))

    def slope(self, prefix: Prefix) -> Slope | None:
        """Compute the evidence behind a prefix with its derivatives; None where states or units overflow."""
        return evidence_slope(self.rest(prefix.blocks), self.cast(prefix.states[-1]), self.targets, self._ratio)

    def free(self, blocks: Sequence[Block]) -> tuple[list[int], list[int]]:
        """List the incoming and the outgoing halves that belong to none of some blocks."""
        taken_in, taken_out = {i for i, _ in blocks}, {j for _, j in blocks}
        everything = range(self._halves.depth)
        return [i for i in everything if i not in taken_in], [j for j in everything if j not in taken_out]

    def rest(self, blocks: Sequence[Block]) -> ResidualNetwork:
        """Return the halves that belong to none of some blocks, in the form that `evidence` takes."""
        incoming, _ = self.free(blocks)
        return replace(self._halves, U=self._halves.U[incoming], c=self._halves.c[incoming])

    def cast(self, states: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        """Convert states to the current precision."""
        return states.to(self.targets.dtype)

    def log_odds(self, blocks: Sequence[Block]) -> float:
        """Sum the prior log-odds of some pairs, in nats."""
        return sum(float(self.prior[i, j]) for i, j in blocks)

    def value(self, states: Float[Tensor, "n d"], blocks: Sequence[Block]) -> float:
        """Compute minus the log evidence behind some blocks, less the prior log-odds of their pairs, in nats."""
        return evidence(self.rest(blocks), states, self.targets, self._ratio) - self.log_odds(blocks)

    def advance(self, block: Block, states: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        """Apply a block to states."""
        i, j = block
        sigma, net = activation_function(self._halves.activation), self._halves
        return states + torch.addmm(net.e[j], sigma(torch.addmm(net.c[i], states, net.U[i].T)), net.V[j].T)

    def moved(self, prefix: Prefix, move: Move) -> Prefix:
        """Make a move, and compute the exact value of the new prefix."""
        states = [self.cast(one) for one in prefix.states[: move.start + 1]]
        for block in move.blocks:
            states.append(self.advance(block, states[-1]))
        blocks = (*prefix.blocks[: move.start], *move.blocks)
        return Prefix(blocks, tuple(states), self.value(states[-1], blocks))
