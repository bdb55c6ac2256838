"""Find inputs, predictions and labels among the columns of a table, also under other common names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from generator.errors import LayoutError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

__all__ = ["find_columns", "without_surplus"]

STEMS: dict[str, tuple[str, ...]] = {
    "inputs": ("measurement", "input", "inputs", "feature", "features", "x", "f", "in"),
    "predictions": ("pred", "preds", "prediction", "predictions", "predicted", "y_pred", "ypred", "output", "outputs"),
    "labels": ("true", "label", "labels", "target", "targets", "y", "y_true", "ytrue", "truth"),
}
"""Names of the columns of each part, without number; the first is the published one."""

INDEX = ("", "index", "id", "idx", "row", "row_id", "sample", "unnamed: 0")
"""Names of a column that only counts the rows; pandas writes one without a name."""

Groups = dict[str, list[str]]


def without_surplus(table: pd.DataFrame, remark: Callable[[str], None]) -> pd.DataFrame:
    """Drop parts without data: empty columns without a name, empty rows at the end, a first column that counts rows.

    Workbooks saved as CSV end with empty columns and rows; data frames begin with their index.

    Args:
        table: as it was read.
        remark: is called with each part that is dropped.
    """
    filled = table.notna().to_numpy()
    named = [bool(name) or bool(filled[:, i].any()) for i, name in enumerate(table.columns)]
    if not all(named):
        remark(f"{named.count(False)} empty columns of the table without a name were left out")
    last = np.flatnonzero(filled.any(axis=1))
    rows = int(last[-1]) + 1 if last.size else len(table)
    if rows < len(table):
        remark(f"{len(table) - rows} empty rows at the end of the table were left out")
    table = table.loc[:, named].head(rows)
    if table.empty or not _counts_rows(table):
        return table
    name = str(table.columns[0])
    called = repr(name) if name else "which has no name"
    remark(f"the table's first column, {called}, counts the rows and was left out")
    return table.iloc[:, 1:]


def _counts_rows(table: pd.DataFrame) -> bool:
    column = pd.to_numeric(table.iloc[:, 0], errors="coerce")
    if str(table.columns[0]).lower() not in INDEX or not column.is_unique or column.isna().any():
        return False
    return bool((column == column.round()).all())


def find_columns(names: Sequence[str], path: Path, remark: Callable[[str], None]) -> Groups:
    """Sort the names of columns into inputs, predictions and labels, each in the order of its numbers.

    Args:
        names: as in the header.
        path: of the table, for errors.
        remark: is called if columns have other names than the published ones, or labels are absent.

    Raises:
        LayoutError: naming a column that is missing, unknown or given under two names.
    """
    numbered: dict[str, dict[int | None, str]] = {part: {} for part in STEMS}
    for name in names:
        part, number = _read_name(name)
        if part is None:
            wanted = "measurement_0, ..., measurement_<d-1>, pred, true"
            raise LayoutError(f"{path} has an unknown column {name[:40]!r}; expected {wanted}")
        if number in numbered[part]:
            raise LayoutError(f"{path} has columns {numbered[part][number]!r} and {name!r} for the same {part}")
        numbered[part][number] = name
    groups = {part: _in_order(part, found, path) for part, found in numbered.items()}
    if not groups["labels"]:
        del groups["labels"]
        remark("the table has no column 'true' (labels); no solver needs it")
    renamed = [f"{_span(found)} as {part}" for part, found in groups.items() if not _published(part, found)]
    if renamed:
        remark(f"the table's columns were read by other names: {', '.join(renamed)}")
    return groups


def _read_name(name: str) -> tuple[str | None, int | None]:
    match = re.fullmatch(r"(.*?)(?:[_ .-]?\[?([0-9]{1,9})\]?)?", name.strip().lower(), re.DOTALL)
    stem = match[1] if match else ""
    number = int(match[2]) if match and match[2] else None
    if not stem and number is not None:  # a data frame without names numbers its columns
        return "inputs", number
    return next((part for part, stems in STEMS.items() if stem in stems), None), number


def _in_order(part: str, found: Mapping[int | None, str], path: Path) -> list[str]:
    """List the columns of a part by their numbers, which count without a gap from 0 or from 1."""
    stem = STEMS[part][0]
    wanted = f"{stem}_0" if part == "inputs" else stem
    if not found and part == "labels":
        return []
    if not found:
        why = "" if part == "inputs" else "; no order of the pieces can be checked without the network's predictions"
        raise LayoutError(f"{path} has no column {wanted!r}{why}")
    if None in found:
        if len(found) > 1 or part == "inputs":
            other = next((name for number, name in found.items() if number is not None), wanted)
            raise LayoutError(f"{path} has a column {found[None]!r} beside {other!r}; number all {part} from 0")
        return [found[None]]
    numbers = sorted(number for number in found if number is not None)
    first = 1 if numbers[0] == 1 and not _is_published_stem(part, found.values()) else 0
    for expected, number in enumerate(numbers, first):
        if expected != number:
            example = f"{re.sub('[0-9]+', '', found[number])}{expected}"
            raise LayoutError(f"{path} has no column {example!r}, but {found[number]!r}")
    return [found[number] for number in numbers]


def _is_published_stem(part: str, names: object) -> bool:
    return all(name.startswith(f"{STEMS[part][0]}_") for name in names)  # type: ignore[attr-defined]


def _published(part: str, names: Sequence[str]) -> bool:
    stem = STEMS[part][0]
    return list(names) in ([f"{stem}_{i}" for i in range(len(names))], [stem])


def _span(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} ... {names[-1]}"
