"""Views of all logits, p x p x p: by the difference and the sum of the residues, and relative to the right answer."""

from __future__ import annotations

import torch

from generator.modular.network.model import sums

__all__ = ["by_difference", "correct_logits", "largest_wrong_logits", "profile"]


def by_difference(values: torch.Tensor) -> torch.Tensor:
    """Arrange values of pairs (a, b), p x p x ..., by a (rows) and d = a - b mod p (columns).

    A column holds the p pairs of one difference. For an odd modulus these are the p sums, each once; for an even
    modulus only sums of the same parity as d occur, each twice.
    """
    residues = torch.arange(len(values))
    first, difference = residues[:, None], residues[None, :]
    return values[first, (first - difference) % len(values)]


def correct_logits(logits: torch.Tensor) -> torch.Tensor:
    """Return the logit of a + b mod p for all pairs, p x p."""
    return logits.gather(2, sums(len(logits))[:, :, None])[:, :, 0]


def largest_wrong_logits(logits: torch.Tensor) -> torch.Tensor:
    """Return the largest logit of a wrong answer for all pairs, p x p."""
    return logits.scatter(2, sums(len(logits))[:, :, None], -float("inf")).amax(dim=2)


def profile(logits: torch.Tensor) -> torch.Tensor:
    """Average the logit of the answer a + b + e over the p pairs of each difference d = a - b; d x e, p x p."""
    residues = torch.arange(len(logits))
    first, difference, error = residues[:, None, None], residues[:, None], residues
    second = (first - difference) % len(logits)
    return logits[first, second, (first + second + error) % len(logits)].mean(dim=0)
