"""The test puzzles and the template of `netjigsaw check` and `netjigsaw new-solver`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from generator.recovery.examples.probes import PROBES, make_probes
from generator.recovery.examples.starter import STARTER
from generator.recovery.network.mlp import MLP
from generator.recovery.puzzle import network_of, view_puzzle
from solvers.api import Context
from tests.solvers.recovery.hidden import active_puzzle, hiding_activation, passive_puzzle, teacher


def starter() -> Any:
    """Run the template's source and make its solver."""
    module: dict[str, Any] = {"__name__": "starter"}
    exec(STARTER, module)  # noqa: S102 - the template is source
    return module["Solver"]()


def test_probes_are_equal_at_every_call_and_cover_both_modes() -> None:
    made = make_probes()
    assert [one.puzzle.digest for one in made] == [one.puzzle.digest for one in make_probes()]
    assert [one.puzzle.manifest.name for one in made] == list(PROBES)
    views = [view_puzzle(one.puzzle) for one in made]
    assert {view.public.mode for view in views} == {"active", "passive"}
    assert any(view.activation is None for view in views)
    assert views[0].public.mode == "active"


@pytest.mark.parametrize("mode", ["active", "passive"])
def test_the_starter_recovers_an_easy_network(mode: str) -> None:
    network = teacher(2, 2, 1, seed=4)
    puzzle = active_puzzle(network) if mode == "active" else passive_puzzle(network, 300, 2.0)
    fitted = network_of(puzzle, starter().solve(puzzle, Context(seed=3, oracle=puzzle.oracle)))
    inputs = np.random.default_rng(0).standard_normal((50, 2))
    np.testing.assert_allclose(fitted(inputs), network(inputs), atol=1e-8)


def test_the_starter_answers_within_a_small_budget_and_with_a_hidden_activation() -> None:
    network = teacher(2, 3, 2, seed=1)
    puzzle = hiding_activation(active_puzzle(network, budget=5))
    reported: list[Any] = []
    context = Context(oracle=puzzle.oracle, report=lambda answer: reported.append(answer))  # noqa: PLW0108 - named
    answer = starter().solve(puzzle, context)
    assert isinstance(network_of(puzzle, answer), MLP)
    assert reported
