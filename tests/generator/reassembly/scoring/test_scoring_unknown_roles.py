"""Scores where roles are unknown: role accuracy, and the other metrics for halves in each other's role."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from generator.puzzle.answer import Answer
from generator.puzzle.canonical import canonical_json
from generator.reassembly.making.generate import generate
from generator.reassembly.record import FAMILY
from generator.reassembly.scoring.score import mean_squared_error, score, solution_sha256
from generator.reassembly.spec import ReassemblySpec
from generator.reassembly.unknown_roles import view_any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.puzzle.sealing import Made

DEPTH = 4
SQUARE: dict[str, Any] = {"depth": DEPTH, "width": 6, "hidden": 6, "rows": 100, "steps": 60, "batch": 50}


def make(**changes: Any) -> Made:
    return generate(ReassemblySpec.model_validate({**SQUARE, "roles": "unknown", **changes}), name="p", seed=3)


@pytest.fixture(scope="module")
def made() -> Made:
    return make()


def truth(made: Made) -> list[Any]:
    value: Any = made.sealed.answer
    return list(value)


def metrics(made: Made, pieces: list[Any]) -> Mapping[str, float]:
    found = score(view_any(made.puzzle), Answer(pieces), made.sealed)
    canonical_json(dict(found.metrics))  # no NaN, no infinity
    assert found.solved == (found.metrics["exact_order"] == 1.0)
    return found.metrics


def test_the_truth_has_every_role_right(made: Made) -> None:
    found = metrics(made, truth(made))
    assert found["exact_order"] == found["pairing_accuracy"] == found["role_accuracy"] == found["kendall_tau"] == 1.0
    assert {metric.name for metric in FAMILY.metrics} == set(found)


@pytest.mark.parametrize(("swapped", "right"), [((0,), 0.75), ((0, 2), 0.5), ((0, 1, 2, 3), 0.0)])
def test_blocks_in_reverse(made: Made, swapped: tuple[int, ...], right: float) -> None:
    """Two halves in exchanged roles form a pair but not a block: roles and order are wrong."""
    pieces = truth(made)
    for k in swapped:
        pieces[2 * k], pieces[2 * k + 1] = pieces[2 * k + 1], pieces[2 * k]
    found = metrics(made, pieces)
    assert found["role_accuracy"] == right
    assert found["position_accuracy"] == right
    assert found["pairing_accuracy"] == 1.0
    assert found["kendall_tau"] == 1.0
    assert found["exact_order"] == 0.0
    assert found["mse"] == mean_squared_error(view_any(made.puzzle), pieces) > 0


def test_right_roles_in_wrong_pairs(made: Made) -> None:
    pieces = truth(made)
    pieces[1], pieces[3] = pieces[3], pieces[1]
    found = metrics(made, pieces)
    assert (found["role_accuracy"], found["pairing_accuracy"], found["exact_order"]) == (1.0, 0.5, 0.0)


def test_kendall_tau_is_zero_where_all_values_are_equal() -> None:
    """With two blocks, both incoming halves of the answer may be from one block."""
    made = make(depth=2)
    a, b, c, d, head = truth(made)
    found = metrics(made, [a, c, b, d, head])
    assert found["kendall_tau"] == 0.0
    assert (found["role_accuracy"], found["pairing_accuracy"]) == (0.5, 0.0)


def test_equivalent_orders_count_in_full() -> None:
    """Blocks without visible effect may have any position, since the data cannot show it."""
    made = make(init="small", gain_first=1e-7, gain_last=1e-7, steps=0)
    pieces = truth(made)
    blocks = [pieces[2 * k : 2 * k + 2] for k in reversed(range(DEPTH))]
    found = metrics(made, [piece for block in blocks for piece in block] + pieces[-1:])
    assert all(found[name] == 1.0 for name in ("exact_order", "pairing_accuracy", "role_accuracy", "kendall_tau"))


def test_degraded_puzzles() -> None:
    degraded = make(prediction_decimals=2)
    assert metrics(degraded, truth(degraded))["role_accuracy"] == 1.0
    pieces = truth(degraded)
    pieces[0], pieces[1] = pieces[1], pieces[0]
    assert metrics(degraded, pieces)["role_accuracy"] == 0.75


def test_without_the_answer_roles_are_not_scored(made: Made) -> None:
    view = view_any(made.puzzle)
    found = score(view, Answer(truth(made)), None)
    assert found.solved
    assert set(found.metrics) == {"mse", "mse_ratio"}


def test_a_published_hash_decides(made: Made) -> None:
    view: Any = dataclasses.replace(view_any(made.puzzle), solution_sha256=solution_sha256(truth(made)))
    assert score(view, Answer(truth(made)), None).solved
    pieces = truth(made)
    pieces[0], pieces[1] = pieces[1], pieces[0]
    assert not score(view, Answer(pieces), None).solved


def test_puzzles_with_known_roles_have_no_such_metric() -> None:
    known = make(roles="known")
    assert "role_accuracy" not in metrics(known, truth(known))
