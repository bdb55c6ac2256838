"""The solver `kinks`: networks with one hidden layer of ReLU or leaky ReLU, from their kinks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from generator.errors import UnsupportedPuzzleError
from generator.puzzle.answer import Answer
from generator.recovery.network.activations import ACTIVATIONS
from solvers.recovery.core.deadline import out_of_time
from solvers.recovery.relu.fitting.checking import checked
from solvers.recovery.relu.fitting.folding import folded
from solvers.recovery.relu.fitting.shallow import both_sides, fit_shallow
from solvers.recovery.relu.hyperplanes.probe import BudgetSpentError, Probe
from solvers.recovery.relu.hyperplanes.search import find_planes
from solvers.recovery.relu.hyperplanes.spaces import input_space
from solvers.registry import register

if TYPE_CHECKING:
    from generator.family.oracle import Oracle
    from generator.recovery.puzzle import RecoveryPuzzle
    from solvers.api import Context
    from solvers.recovery.relu.hyperplanes.planes import Planes

__all__ = ["Kinks", "check_puzzle"]

SOURCE = (
    "Rolnick and Kording 2020, arXiv:1910.00744; Carlini, Jagielski, Mironov 2020, arXiv:2003.04884; tangents, signs"
)
ROUNDOFF = 100.0
"""Largest residual of an exact network, in error bounds of the outputs. Networks of 64 units reach 16. Hand-set."""


@register(family="recovery", name="kinks", source=SOURCE)
@dataclass(frozen=True)
class Kinks:
    """Find the hyperplanes of one hidden layer by scanning lines for kinks; fit the output layer; solve for the signs.

    Attributes:
        quiet: number of lines in a row without a new hyperplane after which the network is fitted and checked.
        rounds: largest number of searches; each one follows a network that failed the check.
    """

    quiet: int = 6
    rounds: int = 8

    def solve(self, puzzle: RecoveryPuzzle, context: Context) -> Answer:
        """Recover the network.

        Raises:
            UnsupportedPuzzleError: without an oracle, for several hidden layers or for a smooth activation.
        """
        oracle = check_puzzle(puzzle)
        if puzzle.hidden_layers != 1:
            raise UnsupportedPuzzleError("kinks recovers one hidden layer; use deep-relu for several")
        rng = context.rng()
        stop = out_of_time(context)
        answer = Answer(None)
        best = np.inf
        sigma = ACTIVATIONS[puzzle.activation or "relu"]
        planes: Planes | None = None
        try:
            probe = Probe.of(puzzle, oracle, rng)
            domain = input_space(probe)
            for number in range(self.rounds):
                quiet = self.quiet << number
                planes = find_planes(domain, rng, deep=False, quiet=quiet, known=planes, hopeful=lambda: not stop())
                fit = fit_shallow(domain, planes, sigma, rng)
                network = folded(fit, sigma.name, puzzle.box)
                others = both_sides(domain, planes, rng)
                found = checked(domain, network, ROUNDOFF, rng, doubt=fit.doubt, others=others)
                context.log(f"{len(planes)} hyperplanes; {found.note}")
                if found.worst < best or answer.value is None:
                    best = found.worst
                    answer = Answer(puzzle.answer(found.network), certified=found.certified, note=found.note)
                    context.report(answer)
                if found.worst <= ROUNDOFF or stop():
                    break
        except BudgetSpentError as error:
            context.log(str(error))
            if answer.value is None:
                answer = Answer(None, note=str(error))
        return answer


def check_puzzle(puzzle: RecoveryPuzzle) -> Oracle:
    """Return the oracle of a puzzle with a piecewise-linear activation.

    Raises:
        UnsupportedPuzzleError: for other puzzles.
    """
    if puzzle.oracle is None:
        raise UnsupportedPuzzleError("the kink search chooses its own queries; this puzzle has a table and no oracle")
    if puzzle.activation is not None and not ACTIVATIONS[puzzle.activation].piecewise_linear:
        raise UnsupportedPuzzleError(f"the kink search needs relu or leaky_relu; the activation is {puzzle.activation}")
    if puzzle.activation is None:
        raise UnsupportedPuzzleError("the kink search needs to know the activation; this puzzle hides it")
    return puzzle.oracle
