"""Complete the last known layer of a prefix: signs, open weights, and units that were missed or are on everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from solvers.recovery.relu.next_layer.signs import settle_signs
from solvers.recovery.relu.prefix import Prefix
from solvers.recovery.relu.walking.steps import random_lines

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from generator.family.oracle import Oracle
    from solvers.recovery.relu.next_layer.signs import Signs
    from solvers.recovery.relu.walking.lines import Probe
    from solvers.recovery.relu.walking.map import KnownMap

__all__ = [
    "NOTHING",
    "QUIET",
    "Open",
    "completed",
    "keep_off",
    "random_inputs",
    "shortened",
    "signs_of",
    "with_units",
]

ON_MARGIN = 10.0
"""Bias of a unit that is on everywhere, relative to the largest preactivation on sampled inputs. Any bias that keeps
the unit on gives the same function, because the next bias compensates it. Hand-set."""
QUIET = 1e-12
"""Largest value of a feature that counts as off, relative to the scale. Hand-set, above rounding errors."""
SAMPLE_LINES = 256
"""Random lines on which the sign of a unit is evaluated, without queries. A larger value is more reliable. Hand-set."""
KEEP = 1.5
"""Weight of a feature that is never on where the unit switches, relative to the least weight that keeps the unit's
sign. Hand-set, above 1."""


@dataclass(frozen=True, eq=False)
class Open:
    """Weights that the kinks of a layer do not determine, because the feature is never on where the unit switches.

    Attributes:
        units: number of the unit of each open weight.
        features: number of the unit of the layer before of each open weight.
    """

    units: NDArray[np.int64]
    features: NDArray[np.int64]

    def joined(self, other: Open) -> Open:
        """Append other open weights of the same layer."""
        return Open(np.concatenate([self.units, other.units]), np.concatenate([self.features, other.features]))


NOTHING = Open(np.empty(0, np.int64), np.empty(0, np.int64))
"""No open weights."""


def random_inputs(
    oracle: Oracle, known: KnownMap, spread: float | NDArray[np.float64], rng: np.random.Generator, count: int
) -> NDArray[np.float64]:
    """Draw inputs x, rows x d, whose coordinates u are N(0, spread^2), clipped to the box.

    Args:
        oracle: the hidden network, for its box.
        known: the known layers, for the coordinates u.
        spread: standard deviation, one number or one per row.
        rng: random generator.
        count: number of rows.
    """
    inputs = known.inputs(spread * rng.standard_normal((count, known.coordinates)))
    if oracle.terms.low is None or oracle.terms.high is None:
        return inputs
    return np.clip(inputs, oracle.terms.low, oracle.terms.high)


def signs_of(
    following: NDArray[np.float64],
    linear: NDArray[np.float64],
    known: KnownMap,
    open_weights: Open,
    steady: NDArray[np.int64],
) -> Signs:
    """Settle the signs of the last known layer.

    Args:
        following: weights of rows of the next layer on units of the last known layer, rows x units.
        linear: weights of these rows on the state before the last known layer.
        known: the known layers.
        open_weights: open weights of the last known layer.
        steady: see `settle_signs`.
    """
    weight, _ = known.layers[-1]
    directions = np.eye(weight.shape[1])[open_weights.features]
    return settle_signs(following, linear, weight, known.leak, (open_weights.units, directions), steady=steady)


def completed(known: KnownMap, signs: Signs, open_weights: Open, inputs: NDArray[np.float64]) -> Prefix:
    """Flip units of the last known layer, complete open weights, and append the units that are on everywhere.

    Args:
        known: the known layers.
        signs: changes of the last known layer.
        open_weights: open weights of the last known layer.
        inputs: inputs from the whole box, rows x d.
    """
    prefix = known.prefix
    turn = np.where(signs.flips, -1.0, 1.0)
    weight, bias = turn[:, None] * prefix.weights[-1], turn * prefix.biases[-1]
    weight[open_weights.units, open_weights.features] += signs.shifts
    before = shortened(prefix)
    turned = before.extended(weight, bias)
    if not len(signs.on):
        return turned
    on = signs.on @ known.basis.T if prefix.depth == 1 else signs.on
    lift = ON_MARGIN * np.abs(before.hidden(inputs) @ on.T).max(axis=0)
    return with_units(turned, on, lift)


def shortened(prefix: Prefix) -> Prefix:
    """Leave out the last layer."""
    return Prefix(prefix.inputs, prefix.activation, prefix.weights[:-1], prefix.biases[:-1])


def with_units(prefix: Prefix, weight: NDArray[np.float64], bias: NDArray[np.float64]) -> Prefix:
    """Append units to the last known layer."""
    return shortened(prefix).extended(
        np.concatenate([prefix.weights[-1], weight]), np.concatenate([prefix.biases[-1], bias])
    )


def keep_off(
    probe: Probe,
    known: KnownMap,
    row: NDArray[np.float64],
    quiet: NDArray[np.int64],
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Choose open weights of a unit, such that the unit does not switch where their features are on.

    Where feature j is on, the unit keeps the sign that it has on the kink of j. The weight of j is chosen just large
    enough for this.
    """
    if not len(quiet) or not known.layers:
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
