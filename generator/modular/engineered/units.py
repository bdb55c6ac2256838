"""Hidden units as complex numbers: which circle each reads, at which phases, and what it writes."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch

from generator.modular.engineered.forms import turns
from generator.modular.network.activations import activate
from generator.modular.network.circle import fold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Role", "Units", "concatenate", "on_doubled", "rescale", "take", "waves"]

Role = Literal["main", "companion", "dead", "decoy"]


@dataclass(frozen=True, eq=False)
class Units:
    """n hidden units. Unit j computes h = sigma(Re(left e^{i w a}) + Re(right e^{i w b}) + bias).

    It adds h Re(out e^{i w' c}) to the logit of class c. w is the angle of the circle that it reads, w' that of the
    circle that it serves.

    Attributes:
        reads: frequency of the circle that a unit reads, n.
        serves: frequency of the circle that its output belongs to, n. It differs from `reads` in companions.
        left: size and phase on the first residue, n, complex.
        right: size and phase on the second residue, n, complex.
        bias: n.
        out: n, complex.
        role: "main", "companion", "dead" or "decoy", n.
    """

    reads: NDArray[np.int64]
    serves: NDArray[np.int64]
    left: NDArray[np.complex128]
    right: NDArray[np.complex128]
    bias: NDArray[np.float64]
    out: NDArray[np.complex128]
    role: NDArray[np.str_]

    def __len__(self) -> int:
        """Count the units."""
        return len(self.reads)

    @classmethod
    def of(
        cls,
        frequency: int,
        left: NDArray[np.complex128],
        right: NDArray[np.complex128],
        bias: NDArray[np.float64],
        role: Role = "main",
    ) -> Units:
        """Make units of one circle that write nothing yet."""
        count = len(left)
        circle = np.full(count, frequency, dtype=np.int64)
        out = np.zeros(count, dtype=np.complex128)
        return cls(circle, circle, left, right, bias, out, np.full(count, role, dtype="<U9"))

    def hidden(self, modulus: int, activation: str) -> NDArray[np.float64]:
        """Compute the units' values on all pairs, p^2 x n; pair (a, b) is row p a + b."""
        spins = waves(self.reads, modulus)
        before = (self.left * spins).real[:, None] + (self.right * spins).real[None] + self.bias
        values: NDArray[np.float64] = activate(activation, torch.from_numpy(before)).numpy()
        return values.reshape(modulus**2, -1)


def waves(frequencies: NDArray[np.int64], modulus: int) -> NDArray[np.complex128]:
    """Compute e^{i w t} for t = 0 ... p - 1 and each frequency, p x n."""
    angles = np.stack([turns(int(k), modulus) for k in frequencies], axis=1)
    return np.asarray(np.exp(1j * angles), dtype=np.complex128)


def on_doubled(frequency: int, modulus: int, phases: NDArray[np.complex128]) -> tuple[int, NDArray[np.complex128]]:
    """Return the folded name of circle 2 k, and phases that mean the same on it: folding mirrors a circle."""
    double = 2 * frequency % modulus
    folded = fold(double, modulus)
    return folded, phases if folded == double else phases.conj()


def concatenate(parts: Sequence[Units]) -> Units:
    """Put units side by side."""
    return Units(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Units)))


def take(units: Units, order: NDArray[np.int64]) -> Units:
    """Select units in an order."""
    return Units(*(getattr(units, field.name)[order] for field in fields(Units)))


def rescale(units: Units, factors: NDArray[np.float64], degree: int) -> Units:
    """Multiply what units read by positive factors, and divide what they write so that the function is unchanged.

    `degree` is that of the activation: 1 for ReLU and abs, 2 for x^2.
    """
    left, right, bias = units.left * factors, units.right * factors, units.bias * factors
    return Units(units.reads, units.serves, left, right, bias, units.out / factors**degree, units.role)
