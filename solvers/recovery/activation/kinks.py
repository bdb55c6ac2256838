"""Tell piecewise-linear networks from smooth ones by second differences."""

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
"""Smooth activations of which no two give the same functions: sigmoid(z) = (tanh(z / 2) + 1) / 2."""

KINKED = tuple(name for name, activation in ACTIVATIONS.items() if activation.piecewise_linear)
"""Activations that are linear on both sides of a kink."""

PLACES = 60
"""Points where second differences are taken, three rows each."""

LEAST_STEP = 1e-3
"""Least step of the differences, relative to the input scale. Shorter steps meet fewer kinks."""

SIGNAL = 1000.0
"""Size of a smooth network's second differences, in multiples of the outputs' noise, for which the step is chosen."""

QUANTILE = 0.25
"""Quantile of the second differences that is tested: some of a piecewise-linear network's steps may meet a kink."""

NOISE = 10.0
"""Second differences up to so many times the outputs' noise count as zero."""


def is_piecewise_linear(puzzle: RecoveryPuzzle, oracle: Oracle, rng: np.random.Generator) -> bool:
    """Tell whether a hidden network is linear between kinks. It takes 180 rows.

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
    """List the activations that a hidden network may have: the known one, or those of its class.

    Sigmoid is left out beside tanh, because networks of either compute the same functions.

    Raises:
        QueryError: if the budget is too small.
    """
    if puzzle.activation is not None:
        return (puzzle.activation,)
    return KINKED if is_piecewise_linear(puzzle, oracle, rng) else DISTINCT
