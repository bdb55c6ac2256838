"""Logits, cross entropy and its gradient over many pairs at once, and what a network gets right.

The softmax of float32 logits rounds 1 - q of the correct class to 0 at a loss of about 1e-7, which gives spikes late in
training. Here q of the correct class is never subtracted from 1: the sum of the other classes, which float32 holds to
its full relative precision, gives both the gradient and, in float64, the loss.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from generator.modular.training.pairs import Pairs

__all__ = ["Scores", "cross_entropy", "evaluate", "read_out"]

MULTIPLE = 8
"""The matrix product of the logits is padded to a multiple of as many classes; from a sweep over p = 37 to 113, where
products of odd sizes ran at two thirds of the speed.
"""


class _ReadOut(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, state: torch.Tensor, unembed: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(state, unembed)
        classes = len(unembed)
        padded = functional.pad(unembed, (0, 0, 0, -classes % MULTIPLE))
        return (state @ padded.T)[:, :classes]

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        state, unembed = ctx.saved_tensors
        return gradients[0] @ unembed, gradients[0].T @ state


def read_out(state: torch.Tensor, unembed: torch.Tensor) -> torch.Tensor:
    """Compute logits, n x p, of states, n x units, with an unembedding, p x units."""
    return _ReadOut.apply(state, unembed)  # type: ignore[no-any-return,no-untyped-call]


def cross_entropy(
    logits: torch.Tensor, target: torch.Tensor, weight: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Compute the weighted sum of the cross entropies, float64, and its gradient with respect to the logits, n x p.

    Args:
        logits: n x p.
        target: position of the correct class in the flat array of n x p logits, n.
        weight: of each row, n, in the type of the logits.

    A single loss counts as 87 nats at most, the logarithm of the smallest normal float32; its gradient is not bounded.
    """
    others, wrong, losses = _by_row(logits, target)
    others.mul_(weight[:, None])
    others.view(-1).index_copy_(0, target, wrong.mul_(-weight))
    return losses @ weight.double(), others


def _by_row(logits: torch.Tensor, target: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Compute the probabilities of the wrong classes, n x p with 0 for the correct one, their sums, and the losses."""
    others = logits.softmax(dim=1)
    flat = others.view(-1)
    correct = flat.index_select(0, target).clamp_min_(torch.finfo(others.dtype).tiny).double()
    flat.index_fill_(0, target, 0)
    wrong = others.sum(dim=1)
    losses = torch.where(correct > 0.5, -torch.log1p(-wrong.double().clamp_max(0.75)), -correct.log())
    return others, wrong, losses


@dataclass(frozen=True)
class Scores:
    """What a network answers over all pairs.

    Attributes:
        train_loss: mean cross entropy over the training pairs, in nats.
        validation_loss: the same over the other pairs; NaN if there are none.
        train_accuracy: share of the training pairs that are right.
        accuracy: share of all pairs that are right.
        margin: smallest difference between the correct logit and the largest wrong one, over all pairs.
    """

    train_loss: float
    validation_loss: float
    train_accuracy: float
    accuracy: float
    margin: float


def evaluate(logits: torch.Tensor, pairs: Pairs) -> Scores:
    """Score the logits of all rows, n x p."""
    target = pairs.target + pairs.modulus * torch.arange(len(logits))
    losses = _by_row(logits, target)[2]
    wrong = logits.clone(memory_format=torch.contiguous_format)
    flat = wrong.view(-1)
    correct = flat.index_select(0, target)
    flat.index_fill_(0, target, -torch.inf)
    margins = correct - wrong.amax(dim=1)
    right = (margins > 0).double()
    trained, count = pairs.trained.double(), pairs.count.double()
    held_out = count - trained
    return Scores(
        train_loss=float(losses @ trained / trained.sum()),
        validation_loss=float(losses @ held_out / held_out.sum()),
        train_accuracy=float(right @ trained / trained.sum()),
        accuracy=float(right @ count / count.sum()),
        margin=float(margins.min()),
    )
