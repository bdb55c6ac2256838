"""The amplitude of one frequency in the logits as a function of a - b, and the algorithm that it shows.

The amplitude g_k(d) is that of cos(2 pi k (a + b - c) / p) in the logits, averaged over the pairs with a - b = d. A
pizza scales it by |cos(pi k d / p)|; a clock leaves it constant. The coefficient of variation (CV), standard deviation
over mean, separates them: .4834 for a pizza, 0 for a clock, .7071 for cos^2. Circles at doubled frequencies hide the
pizza in a whole network (CV .107 at the best strength), so the CV is measured with one circle kept (ISO) and with the
doubled circle removed (KO). The sign of the correlation with |cos(pi k d / p)| matters: a clock that cancels a
self-score of its attention by a doubled circle has a CV of .7 in both, with a negative correlation.
"""

from __future__ import annotations

import math
from typing import Literal

import torch

from generator.modular.measures.grid import profile
from generator.modular.network.circle import angles, frequencies

__all__ = [
    "CLOCK_CV",
    "PIZZA_CORRELATION",
    "PIZZA_CV",
    "SQUARE_CV",
    "Kind",
    "amplitude_curve",
    "amplitude_curves",
    "kind_of",
    "pizza_correlation",
    "pizza_factor",
    "spectrum",
    "square_cv",
    "upright",
    "variation",
]

Kind = Literal["pizza", "clock", "square", "mixed"]
"""What a frequency does: `square` is a pizza of x^2 units, whose factor is cos^2; `mixed` is none of the others."""

PIZZA_CV = 0.30
"""CV from which a frequency counts as a pizza, in isolation and after the knock-out. From the brief's 15 published and
about 60 trained networks: pizzas .48-.55, clocks .01-.15.
"""

CLOCK_CV = 0.30
"""CV below which a frequency counts as a clock, in isolation and after the knock-out."""

PIZZA_CORRELATION = 0.5
"""Correlation with the pizza's factor from which a frequency counts as a pizza. The brief's rule is "positive"; trained
pizzas have .9 and more, and noise of random networks lies between. Hand-set.
"""

SQUARE_CV = 0.595
"""CV from which a pizza's factor is cos^2 and not |cos|: halfway between their ideal values, .4834 and .7071, for a
circle of many points. `square_cv` gives it for any circle.
"""


def spectrum(logits: torch.Tensor) -> torch.Tensor:
    """Compute the complex amplitude of every frequency over d = a - b, floor(p / 2) x p, in units of logits.

    Row k - 1 holds the average over the pairs with a - b = d of (2 / p) sum_c Q[a, b, c] exp(i w (c - a - b)) with
    w = 2 pi k / p. Its real part is the amplitude of cos(w (a + b - c)). For k = p / 2 the factor is 1 / p.
    """
    p = len(logits)
    waves = torch.stack([torch.polar(torch.ones(p, dtype=torch.float64), angles(k, p)) for k in frequencies(p)])
    scale = torch.tensor([(1 if 2 * k == p else 2) / p for k in frequencies(p)], dtype=torch.float64)
    return scale[:, None] * (waves @ profile(logits).to(waves.dtype).T)


def upright(curves: torch.Tensor) -> torch.Tensor:
    """Rotate complex amplitudes, ... x p, by the phase of their mean over d, and take the real part."""
    return (curves * torch.exp(-1j * curves.mean(dim=-1, keepdim=True).angle())).real


def amplitude_curves(logits: torch.Tensor) -> torch.Tensor:
    """Compute the amplitude of every frequency over d = a - b: floor(p / 2) x p, row k - 1 for frequency k."""
    return upright(spectrum(logits))


def amplitude_curve(logits: torch.Tensor, frequency: int) -> torch.Tensor:
    """Compute the amplitude of one frequency, p values over d = a - b = 0 ... p - 1."""
    return amplitude_curves(logits)[frequency - 1]


def variation(curve: torch.Tensor) -> float:
    """Compute the coefficient of variation of an amplitude over d; NaN if the amplitude is 0 everywhere."""
    mean = float(curve.mean())
    return float(curve.std(correction=0)) / mean if mean else float("nan")


def pizza_factor(frequency: int, modulus: int, offset: float = 0.0) -> torch.Tensor:
    """Compute |cos((w d + offset) / 2)| for d = 0 ... p - 1, with w = 2 pi k / p.

    Args:
        frequency: k.
        modulus: p.
        offset: angle, in radians, by which the circle of a is ahead of that of b. 0 if both residues share one table.
    """
    # cos(x / 2) of an angle that is known up to 2 pi is known up to its sign, which the absolute value drops
    return ((angles(frequency, modulus) + offset) / 2).cos().abs()


def pizza_correlation(curve: torch.Tensor, frequency: int, offset: float = 0.0) -> float:
    """Compute the correlation of an amplitude with the pizza's factor, from -1 to 1; NaN for a constant amplitude."""
    factor = pizza_factor(frequency, len(curve), offset)
    left, right = curve - curve.mean(), factor - factor.mean()
    norm = float(left.norm() * right.norm())
    if norm <= 1e-12 * math.sqrt(len(curve)) * float(curve.abs().max()):
        return float("nan")
    return float(left @ right) / norm


def square_cv(frequency: int, modulus: int) -> float:
    """Compute the CV halfway between the factors |cos| and cos^2 of a frequency.

    It differs from `SQUARE_CV` only where k and p share a large factor, so that the circle has few points. With two
    points (k = p / 2) both factors are equal, and the value is infinite: no frequency is then called `square`.
    """
    base = pizza_factor(frequency, modulus)
    values = variation(base), variation(base**2)
    return sum(values) / 2 if values[1] - values[0] > 1e-6 else math.inf


def kind_of(iso: float, ko: float, correlation: float, square: float = SQUARE_CV) -> Kind:
    """Tell the algorithm of one frequency.

    Args:
        iso: CV with only this circle kept.
        ko: CV with the circle of the doubled frequency removed.
        correlation: correlation of the amplitude with the pizza's factor; the smaller one of both settings.
        square: CV in isolation from which the factor is cos^2; see `square_cv`. The knock-out does not decide between
            `pizza` and `square`: harmonics of other circles lower its CV, to .5 in trained networks of x^2 units.

    Returns:
        `pizza` (or `square`) if both CVs are at least `PIZZA_CV` and the correlation is at least `PIZZA_CORRELATION`,
        `clock` if both are below `CLOCK_CV`, else `mixed`. NaN gives `mixed`.
    """
    if math.isnan(iso + ko):
        return "mixed"
    if max(iso, ko) < CLOCK_CV:
        return "clock"
    if min(iso, ko) >= PIZZA_CV and correlation >= PIZZA_CORRELATION:
        return "square" if iso >= square else "pizza"
    return "mixed"
