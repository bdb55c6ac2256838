"""A continuous family: spread points over a sphere; the loss over that of random points ranks solvers."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import BaseModel

from netjigsaw import Answer, AnswerError, Context, Family, Made, Metric, Puzzle, Score, register, register_family, seal


class SpreadSpec(BaseModel):
    points: int = 12


def energy(points: np.ndarray) -> float:
    """Sum 1 / distance over pairs of points, n x 3, after they are put on the sphere."""
    points = points / np.linalg.norm(points, axis=1, keepdims=True)
    first, second = np.triu_indices(len(points), 1)
    return float((1 / np.linalg.norm(points[first] - points[second], axis=1).clip(1e-9)).sum())


def generate(spec: SpreadSpec, *, name: str, seed: int, progress: Any) -> Made:
    progress(1, 1, 0.0)
    start = np.random.default_rng(seed).standard_normal((spec.points, 3)).astype(np.float32)
    return seal(family="spread", name=name, seed=seed, answer=None, pieces={}, data={"start": start}, spec=dict(spec))


def check(puzzle: Puzzle, answer: Answer) -> None:
    try:
        points = np.asarray(answer.value, dtype=float)
    except (TypeError, ValueError):
        points = np.empty(0)
    if points.shape != puzzle.data["start"].shape or not np.linalg.norm(points, axis=1).all():
        raise AnswerError(f"the answer is not a list of {len(puzzle.data['start'])} points, each 3 numbers, none at 0")


def score(puzzle: Puzzle, answer: Answer, _: Any) -> Score:
    return Score(solved=False, metrics={"loss": energy(np.array(answer.value)) / energy(puzzle.data["start"])})


loss = Metric("loss", "energy / random", "low", scale="log", failed=1.0)  # an empty answer counts as the random points
register_family(
    Family("spread", "spread points over a sphere", SpreadSpec, {}, generate, score, (loss,), "loss", check=check)
)


@register(family="spread", name="descent")
class Descent:
    """Push every point away from all others, again and again."""

    def solve(self, puzzle: Puzzle, context: Context) -> Any:
        points = puzzle.data["start"].astype(float)
        for step in range(200):
            points /= np.linalg.norm(points, axis=1, keepdims=True)
            apart = points[:, None] - points
            points += (
                0.1 / (1 + step) * (apart / (np.linalg.norm(apart, axis=2, keepdims=True) ** 3 + 1e-9)).sum(axis=1)
            )
        context.report(points)
        return points
