"""Read and write the table of the published layout, `historical_data.csv`.

    measurement_0 ... measurement_<d-1>, pred, true

with pred_0 ... and true_0 ... where the network has several outputs. Reading trusts nothing:
pandas by itself renames a column that is there twice, takes surplus fields for row names,
and reads truth values as numbers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from generator.errors import LayoutError, StorageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["read_table", "write_table"]

EXACT_DECIMALS = "%.9g"
"""Nine significant digits restore every float32 exactly, also when they are read through float64."""


def read_table(path: Path) -> dict[str, np.ndarray]:
    """Read inputs, predictions and labels, each rows x columns in float32.

    Raises:
        StorageError: if the file is missing or cannot be read.
        LayoutError: if a column is missing, unknown or there twice, or a cell is no finite number.
    """
    table = _read_rows(path)
    width = sum(re.fullmatch(r"measurement_\d+", str(column)) is not None for column in table.columns)
    outputs = _outputs(table, "pred") or [""]
    columns = {
        "inputs": [f"measurement_{i}" for i in range(width)] or ["measurement_0"],
        "predictions": [f"pred{end}" for end in outputs],
        "labels": [f"true{end}" for end in _outputs(table, "true") or [""]],
    }
    named = [column for group in columns.values() for column in group]
    for column in named:
        if column not in table.columns:
            raise LayoutError(f"{path} has no column {column!r}")
    extra = sorted(set(map(str, table.columns)) - set(named))
    if extra and (twice := extra[0].rpartition(".")[0]) in named:  # pandas renames the second one
        raise LayoutError(f"{path} has the column {twice!r} twice")
    if extra:
        raise LayoutError(f"{path} has an unknown column {extra[0]!r}")
    for column in named:
        _check_column(table[column], path)
    # Adding zero makes -0 a 0: a column of whole numbers would lose the sign when read again.
    return {part: table[group].to_numpy(np.float32) + np.float32(0) for part, group in columns.items()}


def _read_rows(path: Path) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, low_memory=False)
    except FileNotFoundError:
        raise StorageError(f"{path} is missing") from None
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror or error}") from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise LayoutError(f"{path} is no table ({' '.join(str(error).split())[:80]})") from None
    if table.empty:
        raise LayoutError(f"{path} has no rows")
    if not isinstance(table.index, pd.RangeIndex):  # pandas takes what is left over for row names
        raise LayoutError(f"{path}: the rows have more fields than the header")
    return table


def _outputs(table: pd.DataFrame, stem: str) -> list[str]:
    """List what follows the stem in its columns: `[""]` for one output, `["_0", "_1", ...]` for several."""
    if stem in table.columns:
        return [""]
    count = sum(re.fullmatch(rf"{stem}_\d+", str(column)) is not None for column in table.columns)
    return [f"_{i}" for i in range(count)]


def _check_column(column: pd.Series[Any], path: Path) -> None:
    if column.dtype == bool:
        raise LayoutError(f"{path}, column {column.name!r}: {column.iloc[0]} is no finite number")
    numbers = pd.to_numeric(column, errors="coerce")
    with np.errstate(over="ignore"):
        bad = ~np.isfinite(numbers.to_numpy(np.float32))
    if bad.any():
        row = int(bad.argmax())
        text = str(column.iloc[row])[:40]
        raise LayoutError(f"{path} line {row + 2}, column {column.name!r}: {text!r} is no finite number")


def write_table(data: Mapping[str, np.ndarray], path: Path) -> None:
    """Lay data out as the published table does.

    Raises:
        OSError: if the disk refuses.
    """

    def named(stem: str, array: np.ndarray) -> dict[str, np.ndarray]:
        if stem != "measurement" and array.shape[1] == 1:
            return {stem: array[:, 0]}
        return {f"{stem}_{i}": array[:, i] for i in range(array.shape[1])}

    # A public solver may insist on the column `true`, so it is there also where labels are unknown.
    labels = data.get("labels", data["predictions"])
    columns = named("measurement", data["inputs"]) | named("pred", data["predictions"]) | named("true", labels)
    pd.DataFrame(columns).to_csv(path, index=False, float_format=EXACT_DECIMALS)
