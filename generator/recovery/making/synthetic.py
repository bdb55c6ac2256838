"""Draw networks whose outputs determine their weights.

The rules: incoming weights have a uniform direction and a norm between two bounds. Every unit's hyperplane passes
through the data. No two units are near-duplicates, unless the rules ask for a pair. If sigma is even up to a linear
part (ReLU, softplus, GELU, SiLU), no flip of one or two units may leave the function unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from generator.errors import TrainingError
from generator.recovery.network.activations import ACTIVATIONS
from generator.recovery.network.jacobian import condition_number
from generator.recovery.network.mlp import MLP

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MOST_PARAMETERS", "WORST_CONDITION", "SyntheticRules", "draw_network"]


SAMPLE = 2000
"""Inputs on which the rules are checked and the condition number is computed. More inputs make the checks stricter and
slower. Hand-set."""
LEAST_DISTANCE = 0.3
"""Least relative distance of two units' (w, b), up to sign. Larger values make easier networks. From experiments on
shallow networks: below 0.1 most solvers begin to fail."""
WORST_CONDITION = 1e5
"""Condition number above which a network is drawn again. A larger value admits harder networks. Hand-set: most solvers
fail above it."""
CUT = (0.1, 0.9)
"""Least and largest share of the data on the positive side of each unit's hyperplane. Hand-set."""
FLIP_MARGIN = 1e-3
"""Least norm of the linear map by which a flip of one or two units changes the outputs. A larger value makes signs
easier to recover. Hand-set, far above rounding errors."""
ATTEMPTS = 200
"""Draws, of a network or per unit, before the generator gives up. Hand-set."""
MOST_PARAMETERS = 2500
"""Most parameters for which the condition number is computed; its time grows with their square. Hand-set."""


@dataclass(frozen=True)
class SyntheticRules:
    """Sizes of a network to draw, and rules that it must meet.

    Attributes:
        widths: inputs, units of each hidden layer, outputs.
        activation: name of the activation.
        norms: smallest and largest norm of a hidden unit's incoming weights.
        distance: relative distance of one near-duplicate pair of units per hidden layer; None for no such pair.
        input_scale: standard deviation of the inputs.
        worst_condition: largest condition number; None for no bound.
    """

    widths: tuple[int, ...]
    activation: str
    norms: tuple[float, float] = (1.5, 2.5)
    distance: float | None = None
    input_scale: float = 1.0
    worst_condition: float | None = WORST_CONDITION


def draw_network(rules: SyntheticRules, rng: np.random.Generator) -> MLP:
    """Draw a network that meets the rules.

    Raises:
        TrainingError: if no draw meets them.
    """
    inputs = rules.input_scale * rng.standard_normal((SAMPLE, rules.widths[0]))
    fault = ""
    for _ in range(ATTEMPTS):
        network = _draw(rules, inputs, rng)
        fault = _fault(network, rules, inputs)
        if not fault:
            return network
    raise TrainingError(
        f"no network of widths {rules.widths} met the rules in {ATTEMPTS} draws: {fault}; change widths, norms or "
        "input_scale"
    )


def _condition(network: MLP, inputs: NDArray[np.float64]) -> float | None:
    """Compute the condition number of the parameter Jacobian; None for more than `MOST_PARAMETERS` parameters."""
    parameters = sum(weight.size + len(weight) for weight in network.weights)
    return condition_number(network, inputs) if parameters <= MOST_PARAMETERS else None


def _draw(rules: SyntheticRules, inputs: NDArray[np.float64], rng: np.random.Generator) -> MLP:
    state, sigma = inputs, ACTIVATIONS[rules.activation]
    layers: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
    for units in rules.widths[1:-1]:
        weight, bias = _hidden_layer(rules, state, units, rng)
        layers.append((weight, bias))
        state = sigma.value(state @ weight.T + bias)
    shape = (rules.widths[-1], rules.widths[-2])
    output = rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape)
    return MLP.of([*layers, (output, 0.5 * rng.standard_normal(shape[0]))], rules.activation)


def _hidden_layer(
    rules: SyntheticRules, state: NDArray[np.float64], units: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Draw directions, norms and biases; a unit that is too close to an earlier one is drawn again."""
    centre, spread = state.mean(axis=0), float(state.std(axis=0).mean())
    rows: list[NDArray[np.float64]] = []
    for _ in range(ATTEMPTS * units):
        if len(rows) == units:
            break
        direction = rng.standard_normal(state.shape[1])
        norm = rng.uniform(*rules.norms)
        weight = norm * direction / np.linalg.norm(direction)
        row = np.append(weight, rng.uniform(-0.7, 0.7) * norm * min(spread, 1.0) - weight @ centre)
        if all(_distance(row, other) >= LEAST_DISTANCE for other in rows):
            rows.append(row)
    if len(rows) < units:
        raise TrainingError(
            f"{units} units with {state.shape[1]} inputs cannot keep a distance of {LEAST_DISTANCE}; lower hidden"
        )
    if rules.distance is not None:
        step = rng.standard_normal(len(rows[0]))
        rows[1] = rows[0] + rules.distance * np.linalg.norm(rows[0]) * step / np.linalg.norm(step)
    array = np.array(rows)[rng.permutation(units)]
    return array[:, :-1], array[:, -1]


def _distance(row: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Compute the relative distance of two units' (w, b), the smaller one over both signs."""
    size = max(float(np.linalg.norm(row)), float(np.linalg.norm(other)))
    return min(float(np.linalg.norm(row - other)), float(np.linalg.norm(row + other))) / size


def _fault(network: MLP, rules: SyntheticRules, inputs: NDArray[np.float64]) -> str:
    """Describe the first rule that a network breaks; empty if it breaks none."""
    if network.sigma.piecewise_linear:
        for layer in range(1, network.hidden_layers + 1):
            share = (network.preactivations(inputs, layer) > 0).mean(axis=0)
            if share.min() < CUT[0] or share.max() > CUT[1]:
                return f"a unit of hidden layer {layer} is on for {share.min():.0%} or {share.max():.0%} of the data"
    if network.sigma.half_slope and _flips_unseen(network):
        return "one or two units can be flipped without a change of the outputs"
    condition = _condition(network, inputs)
    if rules.worst_condition is not None and condition is not None and condition > rules.worst_condition:
        return f"the condition number is {condition:.1e}"
    return ""


def _flips_unseen(network: MLP) -> bool:
    """Return whether flipping one or two units of the last hidden layer leaves the outputs almost unchanged."""
    weight, _ = network.layers()[-2]
    maps = [np.outer(network.weights[-1][:, unit], row) for unit, row in enumerate(weight)]
    pairs = (first + second for first, second in combinations(maps, 2))
    return any(np.linalg.norm(one) < FLIP_MARGIN for one in (*maps, *pairs))
