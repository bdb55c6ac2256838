"""Text and figures that describe the puzzles of a family."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.figure import Figure

    from generator.puzzle.content import Manifest, SealedAnswer

__all__ = ["Outline", "Pictures"]


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
class Pictures:
    """Functions that describe and draw a puzzle for `netjigsaw show` and the web page.

    Attributes:
        facts: `(view, sealed or None)` -> pairs of label and value, one per line.
        draw: `(view, sealed or None, name)` -> a matplotlib Figure; None where the family has no figure.
        outline: `(manifest)` -> a sketch of the network, or None for no sketch; None where the family has no sketches.
    """

    facts: Callable[[Any, SealedAnswer | None], Sequence[tuple[str, str]]]
    draw: Callable[[Any, SealedAnswer | None, str], Figure] | None = None
    outline: Callable[[Manifest], Outline | None] | None = None
