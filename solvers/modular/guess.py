"""The answer that a solver reports before it has measured anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.modular.relabelling import Relabelling

if TYPE_CHECKING:
    from generator.modular.puzzle import ModularPuzzle

__all__ = ["guess"]


def guess(puzzle: ModularPuzzle) -> dict[str, Any]:
    """Answer "other" without frequencies, with every symbol named by its number; scored if a solver is stopped."""
    return puzzle.answer(label="other", frequencies=[], relabelling=Relabelling.identity(puzzle.modulus))
