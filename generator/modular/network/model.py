"""The interface of every network of the family: two embedding tables, and logits of pairs of embeddings."""

from __future__ import annotations

from typing import Protocol, Self

import torch

__all__ = ["ModularNetwork", "accuracy", "margin", "sums"]


class ModularNetwork(Protocol):
    """A network that maps two residues a and b modulo p to p logits. Networks are frozen dataclasses.

    Attributes:
        modulus: p.
        first: embeddings of the first residue, p x d1.
        second: embeddings of the second residue, p x d2.
        shared: whether both residues use one table; `first` and `second` are then equal.
    """

    @property
    def modulus(self) -> int:
        """The number of residues, p."""
        ...

    @property
    def first(self) -> torch.Tensor:
        """Embeddings of the first residue, p x d1."""
        ...

    @property
    def second(self) -> torch.Tensor:
        """Embeddings of the second residue, p x d2."""
        ...

    @property
    def shared(self) -> bool:
        """Whether both residues use one table."""
        ...

    def __call__(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """Compute the logits, n x p, of n pairs of embeddings, n x d1 and n x d2."""
        ...

    def logits(self) -> torch.Tensor:
        """Compute the logits of all pairs, p x p x p: first residue, second residue, class."""
        ...

    def with_tables(self, first: torch.Tensor, second: torch.Tensor) -> Self:
        """Return the same network with other embeddings."""
        ...


def sums(modulus: int) -> torch.Tensor:
    """Return (a + b) mod p for all pairs, p x p."""
    residues = torch.arange(modulus)
    return (residues[:, None] + residues[None, :]) % modulus


def accuracy(logits: torch.Tensor) -> float:
    """Compute the share of the pairs whose largest logit is that of a + b mod p. `logits` is p x p x p."""
    correct = logits.argmax(dim=2) == sums(len(logits))
    return float(correct.double().mean())


def margin(logits: torch.Tensor) -> float:
    """Compute the smallest difference between the correct logit and the largest wrong one, over all pairs."""
    target = sums(len(logits))[:, :, None]
    correct = logits.gather(2, target)
    wrong = logits.scatter(2, target, -float("inf")).amax(dim=2, keepdim=True)
    return float((correct - wrong).min())
