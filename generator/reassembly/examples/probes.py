"""Small test puzzles of ordinary and unusual shapes for `netjigsaw check`. Making all puzzles takes about a second."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from generator.puzzle.sealing import seal
from generator.reassembly.making.generate import generate
from generator.reassembly.spec import PRESETS, ReassemblySpec

if TYPE_CHECKING:
    from generator.puzzle.sealing import Made

__all__ = ["PROBES", "make_probes"]

_BRIEF = {**PRESETS["tiny"], "depth": 4, "rows": 300, "steps": 200, "warmup": 20}
_LOOSE: dict[str, Any] = {"depth": 3, "width": 8, "hidden": 12, "rows": 60, "steps": 0}

PROBES: dict[str, dict[str, Any]] = {
    "plain": _BRIEF,
    "depth 1": {**_LOOSE, "depth": 1},
    "one row": {**_LOOSE, "rows": 1},
    "wide": {**_LOOSE, "depth": 2, "width": 256, "hidden": 8},
    "no biases": {**_LOOSE, "biases": False},
    "three outputs": {**_LOOSE, "outputs": 3},
    "four classes": {**_LOOSE, "task": "classes", "outputs": 4},
    "square halves": {**_LOOSE, "hidden": 8},
    "unknown roles": {**_LOOSE, "hidden": 8, "roles": "unknown"},
    "constant predictions": _LOOSE,
    "deep": {**_LOOSE, "depth": 40, "width": 16, "hidden": 32, "rows": 1000},
}
"""Recipes by name; the name says what is unusual. Most networks are untrained, because only the shapes matter."""


def make_probes() -> tuple[Made, ...]:
    """Make all test puzzles; every call makes equal puzzles."""
    made = [
        generate(ReassemblySpec.model_validate(recipe), name=name, seed=number)
        for number, (name, recipe) in enumerate(PROBES.items())
    ]
    return tuple(_without_head(one) if one.puzzle.manifest.name == "constant predictions" else one for one in made)


def _without_head(made: Made) -> Made:
    """Set a network's head to zero, so that all predictions are equal and all orders have the same error."""
    puzzle, sealed = made.puzzle, made.sealed
    roles: Any = puzzle.manifest.facts["roles"]
    head = f"{roles['head']}.weight"
    blank = np.zeros_like(puzzle.data["predictions"])
    return seal(
        family=puzzle.manifest.family,
        name=puzzle.manifest.name,
        seed=sealed.seed or 0,
        answer=sealed.answer,
        pieces={**puzzle.pieces, head: np.zeros_like(puzzle.pieces[head])},
        data={**puzzle.data, "predictions": blank + puzzle.pieces[f"{roles['head']}.bias"]},
        spec=puzzle.manifest.spec,
        facts={"roles": roles},
    )
