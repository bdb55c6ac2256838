"""Two hidden layers behind a first layer that does not expand: planes, signatures, outputs, and a search for errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from generator.recovery.network.mlp import MLP
from solvers.recovery.relu.hyperplanes.bending import without_bent
from solvers.recovery.relu.hyperplanes.search import find_planes, planes_of_kinks
from solvers.recovery.relu.prefix import Prefix
from solvers.recovery.relu.states.choosing import chosen_planes
from solvers.recovery.relu.states.layer import Layer, search_layer, search_open_weights
from solvers.recovery.relu.states.output import fit_last_layers, misfits
from solvers.recovery.relu.states.sampling import diverse_lines, diverse_points
from solvers.recovery.relu.states.straight import straight_planes
from solvers.recovery.relu.walking.map import KnownMap

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from solvers.recovery.relu.hyperplanes.domain import Domain
    from solvers.recovery.relu.hyperplanes.planes import Planes

__all__ = ["Recovered", "recover_behind"]

QUIET = 24
"""Lines without a new plane after which the search of the second layer ends. Hand-set."""
ROWS, MOST_ROWS = 5000, 30_000
"""Points on which a network is compared with the oracle, at a time and in all. Larger values find rarer units. Hand-set
after a unit that was on at one such point in ten thousand."""
ROUNDS = 8
"""Most searches where the network is wrong. Hand-set."""
ENDS = 24
"""Points with errors from which lines begin, per round. Hand-set."""
AIMED = 6
"""Most searches for weights that no kink has shown. Hand-set."""
ATTEMPTS = 8
"""Most searches of both layers, with other lines each. Hand-set."""
WRONG = 1e6
"""Difference from the oracle, in error bounds of one output, that counts as an error. Hand-set."""


@dataclass(frozen=True, eq=False)
class Recovered:
    """The result.

    Attributes:
        layers: weight and bias of the layers after the first one.
        worst: largest difference from the oracle, in error bounds.
        doubt: why the network is not certain; empty if it is.
        points: states of the first layer for a last check, rare ones among them; rows x coordinates.
    """

    layers: list[tuple[NDArray[np.float64], NDArray[np.float64]]]
    worst: float
    doubt: str
    points: NDArray[np.float64]


def recover_behind(
    domain: Domain,
    activation: str,
    rng: np.random.Generator,
    log: Callable[[str], None],
    hopeful: Callable[[], bool],
) -> Recovered | None:
    """Recover two hidden layers and the output layer as a function of the states of the first layer.

    Returns:
        None if the second layer shows no unit, or more units than the first one.
    """
    every = without_bent(domain, find_planes(domain, rng, deep=True, quiet=QUIET, hopeful=hopeful), rng)
    best: Recovered | None = None
    for _ in range(ATTEMPTS):
        straight = straight_planes(domain, every, rng)
        if not len(straight):
            break
        chosen, clear = chosen_planes(domain, straight, rng)
        log(
            f"layer 2: {len(straight)} planes that do not bend, {len(chosen)} of them independent"
            + ("" if clear else "; not all of their sides are clear")
        )
        layer = _layer(domain, chosen, activation)
        found = _last(layer, rng, log, hopeful)
        if found is not None and (best is None or found.worst < best.worst):
            best = found
        if (best is not None and best.worst <= WRONG) or not hopeful():
            break
        # Kinks that the layer does not explain may belong to a unit of it that was missed.
        before = len(every)
        for kinks in layer.strange:
            every = planes_of_kinks(domain, kinks, every, rng, deep=True, hopeful=hopeful)
        log(f"layer 2: {len(every) - before} more planes at {sum(map(len, layer.strange))} strange kinks")
    return best


def _layer(domain: Domain, planes: Planes, activation: str) -> Layer:
    size = domain.dimensions
    prefix = Prefix(size, activation).extended(planes.normals, planes.offsets)
    return Layer(domain, KnownMap(prefix, bypass=False, origin=np.zeros(size), basis=np.eye(size)))


def _last(
    layer: Layer, rng: np.random.Generator, log: Callable[[str], None], hopeful: Callable[[], bool]
) -> Recovered | None:
    """Search the last hidden layer, and again from points where no function of its units fits the outputs.

    Returns:
        None if no unit was found.
    """
    domain, known = layer.domain, layer.known
    search_layer(layer, rng, hopeful=hopeful)
    points, values = np.empty((0, domain.dimensions)), np.empty((0, domain.outputs))
    rounds = 0
    while layer.parts and rounds < ROUNDS and len(points) < MOST_ROWS and not layer.doubtful:
        fresh = diverse_points(domain, known, ROWS, rng)
        points, values = np.concatenate([points, fresh]), np.concatenate([values, domain.function(fresh)])
        wrong = np.flatnonzero(_errors(layer, points, values) > WRONG)
        while len(wrong) and rounds < ROUNDS and hopeful():
            rounds += 1
            ends = points[rng.choice(wrong, min(ENDS, len(wrong)), replace=False)]
            lines = diverse_lines(domain, known, 2 * ENDS, rng, np.repeat(ends, 2, axis=0))
            news = search_layer(layer, rng, lines=lines, hopeful=hopeful)
            if not (search_open_weights(layer, rng, hopeful=hopeful) or news):
                search_layer(layer, rng, hopeful=hopeful, quiet=2)
            wrong = np.flatnonzero(_errors(layer, points, values) > WRONG)
            log(f"    {len(layer.parts)} units, {len(wrong)} of {len(points)} rows do not fit")
        if not hopeful():
            break
    for _ in range(AIMED):
        if not layer.parts or not any((~part.seen).any() for part in layer.parts) or not hopeful():
            break
        search_open_weights(layer, rng, hopeful=hopeful)
    if not layer.parts or not len(points) or layer.doubtful:
        return None
    network, doubt = _fitted(layer, points, values)
    worst = float((np.abs(network(points) - values).max(axis=1) / domain.noise(points, values)).max())
    log(
        f"layer 2: {known.prefix.units} units; layer 3: {network.widths[2]} units; "
        f"the largest residual of {len(points)} rows is {worst:.1e}; {doubt}"
    )
    return Recovered(network.layers(), worst, doubt, diverse_points(domain, known, ROWS, rng))


def _fitted(layer: Layer, points: NDArray[np.float64], values: NDArray[np.float64]) -> tuple[MLP, str]:
    """Fit the network behind the first layer to the rows that its units can fit, and say what is not certain."""
    prefix = layer.known.prefix
    good = misfits(layer, points, values, WRONG) <= WRONG
    if 2 * good.sum() < len(good):
        good[:] = True
    found = fit_last_layers(layer, points[good], values[good])
    return MLP.of([(prefix.weights[0], prefix.biases[0]), *found.layers], prefix.activation), found.doubt


def _errors(layer: Layer, points: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute how far outputs are from the units found so far, with signs or without them, in error bounds."""
    errors = misfits(layer, points, values, WRONG)
    if errors.max() > WRONG:
        network, _ = _fitted(layer, points, values)
        errors = np.minimum(errors, np.abs(network(points) - values).max(axis=1) / layer.domain.noise(points, values))
    return errors
