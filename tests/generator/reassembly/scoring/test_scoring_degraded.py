"""Degraded puzzles are scored by the sealed order: noise makes no wrong assembly right, and no right one wrong."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

from generator.puzzle.answer import Answer
from generator.reassembly.making import generate as module
from generator.reassembly.making.generate import generate
from generator.reassembly.puzzle import view_puzzle
from generator.reassembly.scoring.score import score
from generator.reassembly.spec import ReassemblySpec

if TYPE_CHECKING:
    from generator.puzzle.sealing import Made
    from generator.reassembly.network.residual import ResidualNetwork

DEPTH = 4
WAYS: list[dict[str, Any]] = [
    {"piece_format": "float16"},
    {"piece_format": "int8"},
    {"prediction_decimals": 3},
    {"prediction_noise": 0.01},
    {"piece_format": "int8", "prediction_decimals": 1, "prediction_noise": 2.0, "rows_exported": 20},
]


def make(way: dict[str, Any]) -> Made:
    fields = {"depth": DEPTH, "width": 5, "hidden": 7, "rows": 150, "steps": 60, "batch": 50, **way}
    return generate(ReassemblySpec.model_validate(fields), name="p", seed=3)


def assembled(made: Made, incoming: tuple[int, ...], outgoing: tuple[int, ...]) -> Answer:
    right: Any = made.sealed.answer
    pieces = [piece for i, j in zip(incoming, outgoing, strict=True) for piece in (right[2 * i], right[2 * j + 1])]
    return Answer([*pieces, right[-1]])


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_the_truth_and_nothing_else_is_exact(way: dict[str, Any]) -> None:
    made = make(way)
    view = view_puzzle(made.puzzle)
    errors = {}
    straight = tuple(range(DEPTH))
    for order, other in itertools.product(itertools.permutations(range(DEPTH)), repeat=2):
        if order not in {straight, other} and other != straight:
            continue
        result = score(view, assembled(made, order, other), made.sealed)
        assert result.solved == (order == other == straight)
        errors[order, other] = result.metrics["mse"]
    truth = errors[straight, straight]
    assert truth > 0
    if way.get("prediction_noise", 0) > 1:  # some wrong assemblies fit better, and yet are wrong
        assert truth > min(errors.values())


def test_equivalent_blocks_are_interchangeable_under_any_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    train = module.train_network

    def with_dead_units(*args: Any, **kwargs: Any) -> ResidualNetwork:
        network = train(*args, **kwargs)
        network.c[1] = network.c[3] = -1e4  # which incoming half is whose cannot be seen
        return network

    monkeypatch.setattr(module, "train_network", with_dead_units)
    made = make(WAYS[-1])
    view = view_puzzle(made.puzzle)
    straight = (0, 1, 2, 3)
    assert score(view, assembled(made, (0, 3, 2, 1), straight), made.sealed).metrics["exact_order"] == 1
    assert score(view, assembled(made, (3, 1, 2, 0), straight), made.sealed).metrics["exact_order"] == 0


def test_a_degraded_puzzle_without_the_sealed_answer_is_never_solved() -> None:
    made = make(WAYS[3])
    straight = (0, 1, 2, 3)
    result = score(view_puzzle(made.puzzle), assembled(made, straight, straight), None)
    assert not result.solved
    assert result.metrics.keys() == {"mse", "mse_ratio"}
