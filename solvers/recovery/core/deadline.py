"""When a search must stop, so that its answer is written before the time limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from solvers.api import Context

__all__ = ["margin_s", "out_of_time"]

MARGIN_S = 0.3
"""Seconds before the time limit at which a search stops. Hand-set: the longest step that cannot be interrupted."""
SHARE = 0.1
"""The same as a share of the whole time, for short limits."""


def margin_s(context: Context) -> float:
    """Seconds that are kept for writing the answer."""
    return min(MARGIN_S, SHARE * context.wall_s)


def out_of_time(context: Context) -> Callable[[], bool]:
    """Return a function that tells whether the search must stop."""
    margin = margin_s(context)
    return lambda: context.time_left() < margin
