"""The band of a quadratic model: the pairs of positions that the model covers.

The Gram matrix of a model of all K^2 pairs holds K^4 numbers, 5.4 GB of float32 at 192 blocks. A band keeps the L
positions around every position, so that the matrix stays within a fixed size. Up to 96 blocks it holds all pairs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MOST_NUMBERS", "Band"]

MOST_NUMBERS = 100_000_000
"""Numbers that the Gram matrix of a model may hold: 400 MB in float32."""


@dataclass(frozen=True)
class Band:
    """The L positions around each of K positions; near the ends more of them lie on one side.

    Attributes:
        depth: number of positions, K.
        span: number of positions in the band of a position, including the position itself, L.
    """

    depth: int
    span: int

    @classmethod
    def fitting(cls, depth: int) -> Band:
        """Make the widest band whose Gram matrix is not too large."""
        return cls(depth, max(1, min(depth, math.isqrt(MOST_NUMBERS) // depth)))

    def start(self, position: int) -> int:
        """Return the first position in the band of a position."""
        return min(max(0, position - self.span // 2), self.depth - self.span)

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """The first position in the band of every position: K."""
        return np.clip(np.arange(self.depth) - self.span // 2, 0, self.depth - self.span)

    @cached_property
    def numbers(self) -> NDArray[np.int64]:
        """Number the pairs, position by position: K x K, -1 if the second position is not in the band of the first."""
        numbers = np.full((self.depth, self.depth), -1, dtype=np.int64)
        inside = self.starts[:, None] + np.arange(self.span)
        np.put_along_axis(numbers, inside, np.arange(self.depth * self.span).reshape(self.depth, -1), axis=1)
        return numbers
