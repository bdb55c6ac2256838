"""What counts can show, under the name that ranking knows it by; comparisons of runs need it one package below."""

from __future__ import annotations

from benchmark.statistics import ALPHA, fewest_puzzles, mcnemar, wilson

__all__ = ["ALPHA", "fewest_puzzles", "mcnemar", "wilson"]
