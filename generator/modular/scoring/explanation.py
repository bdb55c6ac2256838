"""Check an explanation by enumeration: evaluate it on all pairs of symbols and compare it with the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from generator.modular.answers import Term
    from generator.modular.relabelling import Relabelling

__all__ = ["ExplanationScore", "explained_logits", "score_explanation"]

TIE = 1e-9
"""Lead that the largest explained logit needs, relative to the explanation's largest logit. An explanation that does
not decide between classes is wrong. Hand-set, far above rounding errors."""


@dataclass(frozen=True)
class ExplanationScore:
    """How well an explanation agrees with a network.

    Attributes:
        accuracy: share of the p^2 pairs whose largest explained logit is that of the network.
        r2: 1 - squared error / squares of all p^3 logits, centred over the classes; at least 0.
    """

    accuracy: float
    r2: float


def score_explanation(terms: Sequence[Term], logits: NDArray[np.float64], names: Relabelling) -> ExplanationScore:
    """Compare an explanation with the logits of a network.

    The explained logits depend on d = a - b and t = a + b - c only, so p^2 numbers stand for all p^3.

    Args:
        terms: the explanation.
        logits: p x p x p, by symbols of first input, second input and class.
        names: the residues of the symbols in which the explanation is written.
    """
    p = len(logits)
    turned = _turned(logits, names)
    turned -= turned.mean(axis=2, keepdims=True)
    explained = explained_logits(terms, p)
    residues = np.arange(p)
    chosen = turned.argmax(axis=2)
    rows = explained[(residues[:, None] - residues) % p]
    lead = np.take_along_axis(rows, chosen[:, :, None], axis=2)[:, :, 0]
    np.put_along_axis(rows, chosen[:, :, None], -np.inf, axis=2)
    right = lead - rows.max(axis=2) > TIE * np.abs(explained).max()
    by_difference = turned[residues[None, :], (residues[None, :] - residues[:, None]) % p].sum(axis=1)
    squares = float((turned**2).sum())
    error = squares - 2 * float((by_difference * explained).sum()) + p * float((explained**2).sum())
    return ExplanationScore(float(right.mean()), max(0.0, 1 - error / squares) if squares else 0.0)


def explained_logits(terms: Sequence[Term], modulus: int) -> NDArray[np.float64]:
    """Evaluate an explanation: p x p logits by d = a - b and t = a + b - c."""
    residues = np.arange(modulus)
    logits = np.zeros((modulus, modulus))
    for term in terms:
        rate = 2 * np.pi * term.frequency / modulus
        half = rate * (residues - term.offset) / 2
        cosine = np.cos(half)
        amplitude = (
            term.clock + term.pizza * np.abs(cosine) + term.companion * np.cos(2 * half) + term.square * cosine**2
        )
        logits += amplitude[:, None] * np.cos(rate * residues)
    return logits


def _turned(logits: NDArray[np.float64], names: Relabelling) -> NDArray[np.float64]:
    """Order logits by residues a and b, and by t = a + b - c in place of the class c."""
    first, second, out = (np.argsort(part) for part in (names.first, names.second, names.out))
    residues = np.arange(len(logits))
    classes = (residues[:, None, None] + residues[None, :, None] - residues) % len(logits)
    turned: NDArray[np.float64] = logits[first[:, None, None], second[None, :, None], out[classes]]
    return turned
