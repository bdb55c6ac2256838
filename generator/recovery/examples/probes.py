"""Small test puzzles for `netjigsaw check`, usual and unusual ones. Making all of them takes about a second."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.recovery.making.generate import generate
from generator.recovery.spec import RecoverySpec

if TYPE_CHECKING:
    from generator.puzzle.sealing import Made

__all__ = ["PROBES", "make_probes"]

_SMALL: dict[str, Any] = {"inputs": 2, "hidden": (3,), "budget": 3000}
_TABLE: dict[str, Any] = {**_SMALL, "mode": "passive", "rows": 200}

PROBES: dict[str, dict[str, Any]] = {
    "plain": _SMALL,
    "table": _TABLE,
    "one input": {**_SMALL, "inputs": 1},
    "three outputs": {**_SMALL, "outputs": 3},
    "one hidden unit": {**_SMALL, "hidden": (1,)},
    "two hidden layers": {**_TABLE, "hidden": (3, 2)},
    "ReLU": {**_SMALL, "activation": "relu"},
    "hidden activation": {**_SMALL, "activation": "sigmoid", "hide_activation": True},
    "4 decimals": {**_TABLE, "precision": "4 decimals"},
    "float32": {**_SMALL, "precision": "float32"},
    "budget of 5 rows": {**_SMALL, "budget": 5},
    "no box and no budget": {**_SMALL, "box": None, "budget": None},
    "wide": {"inputs": 16, "hidden": (48, 48), "mode": "passive", "rows": 4000},
}
"""Recipes by name. The name says in which respect the puzzle is unusual."""


def make_probes() -> tuple[Made, ...]:
    """Make all test puzzles; every call makes equal puzzles."""
    return tuple(
        generate(RecoverySpec.model_validate(recipe), name=name, seed=number)
        for number, (name, recipe) in enumerate(PROBES.items())
    )
