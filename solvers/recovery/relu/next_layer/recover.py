"""Recover hidden layer l + 1 of a piecewise-linear network whose first l layers are known, except the signs of layer l.

Loop over the layers:

    prefix, open_weights = first layer with any signs, NOTHING
    while prefix.depth < hidden_layers:
        layer = recover_next_layer(oracle, prefix, scale, rng, deadline, open_weights=open_weights)
        prefix, open_weights = layer.prefix, layer.open
    network = read_output_layer(oracle, prefix, scale, rng, open_weights=open_weights).network

Each round settles the signs of the layer before the new one. The output layer settles the last ones. An empty prefix
gives the first layer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from solvers.recovery.relu.next_layer.completing import (
    NOTHING,
    QUIET,
    Open,
    completed,
    keep_off,
    random_inputs,
    shortened,
    signs_of,
    with_units,
)
from solvers.recovery.relu.next_layer.units import SURE, Search, find_units
from solvers.recovery.relu.walking.lines import Probe
from solvers.recovery.relu.walking.map import KnownMap, steady_units
from solvers.recovery.relu.walking.surface import best_row

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from generator.family.oracle import Oracle
    from solvers.recovery.relu.next_layer.signs import Signs
    from solvers.recovery.relu.next_layer.unit import Unit
    from solvers.recovery.relu.prefix import Prefix

__all__ = ["NextLayer", "recover_next_layer"]

MISFIT = 1e-6
"""Largest distance of a unit's points from its fitted kink, relative to the scale. A unit with a larger distance, after
the signs are settled, counts as a unit of a deeper layer. Hand-set."""
UNREAD = 1e-7
"""Largest weight of the next layer, whose rows have norm 1, that counts as zero. Hand-set, above the rows' errors."""
SAMPLE = 4096
"""Inputs on which units that are on everywhere must be on, without queries. Hand-set."""
SPREAD = 3.0
"""Standard deviation of these inputs, relative to the scale. Hand-set."""


ROWS = 2
"""Least number of units at which signs may count as settled, beyond the number of units that are on everywhere.
Hand-set."""


@dataclass(frozen=True, eq=False)
class NextLayer:
    """The result of one round.

    Attributes:
        prefix: the known layers with the settled signs of layer l, and layer l + 1 with any signs.
        signs: the settled signs of layer l; None if they were known or there is no layer l.
        points: inputs on the kink of each unit of layer l + 1, each array rows x d.
        shares: share of predicted kinks that were found, per unit.
        open: weights of layer l + 1 that its kinks do not determine. The next round determines those that matter.
        residual: largest distance of a unit's points from its fitted kink.
        search: counts of the search.
    """

    prefix: Prefix
    signs: Signs | None
    points: tuple[NDArray[np.float64], ...]
    shares: tuple[float, ...]
    open: Open
    residual: float
    search: Search


@dataclass(frozen=True, eq=False)
class _Found:
    """Result of a search: the known layers with settled signs, these signs, the units, and counts of the search."""

    known: KnownMap
    signs: Signs | None
    units: list[Unit]
    search: Search


def recover_next_layer(
    oracle: Oracle,
    prefix: Prefix,
    scale: float,
    rng: np.random.Generator,
    deadline: float,
    *,
    signed: bool = False,
    open_weights: Open = NOTHING,
) -> NextLayer | None:
    """Recover the next hidden layer.

    Args:
        oracle: the hidden network.
        prefix: the layers known so far.
        scale: standard deviation of the inputs.
        rng: generator for lines and walks.
        deadline: value of `time.monotonic()` at which the search ends.
        signed: whether the signs of the last known layer are known.
        open_weights: open weights of the last known layer.

    Returns:
        The layer; None if no unit was found.
    """
    known = KnownMap.of(prefix, bypass=not signed)
    while True:
        found = _search(Probe.of(oracle, known, scale, rng), rng, deadline, open_weights)
        late = [unit for unit in found.units if unit.late]
        more = _with_late(known, late, scale, rng) if late else None
        if more is None:
            break
        known, open_weights = KnownMap.of(more[0], bypass=True), open_weights.joined(more[1])
    units = [unit for unit in found.units if not unit.late]
    known, signs, search = found.known, found.signs, found.search
    fits = [(unit, *best_row(known, unit.surface.points, unit.surface.errors)) for unit in units]
    most = MISFIT * scale if signs is not None and signs.settled else np.inf
    fits = [fit for fit in fits if fit[-1] < most]
    if not fits:
        return None
    rows, opened = _rows([fit[0] for fit in fits], [fit[1] for fit in fits], known, scale, rng)
    weight, bias = rows[:, :-1], rows[:, -1]
    prefix = known.prefix
    if prefix.depth:
        unread = _unread(known, [fit[0] for fit in fits], weight, opened)
        last = prefix.weights[-1][~unread], prefix.biases[-1][~unread]
        prefix, weight = shortened(prefix).extended(*last), weight[:, ~unread]
        kept = ~unread[opened.features]
        opened = Open(opened.units[kept], (np.cumsum(~unread) - 1)[opened.features[kept]])
    return NextLayer(
        prefix=prefix.extended(weight if prefix.depth else weight @ known.basis.T, bias),
        signs=signs,
        points=tuple(known.inputs(fit[0].surface.points) for fit in fits),
        shares=tuple(fit[0].share for fit in fits),
        open=opened,
        residual=max(fit[-1] for fit in fits),
        search=search,
    )


def _search(probe: Probe, rng: np.random.Generator, deadline: float, open_weights: Open) -> _Found:
    """Find units, and settle the signs of the last known layer as soon as enough units are found.

    After that, rows do not contain the state before the last known layer. They are half as long, and walks much
    shorter.
    """
    known = probe.known
    if not known.bypass:
        return _Found(known, None, *find_units(probe, rng, deadline))

    def enough(units: list[Unit]) -> bool:
        signs = _signs(known, units, open_weights)
        return signs.settled and len(units) >= len(signs.on) + ROWS

    units, search = find_units(probe, rng, deadline, enough=enough)
    if not units or any(unit.late for unit in units):
        return _Found(known, None, units, search)
    signs = _signs(known, units, open_weights)
    inputs = random_inputs(probe.oracle, known, SPREAD * probe.scale, rng, SAMPLE)
    signed = replace(known, prefix=completed(known, signs, open_weights, inputs), bypass=False)
    if not signs.settled:
        return _Found(signed, signs, units, search)
    before = replace(known, prefix=shortened(signed.prefix))
    probe = replace(probe, known=signed)
    earlier = replace(probe, known=replace(before, bypass=False))
    units = [moved for unit in units if (moved := unit.moved(probe, MISFIT)) is not None]
    return _Found(signed, signs, *find_units(probe, rng, deadline, units=units, earlier=earlier))


def _rows(
    units: list[Unit], fits: list[NDArray[np.float64]], known: KnownMap, scale: float, rng: np.random.Generator
) -> tuple[NDArray[np.float64], Open]:
    """Choose the open weights of fitted rows, and list them."""
    rows, pairs = [], np.empty((0, 2), np.int64)
    for index, (unit, row) in enumerate(zip(units, fits, strict=True)):
        largest = np.abs(known.features(unit.surface.points)).max(axis=0)
        quiet = np.nonzero(largest <= QUIET * scale)[0]
        pairs = np.concatenate([pairs, np.column_stack([np.full(len(quiet), index), quiet])])
        rows.append(keep_off(unit.surface.probe, known, row, quiet, rng))
    return np.array(rows), Open(pairs[:, 0], pairs[:, 1])


def _unread(known: KnownMap, units: list[Unit], weight: NDArray[np.float64], opened: Open) -> NDArray[np.bool_]:
    """Find the units of layer l on which all weights of the next layer are zero: they are units of deeper layers.

    Only rows count on whose points the unit switches.
    """
    steady = np.array([steady_units(known, unit.surface.points) for unit in units])
    told = steady == 0
    told[opened.units, opened.features] = False
    unread = told.any(axis=0) & ~((np.abs(weight) >= UNREAD) & told).any(axis=0)
    return np.asarray(unread & ~unread.all())


def _with_late(known: KnownMap, late: list[Unit], scale: float, rng: np.random.Generator) -> tuple[Prefix, Open] | None:
    """Append units that were missed to the last known layer, and list their open weights.

    Returns:
        The prefix and the open weights; None if no row of that layer fits the points of a unit.
    """
    before = replace(known, prefix=shortened(known.prefix), bypass=False)
    fits = [(unit, *best_row(before, unit.surface.points, unit.surface.errors)) for unit in late]
    fits = [fit for fit in fits if fit[-1] < MISFIT * scale]
    if not fits:
        return None
    rows, opened = _rows([fit[0] for fit in fits], [fit[1] for fit in fits], before, scale, rng)
    weight = rows[:, :-1] @ known.basis.T if known.prefix.depth == 1 else rows[:, :-1]
    return with_units(known.prefix, weight, rows[:, -1]), replace(opened, units=opened.units + known.prefix.units)


def _signs(known: KnownMap, units: list[Unit], open_weights: Open) -> Signs:
    """Settle the signs of the last known layer from the rows that follow it."""
    # Rows of deeper units would falsify the equations. So rows with a large share of found points are used, if any.
    steady = {id(unit): steady_units(known, unit.surface.points) for unit in units}
    certain = [unit for unit in units if unit.freedom <= np.abs(steady[id(unit)]).sum()]
    determined = [unit for unit in certain if unit.share >= SURE] or certain or units
    rows = np.array([unit.row for unit in determined])
    width = known.prefix.units
    fixed = np.array([steady[id(unit)] for unit in determined])
    return signs_of(rows[:, :width], rows[:, width:-1], known, open_weights, fixed)
