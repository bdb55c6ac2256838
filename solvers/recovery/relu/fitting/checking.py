"""Certify a piecewise-linear network: it agrees with fresh outputs, and no unit can be left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from solvers.recovery.relu.fitting.removing import superfluous, without_superfluous

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from generator.recovery.network.mlp import MLP
    from solvers.recovery.relu.hyperplanes.domain import Domain

__all__ = ["Checked", "checked"]

FRESH = 200
"""Fresh outputs with which a network is compared. A larger value is more reliable and takes more queries. Hand-set."""
FARTHEST = 3.0
"""Decimal logarithm of the largest factor by which sampled points are moved away from the origin. Points outside the
box are pulled into it. Hand-set."""
ROWS = 1000
"""Inputs on which the units are compared with each other, without queries. A larger value is more reliable.
Hand-set."""
ROWS_PER_UNIT = 8
"""Additional inputs of this kind per unit of the widest layer. Hand-set."""


@dataclass(frozen=True, eq=False)
class Checked:
    """A network and the result of its check.

    Attributes:
        network: the network without superfluous units.
        worst: largest difference from fresh outputs, in error bounds of the outputs.
        certified: whether the difference is round-off, and no unit can be left out.
        note: the result in words.
    """

    network: MLP
    worst: float
    certified: bool
    note: str


def checked(
    domain: Domain,
    network: MLP,
    limit: float,
    rng: np.random.Generator,
    *,
    doubt: str = "",
    others: NDArray[np.float64] | None = None,
) -> Checked:
    """Leave out superfluous units, and compare the network with fresh outputs near the origin and far from it.

    Args:
        domain: the input space.
        network: the network.
        limit: largest difference of an exact network, in error bounds of the outputs.
        rng: generator for the inputs.
        doubt: reason for which the network must not be certified; empty for none.
        others: additional inputs to compare, rows x d, e.g. inputs at which rare units are on.
    """
    if others is None:
        others = np.empty((0, domain.dimensions))
    rows = _near_and_far(domain, ROWS + ROWS_PER_UNIT * max(network.widths[1:-1]), rng)
    rows = np.concatenate([rows, others])
    smaller = without_superfluous(network, rows)
    points = np.concatenate([_near_and_far(domain, FRESH, rng), others])
    values = domain.function(points)
    noise = domain.noise(points, values)
    worst = float((np.abs(smaller(points) - values).max(axis=1) / noise).max())
    if smaller.widths != network.widths and worst > limit:
        before = float((np.abs(network(points) - values).max(axis=1) / noise).max())
        if before < worst:
            smaller, worst = network, before
    widths = " and ".join(map(str, smaller.widths[1:-1]))
    note = f"{widths} hidden units; the largest residual is {worst:.1e} times the round-off bound"
    doubt = doubt or superfluous(smaller, rows)
    return Checked(smaller, worst, worst <= limit and not doubt, f"{note}; {doubt}" if doubt else note)


def _near_and_far(domain: Domain, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    near = domain.sample(count - count // 2, rng)
    far = domain.sample(count // 2, rng) * 10 ** rng.uniform(0, FARTHEST, (count // 2, 1))
    return np.concatenate([near, domain.pulled(far, np.full(len(far), 0.99))])
