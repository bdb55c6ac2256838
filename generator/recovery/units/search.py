"""Search a box for inputs at which hidden units are on, and for inputs at which they are off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from generator.recovery.network.mlp import MLP

__all__ = ["Seen", "climb", "look", "sample_inputs"]

POINTS = 512
"""Random inputs per scale. A larger value finds more units without a climb and takes longer. Hand-set."""
SCALES = (1e-4, 1e-3, 1e-2, 0.03, 0.1, 0.3, 1.0)
"""Standard deviations of the random inputs as shares of the box. Hand-set: at small inputs the biases decide which
units are on, at large inputs the weights."""
UNBOUNDED = 1e4
"""Bound of the searched inputs if the puzzle has no box. A larger value finds more units. Hand-set."""
ROUND_OFF = 1e-9
"""Least distance of a preactivation from 0 at which a unit counts as on or off, as a share of |w| |h| + |b|. A larger
value leaves more units unknown. Hand-set, far above rounding errors."""
STARTS = 8
"""Inputs from which a unit's preactivation is climbed. A larger value finds more units and takes longer. Hand-set."""
CLIMBS = 30
"""Most steps of each climb. A larger value finds more units and takes longer. Hand-set."""
STEPS = np.geomspace(1e-4, 1.0, 9)
"""Step lengths that each step of a climb tries, as shares of the way to a corner of the box. Hand-set."""

Seen = list[tuple["NDArray[np.bool_]", "NDArray[np.bool_]"]]
"""Per hidden layer: for each unit whether an input turned it off, and whether an input turned it on."""


def sample_inputs(inputs: int, box: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw inputs of several scales, corners of the box, uniform points and points on faces; rows x d."""
    gauss = [np.clip(box * scale * rng.standard_normal((POINTS, inputs)), -box, box) for scale in SCALES]
    corners = box * rng.choice([-1.0, 1.0], (POINTS, inputs))
    uniform = rng.uniform(-box, box, (POINTS, inputs))
    faces = np.where(rng.random((POINTS, inputs)) < rng.random((POINTS, 1)), corners, uniform)
    return np.concatenate([*gauss, corners, uniform, faces, np.zeros((1, inputs))])


def look(network: MLP, inputs: NDArray[np.float64]) -> Seen:
    """Find the units that at least one of the inputs, rows x d, turns off, and the units that one turns on."""
    found: Seen = []
    state = inputs
    for weight, bias in network.layers()[:-1]:
        before = state @ weight.T + bias
        least = ROUND_OFF * (np.abs(state) @ np.abs(weight).T + np.abs(bias))
        found.append((np.any(before < -least, axis=0), np.any(before > least, axis=0)))
        state = network.sigma.value(before)
    return found


def climb(
    network: MLP, unit: tuple[int, int], sign: float, starts: NDArray[np.float64], box: float
) -> NDArray[np.float64]:
    """Increase sign * preactivation of a unit by steps from inputs towards the corners that the gradient points to.

    Args:
        network: a network with piecewise linear activation.
        unit: hidden layer of the unit, counted from 1, and its number in the layer, from 0.
        sign: 1 to turn the unit on, -1 to turn it off.
        starts: inputs, rows x d; the best `STARTS` are climbed.
        box: bound of every input.

    Returns:
        The inputs at which the climbs ended, at most `STARTS` x d.
    """
    layer, number = unit
    weight, bias = network.weights[layer - 1][number], network.biases[layer - 1][number]

    def height(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(sign * (network.hidden(points, layer - 1) @ weight + bias))

    points = starts[np.argsort(-height(starts))[:STARTS]]
    best = height(points)
    for _ in range(CLIMBS):
        corners = np.where(_gradient(network, layer, sign * weight, points) >= 0, box, -box)
        tried = points[:, None] + STEPS[:, None] * (corners - points)[:, None]
        heights = height(tried.reshape(-1, points.shape[1])).reshape(len(points), -1)
        choice = heights.argmax(axis=1)
        better = heights.max(axis=1) > best
        if best.max() > 0 or not better.any():
            break
        points = np.where(better[:, None], tried[np.arange(len(points)), choice], points)
        best = np.maximum(best, heights.max(axis=1))
    return points


def _gradient(
    network: MLP, layer: int, weight: NDArray[np.float64], points: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Compute the derivatives of weight @ h_{layer-1} by the inputs, rows x d."""
    slopes = [network.sigma.slope(network.preactivations(points, below)) for below in range(1, layer)]
    backward = np.broadcast_to(weight, (len(points), len(weight)))
    for below in reversed(range(layer - 1)):
        backward = (backward * slopes[below]) @ network.weights[below]
    return np.asarray(backward)
