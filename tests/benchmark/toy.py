"""A family that costs nothing: put shuffled keys in ascending order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel

from generator.errors import AnswerError
from generator.family.metric import Metric, Score
from generator.family.record import Family
from generator.family.registry import register_family
from generator.puzzle.sealing import Made, Progress, seal, silent

if TYPE_CHECKING:
    from generator.puzzle.answer import Answer
    from generator.puzzle.content import Puzzle, SealedAnswer

__all__ = ["TOY", "make_toy"]


class ToySpec(BaseModel):
    """A recipe."""

    size: int = 8


def make_toy(spec: ToySpec | None = None, *, name: str = "toy", seed: int = 0, progress: Progress = silent) -> Made:
    """Shuffle keys; the answer lists their places in ascending order."""
    size = (spec or ToySpec()).size
    keys = np.random.default_rng(seed).permutation(size).astype(np.int64)
    progress(1, 1, 0.0)
    return seal(
        family="toy",
        name=name,
        seed=seed,
        answer=[int(place) for place in np.argsort(keys)],
        pieces={"keys": keys},
        data={"none": np.zeros(1, np.float32)},
    )


def view(puzzle: Puzzle) -> np.ndarray:
    """Show the keys."""
    return np.asarray(puzzle.pieces["keys"])


def check(keys: np.ndarray, answer: Answer) -> None:
    """Ask for every place once."""
    if not isinstance(answer.value, list) or not all(type(place) is int for place in answer.value):
        raise AnswerError("the answer is not a list of places")
    if sorted(answer.value) != list(range(len(keys))):  # type: ignore[type-var]  # all integers, as just seen
        raise AnswerError("the answer does not name every place once")


def score(keys: np.ndarray, answer: Answer, sealed: SealedAnswer | None) -> Score:
    """Compare with the sealed answer."""
    assert sealed is not None
    truth: Any = sealed.answer
    right = np.mean(np.asarray(answer.value) == np.asarray(truth))
    return Score(bool(right == 1), {"right": float(right)})


TOY = register_family(
    Family(
        name="toy",
        summary="sort keys",
        spec=ToySpec,
        presets={},
        generate=make_toy,
        score=score,
        metrics=(Metric("right", "right", "high"),),
        view=view,
        check=check,
        groups=lambda puzzle: {"size": len(puzzle.pieces["keys"])},
    )
)
