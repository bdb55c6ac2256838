"""A unit of the next layer. Parts of its surface that separate walks found are joined."""

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
        row: weights v of norm 1 and bias b on the features, features + 1 numbers.
        surface: the points from which the row was computed.
        share: share of predicted points at which a kink was found.
        freedom: number of combinations of features that are zero on the whole surface, so that their weights are open.
        late: whether the unit belongs to layer l and was missed there; its row is then on h_{l-1}.
    """

    row: NDArray[np.float64]
    surface: Surface
    share: float
    freedom: int = 0

    late: bool = False

    def moved(self, probe: Probe, close: float) -> Unit | None:
        """Fit the unit again on the features of another probe.

        Returns:
            The unit; None if a point lies farther than `close` from the fitted kink, relative to the scale.
        """
        surface = replace(self.surface, probe=probe, _null=None)
        row, freedom, distance = best_row(probe.known, surface.points, surface.errors)
        return replace(self, row=row, surface=surface, freedom=freedom) if distance < close * probe.scale else None


def unit_of(surface: Surface, share: float) -> Unit:
    """Fit the row of a surface; features that are zero on the whole surface get weight zero."""
    row, freedom, _ = best_row(surface.probe.known, surface.points, surface.errors)
    return Unit(row, surface, share, freedom)


def add_unit(units: list[Unit], unit: Unit) -> None:
    """Add a unit to the list, or join it with a unit of which it is another part."""
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
    """Return whether a row of a null space depends on the inputs at the unit's points.

    Other rows come from units of layer l that do not switch there. They fit the points of any unit.
    """
    gradients = unit.surface.probe.known.gradients(unit.surface.points)[0]
    size = np.linalg.norm(np.swapaxes(gradients, 1, 2) @ null[:-1], axis=1).max(axis=1)
    return bool((size > FLAT * np.linalg.norm(gradients, axis=(1, 2))).all())
