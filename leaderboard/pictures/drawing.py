"""Helpers for matplotlib, which is imported only when something is drawn; its global state is not used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.errors import PluginError
from generator.puzzle.storage import writing_file

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

__all__ = ["COLOURS", "GREY", "new_figure", "save_png", "tidy", "title", "whole_ticks"]

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Palette of Okabe and Ito, which colour-blind readers can distinguish; its yellow is left out, too faint for lines."""

GREY = "#9a9a9a"
"""Colour of the background data."""

DPI = 120
"""Dots per inch of the pictures. A larger value gives larger files. Hand-set."""


def new_figure(width_in: float, height_in: float) -> Figure:
    """Make an empty figure with automatic layout.

    Raises:
        PluginError: if matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - an extra, and slow to import
    except ImportError as error:
        raise PluginError('pictures need matplotlib; install it with: pip install "netjigsaw[plot]"') from error
    return Figure(figsize=(width_in, height_in), dpi=DPI, layout="constrained", facecolor="white")


def tidy(axes: Axes) -> None:
    """Remove the top and right edges, and put a faint grid behind the data."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, color="#e4e4e4", linewidth=0.7)
    axes.set_axisbelow(True)


def whole_ticks(axis: Axis) -> None:
    """Use whole numbers as the ticks of an axis."""
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415 - as above

    axis.set_major_locator(MaxNLocator(nbins=7, integer=True))


def title(axes: Axes, text: str) -> None:
    """Write a panel's title above the panel."""
    axes.set_title(text, fontsize=10.5, loc="left")


def save_png(figure: Figure, path: Path) -> None:
    """Write a figure completely or not at all.

    Raises:
        StorageError: if the file cannot be written.
    """
    with writing_file(path) as scratch:
        figure.savefig(scratch, format="png")
