"""Distinguish piecewise-linear networks from smooth ones by second differences of their outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from generator.recovery.network.activations import ACTIVATIONS
from solvers.recovery.core.derivatives import ask, output_noise

if TYPE_CHECKING:
    from generator.family.oracle import Oracle
    from generator.recovery.puzzle import RecoveryPuzzle

__all__ = ["DISTINCT", "KINKED", "SMOOTH", "candidate_activations", "is_piecewise_linear"]

SMOOTH = tuple(name for name, activation in ACTIVATIONS.items() if not activation.piecewise_linear)
"""Activations with derivatives."""

DISTINCT = tuple(name for name in SMOOTH if name != "sigmoid")
"""Smooth activations without sigmoid, whose networks compute the same functions as tanh networks: sigmoid(z) = (tanh(z
/ 2) + 1) / 2."""

KINKED = tuple(name for name, activation in ACTIVATIONS.items() if activation.piecewise_linear)
"""Activations that are linear on both sides of a kink."""

PLACES = 60
"""Points at which second differences are measured. A larger value is more reliable and takes three rows more per point.
Hand-set."""

LEAST_STEP = 1e-3
"""Least step of the differences, relative to the input scale. A larger step meets more kinks. Hand-set."""

SIGNAL = 1000.0
"""Second difference of a smooth network for which the step is chosen, in multiples of the outputs' noise. A larger
value gives larger steps. Hand-set."""

QUANTILE = 0.25
"""Quantile of the second differences that is tested. A larger value takes more piecewise-linear networks for smooth
ones. Hand-set below 1, because some steps may meet a kink."""

NOISE = 10.0
"""Largest second difference that counts as zero, in multiples of the outputs' noise. Hand-set."""


def is_piecewise_linear(puzzle: RecoveryPuzzle, oracle: Oracle, rng: np.random.Generator) -> bool:
    """Determine whether a hidden network is linear between kinks, by three queries of `PLACES` rows.

    Raises:
        QueryError: if the budget is too small.
    """
    points = puzzle.input_scale * rng.standard_normal((PLACES, puzzle.inputs))
    directions = rng.standard_normal(points.shape)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    if puzzle.box is not None:
        points = np.clip(points, -0.5 * puzzle.box, 0.5 * puzzle.box)
    centre = ask(oracle, points)
    noise = output_noise(puzzle.public.precision, puzzle.resolution, centre)
    size = max(float(np.std(centre)), noise)
    step = puzzle.input_scale * max(LEAST_STEP, float(np.sqrt(SIGNAL * noise / size)))
    if puzzle.box is not None:
        step = min(step, 0.5 * puzzle.box)
    ahead, behind = ask(oracle, points + step * directions), ask(oracle, points - step * directions)
    differences = np.abs(ahead - 2 * centre + behind)
    return bool(np.quantile(differences, QUANTILE) <= NOISE * noise)


def candidate_activations(puzzle: RecoveryPuzzle, oracle: Oracle, rng: np.random.Generator) -> tuple[str, ...]:
    """List the activations that a hidden network may have: the known one, or all of its class.

    Sigmoid is left out, because tanh networks compute the same functions.

    Raises:
        QueryError: if the budget is too small.
    """
    if puzzle.activation is not None:
        return (puzzle.activation,)
    return KINKED if is_piecewise_linear(puzzle, oracle, rng) else DISTINCT
