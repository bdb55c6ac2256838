"""What scoring yields: a score per answer, and what each of its numbers means."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Metric", "Score"]


@dataclass(frozen=True)
class Metric:
    """One number that scoring yields: its name, which way is better, how tables summarise it.

    Attributes:
        name: key in `Score.metrics`.
        label: as table headers and axes show it.
        better: which way.
        summary: over a solver's cells. A mean suits shares, a median ratios that span decades.
        scale: scale on which values are averaged, compared and drawn where the metric ranks solvers; `log` gives
            geometric means, and needs values above 0.
        failed: value of a cell without an answer; by default 0 where high is better and infinity where low is, so
            that no failure looks better than an answer. A metric that ranks solvers needs a finite one, usually the
            score of the trivial baseline.
        shown: how tables write it.
        digits: decimals in tables.
        headline: whether it has a column in printed tables and breaks ties; files hold every metric.
        floor: values below this are rounding; a comparison takes them as 0.
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
        """Value of a cell without an answer."""
        if self.failed is not None:
            return self.failed
        return 0.0 if self.better == "high" else math.inf

    @property
    def finite_if_failed(self) -> bool:
        """Whether a failed cell has a finite value on the metric's scale."""
        return math.isfinite(self.if_failed) and (self.scale == "linear" or self.if_failed > 0)


@dataclass(frozen=True)
class Score:
    """How good an answer is.

    Attributes:
        solved: whether the family counts the puzzle as solved; ignored where the family ranks by a metric.
        metrics: value by metric name; a metric that cannot be known is absent.
    """

    solved: bool
    metrics: Mapping[str, float]
