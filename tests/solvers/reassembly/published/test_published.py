"""The registered solvers: exact on easy puzzles, deterministic, in time, robust to odd shapes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from scipy.stats import kendalltau

from generator.errors import SpecError
from generator.puzzle.answer import as_answer
from solvers.api import Context
from solvers.reference import parse_reference
from solvers.registry import build_solver, find_solver, list_solvers

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.puzzle.answer import Answer
    from generator.reassembly.network.residual import ResidualNetwork
    from generator.reassembly.puzzle import ReassemblyPuzzle
    from tests.solvers.reassembly.conftest import Dropped

EXACT = (
    "adjoint",
    "annealing[steps=3000]",
    "asymmetry",
    "bias-chain",
    "cosine",
    "insertion",
    "jacobian",
    "park",
    "park[seed=frobenius,bradley_terry=false]",
)
ALL = (*EXACT, "random")


def solve(name: str, puzzle: ReassemblyPuzzle, **context: Any) -> Answer:
    reference = parse_reference(name)
    solver = build_solver(find_solver(reference, "reassembly"), reference.parameters)
    return as_answer(solver.solve(puzzle, Context(**context)))


def test_every_published_solver_is_registered_with_its_source() -> None:
    entries = {entry.name: entry for entry in list_solvers("reassembly")}

    for name in ALL:
        entry = entries[parse_reference(name).target]
        assert entry.source
        assert entry.summary
        assert not entry.error


@pytest.mark.parametrize("name", EXACT)
def test_is_exact_and_certain_where_norms_grow_with_depth(name: str, trained: Dropped) -> None:
    reports: list[Any] = []
    lines: list[str] = []
    answer = solve(name, trained.puzzle, report=reports.append, log=lines.append)

    assert answer.value == trained.answer
    assert answer.certified
    assert reports[-1] == trained.answer
    assert all("\n" not in line for line in lines)


@pytest.mark.parametrize("name", ["adjoint", "park[seed=frobenius,bradley_terry=false]"])
def test_is_exact_on_several_smooth_outputs(name: str, trained_logits: Dropped) -> None:
    assert solve(name, trained_logits.puzzle).value == trained_logits.answer


@pytest.mark.parametrize("name", ALL)
def test_equal_seeds_give_equal_answers_and_reports(
    name: str, make_network: Callable[..., ResidualNetwork], make_puzzle: Callable[..., Dropped]
) -> None:
    puzzle = make_puzzle(make_network(5)).puzzle
    runs: list[list[Any]] = []
    for _ in range(2):
        reports: list[Any] = []
        answer = solve(name, puzzle, seed=3, report=reports.append)
        runs.append([*reports, answer.value])
        puzzle.assembly(answer.value)

    assert runs[0] == runs[1]


def test_random_answers_depend_on_the_seed_and_score_as_chance(trained: Dropped) -> None:
    answers = [solve("random", trained.puzzle, seed=seed).value for seed in range(40)]
    true_in, true_out = trained.puzzle.assembly(trained.answer)
    mate = dict(zip(true_in, true_out, strict=True))
    assemblies = [trained.puzzle.assembly(answer) for answer in answers]
    pairs = [mate[i] == j for incoming, outgoing in assemblies for i, j in zip(incoming, outgoing, strict=True)]
    taus = [kendalltau([true_in.index(i) for i in incoming], range(8)).statistic for incoming, _ in assemblies]

    assert len({tuple(incoming) for incoming, _ in assemblies}) > 35
    assert np.mean(pairs) == pytest.approx(1 / 8, abs=0.08)
    assert np.mean(taus) == pytest.approx(0.0, abs=0.15)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    ("shape", "rows"),
    [
        ({"depth": 1}, 20),
        ({"depth": 2, "outputs": 4, "activation": "gelu"}, 30),
        ({"depth": 3, "biases": False, "activation": "tanh"}, 1),
    ],
)
def test_odd_shapes_are_answered_in_form(
    name: str,
    shape: dict[str, Any],
    rows: int,
    make_network: Callable[..., ResidualNetwork],
    make_puzzle: Callable[..., Dropped],
) -> None:
    dropped = make_puzzle(make_network(0, **shape), rows=rows)

    dropped.puzzle.assembly(solve(name, dropped.puzzle).value)


@pytest.mark.parametrize("name", ALL)
def test_constant_predictions_are_answered_but_never_certified(
    name: str, make_network: Callable[..., ResidualNetwork], make_puzzle: Callable[..., Dropped]
) -> None:
    network = make_network(0, depth=3)
    network.head.zero_()
    dropped = make_puzzle(network, rows=50)
    answer = solve(name.replace("3000", "50"), dropped.puzzle)

    dropped.puzzle.assembly(answer.value)
    assert not answer.certified


@pytest.mark.parametrize("name", ["annealing[steps=10000000]", "cosine[steps=10000000]", "insertion", "park"])
def test_hands_in_before_the_limit(
    name: str, make_network: Callable[..., ResidualNetwork], make_puzzle: Callable[..., Dropped]
) -> None:
    wrong = make_puzzle(make_network(1, depth=40), rows=2_000).puzzle  # untrained, so nothing pairs: no way to finish
    reports: list[Any] = []
    started = time.monotonic()
    answer = solve(name, wrong, wall_s=1.0, report=reports.append)

    assert time.monotonic() - started < 1.0
    assert answer.value == reports[-1]
    assert len(reports) > 1


def test_a_limit_that_is_over_still_yields_an_answer(trained: Dropped) -> None:
    for name in ALL:
        answer = solve(name, trained.puzzle, wall_s=1e-3, started=time.monotonic() - 1.0)
        trained.puzzle.assembly(answer.value)


@pytest.mark.parametrize("name", ["park[seed=norm]", "adjoint[rows=0]", "annealing[hot=1e-9]"])
def test_settings_that_make_no_sense_are_refused(name: str, trained: Dropped) -> None:
    with pytest.raises(SpecError):
        solve(name, trained.puzzle)


def test_gradients_outside_are_left_alone(trained: Dropped) -> None:
    solve("adjoint", trained.puzzle)

    assert torch.is_grad_enabled()
    assert not torch.is_inference_mode_enabled()
