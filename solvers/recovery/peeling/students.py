"""Students of whole networks, and of the layers above a known first layer, in groups of growing width."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from generator.recovery.network.activations import ACTIVATIONS
from generator.recovery.network.mlp import MLP
from solvers.recovery.core.ensemble import Architecture, draw_students, network_of_row, parameters_of
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
"""Students per group. Hand-set."""
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
    """Train students from random weights and yield the best of every group.

    Args:
        shape: inputs, outputs, depth and activation; its hidden widths are not used.
        rows: data.
        stopping: tolerance and deadline of the fits.
        rng: draws the weights.
    """
    for width in _turns():
        if stopping.out_of_time():
            return
        widths = (shape.widths[0], *[width] * shape.hidden_layers, shape.widths[-1])
        student = replace(shape, widths=widths)
        if student.parameters <= PER_PARAMETER * rows.equations:
            yield _fitted(student, draw_students(student, GROUP, rows, rng), 0, rows, stopping)


def students_above(known: MLP, depth: int, rows: Rows, stopping: Stopping, rng: np.random.Generator) -> Iterator[Trial]:
    """Train students whose first layer starts at a known one and yield the best of every group.

    Args:
        known: network of one hidden layer, the known one: its weights are accurate, its biases need not be.
        depth: number of hidden layers.
        rows: data.
        stopping: tolerance and deadline of the fits.
        rng: draws the upper layers.
    """
    for width in _turns():
        if stopping.out_of_time():
            return
        networks = [_drawn(known, [width] * (depth - 1), rows, rng) for _ in range(GROUP)]
        student, _ = parameters_of(networks[0])
        if student.parameters <= PER_PARAMETER * rows.equations:
            theta = np.stack([parameters_of(network)[1] for network in networks])
            yield _fitted(student, theta, known.weights[0].size, rows, stopping)


def _turns() -> Iterator[int]:
    """Yield widths for ever, small ones more often: 4, 4 6, 4 6 9, ..., then all in turn."""
    for most in range(1, len(WIDTHS)):
        yield from WIDTHS[max(0, most - 3) : most]
    while True:
        yield from WIDTHS


def _fitted(student: Architecture, theta: Array, held: int, rows: Rows, stopping: Stopping) -> Trial:
    """Fit a group of students; the first `held` parameters are fixed at first."""
    if held:
        first = replace(stopping, iterations=HELD)
        theta = levenberg_marquardt(student, theta, rows, first, np.arange(student.parameters) >= held).theta
    rest = replace(stopping, iterations=ITERATIONS, window=25, gain=0.2)
    fit = levenberg_marquardt(student, theta, rows, rest)
    best, mse = fit.theta[fit.best()], float(fit.mse[fit.best()])
    if stopping.tolerance < mse < PROMISING * rows.targets.var():
        more = levenberg_marquardt(student, best[None], rows, replace(rest, iterations=MORE, window=40))
        best, mse = more.theta[0], float(more.mse[0])
    return Trial(network_of_row(student, best), mse)


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
