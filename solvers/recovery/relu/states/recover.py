"""Three hidden layers behind a first layer that does not expand: planes, signatures, outputs, and a search for errors."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, combinations, islice
from typing import TYPE_CHECKING

import numpy as np

from generator.recovery.network.mlp import MLP
from solvers.recovery.relu.fitting.orientation import oriented
from solvers.recovery.relu.hyperplanes.bending import without_bent
from solvers.recovery.relu.hyperplanes.search import find_planes
from solvers.recovery.relu.prefix import Prefix
from solvers.recovery.relu.states.layer import Layer, search_layer, search_open_weights
from solvers.recovery.relu.states.output import fit_last_layers, misfits
from solvers.recovery.relu.states.sampling import diverse_lines, diverse_points
from solvers.recovery.relu.states.straight import straight_planes, sure_planes
from solvers.recovery.relu.walking.map import KnownMap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from solvers.recovery.relu.hyperplanes.domain import Domain
    from solvers.recovery.relu.hyperplanes.planes import Planes

__all__ = ["Recovered", "recover_behind"]

QUIET = 12
"""Lines without a new plane after which the search of the second layer ends. Hand-set."""
ROWS, MOST_ROWS = 5000, 40_000
"""Points on which a network is compared with the oracle, at a time and in all. Larger values find rarer units. Hand-set
after a unit that was on at one such point in ten thousand."""
ROUNDS = 12
"""Most searches where the network is wrong. Hand-set."""
ENDS = 24
"""Points with errors from which lines begin, per round. Hand-set."""
CHOICES = 12
"""Most choices of the second layer's planes that are tried. Hand-set."""
AIMED = 6
"""Most searches for weights that no kink has shown. Hand-set."""
STRANGE = 20
"""Kinks that the second layer does not explain, from which it counts as wrong. Hand-set."""
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
    planes = without_bent(domain, find_planes(domain, rng, deep=True, quiet=QUIET, hopeful=hopeful), rng)
    planes = straight_planes(domain, planes, rng)
    if not len(planes):
        return None
    best: Recovered | None = None
    sure = sure_planes(domain, planes, rng)
    log(f"layer 2: {len(planes)} planes that do not bend, {int(sure.sum())} of them sure")
    for chosen in _choices(sure, domain.dimensions):
        if not hopeful():
            break
        layer = _layer(domain, planes.some(chosen), activation, rng)
        found = _last(layer, rng, log, hopeful)
        if found is not None and (best is None or found.worst < best.worst):
            best = found
        if best is not None and best.worst <= WRONG:
            break
    return best


def _choices(sure: NDArray[np.bool_], most: int) -> Iterator[NDArray[np.bool_]]:
    """Yield the sure planes with as many of the others as a layer of at most so many units can have."""
    others = np.flatnonzero(~sure)
    size = max(0, min(len(others), most - int(sure.sum())))
    for extra in islice(chain(combinations(others, size), *([[()]] if size else [])), CHOICES):
        chosen = sure.copy()
        chosen[list(extra)] = True
        if chosen.any() and chosen.sum() <= most:
            yield chosen


def _layer(domain: Domain, planes: Planes, activation: str, rng: np.random.Generator) -> Layer:
    planes, _ = oriented(domain, planes, rng)
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
    while layer.parts and rounds < ROUNDS and len(points) < MOST_ROWS and len(layer.strange) <= STRANGE:
        fresh = diverse_points(domain, known, ROWS, rng)
        points, values = np.concatenate([points, fresh]), np.concatenate([values, domain.function(fresh)])
        wrong = np.flatnonzero(misfits(layer, points, values, WRONG) > WRONG)
        while len(wrong) and rounds < ROUNDS and hopeful():
            rounds += 1
            ends = points[rng.choice(wrong, min(ENDS, len(wrong)), replace=False)]
            lines = diverse_lines(domain, known, 2 * ENDS, rng, np.repeat(ends, 2, axis=0))
            news = search_layer(layer, rng, lines=lines, hopeful=hopeful)
            if not (search_open_weights(layer, rng, hopeful=hopeful) or news):
                search_layer(layer, rng, hopeful=hopeful, quiet=2)
            wrong = np.flatnonzero(misfits(layer, points, values, WRONG) > WRONG)
        if not hopeful():
            break
    for _ in range(AIMED):
        if not layer.parts or not any((~part.seen).any() for part in layer.parts) or not hopeful():
            break
        search_open_weights(layer, rng, hopeful=hopeful)
    if not layer.parts or not len(points):
        return None
    found = fit_last_layers(layer, points, values)
    network = MLP.of([(known.prefix.weights[0], known.prefix.biases[0]), *found.layers], known.prefix.activation)
    errors = np.abs(network(points) - values).max(axis=1) / domain.noise(points, values)
    log(
        f"layer 2: {known.prefix.units} units; layer 3: {len(found.layers[0][0])} units; "
        f"the largest residual of {len(points)} rows is {errors.max():.1e}; {found.doubt}"
    )
    return Recovered(network.layers(), float(errors.max()), found.doubt, diverse_points(domain, known, ROWS, rng))
