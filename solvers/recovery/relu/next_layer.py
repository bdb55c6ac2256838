"""Hidden layer l + 1 of a piecewise-linear network whose first l layers are known, the signs of layer l left open.

Loop over the layers:

    prefix = first layer, signs unknown
    while prefix.depth < hidden_layers:
        prefix = recover_next_layer(oracle, prefix, ...).prefix
    network = read_output_layer(oracle, prefix, ...).network

Each round settles the signs of the layer before the new one. The output layer settles the last ones.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from generator.recovery.network.mlp import MLP
from solvers.recovery.relu.next_layer_signs import Signs, settle_signs
from solvers.recovery.relu.next_layer_units import Search, Unit, find_units
from solvers.recovery.relu.prefix import Prefix
from solvers.recovery.relu.walking_lines import Probe
from solvers.recovery.relu.walking_map import KnownMap
from solvers.recovery.relu.walking_steps import random_lines
from solvers.recovery.relu.walking_surface import best_row

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from generator.family.oracle import Oracle

__all__ = ["NextLayer", "OutputLayer", "read_output_layer", "recover_next_layer"]

ON_MARGIN = 10.0
"""Least preactivation of a unit that is on everywhere, relative to the largest value seen. Its bias only moves the next
bias, so any bias that keeps it on computes the same function. Hand-set."""
QUIET = 1e-12
"""Value of a feature, relative to the scale, up to which it counts as off. Hand-set."""
MISFIT = 1e-6
"""Largest distance of a unit's points from its fitted kink, relative to the scale. A unit that does not fit once the
signs are settled belongs to a deeper layer. Hand-set."""
SAMPLE_LINES = 256
"""Random lines on which such a unit's sign is looked up; no queries. Hand-set."""
KEEP = 1.5
"""Factor on the least weight that keeps the sign. Hand-set."""
ROWS_PER_FEATURE = 6
"""Random inputs per feature from which the output layer is solved. Hand-set."""


@dataclass(frozen=True, eq=False)
class Open:
    """Weights that a layer's kinks do not determine, since a feature is never on where the unit switches.

    Attributes:
        units, features: each pair is one weight, of a unit of the layer for a unit of the layer before.
    """

    units: NDArray[np.int64]
    features: NDArray[np.int64]


NOTHING = Open(np.empty(0, np.int64), np.empty(0, np.int64))


@dataclass(frozen=True, eq=False)
class NextLayer:
    """The result of one round.

    Attributes:
        prefix: the known layers with the signs of layer l settled, and layer l + 1 with any signs.
        signs: how the signs of layer l were settled; None if they were known or there is no such layer.
        points: inputs on the kink of each unit of layer l + 1.
        shares: share of predicted kinks that were found, per unit.
        open: weights of layer l + 1 that its kinks do not determine; the next round determines those that matter.
        residual: largest distance of a unit's points from its fitted kink.
        search: what the search did.
    """

    prefix: Prefix
    signs: Signs | None
    points: tuple[NDArray[np.float64], ...]
    shares: tuple[float, ...]
    open: Open
    residual: float
    search: Search


@dataclass(frozen=True, eq=False)
class OutputLayer:
    """The whole network.

    Attributes:
        network: all layers.
        signs: how the signs of the last hidden layer were settled.
        residual: largest error of the fit, relative to the size of the outputs.
    """

    network: MLP
    signs: Signs
    residual: float


def recover_next_layer(
    oracle: Oracle,
    prefix: Prefix,
    scale: float,
    rng: np.random.Generator,
    deadline: float,
    *,
    signed: bool = False,
    open_weights: Open = NOTHING,
) -> NextLayer | None:
    """Recover the next hidden layer.

    Args:
        oracle: the hidden network.
        prefix: the layers known so far.
        scale: standard deviation of the inputs.
        rng: draws lines and walks.
        deadline: `time.monotonic()` at which the search ends.
        signed: whether the signs of the last known layer are known.
        open_weights: weights of the last known layer that the round before left open.

    Returns:
        None if no unit was found.
    """
    while True:
        known = KnownMap.of(prefix, bypass=not signed)
        units, search = find_units(Probe.of(oracle, known, scale, rng), rng, deadline)
        late = [unit for unit in units if unit.late]
        if not late:
            break
        before = replace(known, prefix=_shortened(prefix), bypass=False)
        rows = np.array([best_row(before, unit.surface.points, unit.surface.errors)[0] for unit in late])
        prefix = _with_units(prefix, known, rows)
    if not units:
        return None
    signs = None
    if known.bypass:
        signs = _signs(known, units, open_weights)
        prefix = _settled(prefix, signs, open_weights, oracle, scale, rng)
        known = replace(known, prefix=prefix, bypass=False)
    rows, residual = [], 0.0
    pairs: list[tuple[int, int]] = []
    kept = []
    for unit in units:
        row, _, worst = best_row(known, unit.surface.points, unit.surface.errors)
        if worst > MISFIT * scale and signs is not None and signs.settled:
            continue
        quiet = np.nonzero(np.abs(known.features(unit.surface.points)).max(axis=0) <= QUIET * scale)[0]
        pairs += [(len(kept), feature) for feature in quiet]
        rows.append(keep_off(unit.surface.probe, known, row, quiet, rng))
        kept.append(unit)
        residual = max(residual, worst)
    units = kept
    if not units:
        return None
    array = np.array(rows)
    weight = array[:, :-1] @ known.basis.T if not prefix.depth else array[:, :-1]
    points = tuple(known.inputs(unit.surface.points) for unit in units)
    shares = tuple(unit.share for unit in units)
    opened = Open(*np.array(pairs, dtype=np.int64).reshape(-1, 2).T)
    return NextLayer(prefix.extended(weight, array[:, -1]), signs, points, shares, opened, residual, search)


def keep_off(
    probe: Probe,
    known: KnownMap,
    row: NDArray[np.float64],
    quiet: NDArray[np.int64],
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Choose weights for features that are never on where a unit switches, so that the unit does not switch elsewhere.

    Where feature j is on, the unit has the sign that it has on the kink of j. The weight of j is made just large enough
    to keep that sign.
    """
    if not len(quiet):
        return row
    units = known.prefix.preactivations(np.zeros((1, known.prefix.inputs))).shape[1]
    first = units - known.prefix.units
    starts, directions, low, high = random_lines(probe, rng, SAMPLE_LINES)
    nodes = known.nodes(starts, directions, low, high)
    points = starts[nodes.line] + nodes.at[:, None] * directions[nodes.line]
    features = known.features(points)
    values = features @ row[:-1] + row[-1]
    row = row.copy()
    for feature in quiet:
        edge = nodes.unit == first + feature
        on = features[:, feature] > QUIET * probe.scale
        alone = on & (np.abs(features[:, quiet] > QUIET * probe.scale).sum(axis=1) == 1)
        if not edge.any() or not alone.any():
            continue
        side = np.sign(values[edge].sum())
        need = (-side * values[alone] / features[alone, feature]).max()
        row[feature] = side * KEEP * max(0.0, need)
    return row


def read_output_layer(
    oracle: Oracle, prefix: Prefix, scale: float, rng: np.random.Generator, open_weights: Open = NOTHING
) -> OutputLayer:
    """Solve the output layer from random inputs, and with it the signs of the last hidden layer.

    Raises:
        QueryError: if the budget is spent.
    """
    known = KnownMap.of(prefix, bypass=True)
    sample = ROWS_PER_FEATURE * (prefix.units + known.coordinates + 1)
    points = scale * rng.standard_normal((sample, known.coordinates))
    inputs = known.inputs(points)
    if oracle.terms.low is not None and oracle.terms.high is not None:
        inputs = np.clip(inputs, oracle.terms.low, oracle.terms.high)
    most = oracle.terms.rows_per_call
    outputs = np.concatenate([oracle(inputs[at : at + most]) for at in range(0, len(inputs), most)])
    columns = known.features((inputs - known.origin) @ known.basis)
    fit = _least_squares(columns, outputs)
    units = prefix.units
    signs = _settle(fit[:units].T, fit[units:-1].T, known, open_weights)
    prefix = _settled(prefix, signs, open_weights, oracle, scale, rng)
    columns = prefix.hidden(inputs)
    fit = _least_squares(columns, outputs)
    network = MLP((*prefix.weights, fit[:-1].T.copy()), (*prefix.biases, fit[-1].copy()), prefix.activation)
    residual = float(np.abs(network(inputs) - outputs).max() / np.abs(outputs).max())
    return OutputLayer(network, signs, residual)


def _least_squares(columns: NDArray[np.float64], outputs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fit outputs by columns and a constant, columns scaled to equal size first; the shortest solution."""
    columns = np.column_stack([columns, np.ones(len(columns))])
    sizes = np.abs(columns).max(axis=0)
    sizes[sizes == 0] = 1.0
    fit: NDArray[np.float64] = np.linalg.lstsq(columns / sizes, outputs, rcond=1e-12)[0] / sizes[:, None]
    return fit


def _signs(known: KnownMap, units: list[Unit], open_weights: Open) -> Signs:
    """Settle the signs of the last known layer from the rows that follow it."""
    determined = [unit for unit in units if not unit.freedom] or units
    rows = np.array([unit.row for unit in determined])
    width = known.prefix.units
    return _settle(rows[:, :width], rows[:, width:-1], known, open_weights)


def _settle(following: NDArray[np.float64], linear: NDArray[np.float64], known: KnownMap, open_weights: Open) -> Signs:
    weight, _ = known.layers[-1]
    directions = np.eye(weight.shape[1])[open_weights.features]
    return settle_signs(following, linear, weight, known.leak, open_weights.units, directions)


def _shortened(prefix: Prefix) -> Prefix:
    """Leave out the last layer."""
    return Prefix(prefix.inputs, prefix.activation, prefix.weights[:-1], prefix.biases[:-1])


def _with_units(prefix: Prefix, known: KnownMap, rows: NDArray[np.float64]) -> Prefix:
    """Append units to the last known layer."""
    weight = rows[:, :-1] @ known.basis.T if prefix.depth == 1 else rows[:, :-1]
    return _shortened(prefix).extended(
        np.concatenate([prefix.weights[-1], weight]), np.concatenate([prefix.biases[-1], rows[:, -1]])
    )


def _settled(
    prefix: Prefix, signs: Signs, open_weights: Open, oracle: Oracle, scale: float, rng: np.random.Generator
) -> Prefix:
    """Flip units of the last layer, complete open weights, and append the units that are on everywhere."""
    turn = np.where(signs.flips, -1.0, 1.0)
    weight, bias = turn[:, None] * prefix.weights[-1], turn * prefix.biases[-1]
    weight[open_weights.units, open_weights.features] += signs.shifts
    before = _shortened(prefix)
    if len(signs.on):
        known = KnownMap.of(prefix)
        inputs = known.inputs(3 * scale * rng.standard_normal((4096, known.coordinates)))
        if oracle.terms.low is not None and oracle.terms.high is not None:
            inputs = np.clip(inputs, oracle.terms.low, oracle.terms.high)
        turned = before.extended(weight, bias)
        on = signs.on @ known.basis.T if prefix.depth == 1 else signs.on
        lift = ON_MARGIN * np.abs(before.hidden(inputs) @ on.T).max(axis=0)
        return _with_units(turned, known, np.column_stack([signs.on, lift]))
    return before.extended(weight, bias)
