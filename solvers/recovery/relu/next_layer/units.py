"""Find the units of the next hidden layer, up to their signs, by walks on their kink surfaces."""

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
"""Random lines per round. A larger value finds more units per round and takes more queries. Hand-set."""
PATIENCE = 6
"""Rounds without a new unit after which a layer counts as complete. Larger values find units that few lines meet, and
take more queries. Hand-set."""
SURE = 0.8
"""Least share of found points of a unit of layer l. Hand-set: deeper units that do not depend on h_l have smaller
shares."""
TRIES = 40
"""Most walks per round. A larger value takes longer. Hand-set."""
BENT = 0.3
"""Share of missed points on the first piece above which a kink counts as a kink of a deeper unit, which bends at the
units of the next layer. Hand-set."""
SHORTEST = 1e-6
"""Shortest interval of a line that is split to separate kinks, relative to the scale. Hand-set."""
ROUNDS = 80
"""Most rounds of a walk. A larger value takes longer. Hand-set."""
STALE = (12, 4)
"""Rounds of a walk without a new equation after which open features count as zero on the whole surface. The second
number holds if units of layer l that did not switch on the walk explain all of them. Hand-set."""
SHARE = 0.6
"""Least share of predicted points at which the kink of a unit is found. Hand-set: the kink of a unit of the next layer
shows except where deeper layers hide it; the kink of a deeper unit shows only where the next layer's pattern is that of
the walk."""
CHECKS = 40
"""Points on random lines at which a unit is checked. A larger value is more reliable and takes more queries.
Hand-set."""
FEWEST_HOLES = 3
"""Fewest missed points at which a unit is tested for being a deeper one. Hand-set."""
REASONED = 0.3
"""Share of missed points beyond units of the next layer above which a unit counts as a deeper one. Hand-set."""
JUMPS = 6
"""Most rounds of checks by jumps. Hand-set."""
SPOT = 8
"""Points that a jump tests during a walk. Hand-set."""
LOST = (2, 0.25)
"""Missed points at which a walk ends: a number plus a share of the points tried. Larger values end fewer walks.
Hand-set."""
OPEN = 0.5
"""Most combinations of features that are zero on the whole surface, relative to the units of layer l. With more, the
walk saw only a small part of the surface, on which a deeper unit looks the same. Hand-set."""
KNOWN = 1e-7
"""Largest distance of a kink from a predicted kink at which it counts as known, relative to the scale. Hand-set."""


@dataclass
class Search:
    """The state of a search, for the log.

    Attributes:
        lines: number of random lines searched.
        walks: number of walks begun.
        bent: number of walks given up on the first piece.
        lost: number of walks given up later.
        hidden: number of units given up because their kink was missing at too many predicted points.
        units: the units found.
        over: whether the search must end.
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
        rng: generator for lines and walks.
        deadline: value of `time.monotonic()` at which the search ends.
        patience: rounds without a new unit after which the search ends.
        units: units that are known before.
        earlier: the network over all known layers but the last. Kinks that do not belong to the next layer are tried
            there.
        enough: function of the units, called after each new unit; True ends the search.

    Returns:
        The units, and the state of the search.
    """
    search = Search(units=list(units))
    quiet = 0
    try:
        while quiet < patience and time.monotonic() < deadline and not search.over:
            before = len(search.units)
            _search_lines(probe, rng, deadline, search, earlier=earlier, enough=enough)
            quiet = 0 if len(search.units) > before else quiet + 1
    except QueryError:
        pass  # the budget is spent: return the units found so far
    return _without_deeper(search.units), search


def _without_deeper(units: list[Unit]) -> list[Unit]:
    """Leave out deeper units that look like units of the next layer on most of the box.

    The kink of a deeper unit is found where the next layer has the pattern of the walk, and missed elsewhere. So each
    missed point lies beyond some unit of the next layer of which all found points are on one side. If a unit of the
    next layer is missed at some points, there is no such unit.
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
    """Search one round of random lines, and walk from the kinks that do not lie on surfaces of known units."""
    starts, directions, low, high = random_lines(probe, rng, LINES)
    search.lines += LINES
    units = search.units
    rows = np.array([unit.row for unit in units]) if units else None
    line, left, right = probe.known.nodes(starts, directions, low, high, rows).pieces()
    kinks = find_kinks(probe, starts[line], directions[line], (left, right), SHORTEST * probe.scale)
    points = starts[line[kinks.piece]] + kinks.at[:, None] * directions[line[kinks.piece]]
    along = directions[line[kinks.piece]]
    tries = 0
    # Kinks with much room are measured best; every other round takes kinks in random order.
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
    """Return whether a kink lies on the surface of a known unit."""
    if not units:
        return False
    rows = np.array([unit.row for unit in units])
    features = probe.known.features(point[None])[0]
    slopes = np.linalg.norm(rows[:, :-1] @ probe.known.gradients(point[None])[0][0], axis=1)
    return bool((np.abs(rows[:, :-1] @ features + rows[:, -1]) < KNOWN * probe.scale * slopes).any())


def _walk(probe: Probe, kink: Kink, rng: np.random.Generator, deadline: float, search: Search) -> Unit | None:
    """Walk from one kink until the row is determined, and check the row in the whole box; return None if this fails."""
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
    """Walk until the points determine the row, or until no new equation is found for a while.

    Returns:
        Whether the points are consistent with one unit of the next layer.
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
    """Return whether units of layer l that did not switch on the walk explain all open weights."""
    known = surface.probe.known
    return bool(surface.null().shape[1] <= 1 + np.abs(steady_units(known, surface.points)).sum())
