"""Columns are found by other common names; indices are left out; labels may be absent, predictions may not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from generator.errors import LayoutError
from generator.reassembly.layout.janestreet import export_layout
from generator.reassembly.layout.reading.columns import find_columns
from generator.reassembly.puzzle import view_puzzle

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.generator.reassembly.layout.reading.conftest import Read, Refused

NAME = "historical_data.csv"
EXACT = "%.9g"


def change(layout: Path, edit: Callable[[pd.DataFrame], pd.DataFrame], *, index: bool = False, label: str = "") -> None:
    table = edit(pd.read_csv(layout / NAME))
    table.to_csv(layout / NAME, index=index, index_label=label or None, float_format=EXACT)


@pytest.mark.parametrize(
    ("inputs", "prediction", "label", "remark"),
    [
        ("x{}", "y_pred", "y_true", "x0 ... x3 as inputs, y_pred as predictions, y_true as labels"),
        (
            "feature_{}",
            "output",
            "target",
            "feature_0 ... feature_3 as inputs, output as predictions, target as labels",
        ),
        (
            "Measurement_{}",
            "Pred",
            "True",
            "Measurement_0 ... Measurement_3 as inputs, Pred as predictions, True as labels",
        ),
        ("input[{}]", "pred", "true", "input[0] ... input[3] as inputs"),
        ("measurement{}", "pred", "true", "measurement0 ... measurement3 as inputs"),
        ("{}", "prediction", "y", "0 ... 3 as inputs, prediction as predictions, y as labels"),
    ],
)
def test_other_names_are_read_with_a_remark(
    layout: Path, digest: str, read: Read, inputs: str, prediction: str, label: str, remark: str
) -> None:
    names = [*(inputs.format(i) for i in range(4)), prediction, label]
    change(layout, lambda table: table.set_axis(names, axis=1))
    puzzle, remarks = read(layout)
    assert puzzle.digest == digest
    assert remarks == [f"the table's columns were read by other names: {remark}"]


def test_inputs_may_be_numbered_from_one(layout: Path, digest: str, read: Read) -> None:
    change(layout, lambda table: table.set_axis(["x1", "x2", "x3", "x4", "pred", "true"], axis=1))
    puzzle, remarks = read(layout)
    assert puzzle.digest == digest
    assert remarks == ["the table's columns were read by other names: x1 ... x4 as inputs"]


@pytest.mark.parametrize("label", ["", "index", "id", "Unnamed: 0"])
def test_an_index_is_left_out(layout: Path, digest: str, read: Read, label: str) -> None:
    change(layout, lambda table: table.set_index(table.index[::-1] + 3), index=True, label=label)
    puzzle, remarks = read(layout)
    assert puzzle.digest == digest
    called = repr(label) if label else "which has no name"
    assert remarks == [f"the table's first column, {called}, counts the rows and was left out"]


def test_empty_columns_and_rows_of_a_workbook_are_left_out(layout: Path, digest: str, read: Read) -> None:
    head, *rows = (layout / NAME).read_text(encoding="utf-8").splitlines()
    lines = [f"{row},," for row in (head, *rows)] + [",,,,,,,"] * 3
    (layout / NAME).write_text("\n".join(lines), encoding="utf-8")
    puzzle, remarks = read(layout)
    assert puzzle.digest == digest
    assert remarks == [
        "2 empty columns of the table without a name were left out",
        "3 empty rows at the end of the table were left out",
    ]


def test_an_empty_row_among_others_is_an_error(layout: Path, refused: Refused) -> None:
    head, *rows = (layout / NAME).read_text(encoding="utf-8").splitlines()
    (layout / NAME).write_text("\n".join([head, rows[0], ",,,,,", *rows[1:]]), encoding="utf-8")
    assert "line 3, column 'measurement_0' is empty" in refused(layout)


def test_a_first_column_that_does_not_count_is_unknown(layout: Path, refused: Refused) -> None:
    change(layout, lambda table: table.set_index(table["pred"].rename("id")), index=True)
    assert "has an unknown column 'id'; expected measurement_0" in refused(layout)


@pytest.mark.parametrize("edit", [lambda table: table.drop(columns="true"), lambda table: table.assign(true="")])
def test_labels_are_not_needed(
    layout: Path, read: Read, tmp_path: Path, edit: Callable[[pd.DataFrame], pd.DataFrame]
) -> None:
    change(layout, edit)
    puzzle, remarks = read(layout)
    assert len(remarks) == 1
    assert "true" in remarks[0]
    assert "no solver needs" in remarks[0]
    assert set(puzzle.data) == {"inputs", "predictions"}
    assert view_puzzle(puzzle).labels is None
    export_layout(puzzle, tmp_path / "again")  # programs may insist on the column
    assert pd.read_csv(tmp_path / "again" / NAME)["true"].equals(pd.read_csv(layout / NAME)["pred"])


def test_a_label_that_is_missing_in_one_row_is_an_error(layout: Path, refused: Refused) -> None:
    change(layout, lambda table: table.assign(true=["", *table["true"][1:]]))
    assert "line 2, column 'true' is empty; expected a number" in refused(layout)


def test_predictions_are_needed(layout: Path, refused: Refused) -> None:
    change(layout, lambda table: table.drop(columns="pred"))
    assert "has no column 'pred'; no order of the pieces can be checked without" in refused(layout)


def test_few_rows_are_remarked(layout: Path, read: Read) -> None:
    change(layout, lambda table: table.head(3))
    assert read(layout)[1] == ["the table has 3 rows for 4 inputs; several orders may fit so few rows"]


def test_a_table_that_was_cut_off_says_where(layout: Path, refused: Refused) -> None:
    text = (layout / NAME).read_text(encoding="utf-8")
    head, *rows = text.splitlines()
    cut = ",".join(rows[3].split(",")[:2])
    (layout / NAME).write_text("\n".join([head, *rows[:3], cut]), encoding="utf-8")
    assert "ends in line 5 after 2 of 6 columns; the file was cut off, so fetch it again" in refused(layout)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["measurement_0", "pred", "prediction"], "has columns 'pred' and 'prediction' for the same predictions"),
        (["measurement_0", "x0", "pred"], "has columns 'measurement_0' and 'x0' for the same inputs"),
        (["measurement_0", "pred", "pred_0"], "has a column 'pred' beside 'pred_0'; number all predictions from 0"),
        (["measurement", "pred"], "has a column 'measurement' beside 'measurement_0'; number all inputs from 0"),
        (["measurement_0", "measurement_2", "pred"], "has no column 'measurement_1', but 'measurement_2'"),
        (["measurement_1", "measurement_2", "pred"], "has no column 'measurement_0', but 'measurement_1'"),
        (["x2", "x3", "pred"], "has no column 'x0', but 'x2'"),
        (["measurement_0", "pred_1", "pred_2", "split"], "has an unknown column 'split'"),
        (["pred"], "has no column 'measurement_0'"),
    ],
)
def test_names_that_do_not_fit_are_named(names: list[str], message: str) -> None:
    with pytest.raises(LayoutError) as caught:
        find_columns(names, Path("t.csv"), lambda _: None)
    assert message in str(caught.value)


def test_several_outputs_in_any_order() -> None:
    names = ["true_1", "pred_1", "measurement_10", *(f"measurement_{i}" for i in range(10)), "pred_0", "true_0"]
    remarks: list[str] = []
    assert find_columns(names, Path("t.csv"), remarks.append) == {
        "inputs": [f"measurement_{i}" for i in range(11)],
        "predictions": ["pred_0", "pred_1"],
        "labels": ["true_0", "true_1"],
    }
    assert remarks == []
