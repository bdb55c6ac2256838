"""Choose the methods for a puzzle, and their order, by the properties of the puzzle."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from generator.errors import QueryError
from generator.recovery.network.activations import ACTIVATIONS
from solvers.recovery.activation.kinks import candidate_activations
from solvers.recovery.hessian.solver import HessianSpan
from solvers.recovery.peeling.solver import Peeling
from solvers.recovery.relu.deep_relu import DeepRelu
from solvers.recovery.relu.kinks import Kinks
from solvers.recovery.students.activations import possible_activations
from solvers.recovery.students.students import Students

if TYPE_CHECKING:
    import numpy as np

    from generator.recovery.puzzle import RecoveryPuzzle
    from solvers.api import Solver

__all__ = ["Stage", "plan"]


@dataclass(frozen=True)
class Stage:
    """One method on a puzzle, and the share of the remaining time that it may take.

    Attributes:
        name: name of the method, for the log.
        solver: the method.
        puzzle: the puzzle, with an assumed activation if the method needs one.
        share: share of the remaining time when the stage begins, from 0 to 1.
    """

    name: str
    solver: Solver
    puzzle: RecoveryPuzzle
    share: float


def plan(puzzle: RecoveryPuzzle, rng: np.random.Generator) -> list[Stage]:
    """List the methods for a puzzle.

    Attacks by kinks and derivatives come first, because they take seconds or less and find the widths without training.
    Students follow, because they make no assumption about the numbers of units and inputs. If the activation is hidden,
    a few queries distinguish piecewise linear networks from smooth ones. Methods that need one activation then try
    each.
    """
    names = _possible(puzzle, rng)
    kinked = [name for name in names if ACTIVATIONS[name].piecewise_linear]
    smooth = [name for name in names if name not in kinked]
    stages: list[Stage] = []
    if puzzle.hidden_layers > 1:
        if puzzle.oracle is not None:
            stages += [Stage("deep-relu", DeepRelu(), _assuming(puzzle, name), 0.9) for name in kinked]
        stages += [Stage("peeling", Peeling(), _assuming(puzzle, name), 0.0) for name in [*smooth, *kinked]]
    else:
        if puzzle.oracle is not None:
            stages += [Stage("kinks", Kinks(), _assuming(puzzle, name), 0.3) for name in kinked]
            stages += [Stage("hessian-span", HessianSpan(), puzzle, 0.4)] if smooth else []
        stages.append(Stage("students", Students(), puzzle, 1.0))
    rest = len(stages)
    return [replace(stage, share=stage.share or 1 / (rest - at)) for at, stage in enumerate(stages)]


def _possible(puzzle: RecoveryPuzzle, rng: np.random.Generator) -> tuple[str, ...]:
    """List the activations that the hidden network may have."""
    if puzzle.activation is None and puzzle.oracle is not None:
        try:
            seen = candidate_activations(puzzle, puzzle.oracle, rng)
        except QueryError:  # too few rows to find out
            seen = tuple(ACTIVATIONS)
        return tuple(name for name in possible_activations(None) if name in seen)
    return possible_activations(puzzle.activation)


def _assuming(puzzle: RecoveryPuzzle, activation: str) -> RecoveryPuzzle:
    """Return the puzzle with this activation stated as known."""
    return replace(puzzle, public=puzzle.public.model_copy(update={"activation": activation}))
