"""Find by queries, before any fit, the effective inputs and the first layer of saturating units."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from generator.recovery.network.mlp import MLP
from solvers.recovery.peeling.hyperplanes import find_hyperplanes
from solvers.recovery.peeling.probing import Probe, affordable
from solvers.recovery.peeling.profiles import first_layer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["SATURATING", "draw_points", "reduced", "saturated_layer"]

SATURATING = ("tanh", "sigmoid")
"""Activations whose units are constant far from their hyperplanes."""
SCALES = (0.5, 1.0, 2.0, 4.0)
"""Standard deviations of the points that students are fitted to, in multiples of the puzzle's input scale. Small ones
show the curvature of the units, large ones their saturation patterns. Hand-set."""
RANK_GAP = 1e-6
"""Singular values of the gradients below this share of the largest one count as zero. A larger value drops more
directions of the inputs. Hand-set, above the errors of gradients."""
LEAST_RATIO = 1.5
"""Least number of inputs per effective input at which inputs are reduced. A larger value reduces less often and takes
fewer queries. Hand-set."""


def reduced(probe: Probe, scale: float, rng: np.random.Generator) -> Probe:
    """Reduce the inputs to the span of the gradients.

    All gradients are linear combinations of the first layer's weights. If this layer has fewer units than inputs, the
    network depends only on the projection of the inputs on the span of the gradients.

    Args:
        probe: probe of all inputs.
        scale: standard deviation of the points at which gradients are measured.
        rng: generator for the points.

    Returns:
        The probe of the effective inputs; `probe` itself if all inputs are needed or the budget is too small.
    """
    rows = np.empty((0, probe.inputs))
    most = int(probe.inputs / LEAST_RATIO)
    while len(rows) <= most and affordable(probe.oracle, 4 * 6 * probe.inputs):
        points = scale * rng.standard_normal((2, probe.inputs))
        points *= np.minimum(1, probe.reach(np.zeros_like(points), points, 0.9 * probe.bound))[:, None]
        rows = np.concatenate([rows, probe.gradients(points)])
        _, values, spanned = np.linalg.svd(rows, full_matrices=False)
        rank = int((values > RANK_GAP * values[0]).sum()) if values[0] > 0 else len(rows)
        if rank <= len(rows) - 2:
            return Probe(probe.oracle, probe.basis @ spanned[:rank].T, probe.mix)
    return probe


def saturated_layer(probe: Probe, activation: str, rng: np.random.Generator) -> MLP | None:
    """Find the first layer by saturation.

    Returns:
        A network of the effective inputs with this layer as its only hidden layer and with outputs zero; None if no
        unit was found.

    Raises:
        QueryError: if the budget is spent.
    """
    planes = find_hyperplanes(probe, rng)
    if not planes:
        return None
    weight, bias = first_layer(probe, planes, activation, rng)
    return MLP.of([(weight, bias), (np.zeros((1, len(bias))), np.zeros(1))], activation)


def draw_points(probe: Probe, count: int, scale: float, rng: np.random.Generator) -> Array:
    """Draw effective inputs at several scales inside the box, count x n."""
    points = rng.standard_normal((count, probe.inputs)) * (scale * np.resize(SCALES, count))[:, None]
    room = probe.reach(np.zeros_like(points), points, 0.999 * probe.bound)
    scaled: Array = points * np.minimum(1, room)[:, None]
    return scaled
