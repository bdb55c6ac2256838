"""What `netjigsaw show` says and draws of a puzzle, dispatched by family.

A family without an album still has a summary: what its manifest says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmark.lookup import find_family
from generator.canonical import canonical_json
from generator.errors import PluginError
from generator.lazy import late

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.figure import Figure

    from generator.puzzle import Puzzle, SealedAnswer

__all__ = ["Album", "draw_puzzle", "register_album", "summarise_puzzle"]


@dataclass(frozen=True)
class Album:
    """How the puzzles of a family are shown.

    Attributes:
        family: its name.
        facts: `(view, sealed or None)` -> label and value, line by line.
        draw: `(view, sealed or None, name)` -> a matplotlib Figure.
    """

    family: str
    facts: Callable[[Any, SealedAnswer | None], Sequence[tuple[str, str]]]
    draw: Callable[[Any, SealedAnswer | None, str], Figure]


_ALBUMS: dict[str, Album] = {}


def register_album(album: Album) -> Album:
    """Make a family's album known.

    Raises:
        PluginError: if the family has another one.
    """
    if _ALBUMS.get(album.family, album) is not album:
        raise PluginError(f"family {album.family!r} has pictures already")
    _ALBUMS[album.family] = album
    return album


def summarise_puzzle(puzzle: Puzzle, sealed: SealedAnswer | None = None) -> list[tuple[str, str]]:
    """Describe a puzzle: label and value, line by line.

    Raises:
        SpecError: if its family is not registered.
        PuzzleError: if its content is not what the family expects.
        AnswerError: if the sealed answer belongs to another puzzle.
    """
    manifest = puzzle.manifest
    tensors = [*puzzle.pieces.values(), *puzzle.data.values()]
    size_mib = sum(tensor.nbytes for tensor in tensors) / 2**20
    lines = [
        ("puzzle", f"{manifest.name}, {manifest.family}"),
        ("digest", manifest.digest),
        ("made by", manifest.generator),
        ("tensors", f"{len(puzzle.pieces)} of pieces, {len(puzzle.data)} of data, {size_mib:.1f} MiB"),
        ("answer", _answer(puzzle, sealed)),
    ]
    if manifest.spec:
        lines.append(("spec", ", ".join(f"{key}={_short(value)}" for key, value in sorted(manifest.spec.items()))))
    album = _ALBUMS.get(manifest.family)
    return lines if album is None else [*lines, *album.facts(find_family(manifest.family).view(puzzle), sealed)]


def draw_puzzle(puzzle: Puzzle, sealed: SealedAnswer | None = None) -> Figure | None:
    """Draw a puzzle; None where its family has no album.

    Raises:
        PluginError: if matplotlib is not installed.
        PuzzleError: if its content is not what the family expects.
        AnswerError: if the sealed answer belongs to another puzzle.
    """
    album = _ALBUMS.get(puzzle.manifest.family)
    if album is None:
        return None
    if sealed is not None:
        puzzle.opens(sealed)
    return album.draw(find_family(album.family).view(puzzle), sealed, puzzle.manifest.name)


def _answer(puzzle: Puzzle, sealed: SealedAnswer | None) -> str:
    if sealed is not None:
        puzzle.opens(sealed)
        return "at hand, and opens the commitment" if puzzle.manifest.commitment else "at hand, without a commitment"
    if puzzle.manifest.commitment is not None:
        return f"sealed, commitment {puzzle.manifest.commitment[:12]}"
    if puzzle.manifest.solution_sha256 is not None:
        return f"not known, SHA-256 {puzzle.manifest.solution_sha256[:12]}"
    return "not known"


def _short(value: Any) -> str:
    return value if isinstance(value, str) else canonical_json(value)


register_album(
    Album(
        family="reassembly",
        facts=late("leaderboard.reassembly.fingerprint:facts"),
        draw=late("leaderboard.reassembly.pictures:draw"),
    )
)
