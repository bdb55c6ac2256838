"""Functional error of a recovered network: on N(0, s^2), at twice that scale, and the largest that a search finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from generator.recovery.network.mlp import MLP
    from generator.recovery.spec import PublicSpec

__all__ = ["FunctionalErrors", "draw_inputs", "functional_errors"]

ROWS = 2048
"""Inputs per distribution. A larger value makes the errors more precise and takes longer. Hand-set."""
CLIMBERS = 16
"""Inputs from which the search for the worst error climbs. A larger value finds larger errors. Hand-set."""
STEPS = 30
"""Steps of this search. A larger value finds larger errors and takes longer. Hand-set."""
STEP = 0.2
"""First step of this search, relative to the scale of the inputs. A step shrinks if the error does not grow.
Hand-set."""


@dataclass(frozen=True)
class FunctionalErrors:
    """Functional errors, in standard deviations of the hidden network's outputs on N(0, s^2).

    Attributes:
        within: root mean square error on N(0, s^2).
        wide: root mean square error on N(0, (2 s)^2).
        worst: largest absolute error that the search found in the box.
    """

    within: float
    wide: float
    worst: float


def draw_inputs(public: PublicSpec, rows: int, factor: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw rows x d inputs from N(0, (factor s)^2), clipped to the box."""
    inputs = factor * public.input_scale * rng.standard_normal((rows, public.inputs))
    return inputs if public.box is None else np.clip(inputs, -public.box, public.box)


def functional_errors(true: MLP, found: MLP, public: PublicSpec, rng: np.random.Generator) -> FunctionalErrors:
    """Measure the functional errors of a recovered network.

    Args:
        true: the hidden network.
        found: the recovered network, with the same inputs and outputs.
        public: input scale and box of the puzzle.
        rng: generator for the inputs and for the search.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        near, far = (draw_inputs(public, ROWS, factor, rng) for factor in (1.0, 2.0))
        outputs = true(near)
        scale = float(outputs.std(axis=0).max()) or 1.0
        errors = [found(near) - outputs, found(far) - true(far)]
        within, wide = (float(np.sqrt((error**2).mean())) / scale for error in errors)
        starts = np.concatenate([near, far])[
            np.argsort(-np.abs(np.concatenate(errors)).max(axis=1), kind="stable")[:CLIMBERS]
        ]
        worst = _climb(true, found, starts, public, rng) / scale
    return FunctionalErrors(*(error if np.isfinite(error) else float("inf") for error in (within, wide, worst)))


def _climb(true: MLP, found: MLP, inputs: NDArray[np.float64], public: PublicSpec, rng: np.random.Generator) -> float:
    """Increase the error by random steps from several inputs; return the largest error."""

    def error(rows: NDArray[np.float64]) -> NDArray[np.float64]:
        distances: NDArray[np.float64] = np.abs(found(rows) - true(rows)).max(axis=1)
        return np.nan_to_num(distances, nan=np.inf)

    best = error(inputs)
    step = np.full(len(inputs), STEP * public.input_scale)
    for _ in range(STEPS):
        moved = inputs + step[:, None] * rng.standard_normal(inputs.shape)
        if public.box is not None:
            moved = np.clip(moved, -public.box, public.box)
        value = error(moved)
        better = value > best
        inputs, best = np.where(better[:, None], moved, inputs), np.where(better, value, best)
        step *= np.where(better, 1.5, 0.8)
    return float(best.max())
