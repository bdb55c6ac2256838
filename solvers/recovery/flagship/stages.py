"""Choose the methods for a puzzle, in the order of trial, from what the puzzle offers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from generator.recovery.network.activations import ACTIVATIONS
from solvers.recovery.hessian.solver import HessianSpan
from solvers.recovery.peeling.solver import Peeling
from solvers.recovery.students.students import Students

if TYPE_CHECKING:
    from generator.recovery.puzzle import RecoveryPuzzle
    from solvers.api import Solver

__all__ = ["Stage", "assuming", "stages"]


@dataclass(frozen=True)
class Stage:
    """One method and the share of the remaining time that it may take.

    Attributes:
        name: of the method, for the log.
        solver: the method.
        share: share of the time that is left when the stage begins; the last stage takes all.
    """

    name: str
    solver: Solver
    share: float = 0.5


def stages(puzzle: RecoveryPuzzle, activation: str) -> tuple[Stage, ...]:
    """List the methods for a puzzle whose activation is known or assumed.

    Structural attacks come first, because they need seconds or less and find the widths without training. Students
    follow, because they need no assumption about the number of units and inputs.
    """
    active = puzzle.oracle is not None
    piecewise = ACTIVATIONS[activation].piecewise_linear
    if puzzle.hidden_layers > 1:
        return (Stage("peeling", Peeling()),)
    if active and not piecewise:
        return (Stage("hessian-span", HessianSpan(), 0.4), Stage("students", Students()))
    return (Stage("students", Students()),)


def assuming(puzzle: RecoveryPuzzle, activation: str) -> RecoveryPuzzle:
    """Return the puzzle with its activation taken as known."""
    return replace(puzzle, public=puzzle.public.model_copy(update={"activation": activation}))
