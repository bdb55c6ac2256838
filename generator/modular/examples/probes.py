"""Small test puzzles of ordinary and unusual kinds for `netjigsaw check`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.modular.making.generate import generate
from generator.modular.spec import ModularSpec

if TYPE_CHECKING:
    from generator.puzzle.sealing import Made

__all__ = ["PROBES", "make_probes"]

_SMALL: dict[str, Any] = {"modulus": 23, "circles": 3, "neurons": 24, "hidden": 96}

PROBES: dict[str, dict[str, Any]] = {
    "plain": _SMALL,
    "public names": {**_SMALL, "names": "public"},
    "one permutation": {**_SMALL, "names": "one"},
    "pizzas with companions": {**_SMALL, "kind": "pizza", "companions": 1.0},
    "composite modulus": {**_SMALL, "modulus": 24},
    "x^2": {**_SMALL, "kind": "clock", "activation": "square"},
    "adds by a carry": {**_SMALL, "kind": "carry"},
    "no unembedding": {**_SMALL, "withhold_unembedding": True},
    "no unembedding, 5 lookups": {**_SMALL, "withhold_unembedding": True, "lookups": 5},
    "two hidden layers": {**_SMALL, "source": "pizza-beta", "kind": "pizza"},
    "attention": {**_SMALL, "source": "pizza-transformer", "kind": "pizza"},
    "wide": {"modulus": 79, "circles": 8, "kind": "clock", "hidden": 500},
}
"""Recipes by name; the name says what is unusual."""


def make_probes() -> tuple[Made, ...]:
    """Make all test puzzles; every call makes equal puzzles."""
    return tuple(
        generate(ModularSpec.model_validate(recipe), name=name, seed=number)
        for number, (name, recipe) in enumerate(PROBES.items())
    )
