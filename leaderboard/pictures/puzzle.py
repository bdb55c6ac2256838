"""Describe and draw a puzzle for `netjigsaw show`: the manifest, and facts and figures of the family's record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.errors import SpecError
from generator.family.pictures import Shown
from generator.family.registry import find_family
from generator.puzzle.canonical import canonical_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from generator.family.record import Family
    from generator.puzzle.content import Puzzle, SealedAnswer
    from generator.puzzle.storage import LoadedPuzzle

__all__ = ["draw_puzzle", "draw_series", "summarise_puzzle", "tabulate_series"]


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


def tabulate_series(loaded: Sequence[LoadedPuzzle], *, statistics: bool = True) -> list[dict[str, str]]:
    """Describe several puzzles of one family, one row each: name, digest, and what the family's record tells of each.

    Args:
        loaded: the puzzles and their answers.
        statistics: whether to compute the family's columns, which may take seconds and import torch.

    Raises:
        SpecError: if the puzzles are of several families.
        PuzzleError: if their content is not what the family expects.
    """
    family = _family_of(loaded)
    rows = [{"puzzle": item.puzzle.manifest.name, "digest": item.puzzle.digest[:12]} for item in loaded]
    if not statistics or family.pictures is None or family.pictures.row is None:
        groups = [family.groups(item.puzzle) for item in loaded]
        return [
            row | {key: str(value) for key, value in group.items()} for row, group in zip(rows, groups, strict=True)
        ]
    tell = family.pictures.row
    return [row | dict(tell(_shown(item, family))) for row, item in zip(rows, loaded, strict=True)]


def draw_series(loaded: Sequence[LoadedPuzzle], name: str) -> Figure | None:
    """Draw several puzzles of one family; return None if the family has no such picture.

    Raises:
        SpecError: if the puzzles are of several families.
        PluginError: if matplotlib is not installed.
        PuzzleError: if their content is not what the family expects.
    """
    family = _family_of(loaded)
    if family.pictures is None or family.pictures.draw_series is None:
        return None
    return family.pictures.draw_series([_shown(item, family) for item in loaded], name)


def _family_of(loaded: Sequence[LoadedPuzzle]) -> Family:
    names = sorted({item.puzzle.manifest.family for item in loaded})
    if len(names) > 1:
        raise SpecError(f"the puzzles are of several families: {', '.join(names)}; show each family alone")
    return find_family(names[0])


def _shown(item: LoadedPuzzle, family: Family) -> Shown:
    return Shown(item.puzzle.manifest.name, family.view(item.puzzle), item.sealed)


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
