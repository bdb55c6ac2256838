"""The solver `hessian-span`: recover one hidden layer of smooth units from derivatives, by queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.errors import QueryError, UnsupportedPuzzleError
from solvers.recovery.activation.kinks import KINKED, candidate_activations
from solvers.recovery.core.deadline import constant_answer
from solvers.recovery.finishing.recording import RecordingOracle
from solvers.recovery.hessian.attack import Attack
from solvers.registry import register

if TYPE_CHECKING:
    from generator.puzzle.answer import Answer
    from generator.recovery.puzzle import RecoveryPuzzle
    from solvers.api import Context

__all__ = ["HessianSpan"]

SOURCE = "this project; the span of the Hessians is from Fornasier, Vybiral and Daubechies 2021, arXiv:1804.01592"

RADII = (1.0, 2.0, 0.5, 4.0, 0.25)
"""Standard deviations of the probed points in the order of trial, in multiples of the puzzle's input scale.
Hand-set."""


@register(family="recovery", name="hessian-span", source=SOURCE)
@dataclass(frozen=True)
class HessianSpan:
    """Find the units as rank-one tensors in the span of second to fourth derivatives at sampled points.

    Attributes:
        orders: highest order of the derivatives, 2 to 4. Higher orders find more units and need more rows.
    """

    orders: int = 4

    def solve(self, puzzle: RecoveryPuzzle, context: Context) -> Answer:
        """Probe, find the units' directions, fit, settle signs, polish, and check on fresh rows.

        Raises:
            UnsupportedPuzzleError: if the puzzle has no oracle, several hidden layers, a piecewise-linear activation,
                too many units for its inputs, or too few rows.
        """
        if puzzle.oracle is None:
            raise UnsupportedPuzzleError("hessian-span needs an oracle; this puzzle has a fixed table")
        if puzzle.hidden_layers != 1:
            raise UnsupportedPuzzleError(f"hessian-span needs one hidden layer; this puzzle has {puzzle.hidden_layers}")
        oracle, rng = RecordingOracle(puzzle.oracle), context.rng()
        try:
            names = candidate_activations(puzzle, oracle, rng)
        except QueryError as error:
            raise UnsupportedPuzzleError(f"hessian-span has too few rows: {error}") from None
        if names[0] in KINKED:
            raise UnsupportedPuzzleError("hessian-span needs a smooth activation; this network is piecewise linear")
        context.report(constant_answer(puzzle))
        attack = Attack(puzzle, oracle, context, names, rng)
        for radius in RADII:
            for order in range(2, self.orders + 1):
                if attack.run(radius * puzzle.input_scale, order) or attack.stop():
                    return attack.answer()
        return attack.answer()
