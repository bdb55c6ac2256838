"""Solvers stop at the right order of predictions that were stored or computed in a low precision, and certify it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
import torch

from generator.reassembly.network.number_formats import rounded_to, rounded_weights
from generator.reassembly.spec import Degradation
from solvers.api import Context
from solvers.reassembly.core.assembly import Assembly
from solvers.reassembly.core.attempt import Attempt
from solvers.reassembly.flagship.fast import Fast
from solvers.reassembly.flagship.flagship import Flagship
from solvers.reassembly.published.park import Park

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.reassembly.network.residual import ResidualNetwork
    from generator.reassembly.puzzle import ReassemblyPuzzle
    from tests.solvers.reassembly.conftest import Dropped

STORED = ["float16", "bfloat16", "6 digits", "3 decimals"]


def stored_as(dropped: Dropped, form: str) -> ReassemblyPuzzle:
    predictions = torch.from_numpy(rounded_to(dropped.puzzle.predictions.numpy(), form))
    return dataclasses.replace(
        dropped.puzzle, predictions=predictions, degradation=Degradation(predictions_stored=form)
    )


def computed_in(dropped: Dropped, form: str, kind: torch.dtype) -> ReassemblyPuzzle:
    """Give the puzzle as `view_puzzle` does: with the weights that the arithmetic rounds to."""
    puzzle = dropped.puzzle
    predictions = dropped.network.to(kind)(puzzle.inputs.to(kind)).float()
    return dataclasses.replace(
        puzzle,
        network=rounded_weights(puzzle.network, form),
        predictions=predictions,
        degradation=Degradation(predictions_computed=form, predictions_stored=form),  # type: ignore[arg-type]  # a name
    )


def is_right(dropped: Dropped, value: Any) -> bool:
    """Check an answer up to blocks that are the same function in float32."""
    x = dropped.puzzle.inputs
    return bool((dropped.puzzle.assembled(value)(x) - dropped.network(x)).abs().max() < 1e-4)


@pytest.mark.parametrize("form", STORED)
@pytest.mark.parametrize("solver", [Flagship, Fast, Park])
def test_stored_predictions_end_the_search_with_a_certificate(
    trained: Dropped, form: str, solver: Callable[[], Any]
) -> None:
    answer = solver().solve(stored_as(trained, form), Context())  # without a time limit only a certificate ends it
    assert answer.certified
    assert is_right(trained, answer.value)
    assert f"fit to the rounding of {form}" in answer.note


@pytest.mark.parametrize(("form", "kind"), [("bfloat16", torch.bfloat16), ("float16", torch.float16)])
@pytest.mark.parametrize("solver", [Flagship, Fast])
def test_declared_arithmetic_ends_the_search_by_likelihood(
    trained: Dropped, form: str, kind: torch.dtype, solver: Callable[[], Any]
) -> None:
    answer = solver().solve(computed_in(trained, form, kind), Context())
    assert answer.certified
    assert is_right(trained, answer.value)
    assert "log-likelihood ratio to the best neighbour" in answer.note


def test_a_swap_is_not_certified_and_its_verdict_names_the_truth(trained: Dropped) -> None:
    puzzle = stored_as(trained, "6 digits")
    attempt = Attempt.begin(puzzle, Context(), 100)
    incoming, outgoing = puzzle.assembly(trained.answer)
    right = Assembly(tuple(incoming), tuple(outgoing), 0.0, 100)
    wrong = Assembly(*right.moved([1, 0, *range(2, 8)]), 0.0, 100)
    attempt.best.offer(wrong)
    assert not attempt.answer().certified
    assert "off by more than rounding to 6 digits" in attempt.answer().note
    assert attempt.judge.rival(wrong) == right.halves
    assert attempt.judge.certifies(right)


def test_far_errors_cost_no_estimate(trained: Dropped, monkeypatch: pytest.MonkeyPatch) -> None:
    puzzle = stored_as(trained, "3 decimals")
    attempt = Attempt.begin(puzzle, Context(), 100)
    calls: list[float] = []

    def counted(*_: Any) -> float:
        calls.append(1.0)
        return 1e-7

    monkeypatch.setattr("solvers.reassembly.core.judging.explained_error", counted)
    incoming, outgoing = puzzle.assembly(trained.answer)
    for mse, estimates in ((1.0, 1), (1e-2, 1), (1e-6, 2), (5e-4, 3)):
        assembly = Assembly(tuple(reversed(incoming)), tuple(outgoing), mse * puzzle.variance, 100)
        attempt.judge.verdicts.clear()
        assert not attempt.judge.certifies(assembly)
        assert len(calls) == estimates


def test_equally_likely_orders_end_the_search_without_a_certificate(
    make_network: Callable[..., ResidualNetwork], make_puzzle: Callable[..., Dropped]
) -> None:
    network = make_network(0)
    network.V[2] *= 1e-5
    network.e[2] *= 1e-5
    dropped = make_puzzle(network, rows=120)
    answer = Flagship().solve(stored_as(dropped, "2 decimals"), Context())
    assert not answer.certified
    assert "neighbouring assemblies fit as well" in answer.note
