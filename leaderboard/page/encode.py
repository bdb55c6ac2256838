"""Encode columns so that a page of ten thousand results stays small."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["DIGITS", "coded", "short", "shorts"]

DIGITS = 4
"""Significant digits of a number on the page. More digits make the page larger; the store and the exports hold every
digit. Hand-set.
"""

_WHOLE = 1e15
"""Whole numbers below this value are written without an exponent."""


def short(value: float) -> float | int | None:
    """Round a number to `DIGITS` significant digits; return None for NaN and infinity, which JSON cannot hold."""
    if not math.isfinite(value):
        return None
    rounded = float(f"{value:.{DIGITS}g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < _WHOLE else rounded


def shorts(values: np.ndarray) -> list[float | int | None]:
    """Round a column."""
    return [short(value) for value in np.asarray(values, dtype=float).tolist()]


def coded(values: Iterable[Any]) -> dict[str, Sequence[Any]]:
    """Encode a column as its distinct values, in order of first appearance, and a number for each row."""
    numbers: dict[Any, int] = {}
    # 1, 1.0 and True are equal keys in Python, but different texts for a reader.
    codes = [numbers.setdefault((type(value), value), len(numbers)) for value in values]
    return {"values": [value for _, value in numbers], "codes": codes}
