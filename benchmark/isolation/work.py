"""The input of an executor: one trial with its puzzle and solver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmark.results.trial import Trial
    from generator.puzzle.content import Puzzle, SealedAnswer
    from solvers.reference import Reference

__all__ = ["Work"]


@dataclass(frozen=True)
class Work:
    """One trial with everything that an executor needs to run it.

    The executor sends neither `sealed` nor anything computed from it to the solver's process.

    Attributes:
        trial: puzzle, solver, seed and limits.
        puzzle: the public part of the puzzle.
        reference: the solver; the path of a file is absolute.
        plugins: files and modules that register families and solvers; paths are absolute.
        sealed: the answer, from which the harness opens the oracle; None where the family has no oracle.
    """

    trial: Trial
    puzzle: Puzzle
    reference: Reference
    plugins: tuple[str, ...] = ()
    sealed: SealedAnswer | None = None
