"""Puzzles from recipes: rules of identifiability, precision, tolerance, and what stays secret."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pydantic import ValidationError

from generator.errors import SpecError, TrainingError
from generator.recovery.making.generate import generate
from generator.recovery.network.activations import ACTIVATIONS
from generator.recovery.oracle import open_oracle, terms
from generator.recovery.puzzle import view_puzzle
from generator.recovery.sealed import truth_of
from generator.recovery.spec import PRESETS, RecoverySpec

if TYPE_CHECKING:
    from generator.puzzle.sealing import Made


def made(seed: int = 1, **recipe: Any) -> Made:
    return generate(RecoverySpec.model_validate(recipe), name="p", seed=seed)


def test_a_seed_determines_a_puzzle() -> None:
    assert made().puzzle.digest == made().puzzle.digest
    assert made().puzzle.digest != made(seed=2).puzzle.digest


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_hyperplanes_pass_through_the_data_and_units_differ(activation: str) -> None:
    truth = truth_of(made(activation=activation, hidden=(6, 5), inputs=5).sealed).network
    inputs = np.random.default_rng(0).standard_normal((4000, 5))
    for layer in (1, 2):
        share = (truth.preactivations(inputs, layer) > 0).mean(axis=0)
        assert share.min() > 0.03
        assert share.max() < 0.97
        rows = np.column_stack([truth.weights[layer - 1], truth.biases[layer - 1]])
        for row in range(len(rows)):
            for other in range(row):
                pair = rows[[row, other]]
                size = np.linalg.norm(pair, axis=1).max()
                assert min(np.linalg.norm(pair[0] - pair[1]), np.linalg.norm(pair[0] + pair[1])) > 0.29 * size


@pytest.mark.parametrize("distance", [0.1, 0.03, 0.01])
def test_near_duplicates_have_the_distance_asked_for(distance: float) -> None:
    puzzle = made(distance=distance)
    rows = np.column_stack([truth_of(puzzle.sealed).network.weights[0], truth_of(puzzle.sealed).network.biases[0]])
    gaps = [np.linalg.norm(a - b) / np.linalg.norm(b) for i, a in enumerate(rows) for b in rows[:i]]
    assert min(gaps) == pytest.approx(distance, rel=0.1)
    assert puzzle.puzzle.manifest.facts["condition"] > made().puzzle.manifest.facts["condition"]  # type: ignore[operator]


def test_the_widths_are_secret() -> None:
    puzzle = made(hidden=(7, 5), mode="passive", input_scale=2.0).puzzle
    public = json.dumps(puzzle.manifest.model_dump(mode="json"))
    assert '"hidden"' not in public
    assert "[7, 5]" not in public
    assert puzzle.pieces == {}
    assert set(puzzle.data) == {"inputs", "outputs"}


@pytest.mark.parametrize(
    ("precision", "step"), [("3 decimals", 1e-3), ("6 decimals", 1e-6), ("float32", None), ("float64", None)]
)
def test_outputs_have_the_stated_precision(precision: str, step: float | None) -> None:
    puzzle = made(precision=precision, mode="passive", rows=500)
    outputs = puzzle.puzzle.data["outputs"]
    if step is not None:
        assert np.abs(outputs / step - np.round(outputs / step)).max() < 1e-6
    assert (outputs == outputs.astype(np.float32)).all() == (precision == "float32")
    assert puzzle.puzzle.manifest.facts["tolerance"] == pytest.approx(
        {"3 decimals": 1e-2, "6 decimals": 1e-5}.get(precision, 1e-6), rel=0.95
    )


def test_active_puzzles_answer_queries_as_the_table_of_passive_ones() -> None:
    recipe: dict[str, Any] = {"precision": "4 decimals", "rows": 300}
    passive, active = made(mode="passive", **recipe), made(mode="active", **recipe)
    table = view_puzzle(passive.puzzle).table
    assert table is not None
    assert terms(passive.puzzle) is None
    limits = terms(active.puzzle)
    assert limits is not None
    assert (limits.inputs, limits.outputs, limits.budget, limits.low, limits.high) == (4, 1, 20_000, -10.0, 10.0)
    hidden = open_oracle(view_puzzle(active.puzzle), active.sealed)
    assert (hidden(table.inputs) == table.outputs).all()


def test_outputs_that_are_too_coarse_are_refused() -> None:
    with pytest.raises(TrainingError, match="outputs of 0 decimals determine weights only to"):
        made(precision="0 decimals", mode="passive", rows=100)


def test_a_large_rounded_network_needs_a_stated_tolerance() -> None:
    with pytest.raises(SpecError, match="set tolerance"):
        made(precision="3 decimals", inputs=100, hidden=(30,))
    assert made(precision="3 decimals", inputs=100, hidden=(30,), tolerance=0.01).puzzle.manifest.facts == {
        "tolerance": 0.01
    }


def test_rules_that_cannot_be_met_are_told() -> None:
    with pytest.raises(TrainingError, match=r"cannot keep a distance of 0.3"):
        made(inputs=1, hidden=(40,))


@pytest.mark.parametrize(
    ("recipe", "fault"),
    [
        ({"hidden": ()}, "hidden needs one width"),
        ({"hidden": (0,)}, "hidden needs one width"),
        ({"norm_low": 3.0}, "norm_low"),
        ({"hidden": (1,), "distance": 0.1}, "at least 2 units"),
        ({"precision": "13 decimals"}, "precision"),
    ],
)
def test_bad_recipes_are_refused(recipe: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        RecoverySpec.model_validate(recipe)


def test_widths_may_be_typed_as_text() -> None:
    assert RecoverySpec.model_validate({"hidden": "16,8"}).hidden == (16, 8)


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_are_valid(preset: str) -> None:
    assert RecoverySpec.model_validate(PRESETS[preset]).public.inputs > 0
