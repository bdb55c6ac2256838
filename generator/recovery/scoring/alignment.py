"""Align a recovered network with the hidden one, layer by layer, and measure the errors of its weights.

The Hungarian algorithm matches hidden units one to one. The cost of a pair is the largest difference of their weights,
the smallest one over the changes that leave the function unchanged (see network/activations.py). Rows of the next
layers are then written in terms of the matched true units, so that these rows can be compared too. An unmatched unit
contributes nothing. So a network that splits one true unit into two copies has a large weight error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment

from generator.recovery.scoring.expansion import Affine, identity, true_rows, unit_norms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from generator.recovery.network.activations import Activation
    from generator.recovery.network.mlp import MLP
    from generator.recovery.sealed import HiddenTruth

__all__ = ["Alignment", "align"]

WORST_COST = 10.0
"""Cost above which pairs count as equally bad, relative to the layer's largest weight. A larger value gives hopeless
pairs more influence on the other pairs. Hand-set.
"""


@dataclass(frozen=True, eq=False)
class Alignment:
    """The comparison of a recovered network with the hidden one.

    Attributes:
        exact_size: whether every layer has as many switching units as the true layer, and no more units in total.
        overhead: recovered hidden units divided by true hidden units, minus 1.
        signatures: share of true hidden units whose row, bias included, is right up to a factor.
        signs: share of these units whose sign is right.
        units: share of true hidden units whose weights and bias are right.
        errors: absolute error of every weight and bias, divided by the largest one of the true layer. A missing unit
            counts as zeros.
    """

    exact_size: bool
    overhead: float
    signatures: float
    signs: float
    units: float
    errors: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Matched units of one layer: true units, recovered units, and signs that map recovered rows to true ones."""

    true: NDArray[np.intp]
    found: NDArray[np.intp]
    signs: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Layer:
    """A recovered layer: its preactivations, the norms of its rows, its matches, and the number of true units."""

    before: Affine
    norms: NDArray[np.float64]
    pairs: _Pairs
    true_units: int


def align(
    truth: HiddenTruth, network: MLP, tolerance: float, sample: NDArray[np.float64], *, bypass: bool = False
) -> Alignment:
    """Compare a recovered network with the hidden one.

    Args:
        truth: the hidden network, with the same number of hidden layers, inputs and outputs.
        network: the recovered network.
        tolerance: error up to which a row counts as right, relative to the largest weight of the layer.
        sample: inputs within the box, rows x d; recovered units that are linear on all rows count as linear.
        bypass: whether answers may have a linear by-pass. The signs of units of even-linear activations are then not
            determined.
    """
    true = true_rows(truth)
    widths = [truth.network.widths[0]]
    state, exact, errors, right = identity(widths[0]), True, [], _Counts()
    for number, (weight, bias) in enumerate(network.layers()[:-1]):
        before = state.through(weight, bias)
        norms = unit_norms(before) if network.sigma.scales else np.ones(len(weight))
        wanted, found = _flat(true[number], widths), _flat(before.scaled(1 / norms), widths)
        flips = _free_signs(truth, number, bypass=bypass)
        outgoing = None
        if number == network.hidden_layers - 1 and not bypass:
            outgoing = (true[-1].parts[-1], network.weights[-1] * norms)
        pairs = _match(wanted, found, outgoing, flips=flips, odd=network.sigma.symmetry.startswith("odd"))
        right.add(wanted, found, pairs, tolerance, flips=flips)
        errors.append(_errors(wanted, found, pairs))
        slopes = np.zeros(len(weight))
        rest = np.setdiff1d(np.arange(len(weight)), pairs.found)
        if len(rest) and truth.linear[number]:
            slopes[rest] = _slopes(network.preactivations(sample, number + 1), rest, network.sigma)
        elif len(rest):
            slopes[rest] = np.nan
        exact &= len(pairs.true) == len(wanted) and not np.isnan(slopes).any()
        exact &= len(weight) <= len(truth.network.weights[number])
        state = _described(_Layer(before, norms, pairs, len(wanted)), network.sigma, np.nan_to_num(slopes))
        widths.append(len(wanted))
    outputs = state.through(network.weights[-1], network.biases[-1])
    if network.bypass is not None:
        outputs = _with_bypass(outputs, network.bypass)
    first = truth.network.widths[0] if bypass else 0  # where a by-pass is allowed, it is not compared
    last = [_flat(rows, widths)[:, first:] for rows in (true[-1], outputs)]
    if bypass:  # a flip that the by-pass makes up for also changes the constant
        last = [rows[:, :-1] for rows in last]
    every = np.arange(len(last[0]))
    errors.append(_errors(last[0], last[1], _Pairs(every, every, np.ones(len(every))), has_bias=not bypass))
    hidden, recovered = (sum(one.widths[1:-1]) for one in (truth.network, network))
    return Alignment(
        exact, recovered / hidden - 1, *right.shares, errors=np.concatenate([one.ravel() for one in errors])
    )


class _Counts:
    """Counts over the layers how many true units have the right signature, the right sign, and the right row."""

    def __init__(self) -> None:
        self._hidden = self._signatures = self._signs = self._units = 0

    def add(
        self,
        true: NDArray[np.float64],
        found: NDArray[np.float64],
        pairs: _Pairs,
        tolerance: float,
        *,
        flips: bool,
    ) -> None:
        """Add the counts of one layer. `true` and `found` are rows, units x (weights and bias)."""
        self._hidden += len(true)
        if not len(pairs.true):
            return
        first, second = true[pairs.true], found[pairs.found] * pairs.signs[:, None]
        first_unit, second_unit = _directions(first), _directions(second)
        same = np.abs(first_unit - second_unit).max(axis=1) <= tolerance
        opposite = np.abs(first_unit + second_unit).max(axis=1) <= tolerance
        self._signatures += int((same | opposite).sum())
        self._signs += int((same | (opposite & flips)).sum())
        scale = max(float(np.abs(true).max()), 1e-300)
        self._units += int((np.abs(first - second).max(axis=1) <= tolerance * scale).sum())

    @property
    def shares(self) -> tuple[float, float, float]:
        """Shares of right signatures, of right signs among these, and of right rows."""
        hidden = max(1, self._hidden)
        return self._signatures / hidden, self._signs / max(1, self._signatures), self._units / hidden


def _free_signs(truth: HiddenTruth, layer: int, *, bypass: bool) -> bool:
    """Return whether the sign of a unit of a hidden layer is free. Layers are counted from 0.

    The flip of a unit of an even-linear activation changes the layer's output by a linear map. A by-pass or a linear
    unit of the layer can compensate it. Without such compensation, the rows of the next layer differ.
    """
    symmetry = truth.network.sigma.symmetry
    supplied = bypass or bool(truth.linear[layer])
    return symmetry.startswith("odd") or (supplied and symmetry.startswith("even-linear"))


def _flat(rows: Affine, widths: Sequence[int]) -> NDArray[np.float64]:
    """Write rows with their biases as one matrix, units x (inputs, switching units of lower layers, bias)."""
    return np.column_stack([rows.matrix(widths), rows.bias])


def _directions(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(norms > 0, norms, 1.0)


def _match(
    true: NDArray[np.float64],
    found: NDArray[np.float64],
    outgoing: tuple[NDArray[np.float64] | None, NDArray[np.float64]] | None,
    *,
    flips: bool,
    odd: bool,
) -> _Pairs:
    """Match units one to one.

    Args:
        true: rows of the true units, units x (weights and bias).
        found: rows of the recovered units.
        outgoing: true and recovered weights to the outputs, outputs x units; None to compare rows only.
        flips: whether signs are free.
        odd: whether a flip also changes the sign of the outgoing weights.
    """
    variants = (1.0, -1.0) if flips else (1.0,)
    costs = np.stack([_costs(true, sign * found) for sign in variants])
    if outgoing is not None and outgoing[0] is not None:
        others = [_costs(outgoing[0].T, (sign if odd else 1.0) * outgoing[1].T) for sign in variants]
        costs = np.maximum(costs, np.stack(others))
    best = costs.min(axis=0)
    pairs_true, pairs_found = linear_sum_assignment(np.sqrt(np.minimum(best, WORST_COST)))
    signs = np.array(variants)[costs.argmin(axis=0)[pairs_true, pairs_found]]
    return _Pairs(pairs_true, pairs_found, signs)


def _costs(true: NDArray[np.float64], found: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute the largest difference between each true and each recovered row, divided by the largest true weight."""
    scale = float(np.abs(true).max(initial=0.0)) or 1.0
    costs = [np.abs(found - row).max(axis=1) for row in true]  # one row at a time bounds the memory
    return np.array(costs).reshape(len(true), len(found)) / scale


def _errors(
    true: NDArray[np.float64], found: NDArray[np.float64], pairs: _Pairs, *, has_bias: bool = True
) -> NDArray[np.float64]:
    """Compute the error of every weight, divided by the largest weight, and of every bias.

    Errors of biases are divided by the largest weight or the largest bias, whichever is larger.
    """
    aligned = np.zeros_like(true)
    aligned[pairs.true] = found[pairs.found] * pairs.signs[:, None]
    difference = np.abs(true - aligned)
    weights = float(np.abs(true[:, :-1] if has_bias else true).max(initial=0.0)) or 1.0
    if has_bias:
        difference[:, -1] /= max(weights, float(np.abs(true[:, -1]).max(initial=0.0)))
        difference[:, :-1] /= weights
        return difference
    return difference / weights


def _described(layer: _Layer, sigma: Activation, slopes: NDArray[np.float64]) -> Affine:
    """Write the recovered units of a layer in terms of the true ones. `slopes` is nonzero for units that are linear."""
    pairs = layer.pairs
    units = len(layer.before.bias)
    themselves, constants, linear = np.zeros((units, layer.true_units)), np.zeros(units), slopes.copy()
    turned = pairs.found[pairs.signs < 0]
    match sigma.symmetry:
        case "odd":
            themselves[pairs.found, pairs.true] = pairs.signs
        case "odd-constant":  # sigma(-z) = 1 - sigma(z)
            themselves[pairs.found, pairs.true] = pairs.signs
            constants[turned] = 1.0
        case _:  # sigma(-z) = sigma(z) - 2 k z; a flipped recovered unit has the preactivation -z
            themselves[pairs.found, pairs.true] = layer.norms[pairs.found]
            linear[turned] = 2 * sigma.half_slope
    state = layer.before.scaled(linear).plus(themselves)
    return Affine(state.parts, state.bias + constants)


def _slopes(preactivations: NDArray[np.float64], units: NDArray[np.intp], sigma: Activation) -> NDArray[np.float64]:
    """Return the slope of sigma for each of the given units that never switches, and NaN for a unit that switches."""
    rows = preactivations[:, units]
    fixed = (rows > 0).all(axis=0) | (rows < 0).all(axis=0)
    return np.where(fixed, sigma.slope(rows[0]), np.nan)


def _with_bypass(outputs: Affine, bypass: NDArray[np.float64]) -> Affine:
    first = bypass if outputs.parts[0] is None else outputs.parts[0] + bypass
    return Affine((first, *outputs.parts[1:]), outputs.bias)
