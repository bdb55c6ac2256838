"""Read and write the table of the published layout, `historical_data.csv`.

    measurement_0 ... measurement_<d-1>, pred, true

with pred_0 ... and true_0 ... where the network has several outputs. Labels (`true`) may be absent when a table
is read. The reader checks what pandas accepts without an error: pandas renames a duplicate column, turns surplus
fields into row names, and reads truth values as numbers.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from generator.errors import LayoutError
from generator.reassembly.layout.reading.columns import find_columns, without_surplus
from generator.reassembly.layout.reading.rows import read_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

__all__ = ["read_table", "write_table"]

EXACT_DECIMALS = "%.9g"
"""Nine significant digits restore every float32 exactly, also when they are read through float64."""


def read_table(path: Path, *, remark: Callable[[str], None] = lambda _: None) -> dict[str, np.ndarray]:
    """Read inputs, predictions and, where the table has them, labels, each rows x columns in float32.

    Args:
        path: the table.
        remark: is called with each deviation from the published table that was read nevertheless.

    Raises:
        StorageError: if the file is missing or cannot be read.
        LayoutError: if it is no table; if a column is missing, unknown or duplicate; if a cell is no finite number.
    """
    table = without_surplus(read_rows(path, remark), remark)
    columns = find_columns([str(name) for name in table.columns], path, remark)
    if "labels" in columns and table[columns["labels"]].isna().all(axis=None):
        remark(f"the labels ({', '.join(columns['labels'])}) are empty and were left out; no solver needs them")
        del columns["labels"]
    _check_ends(table, path)
    for name in itertools.chain.from_iterable(columns.values()):
        _check_column(table[name], path)
    if len(table) < len(columns["inputs"]):
        remark(
            f"the table has {len(table)} rows for {len(columns['inputs'])} inputs; several orders may fit so few rows"
        )
    # Adding zero turns -0 into 0, because a column of whole numbers loses the sign when it is read again.
    return {part: table[group].to_numpy(np.float32) + np.float32(0) for part, group in columns.items()}


def _check_ends(table: pd.DataFrame, path: Path) -> None:
    """Refuse a last row that ends early: the file was cut off."""
    empty = table.iloc[-1].isna().to_numpy()
    filled = len(empty) - int(empty[::-1].argmin())
    if 0 < filled < len(empty) and len(table) > 1 and not table.iloc[-2].isna().to_numpy()[filled:].any():
        raise LayoutError(
            f"{path} ends in line {len(table) + 1} after {filled} of {len(empty)} columns; "
            "the file was cut off, so fetch it again"
        )


def _check_column(column: pd.Series[Any], path: Path) -> None:
    if column.dtype == bool:
        raise LayoutError(f"{path}, column {column.name!r}: {column.iloc[0]} is no finite number")
    numbers = pd.to_numeric(column, errors="coerce")
    with np.errstate(over="ignore"):
        bad = ~np.isfinite(numbers.to_numpy(np.float32))
    if bad.any():
        row = int(bad.argmax())
        if pd.isna(column.iloc[row]):
            raise LayoutError(f"{path} line {row + 2}, column {column.name!r} is empty; expected a number")
        text = str(column.iloc[row])[:40]
        raise LayoutError(f"{path} line {row + 2}, column {column.name!r}: {text!r} is no finite number")


def write_table(data: Mapping[str, np.ndarray], path: Path) -> None:
    """Lay data out as the published table does.

    Raises:
        OSError: if the file cannot be written.
    """

    def named(stem: str, array: np.ndarray) -> dict[str, np.ndarray]:
        if stem != "measurement" and array.shape[1] == 1:
            return {stem: array[:, 0]}
        return {f"{stem}_{i}": array[:, i] for i in range(array.shape[1])}

    # A public solver may need the column `true`, so it is written even if labels are unknown.
    labels = data.get("labels", data["predictions"])
    columns = named("measurement", data["inputs"]) | named("pred", data["predictions"]) | named("true", labels)
    pd.DataFrame(columns).to_csv(path, index=False, float_format=EXACT_DECIMALS)
