"""A continuous family: spread points over a sphere. The lower an answer's energy, the better; none is right."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import BaseModel

import netjigsaw as nj


class SpreadSpec(BaseModel):
    points: int = 12


def generate(spec: SpreadSpec, *, name: str, seed: int, progress: Any) -> nj.Made:
    data = {"start": np.random.default_rng(seed).standard_normal((spec.points, 3)).astype(np.float32)}
    progress(1, 1, 0.0)
    return nj.seal(family="spread", name=name, seed=seed, answer=None, pieces={}, data=data, spec=dict(spec))


def energy(points: np.ndarray) -> float:
    """Put n x 3 points on the sphere, and sum 1 / distance over all pairs."""
    points = points / np.linalg.norm(points, axis=1, keepdims=True)
    first, second = np.triu_indices(len(points), 1)
    return float((1 / np.linalg.norm(points[first] - points[second], axis=1).clip(1e-9)).sum())


def check(puzzle: nj.Puzzle, answer: nj.Answer) -> None:
    try:
        points = np.array(answer.value, dtype=float)
    except (TypeError, ValueError, OverflowError):
        points = np.empty(0)
    if points.shape != puzzle.data["start"].shape or not np.linalg.norm(points, axis=1).all():
        raise nj.AnswerError(f"the answer is not {len(puzzle.data['start'])} points of 3 numbers, none of them at 0")


def score(puzzle: nj.Puzzle, answer: nj.Answer, _: Any) -> nj.Score:
    return nj.Score(solved=False, metrics={"loss": energy(np.array(answer.value)) / energy(puzzle.data["start"])})


loss = nj.Metric("loss", "energy / random", "low", scale="log", failed=1.0)  # no answer counts as the random points
SPREAD = nj.Family("spread", "spread points", SpreadSpec, {}, generate, score, (loss,), rank_by="loss", check=check)
nj.register_family(SPREAD)


@nj.register(family="spread", name="descent")
class Descent:
    """Push every point away from all others, again and again."""

    def solve(self, puzzle: nj.Puzzle, context: nj.Context) -> Any:
        points = puzzle.data["start"].astype(float)
        for _ in range(200):
            points /= np.linalg.norm(points, axis=1, keepdims=True)
            context.report(points)  # scored if time runs out
            apart = points[:, None] - points
            distance = np.linalg.norm(apart, axis=2, keepdims=True) + np.eye(len(points))[:, :, None]
            points += 0.02 * (apart / distance**3).sum(axis=1)
        return points
