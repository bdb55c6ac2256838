"""Explain logits by few amplitudes: least squares of the amplitude of each key frequency on the forms of an answer.

The logits of an explanation depend on d = a - b and t = a + b - c. Its accuracy is counted on all p^2 pairs, so an
accuracy of 1 is a certificate: the explanation and the network agree on every pair.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from generator.modular.answers import FORMS, Term
from generator.modular.measures.amplitude import spectrum
from generator.modular.relabelling import Relabelling
from generator.modular.scoring.explanation import score_explanation

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch
    from numpy.typing import NDArray

__all__ = ["Explanation", "explain", "fitted_term"]

ANGLES = 240
"""Offsets of d that are tried at a time, over one turn at first. A larger value takes longer. Hand-set."""
GRIDS = 3
"""Grids of offsets, each around the best of the one before. Three reach a millionth of a turn. Hand-set."""
LOSS = 0.01
"""R2 that a simpler explanation may lose. A larger value gives shorter explanations. Hand-set."""
RIDGE = 1e-9
"""Ridge on the amplitudes, relative to the columns' squares: clock, companion and square depend on each other."""

SIMPLE: tuple[tuple[str, ...], ...] = (("clock",), ("pizza",), ("square",), ("pizza", "companion"))
"""Forms of one frequency that replace all forms, the simplest first."""


@dataclass(frozen=True)
class Explanation:
    """Terms, and how they agree with the network on all p^2 pairs.

    Attributes:
        terms: one term for each frequency.
        accuracy: share of all pairs whose class is that of the network.
        r2: of all p^3 centred logits.
    """

    terms: tuple[Term, ...]
    accuracy: float
    r2: float

    @property
    def entries(self) -> list[dict[str, float]]:
        """The terms as an answer writes them, without forms of amplitude 0."""
        return [
            {name: value for name, value in asdict(term).items() if name == "frequency" or value} for term in self.terms
        ]


def explain(logits: torch.Tensor, keys: Sequence[int]) -> Explanation:
    """Find an explanation on the key frequencies.

    The start has all forms (`square` is a sum of others). Then each frequency gets the simplest form that costs neither
    accuracy nor R2. Where the start answers some pairs wrong, the same simple form at all frequencies is tried first.

    Args:
        logits: p x p x p, in the order of the residues.
        keys: key frequencies.
    """
    curves = spectrum(logits).real.numpy()
    values, names = logits.numpy(), Relabelling.identity(len(logits))

    def judged(terms: Sequence[Term]) -> Explanation:
        score = score_explanation(terms, values, names)
        return Explanation(tuple(terms), score.accuracy, score.r2)

    def fitted(forms: Sequence[tuple[str, ...]]) -> list[Term]:
        return [fitted_term(curves[key - 1], key, some) for key, some in zip(keys, forms, strict=True)]

    forms: list[tuple[str, ...]] = [FORMS[:3]] * len(keys)
    best = judged(fitted(forms))
    floor = best.r2 - LOSS
    if best.accuracy < 1:
        for few in SIMPLE:
            other = judged(fitted([few] * len(keys)))
            if other.accuracy > best.accuracy and other.r2 >= floor:
                best, forms = other, [few] * len(keys)
    for number in range(len(keys)):
        for few in SIMPLE:
            if len(few) >= len(forms[number]):
                continue
            other = judged(fitted([*forms[:number], few, *forms[number + 1 :]]))
            if other.accuracy >= best.accuracy and other.r2 >= floor:
                best, forms[number] = other, few
                break
    return best


def fitted_term(curve: NDArray[np.float64], frequency: int, forms: Sequence[str]) -> Term:
    """Fit the amplitudes of forms and the offset of d to the amplitude of one frequency over d, p values."""
    if tuple(forms) == ("clock",):
        return Term(frequency, clock=float(curve.mean()))
    angle, width = 0.0, np.pi
    for _ in range(GRIDS):
        tried = angle + np.linspace(-width, width, ANGLES, endpoint=False)
        amplitudes, errors = _fits(curve, frequency, forms, tried)
        best = int(errors.argmin())
        angle, width = float(tried[best]), 4 * width / ANGLES
    sizes = dict(zip(forms, map(float, amplitudes[best]), strict=True))
    return Term(frequency, angle * len(curve) / (2 * np.pi * frequency), **sizes)


def _fits(
    curve: NDArray[np.float64], frequency: int, forms: Sequence[str], angles: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compute amplitudes, angles x forms, and squared errors of the fits at several angles."""
    p = len(curve)
    phase = (2 * np.pi * frequency * np.arange(p) / p - angles[:, None]) / 2  # angles x d
    shapes = {
        "clock": np.ones_like(phase),
        "pizza": np.abs(np.cos(phase)),
        "companion": np.cos(2 * phase),
        "square": np.cos(phase) ** 2,
    }
    columns = np.stack([shapes[form] for form in forms], axis=2)
    gram = np.einsum("odi,odj->oij", columns, columns) + RIDGE * p * np.eye(len(forms))
    target = np.einsum("odi,d->oi", columns, curve)
    amplitudes = np.linalg.solve(gram, target[:, :, None])[:, :, 0]
    return amplitudes, ((curve - np.einsum("odi,oi->od", columns, amplitudes)) ** 2).sum(axis=1)
