"""Status of every hidden unit within a solver's reach. The reach is the box of the queries, or the rows of the table.

The first hidden layer is decided exactly. In deeper layers, two inputs prove that a unit switches; an interval bound or
a mixed-integer program proves that a unit never switches. A unit without a proof is `unknown`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from generator.recovery.units.bounds import interval_bounds
from generator.recovery.units.program import extreme, program_of
from generator.recovery.units.search import UNBOUNDED, climb, look, sample_inputs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from generator.recovery.network.mlp import MLP
    from generator.recovery.units.bounds import Interval
    from generator.recovery.units.program import Program

__all__ = ["Status", "Statuses", "unit_statuses", "with_effects"]

Status = Literal["switches", "linear", "invisible", "unknown"]
"""switches: on for some inputs and off for others (smooth activations: the unit depends on the inputs).
linear: affine in the layer before on all inputs in reach, because the unit is always on, or leaky and always off.
invisible: constant on all inputs in reach, or without effect on the outputs.
unknown: nothing was proven; in practice such units switch rarely or never."""

Statuses = tuple[tuple[Status, ...], ...]
"""Status of every unit, per hidden layer."""

MOST_PROGRAMS = 24
"""Most units of a network for which mixed-integer programs are run. A larger value decides more units and takes up to a
second more per unit. Hand-set."""
DEEPEST = 3
"""Deepest hidden layer, counted from 1, for which mixed-integer programs are run. Hand-set: in deeper layers of the
networks tried, a program took several seconds and decided nothing."""


def unit_statuses(
    network: MLP, *, box: float | None = None, rows: NDArray[np.float64] | None = None, seed: int = 0
) -> Statuses:
    """Determine the status of each hidden unit.

    Args:
        network: a network of any activation.
        box: bound of every input of a query; None for no bound.
        rows: inputs of a passive puzzle's table, rows x d; they replace the box.
        seed: seed of the random inputs.
    """
    if not network.sigma.piecewise_linear:
        seen: list[list[Status]] = [["switches"] * units for units in network.widths[1:-1]]
    elif rows is not None:
        seen = [
            [_named(network, off=bool(off), on=bool(on)) for off, on in zip(*layer, strict=True)]
            for layer in look(network, rows)
        ]
    else:
        seen = _in_box(network, box, np.random.default_rng(seed))
    return with_effects(network, seen)


@dataclass(frozen=True, eq=False)
class _Box:
    """A network over a box of inputs.

    Attributes:
        network: a network with piecewise linear activation.
        size: bound of every input; None for no bound.
        bounds: bounds of the preactivations of every hidden layer.
        points: inputs from which searches start, rows x d.
    """

    network: MLP
    size: float | None
    bounds: list[Interval]
    points: NDArray[np.float64]


def _in_box(network: MLP, size: float | None, rng: np.random.Generator) -> list[list[Status]]:
    points = sample_inputs(network.widths[0], UNBOUNDED if size is None else size, rng)
    box = _Box(network, size, interval_bounds(network, size), points)
    programs = 0
    found: list[list[Status]] = []
    for layer, ((low, high), seen) in enumerate(zip(box.bounds, look(network, points), strict=True), start=1):
        never_off, never_on = low >= 0, high <= 0
        off, on = (low < 0, high > 0) if layer == 1 else seen
        program: Program | None = None
        for number in np.flatnonzero(~never_off & ~never_on & ~(off & on)):
            unit = (layer, int(number))
            off[number] = off[number] or _reaches(box, unit, -1.0)
            on[number] = on[number] or _reaches(box, unit, 1.0)
            if (off[number] and on[number]) or size is None or layer > DEEPEST or programs == MOST_PROGRAMS:
                continue
            programs += 1
            program = program or program_of(network, box.bounds, size, layer)
            if not off[number]:
                off[number], never_off[number] = _extreme(box, program, unit, -1.0)
            if not on[number]:
                on[number], never_on[number] = _extreme(box, program, unit, 1.0)
        decided = never_off | never_on | (off & on)
        found.append(
            [
                _named(network, off=not never_off[unit], on=not never_on[unit]) if decided[unit] else "unknown"
                for unit in range(len(low))
            ]
        )
    return found


def _reaches(box: _Box, unit: tuple[int, int], sign: float) -> bool:
    """Search for an input at which a unit is on (sign 1) or off (sign -1)."""
    ends = climb(box.network, unit, sign, box.points, UNBOUNDED if box.size is None else box.size)
    return _is_seen(box.network, ends, unit, sign)


def _extreme(box: _Box, program: Program, unit: tuple[int, int], sign: float) -> tuple[bool, bool]:
    """Run a program. Return whether it found the unit on (sign 1) or off (sign -1), and whether the unit never is."""
    layer, number = unit
    weight, bias = box.network.weights[layer - 1][number], float(box.network.biases[layer - 1][number])
    low, high = box.bounds[layer - 1]
    size = max(abs(float(low[number])), abs(float(high[number])))
    point, bound = extreme(program, sign * weight, sign * bias, size)
    return point is not None and _is_seen(box.network, point[None], unit, sign), bound < 0


def _is_seen(network: MLP, points: NDArray[np.float64], unit: tuple[int, int], sign: float) -> bool:
    layer, number = unit
    return bool(look(network, points)[layer - 1][int(sign > 0)][number])


def _named(network: MLP, *, off: bool, on: bool) -> Status:
    """Return the status of a unit of a piecewise linear activation that can be off, on, or both."""
    if off and on:
        return "switches"
    leaky = network.sigma.slope(np.array([-1.0]))[0] > 0
    return "linear" if on or leaky else "invisible"


def with_effects(network: MLP, seen: Sequence[Sequence[Status]]) -> Statuses:
    """Mark units as invisible that depend on no input, or that no path of nonzero weights connects to the outputs."""
    found = [list(layer) for layer in seen]
    varies = np.ones(network.widths[0], bool)
    for layer, weight in enumerate(network.weights[:-1]):
        varies = (weight[:, varies] != 0).any(axis=1) & (np.array(found[layer]) != "invisible")
        found[layer] = [status if here else "invisible" for status, here in zip(found[layer], varies, strict=True)]
    counts = np.ones(network.widths[-1], bool)
    for layer in reversed(range(network.hidden_layers)):
        counts = (network.weights[layer + 1][counts] != 0).any(axis=0) & (np.array(found[layer]) != "invisible")
        found[layer] = [status if here else "invisible" for status, here in zip(found[layer], counts, strict=True)]
    return tuple(tuple(layer) for layer in found)
