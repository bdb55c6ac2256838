"""Text and figures that describe the puzzles of a family."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from matplotlib.figure import Figure

    from generator.puzzle.content import Manifest, SealedAnswer

__all__ = ["Outline", "Pictures", "Shown"]


@dataclass(frozen=True)
class Outline:
    """A sketch of a network for the web page: one box per layer, from left to right.

    Attributes:
        layers: units of each drawn layer; the height of a box is proportional to the units.
        caption: text that describes the sketch.
    """

    layers: tuple[int, ...]
    caption: str


@dataclass(frozen=True)
class Shown:
    """One of several puzzles that are shown together.

    Attributes:
        name: the puzzle's name.
        view: what a solver gets.
        sealed: the sealed answer; None if it is not available.
    """

    name: str
    view: Any
    sealed: SealedAnswer | None


@dataclass(frozen=True)
class Pictures:
    """Functions that describe and draw a puzzle for `netjigsaw show` and the web page.

    Attributes:
        facts: `(view, sealed or None)` -> pairs of label and value, one per line.
        draw: `(view, sealed or None, name)` -> a matplotlib Figure; None where the family has no figure.
        row: `(shown)` -> label and value of each column of a table of several puzzles; None for a table of names.
        draw_series: `(series, name)` -> a Figure of several puzzles, such as the checkpoints of one run, in order of
            their names; None where the family has no such figure.
        outline: `(manifest)` -> a sketch of the network, or None for no sketch; None where the family has no sketches.
    """

    facts: Callable[[Any, SealedAnswer | None], Sequence[tuple[str, str]]]
    draw: Callable[[Any, SealedAnswer | None, str], Figure] | None = None
    row: Callable[[Shown], Mapping[str, str]] | None = None
    draw_series: Callable[[Sequence[Shown], str], Figure] | None = None
    outline: Callable[[Manifest], Outline | None] | None = None
