"""Measure how well the coherence of Gram matrices tells the roles of square halves, on generated networks.

Prints a row per recipe: the mean role accuracy of the guess over the seeds (one half is chance), and how many of the
puzzles the solver `fast` solves within the time limit, if there is one. Training the networks takes about a minute.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from tabulate import tabulate

from generator.reassembly.making.generate import generate
from generator.reassembly.scoring.score import score
from generator.reassembly.spec import PRESETS, ReassemblySpec
from generator.reassembly.unknown_roles import UnknownRolesPuzzle, view_any
from solvers.api import Context
from solvers.reassembly.flagship.fast import Fast
from solvers.reassembly.roles.coherence import guess_roles, role_model

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from generator.puzzle.sealing import Made

TINY = {**PRESETS["tiny"], "hidden": 16}
SMALL = {**PRESETS["small"], "hidden": 24}
WAVES = {"depth": 8, "width": 16, "hidden": 16, "rows": 1000, "steps": 1500}
RECIPES: dict[str, dict[str, Any]] = {
    "tiny, hidden 16": TINY,
    "tiny, hidden 16, gelu": {**TINY, "activation": "gelu"},
    "tiny, hidden 16, tanh": {**TINY, "activation": "tanh"},
    "small, hidden 24": SMALL,
    "small, hidden 24, gelu": {**SMALL, "activation": "gelu"},
    "small, hidden 24, tanh": {**SMALL, "activation": "tanh"},
    "waves, 8 blocks": WAVES,
    "waves, 8 blocks, silu": {**WAVES, "activation": "silu"},
    "products, no biases": {**WAVES, "task": "products", "biases": False, "data": "fresh"},
    "four classes": {**WAVES, "task": "classes", "outputs": 4, "data": "fresh"},
    "sgd": {**WAVES, "optimiser": "sgd", "learning_rate": 0.05, "steps": 2000, "data": "fresh"},
    "250 steps": {**WAVES, "depth": 10, "steps": 250},
    "untrained": {**WAVES, "steps": 0},
}
"""Recipes of networks whose hidden width equals their state width."""


def make(recipe: Mapping[str, Any], seed: int) -> tuple[Made, UnknownRolesPuzzle]:
    """Make a puzzle with unknown roles."""
    made = generate(ReassemblySpec.model_validate({**recipe, "roles": "unknown"}), name="roles", seed=seed)
    view = view_any(made.puzzle)
    if not isinstance(view, UnknownRolesPuzzle):
        raise TypeError("the recipe states the roles")
    return made, view


def role_accuracy(made: Made, view: UnknownRolesPuzzle) -> float:
    """Compute the share of halves whose guessed role is right."""
    guessed = np.flatnonzero(guess_roles(role_model(view), Context().rng()) > 0)
    incoming, _ = view.assembly(made.sealed.answer)
    return len({*guessed.tolist()} & {*incoming}) / view.depth


def solves(made: Made, view: UnknownRolesPuzzle, wall_s: float) -> bool:
    """Check whether `fast` solves a puzzle within a time limit."""
    return score(view, Fast().solve(view, Context(wall_s=wall_s)), made.sealed).solved


def rows(recipes: Mapping[str, Mapping[str, Any]], seeds: int, wall_s: float) -> list[Sequence[Any]]:
    """Measure every recipe."""
    table: list[Sequence[Any]] = []
    for label, recipe in recipes.items():
        puzzles = [make(recipe, seed) for seed in range(1, seeds + 1)]
        accuracy = 100 * np.mean([role_accuracy(*puzzle) for puzzle in puzzles])
        solved = sum(solves(*puzzle, wall_s) for puzzle in puzzles) if wall_s else "–"
        table.append((label, f"{accuracy:.0f}", solved if not wall_s else f"{solved}/{seeds}"))
    return table


def main(seeds: int, wall_s: float) -> None:
    """Print the table."""
    torch.set_num_threads(1)
    headers = ("recipe", "role accuracy (%)", "solved by fast")
    print(tabulate(rows(RECIPES, seeds, wall_s), headers=headers, tablefmt="github", disable_numparse=True))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3, help="networks of each recipe (3)")
    parser.add_argument("--timeout", type=float, default=0.0, help="seconds for `fast`; 0 leaves it out (0)")
    arguments = parser.parse_args()
    main(arguments.seeds, arguments.timeout)
