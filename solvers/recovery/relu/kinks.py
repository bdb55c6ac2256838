"""The solver `kinks`: networks with one hidden layer of ReLU or leaky ReLU, from their kinks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from generator.errors import UnsupportedPuzzleError
from generator.puzzle.answer import Answer
from generator.recovery.network.activations import ACTIVATIONS
from generator.recovery.network.mlp import MLP
from solvers.recovery.core.deadline import out_of_time
from solvers.recovery.core.derivatives import ask, output_noise
from solvers.recovery.core.ensemble import parameters_of
from solvers.recovery.finishing.polish import polish, root_mean_square, without_spare_units
from solvers.recovery.finishing.recording import RecordingOracle
from solvers.recovery.finishing.rounded import PLAUSIBLE, REFINING_ROWS, telling_points, within_bounds
from solvers.recovery.relu.fitting.checking import checked
from solvers.recovery.relu.fitting.folding import folded
from solvers.recovery.relu.fitting.shallow import ShallowFit, both_sides, fit_shallow
from solvers.recovery.relu.hyperplanes.probe import BudgetSpentError, Probe
from solvers.recovery.relu.hyperplanes.search import find_planes
from solvers.recovery.relu.hyperplanes.spaces import input_space
from solvers.registry import register

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.family.oracle import Oracle
    from generator.recovery.puzzle import RecoveryPuzzle
    from solvers.api import Context
    from solvers.recovery.relu.hyperplanes.planes import Planes

__all__ = ["Kinks", "check_puzzle"]

SOURCE = (
    "Rolnick and Kording 2020, arXiv:1910.00744; Carlini, Jagielski, Mironov 2020, arXiv:2003.04884; tangents, signs"
)
ROUNDOFF = 2000.0
"""Largest residual of an exact network in float64, in error bounds of the outputs. A larger value certifies less
precise networks. Hand-set: 32 inputs and 64 units reach 16, 784 inputs and 32 units reach 1,000."""
SINGLE = 100.0
"""The same for outputs in float32, whose bounds are wider. Hand-set."""
ROUNDED = 3.0
"""The same for outputs rounded to decimals, whose bounds the right weights keep. The bounds of float32 outputs near 0
are so narrow that a fit by least squares exceeds them. Hand-set."""
FITTING_SHARE = 0.35
"""Share of the budget that the search leaves for fitting rounded outputs. A larger value finds fewer hyperplanes of
large networks, and determines weights better. Hand-set."""
CHECKING_ROWS, CHECKING_EACH = 250, 8
"""Rows that the fit leaves for the check, and more of them per hyperplane. Hand-set, a little above what it takes."""
MOST_PARAMETERS = 1500
"""Parameters up to which all weights are fitted jointly to rounded outputs. Hand-set, for time."""


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
        exact = puzzle.public.precision == "float64"
        limit = ROUNDED if puzzle.resolution else ROUNDOFF if exact else SINGLE
        sigma = ACTIVATIONS[puzzle.activation or "relu"]
        planes: Planes | None = None
        try:
            recorded = RecordingOracle(oracle)
            probe = Probe.of(puzzle, recorded, rng)
            domain = input_space(probe)
            kept = 0.0 if exact or np.isinf(probe.left) else FITTING_SHARE * probe.left
            for number in range(self.rounds):
                quiet = self.quiet << number
                planes = find_planes(
                    domain, rng, deep=False, quiet=quiet, known=planes, hopeful=lambda: not stop() and probe.left > kept
                )
                fit = fit_shallow(domain, planes, sigma, rng)
                if not exact:
                    fit = jointly_fitted(puzzle, recorded, fit, rng, stop)
                network = folded(fit, sigma.name, puzzle.box)
                others = both_sides(domain, planes, rng)
                found = checked(domain, network, limit, rng, doubt=fit.doubt, others=others)
                context.log(f"{len(planes)} hyperplanes; {found.note}")
                if found.worst < best or answer.value is None:
                    best = found.worst
                    answer = Answer(puzzle.answer(found.network), certified=found.certified, note=found.note)
                    context.report(answer)
                if found.worst <= limit or stop():
                    break
        except BudgetSpentError as error:
            context.log(str(error))
            if answer.value is None:
                answer = Answer(None, note=str(error))
        return answer


def jointly_fitted(
    puzzle: RecoveryPuzzle,
    oracle: RecordingOracle,
    fit: ShallowFit,
    rng: np.random.Generator,
    stop: Callable[[], bool],
) -> ShallowFit:
    """Fit all weights to rounded outputs: to all rows asked so far, and to most of those that are left.

    The hyperplanes of rounded outputs are rough. But the outputs depend on the weights continuously, so a joint fit
    needs no exact ones.

    Returns:
        The fit; the given one if the joint fit does not reach the rounding errors, because hyperplanes are missing.
    """
    rough = MLP((fit.weight, fit.output), (fit.bias, fit.constant), puzzle.activation or "relu", fit.linear)
    size = parameters_of(rough)[0].parameters
    if not len(fit.weight) or size > MOST_PARAMETERS:
        return fit
    rows = oracle.rows()
    if rows.equations <= size:
        return fit
    network = without_spare_units(polish(rough, rows, stop), rows, stop)
    noise = output_noise(puzzle.public.precision, puzzle.resolution, rows.targets)
    if root_mean_square(network, rows) > PLAUSIBLE * noise:
        return fit
    left = REFINING_ROWS if oracle.left is None else oracle.left - CHECKING_ROWS - CHECKING_EACH * len(fit.weight)
    ask(oracle, telling_points(puzzle, network, max(0, min(REFINING_ROWS, left)), rng))
    network = within_bounds(puzzle, network, oracle.rows(), stop)
    (weight, output), (bias, constant) = network.weights, network.biases
    linear = np.zeros_like(fit.linear) if network.bypass is None else network.bypass
    return ShallowFit(weight, bias, output, linear, constant, signed=network.bypass is None)


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
