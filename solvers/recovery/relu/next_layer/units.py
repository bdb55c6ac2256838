"""The units of the next hidden layer, without their signs, from walks on their kink surfaces."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from generator.errors import QueryError
from solvers.recovery.relu.next_layer.unit import Unit, add_unit, unit_of
from solvers.recovery.relu.walking.crossings import cross
from solvers.recovery.relu.walking.lines import find_kinks
from solvers.recovery.relu.walking.map import steady_units
from solvers.recovery.relu.walking.steps import Kink, jump, random_lines, start

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from solvers.recovery.relu.walking.lines import Probe
    from solvers.recovery.relu.walking.surface import Surface

__all__ = ["SURE", "Search", "Unit", "find_units"]

LINES = 8
"""Random lines per round. Hand-set."""
PATIENCE = 6
"""Rounds without a new unit after which a layer counts as complete. Larger values find units that few lines meet, and
cost queries. Hand-set."""
SURE = 0.8
"""Least share of found points of a unit that belongs to layer l; deeper units that read nothing of h_l show less.
Hand-set."""
TRIES = 40
"""Most walks per round. Hand-set."""
BENT = 0.3
"""Share of missed points on the first piece above which a kink counts as a deeper unit's, which bends at the units of
the next layer. Hand-set."""
SHORTEST = 1e-6
"""Length of an interval of a line with several kinks that is not searched further, relative to the scale. Hand-set."""
ROUNDS = 80
"""Most rounds of a walk. Hand-set."""
STALE = (12, 4)
"""Rounds of a walk without a new equation after which the features that are not determined count as never excited on
the surface; the second number where units of layer l that did not switch on the walk explain them all. Hand-set."""
SHARE = 0.6
"""Least share of predicted points at which a unit's kink is found. A unit of the next layer shows everywhere but where
the deeper layers hide it; a deeper unit shows only where the next layer's pattern is that of the walk. Hand-set."""
CHECKS = 40
"""Points on random lines at which a unit is checked. Hand-set."""
FEWEST_HOLES = 3
"""Fewest missed points from which a deeper unit can be told. Hand-set."""
REASONED = 0.3
"""Share of the missed points that have to lie beyond units of the next layer. Hand-set."""
JUMPS = 6
"""Most rounds of such checks. Hand-set."""
SPOT = 8
"""Points tested by a jump during a walk. Hand-set."""
LOST = (2, 0.25)
"""Missed points at which a walk ends: a number, and a share of the points tried. Hand-set."""
OPEN = 0.5
"""Most combinations of features that a unit's surface may never excite, relative to the units of layer l. A surface
that excites less was seen in a corner only, where a deeper unit looks the same. Hand-set."""
KNOWN = 1e-7
"""Distance from a predicted kink below which a kink counts as known, relative to the scale. Hand-set."""


@dataclass
class Search:
    """The state of a search, for the log.

    Attributes:
        lines: random lines searched.
        walks: walks begun.
        bent: walks given up on the first piece.
        lost: walks given up later.
        hidden: units given up since their kink was missing at too many predicted points.
        units: the units found.
        over: whether nothing more is to be searched.
    """

    lines: int = 0
    walks: int = 0
    bent: int = 0
    lost: int = 0
    hidden: int = 0
    units: list[Unit] = field(default_factory=list)
    over: bool = False


def find_units(
    probe: Probe,
    rng: np.random.Generator,
    deadline: float,
    patience: int = PATIENCE,
    *,
    units: Sequence[Unit] = (),
    earlier: Probe | None = None,
    enough: Callable[[list[Unit]], bool] | None = None,
) -> tuple[list[Unit], Search]:
    """Find the units of the next layer until several rounds of lines show no new one, or a late unit is found.

    Args:
        probe: the network over the known layers.
        rng: draws lines and walks.
        deadline: `time.monotonic()` at which the search ends.
        patience: rounds without a new unit that end the search.
        units: units that are known before.
        earlier: the network over the known layers but the last; kinks that are none of the next layer are tried there.
        enough: tells after each new unit whether the search can end.
    """
    search = Search(units=list(units))
    quiet = 0
    try:
        while quiet < patience and time.monotonic() < deadline and not search.over:
            before = len(search.units)
            _search_lines(probe, rng, deadline, search, earlier=earlier, enough=enough)
            quiet = 0 if len(search.units) > before else quiet + 1
    except QueryError:
        pass  # the budget is spent: what has been found counts
    return _without_deeper(search.units), search


def _without_deeper(units: list[Unit]) -> list[Unit]:
    """Leave out deeper units that pass for units of the next layer on most of the box.

    A deeper unit is found where the next layer has the pattern of the walk, and missed elsewhere. So each missed point
    lies beyond a unit of the next layer that all found points are on one side of. The points where a unit of the next
    layer is hidden have no such reason.
    """
    units = sorted(units, key=lambda unit: -unit.share)
    kept: list[Unit] = []
    for unit in units:
        if unit.late:
            kept.append(unit)
            continue
        holes = np.concatenate([np.empty((0, unit.surface.points.shape[1])), *unit.surface.holes])
        if kept and len(holes) >= FEWEST_HOLES:
            rows = np.array([other.row for other in kept if not other.late])
            found, missed = (
                unit.surface.probe.known.features(points) @ rows[:, :-1].T + rows[:, -1] > 0
                for points in (unit.surface.points, holes)
            )
            constant = (found == found[0]).all(axis=0)
            if (missed != found[0])[:, constant].any(axis=1).mean() > REASONED:
                continue
        kept.append(unit)
    return kept


def _search_lines(
    probe: Probe,
    rng: np.random.Generator,
    deadline: float,
    search: Search,
    *,
    earlier: Probe | None,
    enough: Callable[[list[Unit]], bool] | None,
) -> None:
    """Walk from the kinks on one round of random lines that no known unit explains."""
    starts, directions, low, high = random_lines(probe, rng, LINES)
    search.lines += LINES
    units = search.units
    rows = np.array([unit.row for unit in units]) if units else None
    line, left, right = probe.known.nodes(starts, directions, low, high, rows).pieces()
    kinks = find_kinks(probe, starts[line], directions[line], (left, right), SHORTEST * probe.scale)
    points = starts[line[kinks.piece]] + kinks.at[:, None] * directions[line[kinks.piece]]
    along = directions[line[kinks.piece]]
    tries = 0
    # Roomy kinks are measured best; every other round gives the others their turn.
    order = np.argsort(-kinks.room) if search.lines // LINES % 2 else rng.permutation(len(kinks.at))
    for one in order:
        if tries >= TRIES or time.monotonic() > deadline:
            return
        if _explained(units, probe, points[one]):
            continue
        tries += 1
        kink = Kink(points[one], along[one], float(kinks.room[one]))
        unit = _walk(probe, kink, rng, deadline, search)
        if unit is None and earlier is not None:
            late = _walk(earlier, kink, rng, deadline, search)
            if late is not None and late.share >= SURE:
                units.append(replace(late, late=True))
                search.over = True
                return
        if unit is not None:
            add_unit(units, unit)
            if enough is not None and enough(units):
                search.over = True
                return


def _explained(units: list[Unit], probe: Probe, point: NDArray[np.float64]) -> bool:
    """Tell whether a kink lies on the surface of a known unit."""
    if not units:
        return False
    rows = np.array([unit.row for unit in units])
    features = probe.known.features(point[None])[0]
    slopes = np.linalg.norm(rows[:, :-1] @ probe.known.gradients(point[None])[0][0], axis=1)
    return bool((np.abs(rows[:, :-1] @ features + rows[:, -1]) < KNOWN * probe.scale * slopes).any())


def _walk(probe: Probe, kink: Kink, rng: np.random.Generator, deadline: float, search: Search) -> Unit | None:
    """Walk from one kink until its row is determined, and check the row all over the box."""
    search.walks += 1
    surface = start(probe, kink, rng)
    if surface is None or surface.missed > BENT * max(surface.tried, 1):
        search.bent += 1
        return None
    if not _determine(surface, rng, deadline):
        search.lost += 1
        return None
    surface.tried = surface.missed = 0
    surface.holes.clear()
    for _ in range(JUMPS):
        if surface.tried < CHECKS:
            jump(surface, rng, CHECKS // 2)
    share = 1 - surface.missed / max(surface.tried, 1)
    dimension = surface.null().shape[1]
    if share < SHARE or not surface.tried or not 0 < dimension <= 1 + OPEN * probe.known.prefix.units:
        search.hidden += 1
        return None
    return unit_of(surface, share)


def _determine(surface: Surface, rng: np.random.Generator, deadline: float) -> bool:
    """Walk on until the points determine the row, or nothing new comes up.

    Returns:
        Whether the surface stayed that of one unit of the next layer.
    """
    stale, dimension = 0, surface.null().shape[1]
    for count in range(ROUNDS):
        if dimension <= 1 or stale >= STALE[_explained_freedom(surface)] or time.monotonic() > deadline:
            break
        cross(surface, rng)
        if count % 3 == 2:
            jump(surface, rng, SPOT)
        if surface.missed > LOST[0] + LOST[1] * surface.tried:
            return False
        stale = 0 if surface.null().shape[1] < dimension else stale + 1
        dimension = surface.null().shape[1]
    return bool(dimension > 0)


def _explained_freedom(surface: Surface) -> bool:
    """Tell whether units of layer l that did not switch on a walk explain all that its points leave open."""
    known = surface.probe.known
    return bool(surface.null().shape[1] <= 1 + np.abs(steady_units(known, surface.points)).sum())
