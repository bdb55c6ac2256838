"""Networks with units that never switch are solved by themselves, in active and passive puzzles."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from safetensors.numpy import save_file

from generator.family.oracle import Usage
from generator.puzzle.answer import Answer
from generator.recovery.layout.mlp import import_network
from generator.recovery.network.mlp import MLP
from generator.recovery.puzzle import view_puzzle
from generator.recovery.scoring.score import score
from generator.recovery.sealed import truth_of

if TYPE_CHECKING:
    from pathlib import Path

    from generator.puzzle.sealing import Made

WIDTHS = (4, 6, 5, 1)


def imported(folder: Path, seed: int, **options: str) -> Made:
    """Import an untrained network with biases so large that some units never switch."""
    rng = np.random.default_rng(seed)
    arrays: dict[str, np.ndarray] = {}
    for number, (before, units) in enumerate(pairwise(WIDTHS)):
        arrays[f"{number}.weight"] = rng.standard_normal((units, before)) / np.sqrt(before)
        arrays[f"{number}.bias"] = rng.standard_normal(units)
    save_file(arrays, folder / f"{seed}.safetensors")
    return import_network(folder / f"{seed}.safetensors", name="p", **options)


@pytest.mark.parametrize("options", [{"rows": "60"}, {"box": "0.5"}])
def test_the_hidden_network_solves_its_own_puzzle(tmp_path: Path, options: dict[str, str]) -> None:
    linear = removed = 0
    for seed in range(12):
        made = imported(tmp_path, seed, **options)
        view, truth = view_puzzle(made.puzzle), truth_of(made.sealed)
        found = score(view, Answer(view.answer(truth.network)), made.sealed, Usage())
        assert found.solved, (seed, found)
        linear += any(map(len, truth.linear))
        removed += truth.network.widths != WIDTHS
    assert linear > 3
    assert removed > 3


def test_linear_units_may_be_written_in_another_way(tmp_path: Path) -> None:
    candidates = (imported(tmp_path, seed, box="0.5") for seed in range(20))
    made = next(one for one in candidates if any(truth_of(one.sealed).linear[1:]))
    view, truth = view_puzzle(made.puzzle), truth_of(made.sealed)
    unit = truth.linear[1][0]
    weights, biases = [[array.copy() for array in part] for part in (truth.network.weights, truth.network.biases)]
    weights[1][unit] *= 2
    biases[1][unit] = 2 * biases[1][unit] + 1  # still on, and the outputs take the constant back
    weights[2][:, unit] /= 2
    biases[2] -= weights[2][:, unit]
    other = MLP(tuple(weights), tuple(biases), "relu")
    found = score(view, Answer(view.answer(other)), made.sealed, Usage())
    assert found.solved, found
