"""The Fourier modes of the residues modulo p: frequencies, circles and bases.

Circle k is the plane of the functions cos(2 pi k t / p) and sin(2 pi k t / p) of a residue t. The frequencies k and
p - k name the same circle, so frequencies are folded to 1 ... floor(p / 2).
"""

from __future__ import annotations

import math
from functools import cache

import torch

__all__ = ["angles", "basis", "circle", "companion", "fold", "frequencies"]


def frequencies(modulus: int) -> range:
    """List the frequencies that name different circles: 1 ... floor(p / 2)."""
    return range(1, modulus // 2 + 1)


def fold(frequency: int, modulus: int) -> int:
    """Return the name in 0 ... floor(p / 2) of a frequency; k, -k and k + p are the same."""
    residue = frequency % modulus
    return min(residue, modulus - residue)


def companion(frequency: int, modulus: int) -> int:
    """Return the doubled frequency, folded: the circle that accompanies a pizza (Zhong et al. 2023, section 5)."""
    return fold(2 * frequency, modulus)


def angles(frequency: int, modulus: int) -> torch.Tensor:
    """Compute 2 pi k t / p for t = 0 ... p - 1, in radians, float64."""
    return 2 * math.pi / modulus * (frequency * torch.arange(modulus) % modulus).to(torch.float64)


@cache
def circle(frequency: int, modulus: int) -> torch.Tensor:
    """Return an orthonormal basis of circle k, p x 2: cosine, sine; p x 1 where k = p / 2, whose sine is zero."""
    phase = angles(frequency, modulus)
    if 2 * frequency == modulus:
        return phase.cos()[:, None] / math.sqrt(modulus)
    return torch.stack((phase.cos(), phase.sin()), dim=1) * math.sqrt(2 / modulus)


@cache
def basis(modulus: int) -> torch.Tensor:
    """Return the orthonormal Fourier basis, p x p: the constant, then the circles 1 ... floor(p / 2)."""
    constant = torch.full((modulus, 1), 1 / math.sqrt(modulus), dtype=torch.float64)
    return torch.cat([constant, *(circle(k, modulus) for k in frequencies(modulus))], dim=1)
