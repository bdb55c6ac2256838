"""The domains in which layers are searched: the inputs, and the states of a first layer with independent rows.

If the rows W of the first layer are independent, the input x(h) = W^+ (h - b) has the first hidden state h, for every h
>= 0. So F(h) = f(x(h)) is a network with one hidden layer less.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from solvers.recovery.relu.hyperplanes.domain import Domain
from solvers.recovery.relu.hyperplanes.interior import inner_point
from solvers.recovery.relu.hyperplanes.scanning import Lines

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solvers.recovery.relu.hyperplanes.probe import Probe
    from solvers.recovery.relu.prefix import Prefix

__all__ = ["input_space", "state_space"]

SCALES = (1.0, 1.0, 3.0, 10.0, 100.0)
"""Sizes of the sampled points, in typical norms. Larger ones find units that switch far from the origin. Hand-set."""
FAR = (30.0, 3000.0)
"""Lengths of the scanned axes of the orthant, in typical preactivations. Hand-set: random lines find units with larger
biases."""
AWAY = 0.02
"""Distance of the scanned axes from the faces of the orthant, in typical preactivations. It leaves room for gradients.
Hand-set."""
TOGETHER = 320
"""States whose inputs are computed together. A larger value takes more memory. Hand-set."""
SAMPLE = 200
"""Inputs from which the typical size of a hidden state is computed. Hand-set."""


def input_space(probe: Probe) -> Domain:
    """Make the domain of the inputs, inside the box if there is one."""
    size = probe.inputs
    limits = np.empty(0) if probe.box is None else np.full(2 * size, probe.box)

    def walls(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.concatenate([points, -points], axis=1)

    def draw(count: int, rng: np.random.Generator) -> NDArray[np.float64]:
        scale = rng.choice(SCALES, count)[:, None] * probe.reach / np.sqrt(size)
        return np.asarray(scale * rng.standard_normal((count, size)))

    return Domain(
        size,
        probe.outputs,
        probe,
        probe.noise,
        probe.reach,
        probe.step,
        walls,
        np.ones(len(limits)),
        limits,
        np.zeros(size),
        draw,
        box=probe.box,
    )


def state_space(probe: Probe, prefix: Prefix, rng: np.random.Generator) -> Domain | None:
    """Make the domain of the states of one known layer that inputs in the box reach without a negative preactivation.

    Returns:
        The domain; None if no input inside the box has all units on.
    """
    weight, bias = prefix.weights[0], prefix.biases[0]
    units = len(weight)
    back = np.linalg.pinv(weight)
    faces, limits = -np.eye(units), np.zeros(units)
    shift = back @ bias
    # Lengths of inputs need no inputs: |W^+ (h - b)| = |R (h - b)| with W^+ = Q R.
    short = np.asarray(np.linalg.qr(back, mode="r"))
    if probe.box is not None:
        faces = np.concatenate([faces, back, -back])
        limits = np.concatenate([limits, probe.box + shift, probe.box - shift])
    typical = np.abs(
        prefix.preactivations(probe.reach / np.sqrt(prefix.inputs) * rng.standard_normal((SAMPLE, prefix.inputs)))
    )
    size = typical.mean(axis=0)
    centre = inner_point(faces, limits, size)
    if centre is None:
        return None

    def value(states: NDArray[np.float64]) -> NDArray[np.float64]:
        # A part at a time: inputs may be much longer than states.
        parts = [states[at : at + TOGETHER] for at in range(0, max(len(states), 1), TOGETHER)]
        return np.concatenate([probe(part @ back.T - shift) for part in parts])

    def noise(states: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
        return probe.noise((states - bias) @ short.T, values)

    def walls(states: NDArray[np.float64]) -> NDArray[np.float64]:
        if probe.box is None:
            return -states
        inputs = states @ back.T
        return np.concatenate([-states, inputs, -inputs], axis=1)

    def draw(count: int, rng: np.random.Generator) -> NDArray[np.float64]:
        scale = rng.choice(SCALES, count)[:, None] * size
        # States of 0 put points on faces of the orthant.
        on = rng.random((count, units)) < rng.uniform(0.1, 1.0, (count, 1))
        return np.asarray(scale * np.abs(rng.standard_normal((count, units))) * on)

    domain = Domain(
        units,
        probe.outputs,
        value,
        noise,
        float(np.linalg.norm(size)),
        probe.step,
        walls,
        np.linalg.norm(faces, axis=1),
        limits,
        centre,
        draw,
    )
    return replace(domain, first=_axes(domain, size))


def _axes(domain: Domain, size: NDArray[np.float64]) -> Lines:
    """Connect the far ends of all axes of the orthant to each other in a ring, and to a point near the origin.

    Far from the origin, a hyperplane w h + b = 0 separates the axes with w_i > 0 from the axes with w_i < 0. So a
    hyperplane whose w has both signs meets the ring. If all entries of w have one sign and b has the other, the
    hyperplane meets all segments to the origin.
    """
    off = AWAY * size
    near = domain.pulled(off[None], np.full(1, 0.999))
    parts = []
    for far in FAR:
        ends = domain.pulled(np.diag(far * size) + off, np.full(len(size), 0.999))
        starts = np.concatenate([ends, np.broadcast_to(near, ends.shape)])
        parts.append((starts, np.concatenate([np.roll(ends, 1, axis=0), ends])))
    return Lines.between(np.concatenate([one for one, _ in parts]), np.concatenate([two for _, two in parts]))
