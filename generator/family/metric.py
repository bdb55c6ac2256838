"""The score of an answer, and the metrics that describe its numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Metric", "Score"]


@dataclass(frozen=True)
class Metric:
    """One number of a score: its name, its direction, and how tables summarise it.

    Attributes:
        name: key in `Score.metrics`.
        label: text in table headers and on axes.
        better: whether `high` or `low` values are better.
        summary: average over a solver's trials: the mean for shares, the median for ratios that span decades.
        scale: scale on which values are averaged, compared and drawn if the metric ranks solvers; `log` gives
            geometric means, and needs values above 0.
        failed: value of a trial without an answer; by default 0 if high is better and infinity if low is better, so
            that a failed trial never scores better than an answer. A metric that ranks solvers needs a finite value,
            usually the score of the trivial baseline.
        shown: number format in tables.
        digits: decimals in tables.
        headline: whether the metric has a column in printed tables and breaks ties; files hold every metric.
        floor: values below this are rounding errors, and comparisons take them as 0.
    """

    name: str
    label: str
    better: Literal["high", "low"]
    summary: Literal["mean", "median"] = "mean"
    scale: Literal["linear", "log"] = "linear"
    failed: float | None = None
    shown: Literal["fixed", "percent", "scientific"] = "fixed"
    digits: int = 3
    headline: bool = True
    floor: float = 0.0

    @property
    def if_failed(self) -> float:
        """Value of a trial without an answer."""
        if self.failed is not None:
            return self.failed
        return 0.0 if self.better == "high" else math.inf

    @property
    def finite_if_failed(self) -> bool:
        """Whether a trial without an answer has a finite value on the metric's scale."""
        return math.isfinite(self.if_failed) and (self.scale == "linear" or self.if_failed > 0)


@dataclass(frozen=True)
class Score:
    """The score of an answer.

    Attributes:
        solved: whether the family counts the puzzle as solved; ignored where the family ranks by a metric.
        metrics: value by metric name; a metric is absent if it cannot be computed.
        reason: one line on what decided, or why nothing can; empty if the metrics say all.
    """

    solved: bool
    metrics: Mapping[str, float]
    reason: str = ""
