"""A unit of the next layer, and the parts of its surface that separate walks found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from solvers.recovery.relu.walking.surface import FLAT, best_row, null_space

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solvers.recovery.relu.walking.lines import Probe
    from solvers.recovery.relu.walking.surface import Surface

__all__ = ["Unit", "add_unit", "unit_of"]


@dataclass(frozen=True, eq=False)
class Unit:
    """One unit of the next layer, up to its sign.

    Attributes:
        row: (v, b) on the features, features + 1, norm of v is 1.
        surface: the points that it was computed from.
        share: share of predicted points at which its kink was found.
        freedom: number of combinations of features that the surface never excites, so that the row leaves them open.
        late: whether the unit belongs to layer l and was missed there; its row is one on h_{l-1}.
    """

    row: NDArray[np.float64]
    surface: Surface
    share: float
    freedom: int = 0

    late: bool = False

    def moved(self, probe: Probe, close: float) -> Unit | None:
        """Fit the unit again on other features.

        Returns:
            None if the points lie farther than `close` from the fitted kink, relative to the scale.
        """
        surface = replace(self.surface, probe=probe, _null=None)
        row, freedom, distance = best_row(probe.known, surface.points, surface.errors)
        return replace(self, row=row, surface=surface, freedom=freedom) if distance < close * probe.scale else None


def unit_of(surface: Surface, share: float) -> Unit:
    """Choose the row of a surface; features that it never excites get weight zero."""
    row, freedom, _ = best_row(surface.probe.known, surface.points, surface.errors)
    return Unit(row, surface, share, freedom)


def add_unit(units: list[Unit], unit: Unit) -> None:
    """Add a unit, or join it with a known one of which it is another part."""
    for index, other in enumerate(units):
        if not (unit.freedom or other.freedom):
            continue
        both = np.concatenate([unit.surface.equations(), other.surface.equations()])
        joint = null_space(both)
        first = np.abs(joint.T @ other.surface.null()).max(initial=0.0) if joint.shape[1] else 0.0
        if first > 0.5 and joint.shape[1] <= max(unit.freedom, other.freedom) and _moves(unit, joint):
            other.surface.add(unit.surface.points, unit.surface.errors)
            units[index] = unit_of(other.surface, min(unit.share, other.share))
            return
    units.append(unit)


def _moves(unit: Unit, null: NDArray[np.float64]) -> bool:
    """Tell whether a row of a null space depends on the inputs at the unit's points.

    Rows that do not, come from units of layer l that do not switch there, and fit the points of any unit.
    """
    gradients = unit.surface.probe.known.gradients(unit.surface.points)[0]
    size = np.linalg.norm(np.swapaxes(gradients, 1, 2) @ null[:-1], axis=1).max(axis=1)
    return bool((size > FLAT * np.linalg.norm(gradients, axis=(1, 2))).all())
