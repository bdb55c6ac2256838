"""Closed-form units: regular polygons for pizzas, m x m grids for clocks, pairs of opposite units for companions."""

from __future__ import annotations

from dataclasses import replace
from math import isqrt
from typing import TYPE_CHECKING

import numpy as np

from generator.modular.engineered.units import Units, concatenate, on_doubled

if TYPE_CHECKING:
    from generator.modular.engineered.plan import CirclePlan

__all__ = ["exact_circle"]


def exact_circle(circle: CirclePlan, modulus: int, activation: str) -> Units:
    """Make the units of one circle.

    Pizzas use the phases 2 pi j / m, whose aliases are smallest for odd m. Clocks use a grid of phases; with x^2 a
    grid of 3 x 3 or more has no residual at all (Gromov 2023, arXiv 2301.02679). The output phase of a unit is the sum
    of its input phases.
    """
    main = _grid(circle, activation) if circle.kind == "clock" else _polygon(circle, activation)
    if not circle.companion_weight:
        return main
    return concatenate([main, _companion(circle, modulus)])


def _polygon(circle: CirclePlan, activation: str) -> Units:
    count = circle.neurons
    phases = np.exp(2j * np.pi * np.arange(count) / count)
    factor = {"relu": 3 * np.pi / 2, "abs": 3 * np.pi / 4, "square": 1.0}[activation] / count
    units = Units.of(circle.frequency, phases, phases, np.zeros(count))
    return replace(units, out=circle.gain * factor * phases**2)


def _grid(circle: CirclePlan, activation: str) -> Units:
    side = isqrt(circle.neurons)
    corners = np.exp(2j * np.pi * np.arange(side) / side)
    left, right = np.repeat(corners, side), np.tile(corners, side)
    factor = {"relu": 3 * np.pi**2 / 4, "abs": 3 * np.pi**2 / 8, "square": 2.0}[activation] / side**2
    units = Units.of(circle.frequency, left, right, np.zeros(side**2))
    return replace(units, out=circle.gain * factor * left * right)


def _companion(circle: CirclePlan, modulus: int) -> Units:
    """Read both coordinates of circle 2 k linearly: relu(x) - relu(-x) = x."""
    axes = np.array([1, -1, -1j, 1j], dtype=np.complex128)
    frequency, phases = on_doubled(circle.frequency, modulus, axes)
    units = Units.of(frequency, phases, phases, np.zeros(4), "companion")
    out = -circle.companion_weight * circle.gain / 2 * axes
    return replace(units, serves=np.full(4, circle.frequency, dtype=np.int64), out=out)
