"""Files that an external program gets, and the format of its answers.

    puzzle.json   public settings and tolerance: inputs, outputs, hidden_layers, activation, precision, ...
    inputs.csv    passive puzzles: a header x1,...,xd, then one line per row of the table
    outputs.csv   passive puzzles: a header y1,...,yo, then one line per row of the table

A program queries the oracle by lines of JSON, see docs/solvers.md. The program prints its answer as JSON,
`{"layers": [{"weight": [[...], ...], "bias": [...]}, ...]}`, on one line or on several. The last answer counts.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from generator.files.json_reader import JsonReader
from generator.puzzle.storage import writing_folder
from generator.recovery.puzzle import network_of, view_puzzle

if TYPE_CHECKING:
    from pathlib import Path

    from generator.puzzle.content import Puzzle

__all__ = ["network_reader", "write_foreign"]

EXACT = "%.17g"
"""Number format of the tables. Seventeen significant digits restore every float64 exactly."""


def write_foreign(puzzle: Puzzle, folder: Path) -> None:
    """Write the working folder of an external program, completely or not at all.

    Raises:
        PuzzleError: if the puzzle is damaged.
        StorageError: if the folder exists or cannot be written.
    """
    view = view_puzzle(puzzle)
    with writing_folder(folder) as scratch:
        known = {**view.public.model_dump(mode="json"), "tolerance": view.tolerance}
        (scratch / "puzzle.json").write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
        if view.table is not None:
            for name, letter, array in (("inputs", "x", view.table.inputs), ("outputs", "y", view.table.outputs)):
                header = ",".join(f"{letter}{number}" for number in range(1, array.shape[1] + 1))
                np.savetxt(scratch / f"{name}.csv", array, fmt=EXACT, delimiter=",", header=header, comments="")


def network_reader(puzzle: Puzzle) -> JsonReader:
    """Make a reader for the output of a program that solves this puzzle: an object with layers is an answer.

    Raises:
        PuzzleError: if the puzzle is damaged.
    """
    view = view_puzzle(puzzle)
    return JsonReader(lambda value: "layers" in value, lambda value: network_of(view, value))
