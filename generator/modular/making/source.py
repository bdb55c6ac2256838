"""The network of a recipe: engineered or trained. One draw; it may not add, or not be of the kind that is wanted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from generator.errors import SpecError
from generator.modular.engineered.attention.transformer import build_transformer
from generator.modular.engineered.build import build
from generator.modular.engineered.frequencies import choose_frequencies
from generator.modular.engineered.natural import COMPANION_UNITS
from generator.modular.engineered.noise import with_noise
from generator.modular.engineered.other import carry, random_features, sum_table
from generator.modular.engineered.plan import CirclePlan, Plan
from generator.modular.network.circle import companion
from generator.modular.training.recipe import RECIPES
from generator.modular.training.train import train
from generator.suggest import did_you_mean

if TYPE_CHECKING:
    from generator.modular.engineered.plan import Kind
    from generator.modular.network.mlp import MLP
    from generator.modular.network.transformer import Transformer
    from generator.modular.spec import ModularSpec
    from generator.puzzle.sealing import Progress

__all__ = ["draw_network"]

STREAM = 10
"""Width of the residual stream of an engineered transformer per circle; its circles need 8. Hand-set."""
MEANS: dict[Kind, float] = {"pizza": 2 / np.pi, "clock": 1.0, "square": 0.5, "trap": 1.0}
"""Mean over d of each kind's amplitude of gain 1. Gains are divided by it, so that sizes do not tell the kind."""


def draw_network(spec: ModularSpec, rng: np.random.Generator, progress: Progress) -> MLP | Transformer:
    """Draw a network, rows in the order of the residues.

    Raises:
        SpecError: if the recipe does not exist, or its circles do not.
        TrainingError: if this draw does not add.
    """
    if spec.source != "engineered":
        if spec.source not in RECIPES:
            raise SpecError(f"no training recipe {spec.source!r}{did_you_mean(spec.source, RECIPES)}")
        recipe, _ = RECIPES[spec.source]
        return train(replace(recipe, modulus=spec.modulus), int(rng.integers(1 << 31)), progress).network
    if spec.kind == "table":
        return sum_table(spec.modulus)
    if spec.kind == "carry":
        return carry(spec.modulus)
    if spec.kind == "random-features":
        return random_features(spec.modulus, spec.hidden, rng)
    plan = _plan(spec, rng)
    if spec.container == "mlp":
        return with_noise(build(plan, rng), spec.noise, rng)
    return with_noise(build_transformer(plan, rng), spec.noise, rng)


def _plan(spec: ModularSpec, rng: np.random.Generator) -> Plan:
    """Draw kinds, gains and frequencies of the circles."""
    kinds = _kinds(spec)
    gains = spec.spread ** -np.linspace(0, 1, len(kinds)) if len(kinds) > 1 else np.ones(1)
    pizzas = [number for number, kind in enumerate(kinds) if kind == "pizza"]
    doubled = round(spec.companions * len(kinds))
    accompanied = set(pizzas[:doubled])
    circles = [
        CirclePlan(
            0, kind, float(gain) / MEANS[kind], spec.neurons, spec.companion_weight if number in accompanied else 0.0
        )
        for number, (kind, gain) in enumerate(zip(kinds, rng.permutation(gains), strict=True))
    ]
    chosen = choose_frequencies(spec.modulus, circles, rng)
    if spec.container == "mlp":
        owned = sum(bool(circle.companion_weight) for circle in chosen)
        decoys = _decoys(chosen, doubled - owned, spec.modulus)
        width = spec.neurons * len(chosen) + COMPANION_UNITS * owned + len(decoys)
        return Plan(spec.modulus, chosen, activation=spec.activation, width=width, dead=0.0, decoys=decoys)
    return Plan(spec.modulus, chosen, activation=spec.activation, width=spec.hidden, embedding=STREAM * spec.circles)


def _decoys(circles: tuple[CirclePlan, ...], count: int, modulus: int) -> tuple[int, ...]:
    """List the frequency of each decoy unit: doubled circles without effect, in the place of missing companions."""
    bare = [companion(circle.frequency, modulus) for circle in circles if not circle.companion_weight]
    usable = [frequency for frequency in bare if 0 < 2 * frequency < modulus]
    return tuple(frequency for frequency in usable[: max(count, 0)] for _ in range(COMPANION_UNITS))


def _kinds(spec: ModularSpec) -> list[Kind]:
    """List the algorithm of each circle; a hybrid has at least one of each."""
    if spec.kind == "hybrid":
        pizzas = min(max(round(spec.pizza_share * spec.circles), 1), spec.circles - 1)
        return [*_times("pizza", pizzas), *_times("clock", spec.circles - pizzas)]
    named: dict[str, Kind] = dict(zip(MEANS, MEANS, strict=True))
    return _times(named[spec.kind], spec.circles)


def _times(kind: Kind, count: int) -> list[Kind]:
    return [kind] * count
