"""The fast solver: exact in the easy regime without help, and with the flagship's help outside it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
import torch

from generator.puzzle.answer import Answer
from solvers.api import Context
from solvers.reassembly.flagship import fast as module
from solvers.reassembly.flagship.fast import Fast, clear_pairs

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.reassembly.network.residual import ResidualNetwork
    from generator.reassembly.puzzle import ReassemblyPuzzle
    from solvers.reassembly.flagship.flagship import Flagship
    from tests.solvers.reassembly.conftest import Dropped


class Kept(list[Any]):
    """Keeps what is reported."""

    def __call__(self, answer: Any) -> None:
        self.append(answer)


class Called:
    """Stands in for the flagship: notes that it was called, reports some answers and returns the last."""

    def __init__(self, answers: list[Any], *, certified: bool = False) -> None:
        self.answers, self.certified, self.contexts = answers, certified, list[Context]()

    def __call__(self) -> Called:
        return self

    def solve(self, puzzle: ReassemblyPuzzle, context: Context) -> Answer:
        assert puzzle.depth
        self.contexts.append(context)
        for answer in self.answers:
            context.report(answer)
        return Answer(self.answers[-1], self.certified)


def scrambled(dropped: Dropped) -> Dropped:
    """Permute the hidden units of every outgoing half: no statistic of a pair's weights is left."""
    network, rng = dropped.puzzle.network, torch.Generator().manual_seed(0)
    V = torch.stack([half[:, torch.randperm(half.shape[1], generator=rng)] for half in network.V])
    puzzle = dataclasses.replace(dropped.puzzle, network=dataclasses.replace(network, V=V))
    return dataclasses.replace(dropped, puzzle=puzzle)


def test_it_is_exact_and_certified_without_the_flagship(trained: Dropped) -> None:
    reported = Kept()
    answer = Fast(handover=False).solve(trained.puzzle, Context(seed=1, report=reported))

    assert answer.value == trained.answer
    assert answer.certified
    assert reported[-1] == trained.answer
    assert "200 rows held back" in answer.note


@pytest.mark.parametrize("kind", ["trained", "trained_logits"])
def test_it_is_exact_with_the_flagship_behind_it(kind: str, request: pytest.FixtureRequest) -> None:
    dropped: Dropped = request.getfixturevalue(kind)
    answer = Fast().solve(dropped.puzzle, Context(seed=2, wall_s=30.0))

    assert answer.value == dropped.answer
    assert answer.certified


def test_pairs_that_do_not_stand_out_are_not_guessed(trained: Dropped, monkeypatch: pytest.MonkeyPatch) -> None:
    called = Called([trained.answer])
    monkeypatch.setattr(module, "Flagship", called)
    puzzle = scrambled(trained).puzzle

    assert clear_pairs(trained.puzzle.network) is not None
    assert clear_pairs(puzzle.network) is None
    Fast().solve(puzzle, Context(seed=3, wall_s=30.0))
    assert len(called.contexts) == 1


def test_without_the_flagship_it_hands_in_the_best_uncertified(trained: Dropped) -> None:
    puzzle = scrambled(trained).puzzle
    answer = Fast(handover=False).solve(puzzle, Context(seed=3))
    incoming, outgoing = puzzle.assembly(answer.value)

    assert sorted(incoming) == sorted(outgoing) == list(range(8))
    assert not answer.certified


def test_a_failed_certificate_calls_the_flagship(trained: Dropped, monkeypatch: pytest.MonkeyPatch) -> None:
    # Rows are drawn before anything else, so those that will be held back can be spoilt beforehand.
    context = Context(seed=4, wall_s=30.0)
    held_back = context.rng().permutation(1_000)[800:]
    predictions = trained.puzzle.predictions.clone()
    predictions[held_back] += 0.01
    puzzle = dataclasses.replace(trained.puzzle, predictions=predictions)
    called = Called([trained.answer])
    monkeypatch.setattr(module, "Flagship", called)
    answer = Fast().solve(puzzle, context)

    assert len(called.contexts) == 1
    assert answer.value == trained.answer
    assert not answer.certified


def test_what_is_reported_never_gets_worse(trained: Dropped, monkeypatch: pytest.MonkeyPatch) -> None:
    lying = trained.puzzle.answer(range(8), range(8))
    nearly = [*trained.answer[2:4], *trained.answer[:2], *trained.answer[4:]]
    monkeypatch.setattr(module, "Flagship", Called([lying, nearly, trained.answer, nearly, lying]))
    monkeypatch.setattr(module, "clear_pairs", lambda _: None)
    reported = Kept()
    answer = Fast().solve(trained.puzzle, Context(seed=5, wall_s=30.0, report=reported))

    assert reported[1:] == [nearly, trained.answer]
    assert answer.value == trained.answer


def test_the_flagship_gets_the_same_clock_and_seed(trained: Dropped, monkeypatch: pytest.MonkeyPatch) -> None:
    called = Called([trained.answer])
    monkeypatch.setattr(module, "Flagship", called)
    monkeypatch.setattr(module, "clear_pairs", lambda _: None)
    context = Context(seed=6, wall_s=30.0)
    Fast().solve(trained.puzzle, context)

    (given,) = called.contexts
    assert (given.seed, given.wall_s, given.started) == (context.seed, context.wall_s, context.started)


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("outputs", [1, 3])
def test_networks_of_a_block_or_two(
    depth: int,
    outputs: int,
    make_network: Callable[..., ResidualNetwork],
    make_puzzle: Callable[..., Dropped],
) -> None:
    dropped = make_puzzle(make_network(7, depth=depth, outputs=outputs), rows=400)
    answer = Fast().solve(dropped.puzzle, Context(seed=7, wall_s=10.0))

    assert answer.value == dropped.answer
    assert answer.certified


def test_every_activation_is_served(
    activation: str, make_network: Callable[..., ResidualNetwork], make_puzzle: Callable[..., Dropped]
) -> None:
    dropped = make_puzzle(make_network(8, depth=2, activation=activation))
    answer = Fast().solve(dropped.puzzle, Context(seed=8, wall_s=10.0))

    assert answer.value == dropped.answer
    assert answer.certified


@pytest.mark.parametrize("rows", [1, 3, 40])
def test_few_rows(rows: int, trained: Dropped, make_puzzle: Callable[..., Dropped]) -> None:
    dropped = make_puzzle(trained.network, rows=rows)
    answer = Fast().solve(dropped.puzzle, Context(seed=9, wall_s=0.5))
    incoming, outgoing = dropped.puzzle.assembly(answer.value)

    assert sorted(incoming) == sorted(outgoing) == list(range(8))
    assert rows > 1 or not answer.certified


def test_equal_seeds_give_equal_reports(trained: Dropped) -> None:
    runs: list[list[Any]] = []
    for _ in range(2):
        reported = Kept()
        Fast().solve(trained.puzzle, Context(seed=10, report=reported))
        runs.append(reported)

    assert runs[0] == runs[1]


def test_out_of_time_it_does_not_call_the_flagship(trained: Dropped, monkeypatch: pytest.MonkeyPatch) -> None:
    def never() -> Flagship:
        raise AssertionError("there is no time left for the flagship")

    monkeypatch.setattr(module, "Flagship", never)
    answer = Fast().solve(trained.puzzle, Context(seed=11, wall_s=1e-4))
    incoming, outgoing = trained.puzzle.assembly(answer.value)

    assert sorted(incoming) == sorted(outgoing) == list(range(8))
