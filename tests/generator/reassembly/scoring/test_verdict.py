"""Imported puzzles: the right order is solved in every precision, a swap in none, and the score gives the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from generator.puzzle.answer import Answer
from generator.puzzle.content import make_puzzle
from generator.reassembly.layout.precision import with_precision
from generator.reassembly.making.generate import generate
from generator.reassembly.network.number_formats import rounded_to, rounded_weights
from generator.reassembly.puzzle import view_puzzle
from generator.reassembly.scoring.score import score
from generator.reassembly.scoring.verdict import decide, explained_error, remarks, undecidable
from generator.reassembly.spec import PRESETS, Degradation, ReassemblySpec

if TYPE_CHECKING:
    from generator.family.metric import Score
    from generator.puzzle.content import Puzzle
    from generator.puzzle.sealing import Made
    from generator.reassembly.network.residual import ResidualNetwork

STORED = ["float32", "float16", "bfloat16", "6 digits", "4 digits", "3 decimals"]
HALF = {"float16": torch.float16, "bfloat16": torch.bfloat16}


@pytest.fixture(scope="module", params=["tiny", "small"])
def made(request: pytest.FixtureRequest) -> Made:
    """Give a puzzle of each preset that takes seconds to make."""
    return generate(ReassemblySpec.model_validate(PRESETS[request.param]), name=request.param, seed=1)


def from_elsewhere(
    made: Made, predictions: np.ndarray, precision: str | None = None, inputs: np.ndarray | None = None
) -> Puzzle:
    """Make the puzzle that an import of other predictions, and perhaps other inputs, would give."""
    table = {**made.puzzle.data, "predictions": predictions.astype(np.float32)}
    if inputs is not None:
        table["inputs"] = inputs
    data, measured = with_precision(table, precision)
    return make_puzzle(
        family="reassembly",
        name="p",
        spec={"activation": "relu", **measured},
        facts={"roles": made.puzzle.manifest.facts["roles"]},
        generator="test",
        pieces=made.puzzle.pieces,
        data=data,
    )


def true_network(made: Made) -> ResidualNetwork:
    return view_puzzle(made.puzzle).assembled(made.sealed.answer)


def swapped(made: Made, block: int) -> list[Any]:
    right: Any = made.sealed.answer
    return [
        *right[: 2 * block],
        *right[2 * block + 2 : 2 * block + 4],
        *right[2 * block : 2 * block + 2],
        *right[2 * block + 4 :],
    ]


def scored(puzzle: Puzzle, pieces: Any) -> Score:
    return score(view_puzzle(puzzle), Answer(pieces), None)


def in_tf32(network: ResidualNetwork, x: torch.Tensor) -> np.ndarray:
    """Round every operand of a product to the nearest TF32."""

    def tf32(values: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(rounded_to(values.numpy(), "tf32"))

    network, h = rounded_weights(network, "tf32"), x
    for k in range(network.depth):
        a = torch.relu(torch.addmm(network.c[k], tf32(h), network.U[k].T))
        h = h + torch.addmm(network.e[k], tf32(a), network.V[k].T)
    return network.read(tf32(h)).numpy()


@pytest.mark.parametrize("stored", STORED)
def test_only_the_truth_is_solved_however_the_predictions_were_stored(made: Made, stored: str) -> None:
    puzzle = from_elsewhere(made, rounded_to(made.puzzle.data["predictions"], stored))
    assert puzzle.manifest.spec.get("predictions_stored", "float32") == stored
    right = scored(puzzle, made.sealed.answer)
    assert right.solved
    assert (stored == "float32") == (right.reason == "")
    for block in range(len(made.puzzle.manifest.facts["roles"]["incoming"]) - 1):  # type: ignore[index, call-overload, arg-type]  # a dict
        wrong = scored(puzzle, swapped(made, block))
        assert not wrong.solved
        assert "import with --precision" in wrong.reason or wrong.metrics["mse_ratio"] > 1e-3


@pytest.mark.parametrize("computed", ["tf32", "bfloat16", "float16"])
def test_predictions_of_a_lower_arithmetic_are_solved_by_likelihood_if_declared(made: Made, computed: str) -> None:
    network, x = true_network(made), torch.from_numpy(np.array(made.puzzle.data["inputs"]))
    kind = HALF.get(computed)
    predictions = in_tf32(network, x) if kind is None else network.to(kind)(x.to(kind)).float().numpy()
    declared = from_elsewhere(made, predictions, computed)
    right = scored(declared, made.sealed.answer)
    assert right.solved
    name = "TF32" if computed == "tf32" else computed
    assert f"predictions were computed in {name}" in right.reason
    assert "best order by likelihood" in right.reason
    for block in range(3):
        assert not scored(declared, swapped(made, block)).solved
    missed = scored(from_elsewhere(made, predictions), made.sealed.answer)
    assert not missed.solved
    assert "import with --precision tf32, bfloat16 or float16" in missed.reason
    assert ("times the assembly's float32 rounding" in missed.reason) == (computed == "tf32")


@pytest.mark.parametrize("computed", ["bfloat16", "float16"])
def test_rounded_weights_alone_give_a_certificate_up_to_float32_rounding(made: Made, computed: str) -> None:
    x = torch.from_numpy(np.array(made.puzzle.data["inputs"]))
    puzzle = from_elsewhere(made, rounded_weights(true_network(made), computed)(x).numpy(), computed)
    right = scored(puzzle, made.sealed.answer)
    assert right.solved
    assert "fit to the rounding of float32" in right.reason
    assert not scored(puzzle, swapped(made, 1)).solved


def test_a_table_printed_with_few_digits_throughout_is_solved_by_likelihood(made: Made) -> None:
    data = made.puzzle.data
    puzzle = from_elsewhere(
        made, rounded_to(data["predictions"], "4 digits"), inputs=rounded_to(data["inputs"], "4 digits")
    )
    assert puzzle.manifest.spec["inputs_stored"] == "4 digits"
    right = scored(puzzle, made.sealed.answer)
    assert right.solved
    assert "stored as 4 significant digits, inputs as 4 significant digits: best order by likelihood" in right.reason
    assert not scored(puzzle, swapped(made, 1)).solved
    # Inputs that were coarse before the network saw them leave the certificate exact.
    coarse = rounded_to(data["inputs"], "1 decimals")
    exact = true_network(made)(torch.from_numpy(coarse)).numpy()
    same = scored(from_elsewhere(made, rounded_to(exact, "6 digits"), inputs=coarse), made.sealed.answer)
    assert same.solved
    assert "fit to the rounding of 6 digits" in same.reason


def test_a_wrong_precision_certifies_nothing(made: Made) -> None:
    network, x = true_network(made), torch.from_numpy(np.array(made.puzzle.data["inputs"]))
    predictions = network.to(torch.bfloat16)(x.bfloat16()).float().numpy()
    found = scored(from_elsewhere(made, predictions, "tf32"), made.sealed.answer)
    assert not found.solved
    assert "which explains an MSE of" in found.reason


def test_predictions_with_a_large_mean_certify_nothing_and_say_so(made: Made) -> None:
    predictions = made.puzzle.data["predictions"] + np.float32(1e6)
    pieces = dict(made.puzzle.pieces)
    head: Any = made.puzzle.manifest.facts["roles"]
    pieces[f"{head['head']}.bias"] = pieces[f"{head['head']}.bias"] + np.float32(1e6)
    for precision in (None, "tf32", "float16"):
        base = from_elsewhere(made, predictions, precision)
        shifted = make_puzzle(
            family="reassembly",
            name="p",
            spec=base.manifest.spec,
            facts=base.manifest.facts,
            generator="test",
            pieces=pieces,
            data=base.data,
        )
        assert any(text.startswith("the data cannot certify any order") for text in remarks(shifted))
        found = scored(shifted, made.sealed.answer)
        assert not found.solved
        assert found.reason


def test_an_ordinary_puzzle_has_neither_remarks_nor_reasons(made: Made) -> None:
    puzzle = from_elsewhere(made, made.puzzle.data["predictions"])
    assert remarks(puzzle) == ()
    assert undecidable(view_puzzle(puzzle)) == ""
    assert scored(puzzle, made.sealed.answer).reason == ""
    assert score(view_puzzle(made.puzzle), Answer(made.sealed.answer), made.sealed).reason == ""


def test_explained_errors_and_verdicts_repeat(made: Made) -> None:
    data, degradation = made.puzzle.data, Degradation(predictions_computed="tf32")
    network = rounded_weights(true_network(made), "tf32")
    x = torch.from_numpy(np.array(data["inputs"]))
    y = torch.from_numpy(in_tf32(true_network(made), x))
    errors = [explained_error(network, x, y, degradation, np.random.default_rng(s)) for s in (0, 0, 1)]
    assert errors[0] == errors[1]
    assert errors[0] == pytest.approx(errors[2], rel=0.3)
    assert decide(network, x, y, degradation, np.random.default_rng(0)) == decide(
        network, x, y, degradation, np.random.default_rng(0)
    )
