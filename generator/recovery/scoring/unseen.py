"""Replace weights of an answer that no input in reach shows.

A ReLU unit i reads a unit j of the layer below. If no input in reach turns both on, the weight from j to i has no
effect: unit i is off wherever unit j is not 0. Many values of the weight then give the same function. An answer may
hold any of them, so such a weight is replaced by the true one before weights are compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment

from generator.recovery.network.mlp import MLP
from generator.recovery.units.bounds import interval_bounds
from generator.recovery.units.program import never_both, program_of
from generator.recovery.units.search import sample_inputs
from generator.recovery.units.statuses import DEEPEST

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from generator.recovery.units.program import Program

__all__ = ["Reach", "with_unseen_weights"]

MOST_PAIRS = 64
"""Most pairs of units that are tested per answer. A larger value takes up to some seconds more per pair. Hand-set."""
RATIOS = 32
"""Most entries of a row, the largest, from which its scale is found. A larger value takes longer. Hand-set."""
SAME_RATIO = 1e-4
"""Relative difference up to which two entries of a row count as scaled by the same factor. A larger value matches
less precise answers. Hand-set.
"""
MOST_SWITCHING = 64
"""Most switching units below a layer for which programs are run. Programs of larger networks take minutes. Hand-set."""
LARGEST_SHARE = 0.5
"""Largest share of a unit's weights that may be unseen. A larger value matches units on fewer weights. Hand-set."""


@dataclass(frozen=True, eq=False)
class Reach:
    """The inputs that a solver can ask for.

    Attributes:
        box: bound of every input; None for no bound.
        rows: inputs of a passive puzzle's table, rows x d; they replace the box.
    """

    box: float | None = None
    rows: NDArray[np.float64] | None = None


@dataclass(frozen=True, eq=False)
class _Matched:
    """An answer's layer beside the true one.

    Attributes:
        units: number of the answer's unit for each true unit.
        factors: the answer's preactivation divided by the true one, per true unit; positive.
    """

    units: NDArray[np.intp]
    factors: NDArray[np.float64]


def with_unseen_weights(truth: MLP, answer: MLP, reach: Reach, tolerance: float) -> MLP:
    """Replace wrong weights that no input in reach shows by the true weights; the function in reach stays the same.

    Only networks of ReLU units with equal sizes are changed. A box is searched by random inputs and by mixed-integer
    programs; a pair of units for which no program ends with a proof counts as seen.

    Args:
        truth: the hidden network.
        answer: the recovered network.
        reach: the inputs that a solver can ask for.
        tolerance: error up to which a weight counts as right, relative to the largest weight of its unit.
    """
    if truth.activation != "relu" or answer.activation != "relu" or truth.widths != answer.widths:
        return answer
    if not all(weight.any(axis=1).all() for weight in truth.weights[:-1]):
        return answer
    if answer.bypass is not None or (reach.box is None and reach.rows is None):
        return answer
    weights = list(answer.weights)
    below = _Matched(np.arange(truth.widths[0]), np.ones(truth.widths[0]))
    tests = _Tests(truth, reach)
    for layer in range(1, truth.hidden_layers + 1):
        true = np.column_stack([truth.weights[layer - 1], truth.biases[layer - 1]])
        # The answer's rows over the true units of the layer below.
        read = weights[layer - 1][:, below.units] * below.factors
        found = np.column_stack([read, answer.biases[layer - 1]])
        here = _matched(true, found, tolerance)
        for unit, (number, factor) in enumerate(zip(here.units, here.factors, strict=True)):
            row = found[number] / factor
            wrong = np.flatnonzero(np.abs(row - true[unit]) > tolerance * np.abs(true[unit]).max())
            if not len(wrong):
                continue
            if layer == 1 or layer > DEEPEST or wrong[-1] == len(row) - 1 or len(wrong) > LARGEST_SHARE * len(row):
                return answer
            if not all(tests.unseen(layer, int(source), (true[unit], row)) for source in wrong):
                return answer
            weights[layer - 1] = weights[layer - 1].copy()
            weights[layer - 1][number, below.units[wrong]] = factor * true[unit, wrong] / below.factors[wrong]
        below = here
    return MLP(tuple(weights), answer.biases, answer.activation)


def _matched(true: NDArray[np.float64], found: NDArray[np.float64], tolerance: float) -> _Matched:
    """Match rows, units x (weights and bias), one to one, by the number of wrong entries after the best scaling."""
    count = len(true)
    costs, factors = np.empty((count, count)), np.ones((count, count))
    for unit, row in enumerate(true):
        large = np.argsort(-np.abs(row))[:RATIOS]
        large = large[row[large] != 0]
        ratios = found[:, large] / row[large]
        # The ratio that most entries share: one of the ratios themselves.
        close = np.abs(ratios[:, :, None] - ratios[:, None, :]) <= SAME_RATIO * np.abs(ratios[:, :, None])
        most = close.sum(axis=2).argmax(axis=1)
        factor = np.nanmedian(np.where(close[np.arange(count), most], ratios, np.nan), axis=1)
        usable = factor > 0
        factors[unit] = np.where(usable, factor, 1.0)
        scaled = found / factors[unit][:, None]
        wrong = (np.abs(scaled - row) > tolerance * np.abs(row).max()).sum(axis=1)
        costs[unit] = np.where(usable, wrong, row.size + 1)
    rows, units = linear_sum_assignment(costs)
    return _Matched(units, factors[rows, units])


class _Tests:
    """Tests whether an input in reach turns on two units at once; inputs, bounds and programs are made once."""

    def __init__(self, truth: MLP, reach: Reach) -> None:
        self._truth, self._reach = truth, reach
        self._left = MOST_PAIRS
        self._programs: dict[int, Program] = {}
        if reach.rows is not None:
            self._points = reach.rows
        elif reach.box is not None:
            self._points = sample_inputs(truth.widths[0], reach.box, np.random.default_rng(0))

    def unseen(self, layer: int, source: int, rows: tuple[NDArray[np.float64], ...]) -> bool:
        """Return whether no input in reach turns on a unit together with a unit of the layer below.

        Args:
            layer: hidden layer of the unit, counted from 1.
            source: number of the unit in the layer below.
            rows: weights and bias of the unit, true ones and the answer's; each must be off.
        """
        state = self._truth.hidden(self._points, layer - 1)
        on = state[:, source] > 0
        for row in rows:
            if (state[on] @ row[:-1] + row[-1] > 0).any():
                return False
        if self._reach.rows is not None:
            return True
        self._left -= 1
        if self._reach.box is None or self._left < 0:
            return False
        if layer not in self._programs:
            bounds = interval_bounds(self._truth, self._reach.box)
            self._programs[layer] = program_of(self._truth, bounds, self._reach.box, layer)
        if self._programs[layer].binary.sum() > MOST_SWITCHING:
            return False
        return all(never_both(self._programs[layer], source, row[:-1], float(row[-1])) for row in rows)
