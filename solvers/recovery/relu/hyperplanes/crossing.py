"""Where exactly a line crosses a kink, measured from four values on the two pieces beside it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solvers.recovery.relu.hyperplanes.domain import Domain

__all__ = ["Crossings", "cross", "joined"]

CERTAIN = 20.0
"""Multiple of its error bound that a change of slope must exceed to be a kink. Hand-set."""
CENTRAL = 0.3
"""Largest distance of a kink from the expected position, as a share of the inner half width. Hand-set; chance kinks
lie inside with this probability and then still fail the test of the middle value."""
BLOCK = 64
"""Least number of places that are tested together. 5 x 64 rows fill whole batches of the oracle. Hand-set."""
NUMBERS = 50_000
"""Numbers in the places that are tested together, if these are more. A larger value needs fewer calls, and is slower
once the points do not fit into the processor's cache. Hand-set."""
STEPS = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
"""Where the function is evaluated, in half widths."""


@dataclass(frozen=True, eq=False)
class Crossings:
    """What was found at expected kinks, one entry per place.

    Attributes:
        kink: whether there is one kink near the expected position and none beside it.
        straight: whether the function is linear there.
        points: the kinks, rows x dimensions; the expected positions where there is no kink.
        offset: distances from the expected positions along the directions.
        before: slopes along the directions before the kink, rows x outputs.
        after: slopes after it.
        error: bound of the error of `offset`.
    """

    kink: NDArray[np.bool_]
    straight: NDArray[np.bool_]
    points: NDArray[np.float64]
    offset: NDArray[np.float64]
    before: NDArray[np.float64]
    after: NDArray[np.float64]
    error: NDArray[np.float64]

    def some(self, chosen: NDArray[np.bool_]) -> Crossings:
        """Select places."""
        return Crossings(*(getattr(self, part.name)[chosen] for part in fields(self)))


def joined(parts: list[Crossings]) -> Crossings:
    """Append crossings to each other."""
    return Crossings(*(np.concatenate([getattr(one, part.name) for one in parts]) for part in fields(Crossings)))


def cross(
    domain: Domain, points: NDArray[np.float64], directions: NDArray[np.float64], widths: NDArray[np.float64]
) -> Crossings:
    """Test for kinks at points, along directions, by five values each at -2, -1, 0, 1, 2 widths."""
    count, size = points.shape
    together = BLOCK * max(1, NUMBERS // (BLOCK * size))
    values = np.empty((len(STEPS), count, domain.outputs))
    for at in range(0, count, together):
        some = slice(at, at + together)
        arms = widths[some, None] * directions[some]
        rows = points[some] + STEPS[:, None, None] * arms
        values[:, some] = domain.function(rows.reshape(-1, size)).reshape(len(STEPS), -1, domain.outputs)
    far_left, left, middle, right, far_right = values
    noise = domain.noise(points, middle)
    before, after = left - far_left, far_right - right  # rise per width
    change = after - before
    output = np.abs(change).argmax(axis=1)[:, None]
    main = np.take_along_axis(change, output, axis=1)[:, 0]
    # Tangents left + before (s + 1) and right + after (s - 1) meet at s widths.
    gap = np.take_along_axis(left + before - right + after, output, axis=1)[:, 0]
    strong = np.abs(main) > CERTAIN * noise
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(strong, gap / np.where(main == 0, 1.0, main), 0.0)
    inside = np.abs(share) <= CENTRAL
    start = np.where(share[:, None] > 0, left + before, right - after)
    fits = np.abs(start - middle).max(axis=1) <= CERTAIN * noise
    kink = strong & inside & fits
    straight = (np.abs(change).max(axis=1) <= CERTAIN * noise) & (
        np.abs(left + right - 2 * middle).max(axis=1) <= CERTAIN * noise
    )
    offset = np.where(kink, share * widths, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = 4 * noise * widths / np.abs(main)
    found = points + offset[:, None] * directions
    return Crossings(kink, straight, found, offset, before / widths[:, None], after / widths[:, None], error)
