"""Make one recovery puzzle from a recipe and a seed: draw or train the network, hide it, seal the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from generator.puzzle.canonical import sha256_json, sha256_tensors
from generator.puzzle.sealing import seal, silent
from generator.recovery.making.hiding import hide
from generator.recovery.making.synthetic import WORST_CONDITION, SyntheticRules, draw_network
from generator.recovery.making.training import train_network
from generator.recovery.sealed import answer_of, arrays_of

if TYPE_CHECKING:
    from generator.puzzle.sealing import Made, Progress
    from generator.recovery.network.mlp import MLP
    from generator.recovery.spec import RecoverySpec

__all__ = ["generate"]

MOST_CONDITION = 1e12
"""Largest condition number of a network with near-duplicate units. Above it, float64 does not determine the weights.
Hand-set."""


def generate(spec: RecoverySpec, *, name: str, seed: int, progress: Progress = silent) -> Made:
    """Make one puzzle.

    Args:
        spec: the recipe.
        name: name of the puzzle for display.
        seed: seed of the network, the table and the salt. Equal recipes and seeds give equal puzzles.
        progress: called during training with step, steps and loss.

    Raises:
        SpecError: if the task does not exist for these sizes, or the network is too large to compute its tolerance.
        TrainingError: if no network meets the rules, the training diverges, or the outputs are too coarse to determine
            the weights.
        PuzzleError: if a trained network is constant within the solver's reach.
    """
    network_rng, table_rng, sample_rng = map(np.random.default_rng, np.random.SeedSequence(seed).spawn(3))
    hidden = hide(_network(spec, network_rng, progress), spec, table_rng, sample_rng)
    network = hidden.reduced.network
    arrays = arrays_of(network)
    return seal(
        family="recovery",
        name=name,
        seed=seed,
        secret=sha256_json(sha256_tensors(arrays)),
        answer=answer_of(network, hidden.reduced.fixed),
        arrays=arrays,
        pieces={},
        data=hidden.data,
        spec=spec.public.model_dump(mode="json", exclude_defaults=True),
        facts=hidden.facts,
        notes={"recipe": spec.model_dump(mode="json"), "units": hidden.reduced.record()},
        warnings=hidden.reduced.warnings,
    )


def _network(spec: RecoverySpec, rng: np.random.Generator, progress: Progress) -> MLP:
    if spec.teacher != "synthetic":
        return train_network(spec, rng, progress)
    rules = SyntheticRules(
        widths=(spec.inputs, *spec.hidden, spec.outputs),
        activation=spec.activation,
        norms=(spec.norm_low, spec.norm_high),
        distance=spec.distance,
        input_scale=spec.input_scale,
        worst_condition=MOST_CONDITION if spec.distance is not None else WORST_CONDITION,
    )
    network = draw_network(rules, rng)
    progress(1, 1, 0.0)
    return network
