"""How a family's puzzles are described and drawn."""

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
    """A network in outline, for the page: one box per layer, left to right.

    Attributes:
        layers: units of each layer that is drawn; a box is as tall as its layer is wide.
        caption: what is drawn, in words.
    """

    layers: tuple[int, ...]
    caption: str


@dataclass(frozen=True)
class Pictures:
    """What `netjigsaw show` and the page say and draw of a puzzle.

    Attributes:
        facts: `(view, sealed or None)` -> label and value, line by line.
        draw: `(view, sealed or None, name)` -> a matplotlib Figure; None where there is no picture.
        outline: the network of a puzzle in outline, from its public manifest; None where there is none to draw.
    """

    facts: Callable[[Any, SealedAnswer | None], Sequence[tuple[str, str]]]
    draw: Callable[[Any, SealedAnswer | None, str], Figure] | None = None
    outline: Callable[[Manifest], Outline | None] | None = None
