"""The solver `deep-relu`: networks with several hidden layers of ReLU or leaky ReLU, layer by layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from generator.errors import QueryError
from generator.puzzle.answer import Answer
from generator.recovery.network.mlp import MLP
from solvers.recovery.relu.fitting.orientation import oriented
from solvers.recovery.relu.fitting.shallow import fit_shallow
from solvers.recovery.relu.hyperplanes.bending import without_bent
from solvers.recovery.relu.hyperplanes.probe import BudgetSpentError, Probe
from solvers.recovery.relu.hyperplanes.search import find_planes
from solvers.recovery.relu.hyperplanes.spaces import input_space, state_space
from solvers.recovery.relu.kinks import TIME, Kinks, check_puzzle
from solvers.recovery.relu.peel import peel_on
from solvers.recovery.relu.prefix import Prefix
from solvers.registry import register

if TYPE_CHECKING:
    from generator.recovery.puzzle import RecoveryPuzzle
    from solvers.api import Context
    from solvers.recovery.relu.fitting.shallow import ShallowFit
    from solvers.recovery.relu.hyperplanes.domain import Domain
    from solvers.recovery.relu.hyperplanes.planes import Planes

__all__ = ["DeepRelu"]

SOURCE = "Carlini, Jagielski, Mironov 2020, arXiv:2003.04884 (peeling); pseudo-inverse states and dual-basis signs: own"
PRECISE = 1e5
"""Largest misfit of an exact deep network, in error bounds of one output (1e-15 relative). Errors of the first layer
are amplified by the pseudo-inverse; exact networks stay below 2e3. Hand-set."""
FRESH = 200
"""Fresh points, near and far, on which a network is checked. Hand-set."""


@dataclass(frozen=True, eq=False)
class _Result:
    """An answer and its misfit in error bounds of the outputs."""

    answer: Answer
    worst: float


@dataclass(frozen=True, eq=False)
class _Spaces:
    """The input space, the states of the first layer, and the first layer."""

    inputs: Domain
    states: Domain
    prefix: Prefix


@register(family="recovery", name="deep-relu", source=SOURCE)
@dataclass(frozen=True)
class DeepRelu:
    """Find the flat hyperplanes of the first layer, choose its states freely, and treat the rest as a shallow network.

    Attributes:
        quiet: number of lines in a row without a new hyperplane of the first layer after which its search stops.
        quiet_inner: the same for the second layer.
        rounds: largest number of searches of the second layer; each follows a network that failed the check.
    """

    quiet: int = 9
    quiet_inner: int = 12
    rounds: int = 4

    def solve(self, puzzle: RecoveryPuzzle, context: Context) -> Answer:
        """Recover the network.

        Raises:
            UnsupportedPuzzleError: without an oracle, or for a smooth activation.
        """
        oracle = check_puzzle(puzzle)
        if puzzle.hidden_layers == 1:
            return Kinks().solve(puzzle, context)
        rng = context.rng()
        best = _Result(Answer(None), np.inf)
        try:
            probe = Probe.of(puzzle, oracle, rng)
            domain = input_space(probe)
            planes = find_planes(domain, rng, deep=True, quiet=self.quiet, hopeful=lambda: context.time_left() > TIME)
            planes = without_bent(domain, planes, rng)
            context.log(f"first layer: {len(planes)} flat hyperplanes")
            if not len(planes):
                return best.answer
            prefix = _first_layer(domain, planes, puzzle, rng)
            narrow = len(planes) <= domain.dimensions
            states = state_space(probe, prefix, rng) if puzzle.hidden_layers == 2 and narrow else None
            if states is not None:
                best = self._finish(puzzle, context, _Spaces(domain, states, prefix), rng)
            if best.worst > PRECISE and context.time_left() > TIME:
                network = peel_on(puzzle, oracle, prefix, context, rng)
                if network is not None:
                    worst = _misfit(domain, network, rng)
                    if worst < best.worst:
                        note = f"widths {network.widths[1:-1]}; misfit {worst:.1e} error bounds"
                        best = _Result(Answer(puzzle.answer(network), certified=worst <= PRECISE, note=note), worst)
                        context.report(best.answer)
        except (BudgetSpentError, QueryError) as error:
            context.log(str(error))
        return best.answer

    def _finish(self, puzzle: RecoveryPuzzle, context: Context, spaces: _Spaces, rng: np.random.Generator) -> _Result:
        """Search the second layer until the network agrees with fresh outputs."""
        domain, states, prefix = spaces.inputs, spaces.states, spaces.prefix
        sigma = prefix.sigma
        planes: Planes | None = None
        best = _Result(Answer(None), np.inf)
        for number in range(self.rounds):
            planes = find_planes(
                states,
                rng,
                deep=False,
                quiet=self.quiet_inner << number,
                known=planes,
                hopeful=lambda: context.time_left() > TIME,
            )
            fit = fit_shallow(states, planes, sigma, rng)
            network = _assembled(prefix, fit)
            worst = _misfit(domain, network, rng)
            context.log(f"second layer: {len(planes)} hyperplanes; misfit {worst:.1e} error bounds")
            if worst < best.worst:
                widths = f"{len(prefix.weights[0])} and {len(fit.weight)}"
                note = f"{widths} units with kinks; misfit {worst:.1e} error bounds"
                if not fit.signed:
                    note += f"; {len(network.weights[1]) - len(fit.weight)} always-on units stand for a linear part"
                certified = worst <= PRECISE and fit.signed
                best = _Result(Answer(puzzle.answer(network), certified=certified, note=note), worst)
                context.report(best.answer)
            if worst <= PRECISE or context.time_left() < TIME:
                break
        return best


def _first_layer(domain: Domain, planes: Planes, puzzle: RecoveryPuzzle, rng: np.random.Generator) -> Prefix:
    """Choose the signs of the first layer; where its rows are dependent, any do, and the next layer settles them."""
    if len(planes) <= domain.dimensions:
        planes = oriented(domain, planes, rng)[0]
    return Prefix(puzzle.inputs, puzzle.activation or "relu").extended(planes.normals, planes.offsets)


def _misfit(domain: Domain, network: MLP, rng: np.random.Generator) -> float:
    """Compare with fresh outputs, near and far; the largest difference in error bounds of the outputs."""
    points = domain.sample(FRESH, rng)
    values = domain.function(points)
    return float((np.abs(network(points) - values).max(axis=1) / domain.noise(points, values)).max())


def _assembled(prefix: Prefix, fit: ShallowFit) -> MLP:
    """Build the network; a linear part that is left becomes units that are on for every state h >= 0."""
    weight, bias, output = fit.weight, fit.bias, fit.output
    if fit.linear.any():
        # A unit with weights >= 0 is on wherever the states are.
        parts = np.concatenate([np.maximum(fit.linear, 0), np.maximum(-fit.linear, 0)])
        used = parts.any(axis=1)
        eye = np.eye(len(fit.linear))
        weight = np.concatenate([weight, parts[used]])
        bias = np.concatenate([bias, np.zeros(int(used.sum()))])
        output = np.concatenate([output, np.concatenate([eye, -eye], axis=1)[:, used]], axis=1)
    layers = [(prefix.weights[0], prefix.biases[0]), (weight, bias), (output, fit.constant)]
    return MLP.of(layers, prefix.activation)
