"""A family whose puzzles take a while to make, and need no torch."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from pydantic import BaseModel

from generator.family.metric import Metric, Score
from generator.family.record import Family
from generator.family.registry import register_family
from generator.puzzle.sealing import Made, seal

__all__ = ["SLOW"]


class SlowSpec(BaseModel):
    """A recipe."""

    wait_s: float = 0.1


def generate(spec: SlowSpec, *, name: str, seed: int, progress: Any) -> Made:
    """Wait, then deal numbers."""
    for step in range(10):
        time.sleep(spec.wait_s / 10)
        progress(step + 1, 10, 0.0)
    numbers = np.random.default_rng(seed).permutation(1000)
    return seal(
        family="slow",
        name=name,
        seed=seed,
        answer=[int(place) for place in np.argsort(numbers)],
        pieces={"numbers": numbers},
        data={"none": np.zeros(1, np.float32)},
        spec=spec.model_dump(mode="json"),
    )


def score(*_: Any) -> Score:
    """Give no points."""
    return Score(solved=False, metrics={})


SLOW = register_family(
    Family("slow", "wait", SlowSpec, {}, generate, score, (Metric("none", "none", "high"),)),
)
