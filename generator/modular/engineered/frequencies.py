"""Choose the frequencies of a plan by their worst-case margin: of several random sets, the best one is kept."""

from __future__ import annotations

from math import gcd
from typing import TYPE_CHECKING, Any

import numpy as np

from generator.errors import SpecError
from generator.modular.engineered.forms import require_margin, turns, whole_amplitude, worst_margin
from generator.modular.engineered.plan import CirclePlan, Plan
from generator.modular.network.circle import companion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generator.modular.engineered.plan import Kind

__all__ = ["DRAWS", "EVEN_READOUTS", "LEAST_ORDER", "choose_frequencies", "draw_plan", "eligible"]

DRAWS = 64
"""Random sets of frequencies that are compared. More give larger margins and less varied sets. Hand-set."""
EVEN_READOUTS: dict[Kind, float] = {"pizza": 1.0, "clock": 0.6, "square": 1.0, "trap": 0.6}
"""Mean gain of a drawn circle. The readouts of a clock are about 1.7 times as large as those of a pizza of the same
amplitude (pi / 2 times in closed form), so equal gains would tell pizzas and clocks apart in a hybrid."""
LEAST_ORDER = 5
"""Least number of points of a circle, p / gcd(k, p). Modulo a composite number, a circle of fewer points says little
about a residue, and its harmonics cannot be told apart. Hand-set."""


def eligible(modulus: int, *, with_companion: bool = False) -> list[int]:
    """List the frequencies that a circle may have; with a companion, the doubled circle must be one, too."""

    def wide(frequency: int) -> bool:
        return 2 * frequency != modulus and modulus // gcd(frequency, modulus) >= LEAST_ORDER

    chosen = [k for k in range(1, (modulus + 1) // 2) if wide(k)]
    return [k for k in chosen if wide(companion(k, modulus))] if with_companion else chosen


def choose_frequencies(
    modulus: int, circles: Sequence[CirclePlan], rng: np.random.Generator, draws: int = DRAWS
) -> tuple[CirclePlan, ...]:
    """Give circles the set of frequencies with the largest worst-case margin among `draws` random ones.

    Sets in which one circle has twice the frequency of another come last: there the companion of the one could not
    be told from the other.

    Args:
        modulus: p.
        circles: kinds, gains and companions; their frequencies are replaced.
        rng: source of randomness.
        draws: number of sets.

    Raises:
        SpecError: if the modulus has too few circles, or if the ideal logits of all sets tie for some pairs.
    """
    pools = [eligible(modulus, with_companion=bool(circle.companion_weight)) for circle in circles]
    everything = eligible(modulus)
    if len(circles) > len(everything) or not all(pools):
        raise SpecError(f"modulo {modulus} there are {len(everything)} circles; {len(circles)} are too many")
    best: tuple[tuple[int, float], tuple[CirclePlan, ...]] | None = None
    for _ in range(draws):
        keys = [int(k) for k in rng.permutation(everything)[: len(circles)]]
        if any(key not in pool for key, pool in zip(keys, pools, strict=True)):
            continue
        chosen = tuple(_at(circle, key) for circle, key in zip(circles, keys, strict=True))
        doubled = [companion(circle.frequency, modulus) in keys for circle in chosen]
        if any(twice and circle.companion_weight for twice, circle in zip(doubled, chosen, strict=True)):
            continue
        falls = np.array([1 - np.cos(turns(key, modulus)[1:]) for key in keys])
        amplitudes = np.array([whole_amplitude(circle, modulus) for circle in chosen])
        rank = (-sum(doubled), worst_margin(amplitudes, falls))
        if best is None or rank > best[0]:
            best = rank, chosen
    if best is None:
        raise SpecError(f"no set of {len(circles)} circles modulo {modulus} has room for the companions; use fewer")
    require_margin(best[0][1], modulus)
    return best[1]


def _at(circle: CirclePlan, frequency: int) -> CirclePlan:
    return CirclePlan(frequency, circle.kind, circle.gain, circle.neurons, circle.companion)


def draw_plan(
    modulus: int,
    kinds: Sequence[Kind],
    rng: np.random.Generator,
    *,
    gain_spread: float = 0.2,
    companions: Sequence[float] = (),
    neurons: int = 32,
    **settings: Any,
) -> Plan:
    """Draw a plan: gains, and the best of several sets of frequencies.

    Args:
        modulus: p.
        kinds: algorithm of each circle.
        rng: source of randomness.
        gain_spread: log standard deviation of the gains around `EVEN_READOUTS`.
        companions: weights of the companions, one per circle; empty for none.
        neurons: hidden units of each circle, the same for all kinds.
        settings: further settings of `Plan`.
    """
    gains = [EVEN_READOUTS[kind] * float(np.exp(gain_spread * rng.standard_normal())) for kind in kinds]
    weights = companions or [0.0] * len(kinds)
    circles = [
        CirclePlan(0, kind, gain, neurons, weight) for kind, gain, weight in zip(kinds, gains, weights, strict=True)
    ]
    return Plan(modulus, choose_frequencies(modulus, circles, rng), **settings)
