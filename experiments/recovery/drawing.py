"""Marks that several pictures of this folder share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.recovery.making.difficulty import TOLERANCE

if TYPE_CHECKING:
    from typing import Literal

    from matplotlib.axes import Axes

__all__ = ["draw_tolerance", "note"]


def draw_tolerance(axis: Axes) -> None:
    """Draw a horizontal line at the tolerance of puzzles with float64 outputs."""
    axis.axhline(TOLERANCE, color="0.5", ls="--", lw=1)


def note(
    axis: Axes,
    text: str,
    place: tuple[float, float],
    *,
    raised: float = 3,
    align: Literal["left", "center", "right"] = "left",
) -> None:
    """Write a small grey text above a point.

    Args:
        axis: the plot.
        text: the text.
        place: x as a share of the plot's width, y in units of the data.
        raised: distance of the text from the point, in points.
        align: horizontal alignment of the text at the point.
    """
    coordinates = ("axes fraction", "data")
    axis.annotate(
        text, place, (0, raised), xycoords=coordinates, textcoords="offset points", ha=align, fontsize=9, color="0.3"
    )
