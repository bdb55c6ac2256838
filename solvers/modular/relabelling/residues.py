"""Name the residues of shuffled symbols from their angles on several circles.

On circle k the symbol of residue t has the angle 2 pi k t / p + constant. One circle alone gives all residues up to an
affine map, by sorting the angles, if k and p have no common factor and the angles are precise to less than pi / p.
Further circles correct the errors of the first: each has a frequency in the names that the first one gives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from solvers.modular.relabelling.planes import Plane

__all__ = ["Labelling", "name_residues"]

ROUNDS = 12
"""Most rounds of assigning residues and refitting frequencies and phases. Hand-set."""
FEW = 0.5
"""|mean of e^(i n angle)| from which a circle has n angles only: 1 without noise. Hand-set."""


@dataclass(frozen=True, eq=False)
class Labelling:
    """Residues of all symbols, up to an affine map.

    Attributes:
        residues: residue of each symbol, p.
        frequencies: frequency of each circle in these residues, 0 ... floor(p / 2); 0 where none fits.
        flipped: whether a circle is traversed backwards.
        agreement: mean over circles, weighted by energy, of |mean of e^(i error of the angle)|: 1 if all angles agree.
    """

    residues: NDArray[np.intp]
    frequencies: tuple[int, ...]
    flipped: tuple[bool, ...]
    agreement: float


def name_residues(planes: Sequence[Plane]) -> Labelling | None:
    """Name the residues by the start that agrees best with all circles; None without a circle."""
    if not planes:
        return None
    unit = np.stack([_directions(plane) for plane in planes])
    weights = np.array([len(plane.members) / (plane.roundness + 0.05) for plane in planes])
    weights /= weights.sum()
    joined = _joined_residues(unit)
    starts = [_sorted_residues(start) for start in unit] + ([] if joined is None else [joined])
    tried = [_refined(start, unit, weights) for start in starts]
    return max(tried, key=lambda labelling: labelling.agreement)


def _directions(plane: Plane) -> NDArray[np.complex128]:
    """Return each symbol's direction on a circle as e^(i angle), p."""
    points = plane.basis[0] + 1j * plane.basis[1]
    directions: NDArray[np.complex128] = points / np.maximum(np.abs(points), 1e-300)
    return directions


def _sorted_residues(direction: NDArray[np.complex128]) -> NDArray[np.intp]:
    """Number the symbols by their angle."""
    residues = np.empty(len(direction), dtype=np.intp)
    residues[np.argsort(np.angle(direction), kind="stable")] = np.arange(len(direction))
    return residues


def _joined_residues(unit: NDArray[np.complex128]) -> NDArray[np.intp] | None:
    """Join circles of few angles, by the Chinese remainder theorem; None if they do not tell all symbols apart.

    Where k and p share a factor, the circle has n = p / gcd(k, p) angles and gives residues modulo n only. For each
    prime power q of p, a circle whose n is a multiple of q gives the residues modulo q, on its (n / q)-th power.
    """
    p = unit.shape[1]
    powers = _prime_powers(p)
    if len(powers) == 1:
        return None
    orders = [min(n for n in range(1, p + 1) if p % n == 0 and (n == p or abs(np.mean(z**n)) > FEW)) for z in unit]
    residues = np.zeros(p, dtype=np.intp)
    for power in powers:
        turned = [z ** (n // power) for z, n in zip(unit, orders, strict=True) if n % power == 0]
        if not turned:
            return None
        best = max(turned, key=lambda z: float(abs(np.mean(z**power))))
        phase = np.angle(np.mean(best**power)) / power
        steps = np.rint((np.angle(best) - phase) * power / (2 * np.pi)).astype(np.intp)
        rest = p // power
        residues = (residues + steps % power * rest * pow(rest, -1, power)) % p
    return residues if len(set(residues.tolist())) == p else None


def _prime_powers(number: int) -> list[int]:
    """List the largest power of each prime that divides a number."""
    powers, prime = [], 2
    while number > 1:
        power = 1
        while number % prime == 0:
            number //= prime
            power *= prime
        if power > 1:
            powers.append(power)
        prime += 1
    return powers


def _refined(residues: NDArray[np.intp], unit: NDArray[np.complex128], weights: NDArray[np.float64]) -> Labelling:
    """Alternate between the frequencies of all circles and the residues of all symbols until both stand."""
    count = unit.shape[1]
    for _ in range(ROUNDS):
        spectrum = _spectrum(residues, unit)
        waves = spectrum[np.arange(len(unit)), np.abs(spectrum).argmax(axis=1)]
        best = np.abs(spectrum).argmax(axis=1)
        # Predicted direction of residue r on circle j, and its agreement with the direction of every symbol.
        model = np.exp(2j * np.pi / count * best[:, None] * np.arange(count)) * (waves / np.abs(waves))[:, None]
        trust = weights * np.abs(waves) ** 2
        match = np.einsum("j,jx,jr->xr", trust, unit, model.conj()).real
        _, now = linear_sum_assignment(-match)
        if np.array_equal(now, residues):
            break
        residues = now.astype(np.intp)
    spectrum = np.abs(_spectrum(residues, unit))
    best = spectrum.argmax(axis=1)
    folded = np.minimum(best, count - best)
    agreement = float(weights @ spectrum.max(axis=1))
    return Labelling(residues, tuple(map(int, folded)), tuple(bool(2 * k > count) for k in best), agreement)


def _spectrum(residues: NDArray[np.intp], unit: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Compute the mean over symbols of e^(i angle) e^(-2 pi i k t / p), circles x p; the entry of k = 0 is 0."""
    ordered = np.empty_like(unit)
    ordered[:, residues] = unit
    spectrum: NDArray[np.complex128] = np.fft.fft(ordered, axis=1) / unit.shape[1]
    spectrum[:, 0] = 0
    return spectrum
