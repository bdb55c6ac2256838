"""The ideal logits of a plan: amplitude(d) cos(w (s - c)) per circle, with d = a - b and s = a + b."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from generator.errors import SpecError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from generator.modular.engineered.plan import CirclePlan, Kind, Plan

__all__ = [
    "amplitude",
    "doubled_amplitude",
    "ideal_margin",
    "require_margin",
    "turns",
    "whole_amplitude",
    "worst_margin",
]

TIE = 1e-9
"""Ideal margin below which two classes tie; rounding errors are far smaller, the margin of one pizza far larger."""


def turns(frequency: int, modulus: int) -> NDArray[np.float64]:
    """Compute w t = 2 pi k t / p for t = 0 ... p - 1, in radians."""
    return np.asarray(2 * np.pi / modulus * (frequency * np.arange(modulus) % modulus), dtype=np.float64)


def amplitude(kind: Kind, frequency: int, modulus: int) -> NDArray[np.float64]:
    """Compute the amplitude over d = 0 ... p - 1 of a circle without its companion."""
    angle = turns(frequency, modulus)
    if kind == "clock":
        return np.ones(modulus)
    if kind == "trap":
        return 1 - np.cos(angle)
    half = np.abs(np.cos(angle / 2))
    return half if kind == "pizza" else half**2


def doubled_amplitude(weight: float, frequency: int, modulus: int) -> NDArray[np.float64]:
    """Compute what the companion adds to the amplitude of circle k, over d = 0 ... p - 1."""
    return -weight * np.cos(turns(frequency, modulus))


def whole_amplitude(circle: CirclePlan, modulus: int) -> NDArray[np.float64]:
    """Compute the amplitude over d = 0 ... p - 1 of a circle with its companion and gain."""
    alone = amplitude(circle.kind, circle.frequency, modulus)
    return circle.gain * (alone + doubled_amplitude(circle.companion_weight, circle.frequency, modulus))


def worst_margin(amplitudes: NDArray[np.float64], falls: NDArray[np.float64]) -> float:
    """Compute the smallest margin over all pairs and wrong classes.

    Args:
        amplitudes: amplitude over d of each circle, K x p.
        falls: 1 - cos(w e) of each circle over the errors e = 1 ... p - 1 of the class, K x (p - 1).
    """
    return float((amplitudes.T @ falls).min())


def require_margin(margin: float, modulus: int) -> None:
    """Check that the ideal logits of a plan name one class for every pair.

    Modulo an even p this is impossible with pizzas or squares alone. Where a - b = p / 2, circles of odd frequency have
    amplitude 0, and those of even frequency do not tell c from c + p / 2.

    Raises:
        SpecError: if the smallest ideal margin is 0.
    """
    if margin < TIE:
        raise SpecError(
            f"the ideal logits tie for some pairs modulo {modulus}; add frequencies, or a clock or companion of "
            "odd frequency if the modulus is even"
        )


def ideal_margin(plan: Plan) -> float:
    """Compute the smallest margin of a plan's ideal logits, over all pairs and wrong classes."""
    p = plan.modulus
    amplitudes = np.array([whole_amplitude(circle, p) for circle in plan.circles])
    falls = np.array([1 - np.cos(turns(circle.frequency, p)[1:]) for circle in plan.circles])
    return worst_margin(amplitudes, falls)
