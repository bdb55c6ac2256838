"""Students of whole networks, and of the layers above a known first layer, in groups of growing width."""

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
"""Widths of the students' unknown hidden layers. Students that are 1.3 to 2 times as wide as the hidden network
converge most often."""
GROUP = 4
"""Students per group above a known layer. Hand-set."""
VOTERS = 8
"""Students per width from random weights; their first layers are clustered."""
REPEATS = 2
"""Groups of students above the clusters of each ensemble."""
RECURRENCE = 0.5
"""Least members of a cluster, relative to the number of students. Lower values keep more units, true and false; pruning
removes the false ones."""
ALONE = 9
"""Groups above a known layer before random units are added to it."""
SPARE = 3
"""Random units that are added then. Hand-set."""
PER_PARAMETER = 0.6
"""Most parameters of a student, relative to the number of residuals. Larger values let students fit the data without
being the network."""
HELD = 30
"""Iterations during which a known layer keeps its weights, so that random upper layers cannot spoil it."""
ITERATIONS = 150
"""Iterations of every student after that."""
PROMISING = 1e-4
"""Error, relative to the outputs' variance, below which the best student of a group goes on."""
MORE = 400
"""Iterations of a promising student."""
NORMS = (0.8, 2.5)
"""Norms of the weights of the drawn upper units above a known layer. Hand-set."""


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
    """Train students from random weights; cluster their first layers and train students above the clusters.

    Even where no student converges, the clusters start the next students so well that most of those do.

    Args:
        shape: inputs, outputs, depth and activation; its hidden widths are not used.
        rows: data.
        stopping: tolerance and deadline of the fits.
        rng: draws the weights.

    Yields:
        The best student of every group.
    """
    depth = shape.hidden_layers
    for width in _turns():
        if stopping.out_of_time():
            return
        networks = [
            _drawn(_random_layer(shape, width, rows, rng), [width] * (depth - 1), rows, rng) for _ in range(VOTERS)
        ]
        student, theta = _stacked(networks)
        if student.parameters > PER_PARAMETER * rows.equations:
            continue
        fit = levenberg_marquardt(student, theta, rows, _main(stopping)).sorted()
        yield Trial(network_of_row(student, fit.theta[0]), float(fit.mse[0]))
        known = _common_layer(student, fit.theta)
        if known is None:
            continue
        for _ in range(REPEATS):
            networks = [_drawn(known, [width] * (depth - 1), rows, rng) for _ in range(GROUP)]
            yield _fitted(networks, rows, stopping)


def students_above(known: MLP, depth: int, rows: Rows, stopping: Stopping, rng: np.random.Generator) -> Iterator[Trial]:
    """Train students whose first layer starts at a known one.

    After `ALONE` groups the first layer gets random units as well, in case the known ones are not all.

    Args:
        known: network whose first layer is the known one: directions are accurate, norms and biases need not be.
        depth: number of hidden layers.
        rows: data.
        stopping: tolerance and deadline of the fits.
        rng: draws the upper layers.

    Yields:
        The best student of every group.
    """
    shape, _ = parameters_of(known)
    for turn, width in enumerate(_turns()):
        if stopping.out_of_time():
            return
        networks = []
        for _ in range(GROUP):
            first = known
            if turn >= ALONE:
                spare = _random_layer(shape, SPARE, rows, rng)
                first = MLP.of([_joined(known, spare), known.layers()[-1]], known.activation)
            networks.append(_drawn(first, [width] * (depth - 1), rows, rng))
        if parameters_of(networks[0])[0].parameters <= PER_PARAMETER * rows.equations:
            yield _fitted(networks, rows, stopping)


def _turns() -> Iterator[int]:
    """Yield widths for ever: 4 6 9, 6 9 13, ..., each one three times, then all in turn."""
    for first in range(len(WIDTHS) - 2):
        yield from WIDTHS[first : first + 3]
    while True:
        yield from WIDTHS[1:]


def _main(stopping: Stopping) -> Stopping:
    return replace(stopping, iterations=ITERATIONS, window=25, gain=0.2)


def _stacked(networks: list[MLP]) -> tuple[Architecture, Array]:
    """Write networks of one shape as an ensemble."""
    shape, _ = parameters_of(networks[0])
    return shape, np.stack([parameters_of(network)[1] for network in networks])


def _fitted(networks: list[MLP], rows: Rows, stopping: Stopping) -> Trial:
    """Fit a group of students: first with the weights of the first layer fixed, then all; return the best."""
    student, theta = _stacked(networks)
    free = np.arange(student.parameters) >= networks[0].weights[0].size
    theta = levenberg_marquardt(student, theta, rows, replace(stopping, iterations=HELD), free).theta
    fit = levenberg_marquardt(student, theta, rows, _main(stopping))
    best, mse = fit.theta[fit.best()], float(fit.mse[fit.best()])
    if stopping.tolerance < mse < PROMISING * rows.targets.var():
        more = levenberg_marquardt(student, best[None], rows, replace(_main(stopping), iterations=MORE, window=40))
        best, mse = more.theta[0], float(more.mse[0])
    return Trial(network_of_row(student, best), mse)


def _common_layer(student: Architecture, theta: Array) -> MLP | None:
    """Cluster the first layers of students, the best one first; None if no cluster recurs."""
    parts = student.unpack(theta)
    units = np.concatenate([parts.weights[0], parts.biases[0][..., None]], axis=2).reshape(-1, student.widths[0] + 1)
    signless = ACTIVATIONS[student.activation].symmetry != "none"
    groups = cluster_units(units, max(2, int(RECURRENCE * len(theta))), signless=signless)
    if not groups:
        return None
    found = centres(units, groups, signless=signless)
    return MLP.of([(found[:, :-1], found[:, -1]), (np.zeros((1, len(found))), np.zeros(1))], student.activation)


def _joined(known: MLP, spare: MLP) -> tuple[Array, Array]:
    """Join the first layers of two networks."""
    return np.concatenate([known.weights[0], spare.weights[0]]), np.concatenate([known.biases[0], spare.biases[0]])


def _random_layer(shape: Architecture, units: int, rows: Rows, rng: np.random.Generator) -> MLP:
    """Draw a first layer whose hyperplanes pass through the data."""
    spread = rows.inputs.std(axis=1) + 1e-12
    weight = rng.standard_normal((units, len(spread)))
    weight *= (rng.uniform(*NORMS, units) / np.linalg.norm(weight, axis=1))[:, None]
    weight /= spread
    bias = rng.uniform(-1, 1, units) * np.linalg.norm(weight * spread, axis=1) - weight @ rows.inputs.mean(axis=1)
    return MLP.of([(weight, bias), (np.zeros((1, units)), np.zeros(1))], shape.activation)


def _drawn(known: MLP, widths: list[int], rows: Rows, rng: np.random.Generator) -> MLP:
    """Draw upper layers whose hyperplanes pass through the hidden states; fit the output layer by least squares."""
    sigma = ACTIVATIONS[known.activation].value
    layers, state = known.layers()[:1], known.hidden(rows.inputs.T, 1)
    for width in widths:
        weight = rng.standard_normal((width, state.shape[1]))
        weight *= (rng.uniform(*NORMS, width) / np.linalg.norm(weight, axis=1))[:, None]
        spread = (state @ weight.T).std(axis=0)
        bias = rng.uniform(-1, 1, width) * spread - weight @ state.mean(axis=0)
        layers.append((weight, bias))
        state = sigma(state @ weight.T + bias)
    columns = np.column_stack([state, np.ones(len(state))])
    output = np.linalg.lstsq(columns, rows.targets.T, rcond=1e-8)[0].T
    return MLP.of([*layers, (output[:, :-1], output[:, -1])], known.activation)
