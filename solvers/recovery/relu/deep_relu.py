"""The solver `deep-relu`: recover networks with several hidden layers of ReLU or leaky ReLU, layer by layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from generator.errors import QueryError
from generator.puzzle.answer import Answer
from generator.recovery.network.mlp import MLP
from solvers.recovery.core.deadline import out_of_time
from solvers.recovery.relu.fitting.checking import checked
from solvers.recovery.relu.fitting.folding import folded_states
from solvers.recovery.relu.fitting.orientation import oriented
from solvers.recovery.relu.fitting.shallow import both_sides, fit_shallow
from solvers.recovery.relu.hyperplanes.bending import without_bent
from solvers.recovery.relu.hyperplanes.probe import BudgetSpentError, Probe
from solvers.recovery.relu.hyperplanes.refine import visible_share
from solvers.recovery.relu.hyperplanes.search import find_planes
from solvers.recovery.relu.hyperplanes.spaces import input_space, state_space
from solvers.recovery.relu.kinks import Kinks, check_puzzle
from solvers.recovery.relu.peel import peel_on
from solvers.recovery.relu.prefix import Prefix
from solvers.recovery.relu.states.recover import recover_behind
from solvers.registry import register

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from generator.family.oracle import Oracle
    from generator.recovery.puzzle import RecoveryPuzzle
    from solvers.api import Context
    from solvers.recovery.relu.fitting.checking import Checked
    from solvers.recovery.relu.hyperplanes.domain import Domain
    from solvers.recovery.relu.hyperplanes.planes import Planes

__all__ = ["DeepRelu"]

SOURCE = "Carlini, Jagielski, Mironov 2020, arXiv:2003.04884 (peeling); pseudo-inverse states and dual-basis signs: own"
PRECISE = 5e6
"""Largest residual of an exact deep network, in error bounds of one output (1e-15 relative). The pseudo-inverse
amplifies errors of the first layer, and the least squares fit those of the second. Exact networks of 10 to 50 units per
layer reach 1e4, those with nearly dependent rows 8e5, and 784-128-128-1 reaches 2e6. From random_teachers.py."""
DROPPED = 3
"""Most planes that are left out of the first layer, one more at a time, if no second layer fits. A larger value takes
longer. Hand-set."""
FLAT = 0.95
"""Least visible share of a plane that is always kept. A larger value leaves out more planes. Hand-set."""
SEEN_TESTS = 64
"""Points per plane on which the visible share is estimated. A larger value takes more queries. Hand-set."""
OPEN = "in three or more hidden layers, a weight that no kink shows may be wrong without a trace in the outputs"
"""Why such networks are not certified if walks found them: two of ten trained ones passed every check with one wrong
weight."""
FREE = 3
"""Most hidden layers behind whose first layer the others are searched with states chosen freely."""
RARE = 20_000
"""Random inputs on which a network is checked whose first layer expands, or that has three or more hidden layers. A
larger value finds rarer errors and takes more queries. Hand-set: one wrong weight changed the output at one input in a
thousand."""
RARE_SCALES = (1.0, 3.0, 10.0, 30.0)
"""Standard deviations of these inputs, in multiples of the puzzle's input scale. Hand-set."""
STATES = 200
"""Random states of the first layer on which a network is checked. A larger value takes more queries. Hand-set."""


@dataclass(frozen=True, eq=False)
class _Spaces:
    """The input space, the states of the first layer, and the first layer."""

    inputs: Domain
    states: Domain
    prefix: Prefix


@register(family="recovery", name="deep-relu", source=SOURCE)
@dataclass(frozen=True)
class DeepRelu:
    """Recover the first layer from its flat hyperplanes, and the other layers as a network over its states.

    Attributes:
        quiet: successive lines without a new hyperplane of the first layer after which its search stops. A larger value
            finds more units and takes more queries.
        quiet_inner: the same for the second layer.
        rounds: largest number of searches of the second layer; each one follows a network that failed the check.
    """

    quiet: int = 9
    quiet_inner: int = 12
    rounds: int = 4

    def solve(self, puzzle: RecoveryPuzzle, context: Context) -> Answer:
        """Recover the network.

        Raises:
            UnsupportedPuzzleError: if there is no oracle, or the activation is hidden or smooth.
        """
        oracle = check_puzzle(puzzle)
        if puzzle.hidden_layers == 1:
            return Kinks().solve(puzzle, context)
        answer = Answer(None, note="time was up before a network was found")
        try:
            for found in self._networks(puzzle, oracle, context, context.rng()):
                answer = _written(puzzle, found)
                context.report(answer)
        except (BudgetSpentError, QueryError) as error:
            context.log(str(error))
            if answer.value is None:
                answer = Answer(None, note=str(error))
        return answer

    def _networks(
        self, puzzle: RecoveryPuzzle, oracle: Oracle, context: Context, rng: np.random.Generator
    ) -> Iterator[Checked]:
        """Try the methods that fit the puzzle; yield every better network."""
        stop = out_of_time(context)
        probe = Probe.of(puzzle, oracle, rng)
        domain = input_space(probe)
        planes = find_planes(domain, rng, deep=True, quiet=self.quiet, hopeful=lambda: not stop())
        planes = without_bent(domain, planes, rng)
        context.log(f"first layer: {len(planes)} flat hyperplanes")
        if not len(planes):
            return
        prefix = _first_layer(domain, planes, puzzle, rng)
        best = np.inf
        if len(planes) <= domain.dimensions and puzzle.hidden_layers <= FREE:
            methods = self._two_layers if puzzle.hidden_layers == 2 else self._three_layers
            for found in methods(puzzle, domain, probe, planes, context=context, rng=rng):
                best = found.worst
                yield found
        if best > PRECISE and not stop():
            network = peel_on(puzzle, oracle, prefix, context, rng)
            if network is not None:
                doubt = OPEN if puzzle.hidden_layers > 2 else ""
                found = checked(domain, network, PRECISE, rng, doubt=doubt, others=_rare_inputs(puzzle, rng))
                context.log(found.note)
                if found.worst < best:
                    yield found

    def _two_layers(
        self,
        puzzle: RecoveryPuzzle,
        domain: Domain,
        probe: Probe,
        planes: Planes,
        *,
        context: Context,
        rng: np.random.Generator,
    ) -> Iterator[Checked]:
        """Search the second layer above all planes, then above the most visible ones; yield every better network."""
        stop = out_of_time(context)
        worst = np.inf
        for chosen in _subsets(domain, planes, rng):
            prefix = _first_layer(domain, chosen, puzzle, rng)
            states = state_space(probe, prefix, rng)
            if states is None:
                continue
            for found in self._second_layer(_Spaces(domain, states, prefix), puzzle.box, context, rng):
                if found.worst < worst:
                    worst = found.worst
                    yield found
            if worst <= PRECISE or stop():
                break

    def _three_layers(
        self,
        puzzle: RecoveryPuzzle,
        domain: Domain,
        probe: Probe,
        planes: Planes,
        *,
        context: Context,
        rng: np.random.Generator,
    ) -> Iterator[Checked]:
        """Recover two more hidden layers as a function of the states of the first one, and check the network."""
        stop = out_of_time(context)
        prefix = _first_layer(domain, planes, puzzle, rng)
        states = state_space(probe, prefix, rng)
        behind = (
            None if states is None else recover_behind(states, prefix.activation, rng, context.log, lambda: not stop())
        )
        if behind is not None:
            network = MLP.of([(prefix.weights[0], prefix.biases[0]), *behind.layers], prefix.activation)
            others = _inputs(prefix, behind.points, puzzle.box)
            found = checked(domain, network, PRECISE, rng, doubt=behind.doubt, others=others)
            context.log(found.note)
            yield found

    def _second_layer(
        self, spaces: _Spaces, box: float | None, context: Context, rng: np.random.Generator
    ) -> Iterator[Checked]:
        """Search the second layer until the network agrees with fresh outputs; yield every better network."""
        states, prefix = spaces.states, spaces.prefix
        stop = out_of_time(context)
        planes: Planes | None = None
        best = np.inf
        for number in range(self.rounds):
            quiet = self.quiet_inner << number
            planes = find_planes(states, rng, deep=False, quiet=quiet, known=planes, hopeful=lambda: not stop())
            fit = fit_shallow(states, planes, prefix.sigma, rng)
            layers = folded_states(fit, _largest_states(prefix, box))
            network = MLP.of([(prefix.weights[0], prefix.biases[0]), *layers], prefix.activation)
            others = _inputs(prefix, _telling_states(states, planes, rng), box)
            found = checked(spaces.inputs, network, PRECISE, rng, doubt=fit.doubt, others=others)
            context.log(f"second layer: {len(planes)} hyperplanes; {found.note}")
            if found.worst < best:
                best = found.worst
                yield found
            if best <= PRECISE or stop():
                break


def _subsets(domain: Domain, planes: Planes, rng: np.random.Generator) -> Iterator[Planes]:
    """Yield all planes, then all but the least visible ones, which may be parts of bent surfaces."""
    yield planes
    shares = visible_share(domain, planes, SEEN_TESTS, rng)
    order = np.argsort(shares)
    for dropped in range(1, min(DROPPED, len(planes) - 1, int((shares < FLAT).sum())) + 1):
        yield planes.some(np.sort(order[dropped:]))


def _rare_inputs(puzzle: RecoveryPuzzle, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw inputs at several scales, rows x d, among them rare inputs at which one wrong weight changes the output.

    The search chooses weights that no kink determines. Such a weight may change the output at one input in a thousand.
    """
    left = None if puzzle.oracle is None else puzzle.oracle.left
    rows = RARE if left is None else min(RARE, left // 2)
    scales = np.repeat(RARE_SCALES, -(-rows // len(RARE_SCALES)))[:rows, None]
    inputs = puzzle.input_scale * scales * rng.standard_normal((rows, puzzle.inputs))
    return inputs if puzzle.box is None else np.clip(inputs, -puzzle.box, puzzle.box)


def _written(puzzle: RecoveryPuzzle, found: Checked) -> Answer:
    return Answer(puzzle.answer(found.network), certified=found.certified, note=found.note)


def _telling_states(states: Domain, planes: Planes, rng: np.random.Generator) -> NDArray[np.float64]:
    """Choose states at which rare units are on: random states, ends of the axes, and both sides of each hyperplane."""
    chosen = [states.sample(STATES, rng), both_sides(states, planes, rng)]
    if states.first is not None:
        every = np.arange(len(states.first.lengths))
        chosen += [states.first.points(every, states.first.low), states.first.points(every, states.first.high)]
    return np.concatenate(chosen)


def _inputs(prefix: Prefix, states: NDArray[np.float64], box: float | None) -> NDArray[np.float64]:
    """Compute the shortest inputs with given states of the first layer, rows x d."""
    inputs = np.asarray((states - prefix.biases[0]) @ np.linalg.pinv(prefix.weights[0]).T)
    return inputs if box is None else np.clip(inputs, -box, box)


def _largest_states(prefix: Prefix, box: float | None) -> NDArray[np.float64] | None:
    """Compute the largest state of each unit of the first layer inside the box; None without a box."""
    if box is None:
        return None
    return np.asarray(np.maximum(box * np.abs(prefix.weights[0]).sum(axis=1) + prefix.biases[0], 0.0))


def _first_layer(domain: Domain, planes: Planes, puzzle: RecoveryPuzzle, rng: np.random.Generator) -> Prefix:
    """Choose the signs of the first layer. If its rows are dependent, any signs do: the next layer settles them."""
    if len(planes) <= domain.dimensions:
        planes = oriented(domain, planes, rng)[0]
    return Prefix(puzzle.inputs, puzzle.activation or "relu").extended(planes.normals, planes.offsets)
