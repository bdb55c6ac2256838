"""A toy family in a dozen lines, with one solver: no line of the harness knows it."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import BaseModel

from netjigsaw import Answer, Context, Family, Made, Metric, Puzzle, Score, register, register_family, seal


class SortingSpec(BaseModel):
    size: int = 5


def generate(spec: SortingSpec, *, name: str, seed: int, progress: Any) -> Made:
    progress(1, 1, 0.0)
    numbers = np.random.default_rng(seed).permutation(spec.size).astype(np.float32)
    pieces, answer = {"numbers": numbers}, np.argsort(numbers).tolist()
    return seal(family="sorting", name=name, seed=seed, answer=answer, pieces=pieces, data={}, spec={"size": spec.size})


def score(_: Puzzle, answer: Answer, sealed: Any) -> Score:
    right = float(answer.value == sealed.answer)
    return Score(right == 1, {"right": right})


register_family(
    Family("sorting", "sort numbers", SortingSpec, {}, generate, score, (Metric("right", "all in order", "high"),))
)


@register(family="sorting", name="argsort")
class ArgSort:
    """Sort with numpy."""

    def solve(self, puzzle: Puzzle, context: Context) -> Any:
        context.report(list(range(len(puzzle.pieces["numbers"]))))
        return np.argsort(puzzle.pieces["numbers"])
