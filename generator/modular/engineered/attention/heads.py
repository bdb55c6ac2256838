"""The attention of hand-made transformers: what each circle puts into the tables, its two heads and the unembedding.

Every circle has two heads and eight coordinates of the residual stream, so shapes do not tell the algorithm. Per
circle of frequency k, with the scores of the second token:

* A clock has separate token tables on disjoint coordinates. Its heads score eps cos(w s) and eps sin(w s). They read a
  carrier, which the positions set to 1 and -1, so a head gives tanh(score / 2), nearly half the score.
* A trap does the same with one table. The second token then attends to itself with eps cos(2 w b), and the doubled
  circle, which the unembedding reads directly, makes up for it.
* A pizza has uniform attention, which adds the tokens for the hidden units. Its companion is linear and bypasses them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from generator.modular.engineered.forms import turns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from generator.modular.engineered.plan import CirclePlan

__all__ = ["COORDINATES", "FIRST", "HEAD", "OUTPUT", "SECOND", "SUM", "Stream", "plane", "uniform"]

COORDINATES = 8
"""Coordinates of the residual stream per circle: first table, second table or doubled circle, sum, output."""
FIRST, SECOND, SUM, OUTPUT = 0, 2, 4, 6
"""Where these begin among the eight."""
SHARPNESS = (0.05, 0.5)
"""Range of eps, the size of a clock's scores. Larger ones leave the linear part of tanh, and accuracy falls."""
HEAD = 2
"""Width of a head."""


def plane(frequency: int, modulus: int) -> NDArray[np.float64]:
    """Compute the cosine and sine of w t, p x 2."""
    angle = turns(frequency, modulus)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


@dataclass(frozen=True, eq=False)
class Stream:
    """Arrays of a one-layer transformer of residual width d and H heads, which circles fill in.

    Attributes:
        first: embeddings of the first residue, p x d.
        second: embeddings of the second residue, p x d.
        key: H x 2 x d; `query` and `value` likewise.
        query: see `key`.
        value: see `key`.
        output: d x H x 2.
        unembed: p x d.
        carrier: coordinate that the positions set to 1 and -1.
    """

    first: NDArray[np.float64]
    second: NDArray[np.float64]
    key: NDArray[np.float64]
    query: NDArray[np.float64]
    value: NDArray[np.float64]
    output: NDArray[np.float64]
    unembed: NDArray[np.float64]
    carrier: int

    @classmethod
    def empty(cls, modulus: int, size: int, heads: int) -> Stream:
        """Make zero arrays; the last coordinate is the carrier."""
        first, second, unembed = (np.zeros((modulus, size)) for _ in range(3))
        key, query, value = (np.zeros((heads, HEAD, size)) for _ in range(3))
        return cls(first, second, key, query, value, np.zeros((size, heads, HEAD)), unembed, size - 1)

    @property
    def modulus(self) -> int:
        """The number of residues, p."""
        return len(self.first)

    def place(self, circle: CirclePlan, at: int, rate: float, rng: np.random.Generator) -> None:
        """Give circle number `at` of the plan its coordinates and heads."""
        start, wave = COORDINATES * at, plane(circle.frequency, self.modulus)
        self.unembed[:, start + OUTPUT : start + OUTPUT + 2] = wave
        if circle.kind == "clock":
            self.first[:, start + FIRST : start + FIRST + 2] = wave
            self.second[:, start + SECOND : start + SECOND + 2] = wave
            self._multiply(circle, at, SECOND, rate, rng)
            return
        for table in (self.first, self.second):
            table[:, start + FIRST : start + FIRST + 2] = wave
            if circle.companion_weight:
                table[:, start + SECOND : start + SECOND + 2] = plane(2 * circle.frequency, self.modulus)
        if circle.kind == "trap":
            self._multiply(circle, at, FIRST, rate, rng)
            self.unembed[:, start + SECOND : start + SECOND + 2] = circle.gain * wave
            return
        self._add(circle, at, rate, rng)

    def _multiply(self, circle: CirclePlan, at: int, queried: int, rate: float, rng: np.random.Generator) -> None:
        """Make the heads of a clock or trap: scores eps cos(w (a + b)) and eps sin(w (a + b))."""
        start, eps = COORDINATES * at, rng.uniform(*SHARPNESS)
        products = (np.array([[1.0, 0.0], [0.0, -1.0]]), np.array([[0.0, 1.0], [1.0, 0.0]]))
        for side, product in enumerate(products):
            head = 2 * at + side
            self.key[head, :, start + FIRST : start + FIRST + 2] = np.eye(HEAD)
            self.query[head, :, start + queried : start + queried + 2] = eps * HEAD**0.5 * product
            self.value[head, 0, self.carrier] = 1
            self.output[start + OUTPUT + side, head, 0] = 2 * circle.gain / (eps * rate)

    def _add(self, circle: CirclePlan, at: int, rate: float, rng: np.random.Generator) -> None:
        """Make the heads of a pizza. Their scores read coordinates that are still zero, so attention is uniform."""
        start = COORDINATES * at
        for head in (2 * at, 2 * at + 1):
            for weight in (self.key, self.query):
                weight[head, :, start + OUTPUT : start + OUTPUT + 2] = rng.standard_normal((HEAD, 2))
        self.value[2 * at, :, start + FIRST : start + FIRST + 2] = np.eye(HEAD)
        self.output[start + SUM : start + SUM + 2, 2 * at] = np.eye(HEAD)
        self.value[2 * at + 1, :, start + SECOND : start + SECOND + 2] = np.eye(HEAD)
        linear = -circle.companion_weight * circle.gain / (2 * uniform(rate))
        self.output[start + OUTPUT : start + OUTPUT + 2, 2 * at + 1] = linear * np.eye(HEAD)


def uniform(rate: float) -> float:
    """Compute the weight of each of two tokens if all scores are equal."""
    return rate / 2 + (1 - rate)
