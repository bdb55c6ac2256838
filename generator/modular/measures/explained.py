"""Fraction of the variance of all p^3 logits that formulas explain.

A formula is a factor f(d) times cos(w (a + b - c)), with d = a - b and w = 2 pi k / p:

| form | factor | meaning |
|---|---|---|
| clock | 1 | |
| pizza | abs(cos(w d / 2)) | |
| square | cos(w d / 2)^2 | pizza of x^2 units |
| companion | -cos(w d) | what the circle 2k adds to the answers of circle k |
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch

from generator.modular.measures.amplitude import pizza_factor, spectrum
from generator.modular.network.circle import angles

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["FORMS", "MODELS", "Form", "factor", "fit", "fraction_explained", "jointly_explained"]

Form = Literal["clock", "pizza", "square", "companion"]

FORMS: tuple[Form, ...] = ("clock", "pizza", "square", "companion")

MODELS: dict[str, tuple[Form, ...]] = {
    "clock": ("clock",),
    "pizza": ("pizza",),
    "square": ("square",),
    "pizza and companion": ("pizza", "companion"),
}
"""The forms whose amplitudes are fitted together at one frequency."""


def factor(form: Form, frequency: int, modulus: int, offset: float = 0.0) -> torch.Tensor:
    """Compute f(d) for d = 0 ... p - 1. `offset` is the angle by which the circle of a is ahead of that of b."""
    if form == "clock":
        return torch.ones(modulus, dtype=torch.float64)
    if form == "companion":
        return -(angles(frequency, modulus) + offset).cos()
    base = pizza_factor(frequency, modulus, offset)
    return base if form == "pizza" else base**2


def fraction_explained(logits: torch.Tensor, frequency: int, form: Form, offset: float = 0.0) -> float:
    """Compute the paper's fraction: 1 - Var(difference), of logits and formula, each with mean 0 and variance 1.

    Logits of one isolated circle are what the paper measures. The companion form at frequency k is compared with the
    logits of the isolated circle 2k.

    Returns:
        2 r - 1 with r the correlation of logits and formula, at most 1; NaN for constant logits.
    """
    p = len(logits)
    spread = float(logits.var(correction=0))
    if spread == 0:
        return float("nan")
    shape = factor(form, frequency, p, offset)
    power = _power(frequency, p)
    covariance = power * float((spectrum(logits)[frequency - 1].real * shape).mean())
    variance = power * float((shape**2).mean())
    return float(2 * covariance / (spread * variance) ** 0.5 - 1)


def fit(curve: torch.Tensor, frequency: int, forms: Iterable[Form], offset: float = 0.0) -> tuple[torch.Tensor, float]:
    """Fit amplitudes of forms to the amplitude of one frequency over d, p real values, by least squares.

    Returns:
        The amplitudes, one for each form in units of logits, and the mean square over d that they explain.
    """
    columns = torch.stack([factor(form, frequency, len(curve), offset) for form in forms], dim=1)
    amplitudes = torch.linalg.lstsq(columns, curve[:, None], driver="gelsd").solution[:, 0]
    left = curve - columns @ amplitudes
    return amplitudes, float((curve**2).mean() - (left**2).mean())


def jointly_explained(
    logits: torch.Tensor, models: Mapping[int, Iterable[Form]], offsets: Mapping[int, float] | None = None
) -> float:
    """Compute R^2 of the logits on the sum over frequencies of fitted forms.

    Frequencies are orthogonal, so each is fitted alone. Logits are centred over the answers of each pair, because a
    common offset changes no answer.

    Args:
        logits: p x p x p.
        models: the forms of each frequency, whose amplitudes are fitted.
        offsets: the angle of each frequency by which the circle of a is ahead; 0 where absent.
    """
    p = len(logits)
    curves = spectrum(logits).real
    total = float(logits.var(dim=2, correction=0).mean())
    found = sum(
        _power(k, p) * fit(curves[k - 1], k, forms, (offsets or {}).get(k, 0.0))[1] for k, forms in models.items()
    )
    return found / total if total else float("nan")


def _power(frequency: int, modulus: int) -> float:
    """Return the mean square of cos(w t) over the residues t."""
    return 1.0 if 2 * frequency == modulus else 0.5
