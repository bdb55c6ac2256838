"""The precision of a table is measured or declared, and only a precision below float32 is recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import torch

from generator.errors import LayoutError, SpecError
from generator.puzzle.sealing import seal
from generator.reassembly.layout.janestreet import export_layout, import_layout, write_layout
from generator.reassembly.layout.precision import measured_format, parse_precision, with_precision
from generator.reassembly.layout.reading.folder import CSV
from generator.reassembly.puzzle import view_puzzle
from generator.reassembly.scoring.verdict import remarks

if TYPE_CHECKING:
    from pathlib import Path

    from generator.puzzle.content import Puzzle
    from generator.puzzle.sealing import Made

VALUES = np.random.default_rng(0).standard_normal((200, 2)).astype(np.float32)
INPUTS = np.random.default_rng(1).standard_normal((200, 3)).astype(np.float32)


def printed(values: np.ndarray, form: str) -> np.ndarray:
    """Print values and read them again, as a table does."""
    return np.array([float(form % value) for value in values.ravel()], np.float32).reshape(values.shape)


FORMS = [
    *(f"{n} digits" for n in range(2, 8)),
    *(f"{n} decimals" for n in range(1, 6)),
    "float16",
    "bfloat16",
    "float32",
]


def stored(values: np.ndarray, form: str) -> np.ndarray:
    """Round values by printf, numpy or torch."""
    count, _, unit = form.partition(" ")
    if unit:
        return printed(values, f"%.{count}g" if unit == "digits" else f"%.{count}f")
    kinds = {"float16": torch.float16, "bfloat16": torch.bfloat16, "float32": torch.float32}
    rounded: np.ndarray = torch.from_numpy(values).to(kinds[form]).float().numpy()
    return rounded


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("scale", [1.0, 1e-4, 300.0])
def test_every_format_is_measured(form: str, scale: float) -> None:
    values = stored(VALUES if "decimals" in form else VALUES * np.float32(scale), form)
    found, kept = measured_format(values)
    assert found == form
    assert np.array_equal(kept, values)


def test_numbers_of_fixed_width_are_digits_or_decimals_by_what_explains_them() -> None:
    wide = np.concatenate([VALUES, VALUES / 100])
    assert measured_format(printed(wide, "%.5g"))[0] == "5 digits"
    assert measured_format(printed(wide, "%.5f"))[0] == "5 decimals"
    assert measured_format(printed(wide, "%.8g"))[0] == "float32"
    assert measured_format(printed(wide, "%.9g"))[0] == "float32"


def test_the_shortest_decimals_of_float16_are_read_as_that_float16() -> None:
    halves = VALUES.astype(np.float16)
    texts = np.array([float(str(half)) for half in halves.ravel()], np.float32).reshape(VALUES.shape)
    assert not np.array_equal(texts, halves.astype(np.float32))
    found, kept = measured_format(texts)
    assert found == "float16"
    assert np.array_equal(kept, halves.astype(np.float32))
    four = printed(VALUES, "%.4g")
    assert measured_format(four)[0] == "4 digits"


@pytest.mark.parametrize(
    "values", [np.full((9, 1), 0.5), np.zeros((9, 1)), np.array([[0.25], [0.5], [1.5]]), np.zeros((0, 1))]
)
def test_few_or_constant_values_are_no_evidence(values: np.ndarray) -> None:
    assert measured_format(values.astype(np.float32))[0] == "float32"


def test_values_beyond_float16_are_none() -> None:
    assert measured_format(np.arange(70_000.0, 71_000.0, 64.0).astype(np.float32)[:, None])[0] != "float16"


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("float32", "float32"),
        ("FP32", "float32"),
        ("double", "float32"),
        ("half", "float16"),
        ("bf16", "bfloat16"),
        (" TF32 ", "tf32"),
        ("6 digits", "6 digits"),
        ("6digits", "6 digits"),
        ("6-digits", "6 digits"),
        ("1 digit", "1 digits"),
        ("6 significant digits", "6 digits"),
        ("6 significant figures", "6 digits"),
        ("%.6g", "6 digits"),
        ("9 digits", "float32"),
        ("%.17g", "float32"),
        ("3 decimals", "3 decimals"),
        ("3 decimal places", "3 decimals"),
        ("%.3f", "3 decimals"),
        ("0 decimals", "0 decimals"),
    ],
)
def test_precisions_are_read_as_people_write_them(text: str, form: str) -> None:
    assert parse_precision(text) == form


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("flaot16", "no precision 'flaot16'; did you mean"),
        ("", "no precision ''; known: 3 decimals, 6 digits, bfloat16"),
        ("6", "no precision '6'"),
        ("0 digits", "digits go from 1 to 17, decimals from 0 to 9"),
        ("12 decimals", "digits go from 1 to 17, decimals from 0 to 9"),
    ],
)
def test_what_is_no_precision_gets_one_line(text: str, message: str) -> None:
    with pytest.raises(SpecError, match=message) as caught:
        parse_precision(text)
    assert "\n" not in str(caught.value)


def test_only_what_is_coarse_is_recorded() -> None:
    coarse = {"inputs": INPUTS, "predictions": stored(VALUES, "6 digits")}
    both = {"inputs": printed(INPUTS, "%.6g"), "predictions": stored(VALUES, "6 digits")}
    plain = {"inputs": printed(INPUTS, "%.2f"), "predictions": VALUES}
    assert with_precision(coarse, None)[1] == {"predictions_stored": "6 digits"}
    assert with_precision(both, None)[1] == {"predictions_stored": "6 digits", "inputs_stored": "6 digits"}
    assert with_precision(plain, None)[1] == {}  # such inputs are what the network was given
    assert with_precision(both, "float32")[1] == {}
    assert with_precision(coarse, "tf32")[1] == {"predictions_computed": "tf32", "predictions_stored": "6 digits"}
    assert with_precision(plain, "bf16")[1] == {"predictions_computed": "bfloat16"}
    assert with_precision(coarse, "7 digits")[1] == {"predictions_stored": "7 digits"}
    with pytest.raises(LayoutError, match="has more than 5 digits; leave --precision out"):
        with_precision(coarse, "5 digits")
    with pytest.raises(LayoutError, match="of row 1 has more than 3 decimals"):
        with_precision(plain, "3 decimals")


def an_exported_table(folder: Path, form: str | None) -> Made:
    """Export a random puzzle, and print its predictions anew."""
    rng = np.random.default_rng(0)
    pieces = {"0.weight": (4, 3), "1.weight": (3, 4), "2.weight": (2, 3)}
    made = seal(
        family="reassembly",
        name="p",
        seed=1,
        answer=[0, 1, 2],
        pieces={name: rng.standard_normal(shape, np.float32) for name, shape in pieces.items()},
        data={"inputs": INPUTS, "predictions": VALUES, "labels": VALUES},
        facts={"roles": {"incoming": [0], "outgoing": [1], "head": 2}},
    )
    export_layout(made.puzzle, folder)
    if form is not None:
        table = pd.read_csv(folder / CSV)
        for column in ("pred_0", "pred_1"):
            table[column] = [form % value for value in table[column]]
        table.to_csv(folder / CSV, index=False)
    return made


def imported(folder: Path, **options: Any) -> Puzzle:
    return import_layout(folder, name="p", **options)


def test_a_float32_table_gives_the_puzzle_that_it_always_gave(tmp_path: Path) -> None:
    made = an_exported_table(tmp_path / "layout", None)
    back = imported(tmp_path / "layout")
    assert back.manifest.spec == {"activation": "relu"}
    assert np.array_equal(back.data["predictions"], made.puzzle.data["predictions"])  # nine digits are exact
    assert imported(tmp_path / "layout", precision="float32").digest == back.digest
    assert remarks(back) == ()


@pytest.mark.parametrize(
    ("form", "stored", "words"),
    [("%.6g", "6 digits", "6 significant digits"), ("%.3f", "3 decimals", "3 decimals"), ("%.2e", "3 digits", "3 sig")],
)
def test_the_manifest_says_how_a_table_was_printed(tmp_path: Path, form: str, stored: str, words: str) -> None:
    an_exported_table(tmp_path / "layout", form)
    puzzle = imported(tmp_path / "layout")
    assert puzzle.manifest.spec == {"activation": "relu", "predictions_stored": stored}
    assert view_puzzle(puzzle).degradation.label == stored
    assert f"stored as {words}" in remarks(puzzle)[0]
    export_layout(puzzle, tmp_path / "again")
    assert imported(tmp_path / "again").digest == puzzle.digest


def test_the_arithmetic_is_declared_and_the_weights_are_rounded_as_it_does(tmp_path: Path) -> None:
    made = an_exported_table(tmp_path / "layout", None)
    puzzle = imported(tmp_path / "layout", precision="bfloat16")
    assert puzzle.manifest.spec["predictions_computed"] == "bfloat16"
    assert puzzle.manifest.tensors == made.puzzle.manifest.tensors  # the pieces stay as they were
    weights = view_puzzle(puzzle).network.U[0]
    assert torch.equal(weights, torch.from_numpy(made.puzzle.pieces["0.weight"]).bfloat16().float())
    assert "computed in bfloat16" in remarks(puzzle)[0]
    assert write_layout(puzzle, tmp_path / "again") == (
        "the layout does not name the precision: import it with --precision bfloat16",
    )


def test_an_import_remarks_on_predictions_that_cannot_certify(tmp_path: Path) -> None:
    an_exported_table(tmp_path / "layout", None)
    table = pd.read_csv(tmp_path / "layout" / CSV)
    for column in ("pred_0", "pred_1"):
        table[column] = 1e6 + 1e-3 * table[column]
    table.to_csv(tmp_path / "layout" / CSV, index=False)
    (found,) = remarks(imported(tmp_path / "layout"))
    assert found.startswith("the data cannot certify any order: the predictions vary by")
