"""Describe and draw a puzzle for `netjigsaw show`: the manifest, and facts and figures of the family's record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.family.registry import find_family
from generator.puzzle.canonical import canonical_json

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from generator.puzzle.content import Puzzle, SealedAnswer

__all__ = ["draw_puzzle", "summarise_puzzle"]


def summarise_puzzle(
    puzzle: Puzzle, sealed: SealedAnswer | None = None, *, statistics: bool = True
) -> list[tuple[str, str]]:
    """Describe a puzzle as pairs of label and value, one per line.

    Args:
        puzzle: the puzzle.
        sealed: its sealed answer; None if it is not known.
        statistics: whether to compute the family's facts, which may take seconds and import torch.

    Raises:
        SpecError: if the puzzle's family is not registered.
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
    family = find_family(manifest.family)
    if family.pictures is None:
        return lines
    if statistics:
        return [*lines, *family.pictures.facts(family.view(puzzle), sealed)]
    outline = family.pictures.outline(manifest) if family.pictures.outline else None
    return lines if outline is None else [*lines, ("network", outline.caption)]


def draw_puzzle(puzzle: Puzzle, sealed: SealedAnswer | None = None) -> Figure | None:
    """Draw a puzzle; return None if the family has no pictures.

    Raises:
        PluginError: if matplotlib is not installed.
        PuzzleError: if its content is not what the family expects.
        AnswerError: if the sealed answer belongs to another puzzle.
    """
    family = find_family(puzzle.manifest.family)
    if family.pictures is None or family.pictures.draw is None:
        return None
    if sealed is not None:
        puzzle.opens(sealed)
    return family.pictures.draw(family.view(puzzle), sealed, puzzle.manifest.name)


def _answer(puzzle: Puzzle, sealed: SealedAnswer | None) -> str:
    if sealed is not None:
        puzzle.opens(sealed)
        return "available, opens the commitment" if puzzle.manifest.commitment else "available, without a commitment"
    if puzzle.manifest.commitment is not None:
        return f"sealed, commitment {puzzle.manifest.commitment[:12]}"
    if puzzle.manifest.solution_sha256 is not None:
        return f"not known, SHA-256 {puzzle.manifest.solution_sha256[:12]}"
    return "not known"


def _short(value: Any) -> str:
    return value if isinstance(value, str) else canonical_json(value)
