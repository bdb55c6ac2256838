"""Compare relabellings and sets of frequencies up to what no network tells: residues u x + v for x.

Everything is enumerated: all u that are prime to p, and for relabellings all shifts v, v'.
"""

from __future__ import annotations

from math import gcd
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from generator.modular.relabelling import Relabelling

__all__ = ["relabelling_matched", "units"]


def units(modulus: int) -> tuple[int, ...]:
    """List the u in 1 ... floor(p / 2) that are prime to p; u and -u turn every circle onto the same circle."""
    return tuple(unit for unit in range(1, modulus // 2 + 1) if gcd(unit, modulus) == 1)


def relabelling_matched(
    answered: Relabelling, true: Relabelling, *, classes: bool = True, mirrored: bool = False
) -> float:
    """Compute the largest share of symbols whose residues agree, over all equivalent true relabellings.

    A random guess matches about 3 / p, since the best of p^2 (p - 1) equivalent relabellings counts.

    Args:
        answered: a relabelling.
        true: the true one.
        classes: whether the symbols of the classes count too.
        mirrored: whether second residues -u y + v' count as well. The first hidden layer of a clock, whose phases are
            independent, does not tell a + b from a - b; only what reads it does.
    """
    p = len(true.first)
    residues = np.arange(p)
    total = (residues[:, None] + residues) % p
    best = 0
    for unit in (sign * u for u in units(p) for sign in (1, -1)):
        first, second, out = (
            np.bincount((found - unit * wanted) % p, minlength=p)
            for found, wanted in (
                (answered.first, true.first),
                (answered.second, true.second),
                (answered.out, true.out),
            )
        )
        matched = first[:, None] + second
        best = max(best, int((matched + out[total] if classes else matched).max()))
        if mirrored:
            other = np.bincount((answered.second + unit * true.second) % p, minlength=p)
            best = max(best, int(first.max() + other.max()))
    return best / ((3 if classes else 2) * p)
