"""What an executor needs to run a trial."""

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
    """All that an executor needs to run a trial.

    The solver's process is sent neither `sealed` nor anything made of it.

    Attributes:
        trial: the cell.
        puzzle: its public part.
        reference: the solver; a file's path is absolute.
        plugins: files and modules that register families and solvers; paths are absolute.
        sealed: the answer, for the oracle beside the harness; None where the family has no oracle.
    """

    trial: Trial
    puzzle: Puzzle
    reference: Reference
    plugins: tuple[str, ...] = ()
    sealed: SealedAnswer | None = None
