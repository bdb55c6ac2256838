"""Divide the time limit over the stages in nominal seconds. The clock only stops stages that overrun the limit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from solvers.api import Context

__all__ = ["Plan"]

RESERVE = 0.04
"""Share of the time limit that is kept for clustering and for writing the answer. A larger value trains less and ends
earlier. Hand-set."""


class Plan:
    """The nominal seconds that remain for the remaining stages.

    The plan charges stages for their steps by `students.cost.step_seconds`, not by the clock. So it depends only on the
    puzzle, the parameters and the time limit. Equal seeds give equal answers, unless the machine is so slow that the
    clock stops a stage.
    """

    def __init__(self, context: Context, parts: float) -> None:
        """Plan a trial.

        Args:
            context: the trial's time limit and clock.
            parts: sum of the parts of all stages.
        """
        limited = math.isfinite(context.wall_s)
        self._context = context
        self._kept = RESERVE * context.wall_s if limited else 0.0
        self._left = context.wall_s - self._kept if limited else math.inf
        self._parts = parts

    def share(self, part: float) -> float:
        """Return the nominal seconds of the next stage: its part of the seconds that earlier stages did not spend."""
        share = part / self._parts
        self._parts -= part
        return share * max(0.0, self._left)

    def spend(self, seconds: float) -> None:
        """Charge a stage for its nominal seconds."""
        self._left -= seconds

    def over(self) -> bool:
        """Whether the clock has reached the reserve."""
        return self._context.time_left() <= self._kept
