"""Maximise the preactivation of one unit over a box, by a mixed-integer linear program.

Each unit of the layers before that may switch has one binary variable (Tjeng, Xiao, Tedrake 2019, arXiv 1711.07356,
section 4). All variables are divided by their largest value, so that the tolerances of the program are relative.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from generator.recovery.network.mlp import MLP
    from generator.recovery.units.bounds import Interval

__all__ = ["Program", "extreme", "never_both", "program_of"]

NODES = 20
"""Most branch-and-bound nodes per unit and direction. A larger value decides more units and takes longer. A limit of
nodes gives the same result on every machine, unlike a limit of time. Hand-set."""
PAIR_NODES = 5000
"""Most branch-and-bound nodes per pair of units. A larger value decides more pairs and takes longer. Hand-set."""
MARGIN = 1e-6
"""Margin added to a bound of the program, as a share of the unit's largest preactivation. A larger value decides fewer
units. It is ten times the feasibility tolerance of the solver HiGHS."""


@dataclass(frozen=True, eq=False)
class Program:
    """The layers before a hidden layer as linear constraints with binary variables.

    Attributes:
        box: bound of every input.
        inputs: number of inputs; they are the first variables, divided by the box.
        state: the layer's inputs as a matrix of units x variables.
        offset: the constant part of the layer's inputs.
        matrix: constraints x variables; matrix @ variables <= limits.
        limits: right-hand sides of the constraints.
        binary: 1 for a binary variable, 0 for another, per variable.
    """

    box: float
    inputs: int
    state: NDArray[np.float64]
    offset: NDArray[np.float64]
    matrix: NDArray[np.float64]
    limits: NDArray[np.float64]
    binary: NDArray[np.int64]


def program_of(network: MLP, bounds: list[Interval], box: float, layer: int) -> Program:
    """Write the layers before a hidden layer as constraints.

    Args:
        network: a network with piecewise linear activation.
        bounds: bounds of all hidden layers, from `interval_bounds`.
        box: bound of every input.
        layer: the hidden layer, counted from 1.
    """
    leak = float(network.sigma.slope(np.array([-1.0]))[0])
    inputs = network.widths[0]
    program = Program(
        box,
        inputs,
        state=box * np.eye(inputs),
        offset=np.zeros(inputs),
        matrix=np.zeros((0, inputs)),
        limits=np.zeros(0),
        binary=np.zeros(inputs, np.int64),
    )
    for (weight, bias), (low, high) in zip(network.layers()[: layer - 1], bounds, strict=False):
        program = _with_layer(program, weight @ program.state, weight @ program.offset + bias, (low, high), leak)
    return program


def extreme(
    program: Program, weight: NDArray[np.float64], bias: float, size: float
) -> tuple[NDArray[np.float64] | None, float]:
    """Maximise weight @ (the layer's inputs) + bias over the box.

    Args:
        program: the program of the layers before.
        weight: the unit's weights.
        bias: the unit's bias.
        size: largest absolute value of the preactivation that the bounds allow.

    Returns:
        The best input found, d numbers, None if no input was found; and an upper bound of the maximum.
    """
    goal, rest = weight @ program.state / size, (weight @ program.offset + bias) / size
    result = milp(
        -goal,
        integrality=program.binary,
        bounds=Bounds(np.where(np.arange(len(goal)) < program.inputs, -1.0, 0.0), 1.0),
        constraints=LinearConstraint(program.matrix, ub=program.limits) if len(program.limits) else None,
        options={"node_limit": NODES},
    )
    point = None if result.x is None else program.box * np.clip(result.x[: program.inputs], -1, 1)
    bound = np.inf if result.mip_dual_bound is None else rest - result.mip_dual_bound + MARGIN
    return point, float(min(bound, 1.0) * size)


def never_both(program: Program, source: int, weight: NDArray[np.float64], bias: float) -> bool:
    """Return whether it is proven that no input in the box turns on a unit together with a unit of the layer below.

    The program maximises the smaller one of both units' values, each divided by its largest value. Values below
    `MARGIN` count as off.

    Args:
        program: the program of the layers before; its activation is ReLU.
        source: number of the unit of the layer below.
        weight: weights of the unit on the layer below.
        bias: its bias.
    """
    values = np.stack([program.state[source], weight @ program.state])
    constants = np.array([program.offset[source], weight @ program.offset + bias])
    sizes = np.abs(values).sum(axis=1) + np.abs(constants)
    sizes[sizes == 0] = 1.0
    count = len(program.binary)
    both = np.column_stack([-values / sizes[:, None], np.ones(2)])  # least <= value / size
    layers = np.column_stack([program.matrix, np.zeros(len(program.matrix))])
    least = np.where(np.arange(count) < program.inputs, -1.0, 0.0)
    result = milp(
        np.append(np.zeros(count), -1.0),
        integrality=np.append(program.binary, 0),
        bounds=Bounds(np.append(least, -1.0), np.ones(count + 1)),
        constraints=LinearConstraint(np.vstack([layers, both]), ub=np.concatenate([program.limits, constants / sizes])),
        options={"node_limit": PAIR_NODES},
    )
    return result.mip_dual_bound is not None and bool(-result.mip_dual_bound <= MARGIN)


def _with_layer(
    program: Program, before: NDArray[np.float64], constant: NDArray[np.float64], interval: Interval, leak: float
) -> Program:
    """Add a layer: two variables and three constraints for each unit that may switch.

    With z the preactivation, s its largest absolute value, r = max(z, 0) / s and b in {0, 1}, the constraints are
    r >= z / s, r <= z / s - (1 - b) low / s and r <= b high / s.
    """
    low, high = interval
    free = np.flatnonzero((low < 0) & (high > 0))
    slope = np.where(low >= 0, 1.0, leak)
    scale = np.maximum(-low[free], high[free])
    bottom, top = low[free] / scale, high[free] / scale
    old, count = before.shape[1], len(free)
    row, one, none = before[free] / scale[:, None], np.eye(count), np.zeros((count, count))
    shift = constant[free] / scale
    added = np.block([[row, -one, none], [-row, one, -np.diag(bottom)], [np.zeros((count, old)), one, -np.diag(top)]])
    state = np.hstack([slope[:, None] * before, np.zeros((len(low), 2 * count))])
    state[free, old + np.arange(count)] = (1 - leak) * scale
    matrix = np.vstack([np.hstack([program.matrix, np.zeros((len(program.matrix), 2 * count))]), added])
    return Program(
        program.box,
        program.inputs,
        state,
        slope * constant,
        matrix,
        np.concatenate([program.limits, -shift, shift - bottom, np.zeros(count)]),
        np.concatenate([program.binary, np.zeros(count, np.int64), np.ones(count, np.int64)]),
    )
