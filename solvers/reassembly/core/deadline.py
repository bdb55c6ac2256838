"""The deadline of a search: the time limit, less a reserve for certifying the answer."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from solvers.api import Context
from solvers.reassembly.core.band import Band

if TYPE_CHECKING:
    from generator.reassembly.network.residual import ResidualNetwork

__all__ = ["NEVER", "Deadline", "reserve_s"]

RESERVE_SHARE = 0.1
"""Largest share of the time limit that is reserved. Hand-set; a higher value ends searches earlier."""

RESERVE_S = 1.0
"""Seconds reserved besides those of one long step. Hand-set; a higher value ends searches earlier."""

LONG_STEP = 54_000
"""Rows times time steps of the longest step that does not check the deadline, a regression on all pairs."""

MODEL_ROWS = 40
"""Rows x outputs per block of the largest inversion model; the model of 50 blocks is the smallest assumed."""

FLOPS = 2e10
"""Operations per second that a step is assumed to reach. Hand-set to a fifth of one thread of a quiet machine."""


@dataclass(frozen=True)
class Deadline:
    """The end of a search, as a share of the time for searching.

    An attempt has one deadline. Searches hold a reference to it.

    Attributes:
        context: holds the clock and the time limit.
        reserve_s: seconds at the end of the time limit that are not for searching.
        share: share of the time for searching at which the deadline passes.
    """

    context: Context
    reserve_s: float = 0.0
    share: float = 1.0

    def spent(self) -> float:
        """Compute the share of the time for searching that is spent; 0 without a time limit."""
        wall_s = self.context.wall_s
        if math.isinf(wall_s):
            return 0.0
        search_s = wall_s - self.reserve_s
        return (wall_s - self.context.time_left()) / search_s if search_s > 0.0 else math.inf

    def passed(self) -> bool:
        """Check whether the search must end now."""
        return self.spent() >= self.share

    def leaves(self, seconds: float) -> bool:
        """Check whether that many seconds are left until the time limit itself, reserve included."""
        return self.context.time_left() >= seconds

    def at(self, share: float) -> Deadline:
        """Make an earlier deadline on the same clock."""
        return replace(self, share=share)


NEVER = Deadline(Context())
"""A deadline that never passes."""


def reserve_s(network: ResidualNetwork, wall_s: float) -> float:
    """Estimate the seconds to reserve for the longest step that does not check the deadline, and for certifying.

    The longest step is a regression on all pairs of halves, or an inversion model within its band.
    """
    depth, hidden, width = network.U.shape
    pairing = 2.0 * LONG_STEP * depth * hidden * (4 * width + 2 * depth)
    inversions = depth * Band.fitting(depth).span
    model = 2.0 * MODEL_ROWS * max(50, depth) * inversions * (inversions + 2 * hidden * width)
    return min(RESERVE_S + max(pairing, model) / FLOPS, RESERVE_SHARE * wall_s)
