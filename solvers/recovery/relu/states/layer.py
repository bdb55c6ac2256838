"""The units of the layer after the known ones, assembled from signatures of kinks on many lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from solvers.recovery.relu.hyperplanes.scanning import Lines
from solvers.recovery.relu.states.sampling import SHORTEST, diverse_lines, diverse_points, face_points
from solvers.recovery.relu.states.signatures import KNOWN, Signature, agree, on_known_kinks, signatures
from solvers.recovery.relu.walking.surface import best_row

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from solvers.recovery.relu.hyperplanes.domain import Domain
    from solvers.recovery.relu.hyperplanes.scanning import Kinks
    from solvers.recovery.relu.walking.map import KnownMap

__all__ = ["Layer", "Part", "search_layer", "search_open_weights"]

LINES = 24
"""Lines per round. Hand-set."""
QUIET = 6
"""Rounds without news after which a search ends. Larger values find rarer units and weights. Hand-set."""
MEASURED = 40
"""Most kinks per round whose signatures are measured; each takes two gradients. Hand-set."""
CLOSE = 1e-8
"""Largest distance of a unit's points from its fitted kink, relative to the size of the point. Hand-set, far above the
errors of points (1e-12) and below the distance of kinks of other units."""
POOL = 4000
"""Points among which those are chosen at which an open weight counts; no queries. Hand-set."""
ON = 1e-9
"""Least state of a unit that is on, relative to the size of the point. Hand-set."""
AIMED = 12
"""Walks per open weight and round. Hand-set."""
INWARD = 0.01
"""How far the ends of walks are moved back from their faces, as a share of the way. Hand-set."""
STRANGE = 20
"""Kinks that the known layers do not explain, from which these count as wrong. Hand-set."""
MOST_POINTS = 400
"""Most points of a unit that are fitted; later ones show no new weight. Hand-set."""


@dataclass(eq=False)
class Part:
    """A unit of the layer, or a part of one.

    Attributes:
        row: weights for the units of the last known layer, and the bias.
        seen: units of the last known layer for which a kink showed the weight.
        points: points of its kink.
        errors: error of each point's position.
        regions: patterns of the last known layer in which signatures were measured.
    """

    row: NDArray[np.float64]
    seen: NDArray[np.bool_]
    points: NDArray[np.float64]
    errors: NDArray[np.float64]
    regions: set[bytes] = field(default_factory=set)

    @classmethod
    def of(cls, one: Signature) -> Part:
        """Begin with one signature."""
        return cls(one.row, one.seen, one.points, one.errors, {one.seen.tobytes()})


@dataclass(eq=False)
class Layer:
    """The state of a search.

    Attributes:
        domain: the states of the first layer.
        known: the layers after it that are known.
        parts: the units.
        strange: kinks that no unit of the next layer can have, since the known layers do not explain their normals.
    """

    domain: Domain
    known: KnownMap
    parts: list[Part] = field(default_factory=list)
    strange: list[Kinks] = field(default_factory=list)

    @property
    def doubtful(self) -> bool:
        """Whether so many kinks are strange that a unit of the known layers is missing or wrong."""
        return sum(map(len, self.strange)) > STRANGE

    @property
    def rows(self) -> NDArray[np.float64]:
        """The rows of all units, units x (weights, bias)."""
        return np.array([part.row for part in self.parts]).reshape(len(self.parts), self.known.prefix.units + 1)

    def explains(self, points: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Tell which points lie on the kink of a unit."""
        if not self.parts:
            return np.zeros(len(points), dtype=bool)
        rows = self.rows
        values = np.abs(self.known.features(points) @ rows[:, :-1].T + rows[:, -1])
        slopes = np.linalg.norm(np.einsum("uf,rfc->ruc", rows[:, :-1], self.known.gradients(points)[0]), axis=2)
        size = np.maximum(np.linalg.norm(points, axis=1), 0.1 * self.domain.reach)[:, None]
        return np.asarray((values <= KNOWN * size * slopes).any(axis=1))

    def add(self, one: Signature) -> bool:
        """Add a signature to the units that it agrees with, or begin a new one. Returns whether it told anything."""
        hits = [part for part in self.parts if agree(part.row, part.seen, one, self.domain.reach)]
        joined = self._joined([*hits, Part.of(one)])
        while joined is None and hits:  # an agreement by chance: the one with the most in common is the right one
            hits.remove(min(hits, key=lambda part: (part.seen & one.seen).sum()))
            joined = self._joined([*hits, Part.of(one)])
        if joined is None:
            return False
        news = not hits or len(hits) > 1 or bool((joined.seen & ~hits[0].seen).any())
        self.parts = [part for part in self.parts if not any(part is hit for hit in hits)] + [joined]
        return news

    def _joined(self, parts: list[Part]) -> Part | None:
        """Fit one row to the points of several parts; None if they do not lie on one kink."""
        points = np.concatenate([part.points for part in parts])[:MOST_POINTS]
        errors = np.concatenate([part.errors for part in parts])[:MOST_POINTS]
        row, _, _ = best_row(self.known, points, errors)
        seen = np.logical_or.reduce([part.seen for part in parts])
        slopes = np.linalg.norm(np.swapaxes(self.known.gradients(points)[0], 1, 2) @ row[:-1], axis=1)
        size = np.maximum(np.linalg.norm(points, axis=1), 0.1 * self.domain.reach)
        gaps = np.abs(self.known.features(points) @ row[:-1] + row[-1])
        if not (gaps <= CLOSE * size * slopes).all():
            return None
        return Part(row, seen, points, errors, set().union(*(part.regions for part in parts)))


def search_layer(
    layer: Layer,
    rng: np.random.Generator,
    *,
    lines: Lines | None = None,
    hopeful: Callable[[], bool] = lambda: True,
    quiet: int = QUIET,
) -> bool:
    """Search lines until several rounds show no new unit and no new weight.

    Args:
        layer: what is known; it is completed.
        rng: draws lines.
        lines: segments to scan in place of random ones; then there is one round.
        hopeful: whether time and budget are left.
        quiet: rounds without news after which the search ends.

    Returns:
        Whether anything new was found.
    """
    domain, known = layer.domain, layer.known
    silent, found = 0, False
    while silent < quiet and not layer.doubtful and hopeful():
        kinks = domain.scan(diverse_lines(domain, known, LINES, rng) if lines is None else lines)
        kinks = kinks.some(~on_known_kinks(domain, known, kinks))
        news, tried = False, 0
        left = np.flatnonzero(~layer.explains(kinks.points))
        while len(left) and tried < MEASURED and hopeful():
            # One kink per line at a time: the units that it shows explain many of the others.
            _, first = np.unique(kinks.line[left], return_index=True)
            batch = left[first][: MEASURED // 4]
            tried += len(batch)
            new, strange = signatures(domain, known, kinks.some(batch), rng)
            layer.strange += [strange] if len(strange) else []
            for one in sorted(new, key=lambda one: -int(one.seen.sum())):
                news |= layer.add(one)
            left = left[~np.isin(left, batch)]
            left = left[~layer.explains(kinks.points[left])]
        found |= news
        silent = 0 if news else silent + 1
        if lines is not None:
            break
    return found


def search_open_weights(layer: Layer, rng: np.random.Generator, *, hopeful: Callable[[], bool] = lambda: True) -> bool:
    """Search kinks that show the weights that none has shown: where the unit switches and the feature is on.

    Segments join points at which the feature is on. At one end the unit is as far on, at the other as far off as walks
    in their regions can bring it.

    Returns:
        Whether anything new was found.
    """
    domain, known = layer.domain, layer.known
    pool = diverse_points(domain, known, POOL, rng)
    features = known.features(pool)
    sizes = np.linalg.norm(pool, axis=1)
    starts, stops = [], []
    for part in layer.parts:
        row = np.where(part.seen, part.row[:-1], 0.0)
        for feature in np.flatnonzero(~part.seen):
            on = np.flatnonzero(features[:, feature] > ON * sizes)
            if not len(on):
                continue
            begins = pool[rng.choice(on, AIMED)]
            sides = np.where(np.arange(AIMED) % 2, -1.0, 1.0)[:, None]
            faces = face_points(domain, known, begins, rng, sides * row)
            points = np.concatenate([pool[on], begins, faces + INWARD * (begins - faces)])
            states = known.features(points)
            points, states = points[states[:, feature] > 0], states[states[:, feature] > 0]
            order = np.argsort((states @ row + part.row[-1]) / np.linalg.norm(points, axis=1))
            few = min(AIMED, len(order) // 2)
            if few:
                starts.append(points[order[:few]])
                stops.append(points[rng.permutation(order[-few:])])
    if not starts:
        return False
    begin, end = np.concatenate(starts), np.concatenate(stops)
    apart = np.linalg.norm(end - begin, axis=1) > SHORTEST * domain.reach
    segments = Lines.between(begin[apart], end[apart])
    return search_layer(layer, rng, lines=segments, hopeful=hopeful)
