"""The flagship of hidden networks: try the methods that fit the puzzle until one certifies its network."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from generator.errors import QueryError, UnsupportedPuzzleError
from generator.puzzle.answer import Answer
from generator.recovery.puzzle import network_of
from solvers.recovery.core.deadline import constant_answer, margin_s
from solvers.recovery.flagship.stages import plan
from solvers.registry import register

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from generator.recovery.network.mlp import MLP
    from generator.recovery.puzzle import RecoveryPuzzle
    from solvers.api import Context
    from solvers.recovery.flagship.stages import Stage

__all__ = ["Flagship"]

CHECK_ROWS = 200
"""Rows on which networks without a certificate are compared. For an active puzzle these rows are queried. A larger
value compares more precisely. Hand-set."""


@register(family="recovery", name="flagship", source="this project")
@dataclass(frozen=True)
class Flagship:
    """Choose and combine the methods by oracle or table, depth, activation and budget of the puzzle."""

    def solve(self, puzzle: RecoveryPuzzle, context: Context) -> Answer:
        """Run the methods in turn until one certifies its network; otherwise return the network of least error.

        If no method finds a network in time, the answer is a constant network, and its note says so.

        Raises:
            UnsupportedPuzzleError: if every method refuses the puzzle.
        """
        context.report(constant_answer(puzzle))
        best = _Best(puzzle, context)
        refusals: list[str] = []
        for stage in plan(puzzle, context.rng()):
            if context.time_left() < 2 * margin_s(context):
                break
            context.log(f"{stage.name}, activation {stage.puzzle.activation or 'hidden'}")
            answer = _run(stage, _within(context, stage, best), refusals)
            if answer is not None and best.offer(stage.puzzle, answer):
                break
        if best.network is None and refusals:
            raise UnsupportedPuzzleError("; ".join(dict.fromkeys(refusals)))
        return best.answer() or constant_answer(puzzle)


class _Best:
    """The best network so far."""

    def __init__(self, puzzle: RecoveryPuzzle, context: Context) -> None:
        self.network: MLP | None = None
        self._puzzle, self._context = puzzle, context
        self._error, self._certified, self._note = np.inf, False, ""
        self._rows: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None

    def offer(self, assumed: RecoveryPuzzle, answer: Answer) -> bool:
        """Keep an answer if it is better; return whether it is certified."""
        if answer.value is None:
            return False
        network = network_of(assumed, answer.value)
        error = 0.0 if answer.certified else self._measure(network)
        if answer.certified or error < self._error:
            self.network, self._error = network, error
            self._certified, self._note = answer.certified, answer.note
            self._context.report(self.answer())
        return answer.certified

    def report(self, assumed: RecoveryPuzzle, value: Any) -> None:
        """Take an intermediate answer of a method."""
        self.offer(assumed, value if isinstance(value, Answer) else Answer(value))

    def answer(self) -> Answer | None:
        """Write the best network as an answer to the puzzle; None without one."""
        if self.network is None:
            return None
        return Answer(self._puzzle.answer(self.network), certified=self._certified, note=self._note)

    def _measure(self, network: MLP) -> float:
        """Compute the root mean square error on the table or on fresh rows."""
        if self._rows is None:
            self._rows = _check_rows(self._puzzle, self._context.rng())
        inputs, outputs = self._rows
        with np.errstate(over="ignore", invalid="ignore"):
            error = float(np.sqrt(np.mean((network(inputs) - outputs) ** 2)))
        return error if np.isfinite(error) else np.finfo(float).max


def _check_rows(puzzle: RecoveryPuzzle, rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if puzzle.table is not None:
        return puzzle.table.inputs, puzzle.table.outputs
    inputs = puzzle.input_scale * rng.standard_normal((CHECK_ROWS, puzzle.inputs))
    if puzzle.box is not None:
        inputs = np.clip(inputs, -puzzle.box, puzzle.box)
    if puzzle.oracle is not None:
        try:
            return inputs, puzzle.oracle(inputs)
        except QueryError:  # the budget is spent: later answers count as no better than earlier ones
            pass
    return np.zeros((1, puzzle.inputs)), np.zeros((1, puzzle.outputs))


def _within(context: Context, stage: Stage, best: _Best) -> Context:
    """Make the context of a method: its share of the time, and reports that go to the best network so far."""
    used = time.monotonic() - context.started
    wall_s = used + stage.share * max(0.0, context.time_left() - margin_s(context))
    return replace(context, wall_s=wall_s, report=lambda value: best.report(stage.puzzle, value))


def _run(stage: Stage, context: Context, refusals: list[str]) -> Answer | None:
    """Run a method; return None if it refuses the puzzle or runs out of queries."""
    try:
        value = stage.solver.solve(stage.puzzle, context)
    except UnsupportedPuzzleError as error:
        refusals.append(str(error))
        context.log(str(error))
        return None
    except QueryError as error:
        context.log(f"{stage.name} stopped: {error}")
        return None
    return value if isinstance(value, Answer) or value is None else Answer(value)
