"""Train students of whole networks, or of the layers above a known first layer, in groups of growing width."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from generator.recovery.network.activations import ACTIVATIONS
from generator.recovery.network.mlp import MLP
from solvers.recovery.core.clustering import centres, cluster_units
from solvers.recovery.core.ensemble import Architecture, network_of_row, parameters_of
from solvers.recovery.core.levenberg_marquardt import Stopping, levenberg_marquardt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from solvers.recovery.core.ensemble import Rows

    Array = NDArray[np.float64]

__all__ = ["Trial", "students_above", "whole_students"]

WIDTHS = (4, 6, 9, 13, 18, 26, 36)
"""Widths of the students' unknown hidden layers. From experiments: students 1.3 to 2 times as wide as the hidden
network converge most often."""
VOTERS = 8
"""Students per group, whose units are clustered. A larger value gives more reliable clusters and takes longer.
Hand-set."""
RECURRENCE = 0.5
"""Least members of a cluster, relative to the number of students. Lower values keep more units, true and false ones;
pruning removes the false ones. Hand-set."""
ALONE = 6
"""Groups of students above a known layer before random units are added to this layer. Hand-set."""
SPARE = 3
"""Random units that are then added to the known layer. A larger value allows more missed units and takes longer.
Hand-set."""
PER_PARAMETER = 0.6
"""Most parameters of a student per residual. With a larger value, wrong students could fit the data. Hand-set."""
HELD = 30
"""Iterations during which a known layer keeps its weights, so that random upper layers do not change it. Hand-set."""
ITERATIONS = 150
"""Most iterations of every student after `HELD`. A larger value takes longer. Hand-set."""
PROMISING = 1e-4
"""Mean squared error below which the best student of a group is fitted further, relative to the outputs' variance.
Hand-set."""
MORE = 400
"""Most further iterations of such a student. Hand-set."""
NORMS = (0.8, 2.5)
"""Smallest and largest norm of the weights of random units. Hand-set."""


@dataclass(frozen=True, eq=False)
class Trial:
    """A fitted student.

    Attributes:
        network: the student.
        mse: its mean squared error.
    """

    network: MLP
    mse: float


def whole_students(shape: Architecture, rows: Rows, stopping: Stopping, rng: np.random.Generator) -> Iterator[Trial]:
    """Train students from random weights, and students above the layers that they agree on.

    Args:
        shape: numbers of inputs, outputs and layers, and the activation; the hidden widths are not used.
        rows: data.
        stopping: tolerance and deadline of the fits.
        rng: generator for the weights.

    Yields:
        The best student of every group.
    """
    for width in _turns():
        if stopping.out_of_time():
            return
        empty = MLP.of([(np.zeros((1, shape.widths[0])), np.zeros(1))], shape.activation)
        yield from _climb(empty, shape.hidden_layers, width, rows=rows, stopping=stopping, rng=rng)


def students_above(known: MLP, depth: int, rows: Rows, stopping: Stopping, rng: np.random.Generator) -> Iterator[Trial]:
    """Train students whose first layer starts at known weights, and students above the layers that they agree on.

    After `ALONE` groups, random units are added to the first layer, in case some of its units are missing.

    Args:
        known: network with the known first layer. Its directions must be accurate; norms and biases need not be.
        depth: number of hidden layers.
        rows: data.
        stopping: tolerance and deadline of the fits.
        rng: generator for the upper layers.

    Yields:
        The best student of every group.
    """
    for turn, width in enumerate(_turns()):
        if stopping.out_of_time():
            return
        first = known
        if turn >= ALONE:
            weight, bias = _random_layer(SPARE, rows, rng)
            joined = np.concatenate([known.weights[0], weight]), np.concatenate([known.biases[0], bias])
            first = _with_layers([joined], known.activation)
        yield from _climb(first, depth, width, rows=rows, stopping=stopping, rng=rng)


def _climb(
    known: MLP, depth: int, width: int, *, rows: Rows, stopping: Stopping, rng: np.random.Generator
) -> Iterator[Trial]:
    """Train students above known layers, then students above the next layer that the first students agree on.

    Even if no student converges, units that recur in many students are good starts: most students that start from them
    converge (measured on tanh networks of shapes 4-6-6-1 and 8-8-8-1).
    """
    networks = [_drawn(known, [width] * (depth - known.hidden_layers), rows, rng) for _ in range(VOTERS)]
    shape, _ = parameters_of(networks[0])
    if shape.parameters > PER_PARAMETER * rows.equations:
        return
    theta = np.stack([parameters_of(network)[1] for network in networks])
    held = sum(weight.size + len(bias) for weight, bias in known.layers()[:-1])
    if held:
        free = np.arange(shape.parameters) >= held - known.widths[-2]
        theta = levenberg_marquardt(shape, theta, rows, replace(stopping, iterations=HELD), free).theta
    rest = replace(stopping, iterations=ITERATIONS, window=25, gain=0.2)
    fit = levenberg_marquardt(shape, theta, rows, rest).sorted()
    best, mse = fit.theta[0], float(fit.mse[0])
    if stopping.tolerance < mse < PROMISING * rows.targets.var():
        more = levenberg_marquardt(shape, best[None], rows, replace(rest, iterations=MORE, window=40))
        best, mse = more.theta[0], float(more.mse[0])
    yield Trial(network_of_row(shape, best), mse)
    if known.hidden_layers + 1 < depth and not stopping.out_of_time():
        agreed = _agreed(shape, fit.theta, known.hidden_layers + 1)
        if agreed is not None:
            yield from _climb(agreed, depth, width, rows=rows, stopping=stopping, rng=rng)


def _turns() -> Iterator[int]:
    """Yield widths without end: 4 6 9, 6 9 13, 9 13 18, ..., then all widths but the first in turn."""
    for first in range(len(WIDTHS) - 2):
        yield from WIDTHS[first : first + 3]
    while True:
        yield from WIDTHS[1:]


def _agreed(shape: Architecture, theta: Array, layer: int) -> MLP | None:
    """Build the layers up to `layer` from the units that recur in many students; return None if no unit recurs.

    The best student comes first, and gives the lower layers. All students started with equal lower layers, so the units
    of these layers have the same order in all students.
    """
    parts = shape.unpack(theta)
    units = np.concatenate([parts.weights[layer - 1], parts.biases[layer - 1][..., None]], axis=2)
    units = units.reshape(-1, units.shape[2])
    signless = ACTIVATIONS[shape.activation].symmetry != "none"
    groups = cluster_units(units, max(2, int(RECURRENCE * len(theta))), signless=signless)
    if not groups:
        return None
    found = centres(units, groups, signless=signless)
    lower = network_of_row(shape, theta[0]).layers()[: layer - 1]
    return _with_layers([*lower, (found[:, :-1], found[:, -1])], shape.activation)


def _with_layers(hidden: list[tuple[Array, Array]], activation: str) -> MLP:
    """Build a network of hidden layers whose output is zero."""
    return MLP.of([*hidden, (np.zeros((1, len(hidden[-1][1]))), np.zeros(1))], activation)


def _random_layer(units: int, rows: Rows, rng: np.random.Generator) -> tuple[Array, Array]:
    """Draw a first layer whose hyperplanes pass through the data."""
    spread = rows.inputs.std(axis=1) + 1e-12
    weight = rng.standard_normal((units, len(spread)))
    weight *= (rng.uniform(*NORMS, units) / np.linalg.norm(weight, axis=1))[:, None]
    bias = rng.uniform(-1, 1, units) * np.linalg.norm(weight, axis=1)
    weight /= spread
    return weight, bias - weight @ rows.inputs.mean(axis=1)


def _drawn(known: MLP, widths: list[int], rows: Rows, rng: np.random.Generator) -> MLP:
    """Draw layers above the known ones, with hyperplanes through the hidden states; fit the output layer."""
    sigma = known.sigma.value
    layers, state = known.layers()[:-1], known.hidden(rows.inputs.T, known.hidden_layers)
    for width in widths:
        if not layers:
            weight, bias = _random_layer(width, rows, rng)
        else:
            weight = rng.standard_normal((width, state.shape[1]))
            weight *= (rng.uniform(*NORMS, width) / np.linalg.norm(weight, axis=1))[:, None]
            spread = (state @ weight.T).std(axis=0)
            bias = rng.uniform(-1, 1, width) * spread - weight @ state.mean(axis=0)
        layers.append((weight, bias))
        state = sigma(state @ weight.T + bias)
    columns = np.column_stack([state, np.ones(len(state))])
    output = np.linalg.lstsq(columns, rows.targets.T, rcond=1e-8)[0].T
    return MLP.of([*layers, (output[:, :-1], output[:, -1])], known.activation)
