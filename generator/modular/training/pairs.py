"""All pairs of residues as rows of one matrix, and the sum of a row of one table and a row of another for each pair.

A network that is symmetric in both residues by construction needs only the pairs (a, a + j) for j up to p / 2, half of
all. Both layouts are views of tables, so no table rows are gathered, and the gradient of a table is a sum of slices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional

__all__ = ["Pairs", "lay_out", "pair_sum", "pick"]

LEAST_SAVED = 0.1
"""Share of the rows without a training pair from which steps skip them. Picking costs a tenth of a step."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """The rows: n = p^2 pairs (a, b), a first, or the n = p (floor(p / 2) + 1) pairs (a, a + j), j first.

    Attributes:
        modulus: p.
        half: whether only the pairs (a, a + j) have rows.
        first: a of each row, n.
        second: b of each row, n.
        count: number of ordered pairs for which the row stands, n: 1, or 2 where the row of (b, a) is left out.
        trained: how many of them are trained on, n.
        chosen: rows that a training step evaluates; None for all.
        inverse: for each of the n rows its position in `chosen`, or the length of `chosen`; None for all.
    """

    modulus: int
    half: bool
    first: torch.Tensor
    second: torch.Tensor
    count: torch.Tensor
    trained: torch.Tensor
    chosen: torch.Tensor | None
    inverse: torch.Tensor | None

    @property
    def target(self) -> torch.Tensor:
        """The class (a + b) mod p of each row, n."""
        return (self.first + self.second) % self.modulus


def lay_out(trained: torch.Tensor, *, half: bool) -> Pairs:
    """Lay out the rows. `trained` says for each pair whether it is trained on, p x p."""
    p = len(trained)
    residues = torch.arange(p)
    if half:
        shift, first = torch.arange(p // 2 + 1).repeat_interleave(p), residues.repeat(p // 2 + 1)
        second = (first + shift) % p
        double = (shift > 0) & (2 * shift != p)
    else:
        first, second = residues.repeat_interleave(p), residues.repeat(p)
        double = torch.zeros(p * p, dtype=torch.bool)
    weight = trained[first, second].float() + double * trained[second, first].float()
    chosen = inverse = None
    if float((weight == 0).float().mean()) >= LEAST_SAVED:
        chosen = weight.nonzero()[:, 0]
        inverse = torch.full((len(first),), len(chosen))
        inverse[chosen] = torch.arange(len(chosen))
    return Pairs(p, half, first, second, 1 + double.float(), weight, chosen, inverse)


class _PairSum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, left: torch.Tensor, right: torch.Tensor, half: bool) -> torch.Tensor:  # noqa: FBT001
        ctx.half, ctx.modulus = half, len(left)
        if half:
            p, units = left.shape
            twice = torch.cat((right, right))  # row a + j needs no remainder
            rows = left.new_empty(p // 2 + 1, p, units)  # a sum of views would copy the order of their axes
            torch.add(left, twice.as_strided(rows.shape, (units, units, 1)), out=rows)
        else:
            rows = left[:, None] + right[None]
        return rows.view(-1, left.shape[1])

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None]:
        p, units = ctx.modulus, gradients[0].shape[1]
        rows = gradients[0].reshape(-1, p, units)
        if not ctx.half:
            return rows.sum(1), rows.sum(0), None
        # In rows of length 2 p, the second half zero, steps of 2 p - 1 lead from (j, a) to (j + 1, a - 1): same a + j.
        padded = functional.pad(rows, (0, 0, 0, p))
        sums = padded.as_strided((len(rows), 2 * p - 1, units), ((2 * p - 1) * units, units, 1)).sum(0)
        right = sums[:p]
        right[:-1] += sums[p:]
        return rows.sum(0), right, None


def pair_sum(left: torch.Tensor, right: torch.Tensor, pairs: Pairs) -> torch.Tensor:
    """Compute left[a] + right[b] for each row, n x units, of two tables p x units."""
    return _PairSum.apply(left, right, pairs.half)  # type: ignore[no-any-return,no-untyped-call]


class _Pick(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: torch.Tensor, chosen: torch.Tensor, inverse: torch.Tensor) -> torch.Tensor:
        ctx.inverse = inverse
        return rows.index_select(0, chosen)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        # A gather from rows with a zero row at the end; torch's own backward pass scatters, four times as slowly.
        return functional.pad(gradients[0], (0, 0, 0, 1)).index_select(0, ctx.inverse), None, None


def pick(rows: torch.Tensor, pairs: Pairs, *, everything: bool) -> torch.Tensor:
    """Keep the rows that a training step needs, or all rows."""
    if everything or pairs.chosen is None:
        return rows
    return _Pick.apply(rows, pairs.chosen, pairs.inverse)  # type: ignore[no-any-return,no-untyped-call]
