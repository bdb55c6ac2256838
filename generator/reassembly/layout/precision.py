"""Measure how the numbers of a table are stored, and read `--precision`.

Values that were rounded lie on a grid: numbers of few digits, of few decimals, or of float16 or bfloat16. A full
float32 value lies on a grid by chance with the probability float32 spacing / grid spacing. The format is the grid that
holds every value and for which chance is least probable. If no such probability is below `CHANCE`, the format is
float32.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from generator.errors import LayoutError, SpecError
from generator.reassembly.network.number_formats import LARGEST_FLOAT16, on_grid, spacing
from generator.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue

__all__ = ["measured_format", "parse_precision", "with_precision"]

CHANCE = 1e-6
"""Largest probability that float32 values lie on a grid by chance for the grid to count as their format. A
larger value accepts more grids. Hand-set."""

FEWEST_VALUES = 5
"""Smallest number of distinct values whose format is measured; fewer values count as float32. Hand-set."""

GRIDS = ("float16", "bfloat16", *(f"{n} digits" for n in range(1, 8)), *(f"{n} decimals" for n in range(10)))
"""Formats that are tested. Eight significant digits are about as fine as float32, and nine restore every float32."""

SHORTEST_FLOAT16_DIGITS = "5 digits"
"""Digits that suffice to print every float16; numpy and pandas print the fewest digits that restore the float16."""

FORMATS = {
    "float32": "float32",
    "fp32": "float32",
    "float": "float32",
    "single": "float32",
    "float64": "float32",
    "fp64": "float32",
    "double": "float32",
    "float16": "float16",
    "fp16": "float16",
    "half": "float16",
    "bfloat16": "bfloat16",
    "bf16": "bfloat16",
    "tf32": "tf32",
    "tensorfloat32": "tf32",
}
"""Names of precisions that the command line takes; predictions in float64 are kept as float32."""

EXAMPLES = ("float32", "float16", "bfloat16", "tf32", "6 digits", "3 decimals")
"""Precisions that an error suggests."""

_COUNTED = re.compile(r"(\d{1,2})[ _-]?(?:significant |sig\.? )?(digit|decimal|figure)(?:s| places?)?")
_PRINTED = re.compile(r"%\.(\d{1,2})([gf])")


def parse_precision(text: str) -> str:
    """Read a precision as people write it: `float16`, `tf32`, `6 digits`, `3 decimals`, `%.6g`.

    Raises:
        SpecError: if the text names no precision.
    """
    typed = " ".join(text.lower().split())
    if typed in FORMATS:
        return FORMATS[typed]
    counted = _COUNTED.fullmatch(typed) or _PRINTED.fullmatch(typed)
    if counted is None:
        raise SpecError(f"no precision {text!r}{did_you_mean(typed, EXAMPLES)}")
    count, decimals = int(counted[1]), counted[2] in {"decimal", "f"}
    if not (0 if decimals else 1) <= count <= (9 if decimals else 17):
        raise SpecError(f"precision {text!r} is out of range; digits go from 1 to 17, decimals from 0 to 9")
    form = f"{count} {'decimals' if decimals else 'digits'}"
    return form if form in GRIDS else "float32"


def with_precision(
    data: Mapping[str, np.ndarray], declared: str | None
) -> tuple[dict[str, np.ndarray], dict[str, JsonValue]]:
    """Measure the precision of a table, or take the declared one.

    `float16`, `bfloat16` and `tf32` declare the network's arithmetic. Digits and decimals declare the storage of the
    predictions. `float32` declares that inputs and predictions are exact. Without a declaration the storage is measured
    and the arithmetic is assumed to be float32. The storage of the inputs counts only if the predictions were rounded
    too, since the network was usually run on the coarse inputs themselves.

    Returns:
        The data, and the fields that the spec of the puzzle holds; a precision of float32 has no field.

    Raises:
        SpecError: if the declaration names no precision.
        LayoutError: if a prediction has more digits or decimals than declared.
    """
    kept = dict(data)
    precision = None if declared is None else parse_precision(declared)
    if precision == "float32":
        return kept, {}
    fields: dict[str, JsonValue] = {}
    if precision is not None and " " in precision:
        _check_declared(kept["predictions"], precision)
        stored = precision
    else:
        stored, kept["predictions"] = measured_format(kept["predictions"])
        if precision is not None:
            fields["predictions_computed"] = precision
    if stored != "float32":
        fields["predictions_stored"] = stored
        inputs, kept["inputs"] = measured_format(kept["inputs"])
        fields |= {"inputs_stored": inputs} if inputs != "float32" else {}
    return kept, fields


def measured_format(values: np.ndarray) -> tuple[str, np.ndarray]:
    """Measure the format that float32 values were rounded to; few distinct values count as float32.

    Equal values and zeros are no evidence. Values printed as the shortest decimals of a float16 are replaced by that
    float16.

    Returns:
        The format, and the values.
    """
    distinct = np.unique(values[values != 0])
    if len(distinct) < FEWEST_VALUES:
        return "float32", values
    own = spacing(distinct, "float32")
    best, evidence, result = "float32", np.log(CHANCE), values
    for form in GRIDS:
        grid = spacing(distinct, form)
        chance = float(np.log(np.minimum(1.0, own / grid)).sum())
        if chance < evidence and on_grid(distinct, form).all():
            best, evidence = form, chance
    if best not in {"float16", "bfloat16"} and bool((np.abs(distinct) <= LARGEST_FLOAT16).all()):
        chance = float(np.log(np.minimum(1.0, own / spacing(distinct, "float16"))).sum())
        if chance < evidence and on_grid(distinct, SHORTEST_FLOAT16_DIGITS).all() and _shortest_float16(distinct):
            best, result = "float16", values.astype(np.float16).astype(np.float32)
    return best, result


def _shortest_float16(values: np.ndarray) -> bool:
    """Check whether every value is printed as numpy prints the nearest float16."""
    return all(np.float32(str(half)) == value for half, value in zip(values.astype(np.float16), values, strict=True))


def _check_declared(predictions: np.ndarray, precision: str) -> None:
    wrong = ~on_grid(predictions, precision)
    if wrong.any():
        row = int(np.argwhere(wrong)[0][0])
        value = predictions[wrong][0]
        raise LayoutError(
            f"prediction {value!s} of row {row + 1} has more than {precision}; leave --precision out to measure it"
        )
