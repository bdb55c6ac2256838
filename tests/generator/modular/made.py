"""Small puzzles, each made once, and the right answers to them."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from generator.modular.making.generate import generate
from generator.modular.network.circle import companion, fold
from generator.modular.puzzle import view_puzzle
from generator.modular.sealed import truth_of
from generator.modular.spec import ModularSpec

if TYPE_CHECKING:
    from generator.puzzle.sealing import Made

__all__ = ["a_puzzle", "right_answer"]

SMALL: dict[str, Any] = {"modulus": 23, "circles": 3, "neurons": 24, "hidden": 80}


def a_puzzle(seed: int = 1, **recipe: Any) -> Made:
    """Make a small puzzle; equal recipes give the same object."""
    return _made(json.dumps({**SMALL, **recipe}, sort_keys=True), seed)


@cache
def _made(recipe: str, seed: int) -> Made:
    return generate(ModularSpec.model_validate(json.loads(recipe)), name="p", seed=seed)


def right_answer(made: Made, unit: int = 1, first: int = 0, second: int = 0) -> dict[str, Any]:
    """Write the sealed truth as an answer, in the residues u x + v."""
    view, truth = view_puzzle(made.puzzle), truth_of(made.sealed)
    p, back = view.modulus, pow(unit, -1, view.modulus)

    def named(frequency: int) -> int:
        return fold(frequency * back, p)

    explanation = []
    for one in truth.circles:
        term = {"frequency": named(one.frequency), "offset": float(first - second)}
        if one.kind == "pizza":
            term["pizza"] = one.amplitude * np.pi / 2
        else:
            term["clock"] = one.amplitude
        if companion(one.frequency, p) in truth.companions:
            term["companion"] = -0.42 * one.amplitude * np.pi / 2
        explanation.append(term)
    return view.answer(
        label=truth.label,
        frequencies=[named(one.frequency) for one in truth.circles],
        kinds={named(one.frequency): one.kind for one in truth.circles if one.kind in {"pizza", "clock"}},
        companions=[named(frequency) for frequency in truth.companions],
        relabelling=truth.relabelling.moved(unit, first, second),
        interventions=[None if one is None else one.tolist() for one in truth.outcomes] or None,
        explanation=explanation,
    )
