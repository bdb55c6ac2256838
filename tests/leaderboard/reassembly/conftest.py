from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest

from generator.puzzle.sealing import seal
from generator.reassembly.puzzle import ReassemblyPuzzle, view_puzzle

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.puzzle.content import Puzzle, SealedAnswer


@dataclass(frozen=True)
class Planted:
    """A puzzle made by hand, and the halves in their true order."""

    puzzle: Puzzle
    sealed: SealedAnswer
    view: ReassemblyPuzzle
    U: np.ndarray
    V: np.ndarray


def _plant(depth: int = 5, signal: float = 1.0, *, outputs: int = 1, classes: bool = False) -> Planted:
    """V_k = -signal * U_k^T, growing with depth, plus noise: at signal 0 pairing has nothing to go by."""
    rng = np.random.default_rng(depth)
    width, hidden, rows = 6, 10, 40
    U = rng.normal(size=(depth, hidden, width)).astype(np.float32)
    noise = rng.normal(size=(depth, width, hidden))
    growth = 1.6 ** np.arange(depth)[:, None, None]
    V = (0.1 * growth * (noise - signal * 10 * U.transpose(0, 2, 1))).astype(np.float32)
    numbers = rng.permutation(2 * depth + 1).tolist()
    incoming, outgoing, head = numbers[:-1:2], numbers[1::2], numbers[-1]
    pieces = {f"{number}.weight": weight for number, weight in zip(incoming, U, strict=True)}
    pieces |= {f"{number}.weight": weight for number, weight in zip(outgoing, V, strict=True)}
    pieces[f"{head}.weight"] = rng.normal(size=(outputs, width)).astype(np.float32)
    inputs = rng.normal(size=(rows, width)).astype(np.float32)
    predictions = rng.normal(size=(rows, outputs)).astype(np.float32)
    labels = np.zeros((rows, 1), np.float32) if classes else predictions + np.float32(0.5)
    made = seal(
        family="reassembly",
        name="planted",
        seed=depth,
        answer=numbers,
        pieces=pieces,
        data={"inputs": inputs, "predictions": predictions, "labels": labels},
        facts={"roles": {"incoming": sorted(incoming), "outgoing": sorted(outgoing), "head": head}},
    )
    return Planted(made.puzzle, made.sealed, view_puzzle(made.puzzle), U, V)


@pytest.fixture
def plant() -> Callable[..., Planted]:
    return _plant
