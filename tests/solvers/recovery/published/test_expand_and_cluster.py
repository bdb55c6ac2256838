from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from generator.errors import SpecError, UnsupportedPuzzleError
from generator.puzzle.answer import as_answer
from generator.recovery.puzzle import RecoveryPuzzle, check_answer, network_of
from solvers.api import Context
from solvers.recovery.published.expand_and_cluster import ExpandAndCluster
from tests.solvers.recovery.hidden import active_puzzle, hiding_activation, passive_puzzle, teacher

QUICK = ExpandAndCluster(students=5, width=6, epochs=3000, tune_epochs=10_000, retrain_epochs=500, tune_rate=1e-2)


def solve(puzzle: RecoveryPuzzle, solver: ExpandAndCluster = QUICK) -> tuple[list[Any], str]:
    reported: list[Any] = []

    def keep(answer: Any) -> None:
        reported.append(answer)

    answer = solver.solve(puzzle, Context(report=keep))
    for one in (*reported, answer):
        check_answer(puzzle, as_answer(one))
    return [*reported, answer], answer.note


def test_a_tanh_network_is_recovered_exactly() -> None:
    hidden = teacher(2, 3, 1, seed=3)
    puzzle = passive_puzzle(hidden, 400, 2.0)
    answers, _ = solve(puzzle)
    found = network_of(puzzle, as_answer(answers[-1]).value)
    assert found.widths == hidden.widths
    for unit, (weight, bias) in enumerate(zip(*hidden.layers()[0], strict=True)):
        rows = np.column_stack(found.layers()[0])
        row = np.append(weight, bias)
        near = int(np.minimum(np.abs(rows - row).max(axis=1), np.abs(rows + row).max(axis=1)).argmin())
        sign = np.sign(rows[near] @ row)
        assert np.allclose(sign * rows[near], row, rtol=0, atol=1e-6)
        assert np.allclose(sign * found.weights[1][:, near], hidden.weights[1][:, unit], rtol=0, atol=1e-6)


@pytest.mark.parametrize("bypass", [True, False])
def test_the_linear_by_pass_is_in_the_answer_only_where_it_is_allowed(*, bypass: bool) -> None:
    hidden = teacher(2, 2, 2, activation="softplus", seed=1)
    puzzle = passive_puzzle(hidden, 300, 2.0, bypass=bypass)
    answers, note = solve(puzzle, replace(QUICK, epochs=1000, tune_epochs=500, gamma=0.6, beta=60.0))
    found = network_of(puzzle, as_answer(answers[-1]).value)
    assert (found.bypass is not None) == bypass
    assert ("by-pass" in note) != bypass


def test_two_hidden_layers_are_collapsed_one_after_the_other() -> None:
    hidden = teacher(2, 2, 2, 1, seed=0)
    puzzle = active_puzzle(hidden, budget=500)
    answers, note = solve(puzzle, replace(QUICK, epochs=1500, tune_epochs=1000, gamma=0.6, beta=60.0))
    assert len(answers) == 4, note  # not trained, trained, collapsed, fine-tuned
    found = network_of(puzzle, as_answer(answers[-1]).value)
    inputs = np.random.default_rng(0).standard_normal((200, 2))
    assert np.mean((found(inputs) - hidden(inputs)) ** 2) < 1e-2 * hidden(inputs).var()
    assert puzzle.oracle is not None
    assert puzzle.oracle.left == 0


class SlowContext(Context):
    """A context of a machine that is slower: time passes with every look at the clock."""

    def __init__(self, per_look: float, **fields: Any) -> None:
        super().__init__(**fields)
        self.per_look, self.looks = per_look, 0

    def time_left(self) -> float:
        self.looks += 1
        return max(0.0, self.wall_s - self.per_look * self.looks)


def test_equal_seeds_give_equal_answers_whatever_the_speed_of_the_machine() -> None:
    puzzle = passive_puzzle(teacher(2, 2, 1), 100, 2.0)
    answers = [ExpandAndCluster().solve(puzzle, SlowContext(speed, wall_s=0.3)) for speed in (1e-9, 1e-5, 1e-9)]
    assert answers[0] == answers[1] == answers[2]
    other = ExpandAndCluster().solve(puzzle, SlowContext(1e-9, wall_s=0.3, seed=1))
    assert other.value != answers[0].value


def test_a_slow_machine_stops_at_the_limit_with_an_answer() -> None:
    puzzle = passive_puzzle(teacher(2, 2, 1), 100, 2.0)
    reported: list[Any] = []
    slow = SlowContext(0.1, wall_s=2.0, report=reported.append)
    answer = ExpandAndCluster().solve(puzzle, slow)
    check_answer(puzzle, answer)
    assert reported
    assert slow.looks < 30
    assert "no time" in answer.note


def test_a_hidden_activation_is_refused() -> None:
    with pytest.raises(UnsupportedPuzzleError, match="activation"):
        QUICK.solve(hiding_activation(passive_puzzle(teacher(2, 2, 1), 50, 1.0)), Context())


def test_a_spent_budget_is_refused() -> None:
    with pytest.raises(UnsupportedPuzzleError, match="no budget left"):
        QUICK.solve(active_puzzle(teacher(2, 2, 1), budget=0), Context())


@pytest.mark.parametrize("wrong", [{"students": 1}, {"gamma": 0.0}, {"precision": "half"}, {"batch": 0}])
def test_wrong_settings_are_named(wrong: dict[str, object]) -> None:
    with pytest.raises(SpecError, match=next(iter(wrong))):
        ExpandAndCluster(**wrong)  # type: ignore[arg-type]
