"""The test puzzles and the template of `netjigsaw check` and `netjigsaw new-solver`."""

from __future__ import annotations

from typing import Any

import pytest

from generator.modular.answers import read_answer
from generator.modular.examples.probes import PROBES
from generator.modular.examples.starter import STARTER
from generator.modular.making.generate import generate
from generator.modular.puzzle import view_puzzle
from generator.modular.sealed import truth_of
from generator.modular.spec import ModularSpec
from solvers.api import Context
from tests.generator.modular.made import a_puzzle

CHEAP = [name for name in PROBES if name not in {"wide", "two hidden layers", "attention"}]


def starter() -> Any:
    """Run the template's source and make its solver."""
    module: dict[str, Any] = {"__name__": "starter"}
    exec(STARTER, module)  # noqa: S102 - the template is source
    return module["Solver"]()


@pytest.mark.parametrize("name", CHEAP)
def test_probes_can_be_made_and_the_starter_answers_them(name: str) -> None:
    made = generate(ModularSpec.model_validate(PROBES[name]), name=name, seed=list(PROBES).index(name))
    view = view_puzzle(made.puzzle)
    read_answer(view.public, starter().solve(view, Context()))


def test_probes_cover_both_containers_and_every_way_to_name_symbols() -> None:
    specs = [ModularSpec.model_validate(recipe) for recipe in PROBES.values()]
    assert {spec.names for spec in specs} == {"public", "one", "three"}
    assert any(spec.lookups for spec in specs)
    assert any("transformer" in spec.source for spec in specs)


def test_the_starter_finds_public_frequencies() -> None:
    made = a_puzzle(names="public", kind="clock", modulus=31)
    answer = starter().solve(view_puzzle(made.puzzle), Context())
    assert set(answer["frequencies"]) == {one.frequency for one in truth_of(made.sealed).circles}
