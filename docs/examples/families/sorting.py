"""An exact family: put shuffled numbers in order. An answer is right or it is not."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import BaseModel

import netjigsaw as nj


class SortingSpec(BaseModel):
    size: int = 5


def generate(spec: SortingSpec, *, name: str, seed: int, progress: Any) -> nj.Made:
    numbers = np.random.default_rng(seed).permutation(spec.size).astype(np.float32)
    progress(1, 1, 0.0)
    return nj.seal(
        family="sorting",
        name=name,
        seed=seed,
        answer=np.argsort(numbers).tolist(),  # goes to the sealed answer
        pieces={"numbers": numbers},  # public
        data={},
        spec=dict(spec),  # public
    )


def score(_: nj.Puzzle, answer: nj.Answer, sealed: Any) -> nj.Score:
    right = answer.value == sealed.answer
    return nj.Score(solved=right, metrics={"right": float(right)})


nj.register_family(
    nj.Family(
        name="sorting",
        summary="put numbers in order",
        spec=SortingSpec,
        presets={"long": {"size": 100}},
        generate=generate,
        score=score,
        metrics=(nj.Metric("right", "all in order", "high"),),
    )
)


@nj.register(family="sorting", name="argsort")
class ArgSort:
    """Sort with numpy."""

    def solve(self, puzzle: nj.Puzzle, _: nj.Context) -> Any:
        return np.argsort(puzzle.pieces["numbers"])
