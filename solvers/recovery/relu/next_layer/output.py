"""Recover the output layer and the signs of the last hidden layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from generator.recovery.network.mlp import MLP
from solvers.recovery.relu.next_layer.completing import NOTHING, Open, completed, random_inputs, signs_of
from solvers.recovery.relu.walking.map import KnownMap, steady_units

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from generator.family.oracle import Oracle
    from solvers.recovery.relu.next_layer.signs import Signs
    from solvers.recovery.relu.prefix import Prefix

__all__ = ["OutputLayer", "read_output_layer"]

DRAWN = 20_000
"""Inputs that are drawn, without queries, and from which the queried inputs are chosen. A larger value finds inputs at
which rare units switch. Hand-set."""
FARTHEST = 30.0
"""Largest standard deviation of these inputs, relative to the scale. Hand-set, as for the random lines."""
ROWS_PER_FEATURE = 6
"""Random inputs per feature of the output layer's fit. A larger value takes more queries and gives smaller errors.
Hand-set.
"""


@dataclass(frozen=True, eq=False)
class OutputLayer:
    """The whole network.

    Attributes:
        network: the network with all layers.
        signs: the settled signs of the last hidden layer.
        residual: largest error of the fit, relative to the size of the outputs.
    """

    network: MLP
    signs: Signs
    residual: float


def read_output_layer(
    oracle: Oracle, prefix: Prefix, scale: float, rng: np.random.Generator, *, open_weights: Open = NOTHING
) -> OutputLayer:
    """Fit the output layer to outputs at random inputs.

    Args:
        oracle: the hidden network.
        prefix: all hidden layers, the last one with any signs.
        scale: standard deviation of the inputs.
        rng: generator for the inputs.
        open_weights: open weights of the last hidden layer.

    Raises:
        QueryError: if the budget is spent.
    """
    known = KnownMap.of(prefix, bypass=True)
    inputs = _telling_inputs(oracle, known, scale, rng)
    most = oracle.terms.rows_per_call
    outputs = np.concatenate([oracle(inputs[at : at + most]) for at in range(0, len(inputs), most)])
    points = (inputs - known.origin) @ known.basis
    fit = _least_squares(known.features(points), outputs)
    steady = np.tile(steady_units(known, points), (outputs.shape[1], 1))
    signs = signs_of(fit[: prefix.units].T, fit[prefix.units : -1].T, known, open_weights, steady)
    prefix = completed(known, signs, open_weights, inputs)
    fit = _least_squares(prefix.hidden(inputs), outputs)
    network = MLP((*prefix.weights, fit[:-1].T.copy()), (*prefix.biases, fit[-1].copy()), prefix.activation)
    residual = float(np.abs(network(inputs) - outputs).max() / np.abs(outputs).max())
    return OutputLayer(network, signs, residual)


def _telling_inputs(oracle: Oracle, known: KnownMap, scale: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Choose inputs at several scales, such that each unit of the last hidden layer is on at some and off at some."""
    spread = scale * np.geomspace(1.0, FARTHEST, DRAWN)[:, None]
    inputs = random_inputs(oracle, known, spread, rng, DRAWN)
    points = (inputs - known.origin) @ known.basis
    on = known.preactivations(points)[:, -known.prefix.units :] > 0
    count = ROWS_PER_FEATURE * (known.features(points[:1]).size + 1)
    order = rng.permutation(DRAWN)
    states = np.concatenate([on, ~on], axis=1).T
    chosen = [order[:count], *(order[state[order]][:ROWS_PER_FEATURE] for state in states)]
    return np.asarray(inputs[np.unique(np.concatenate(chosen))])


def _least_squares(columns: NDArray[np.float64], outputs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fit outputs by columns and a constant; return the solution of least norm.

    Rows are divided by their size, because their errors grow with it. Columns are scaled to equal size.
    """
    columns = np.column_stack([columns, np.ones(len(columns))])
    far = 1 / np.maximum(1.0, np.abs(columns).max(axis=1) / np.median(np.abs(columns).max(axis=1)))[:, None]
    columns, outputs = columns * far, outputs * far
    sizes = np.abs(columns).max(axis=0)
    sizes[sizes == 0] = 1.0
    fit: NDArray[np.float64] = np.linalg.lstsq(columns / sizes, outputs, rcond=1e-12)[0] / sizes[:, None]
    return fit
