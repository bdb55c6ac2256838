"""Files that an external program gets, and the format of its answers.

    puzzle.json   public settings and tolerance: inputs, outputs, hidden_layers, activation, precision, ...
    inputs.csv    passive puzzles: a header x1,...,xd, then one line per row of the table
    outputs.csv   passive puzzles: a header y1,...,yo, then one line per row of the table

A program queries the oracle by lines of JSON, see docs/solvers.md. The program prints its answer as JSON,
`{"layers": [{"weight": [[...], ...], "bias": [...]}, ...]}`, on one line or on several. The last answer counts.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from generator.errors import AnswerError
from generator.puzzle.storage import writing_folder
from generator.recovery.puzzle import network_of, view_puzzle

if TYPE_CHECKING:
    from pathlib import Path
    from typing import NoReturn

    from pydantic import JsonValue

    from generator.puzzle.content import Puzzle
    from generator.recovery.puzzle import RecoveryPuzzle

__all__ = ["NetworkReader", "network_reader", "write_foreign"]

EXACT = "%.17g"
"""Number format of the tables. Seventeen significant digits restore every float64 exactly."""
MOST_TEXT = 1 << 28
"""Most characters of an answer over several lines; a longer answer is dropped. A larger value takes more memory.
Hand-set.
"""


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


def network_reader(puzzle: Puzzle) -> NetworkReader:
    """Make a reader for the output of a program that solves this puzzle.

    Raises:
        PuzzleError: if the puzzle is damaged.
    """
    return NetworkReader(view_puzzle(puzzle))


class NetworkReader:
    """Reads the output of a program line by line, and keeps the lines of a JSON object until it is complete.

    Args:
        view: the puzzle, which answers must fit.
    """

    def __init__(self, view: RecoveryPuzzle) -> None:
        self._view = view
        self._open: list[str] = []
        self._depth = 0

    def __call__(self, line: str) -> JsonValue:
        """Read one line.

        Returns:
            The answer that the line completes; None if it completes none.

        Raises:
            AnswerError: if the line completes an object with layers that does not fit the puzzle.
        """
        text = line.strip()
        whole = _object(text)
        if whole is not None and "layers" in whole:
            self._forget()
            return self._checked(whole)
        if self._depth or (whole is None and text.startswith("{")):
            return self._continue(text)
        return None

    def _continue(self, text: str) -> JsonValue:
        """Add a line to the open object, and read the object if it is complete."""
        self._open.append(text)
        self._depth += text.count("{") - text.count("}")  # no string in an answer contains a brace
        if self._depth > 0 and sum(map(len, self._open)) <= MOST_TEXT:
            return None
        whole = _object("\n".join(self._open)) if self._depth <= 0 else None
        self._forget()
        return self._checked(whole) if whole is not None and "layers" in whole else None

    def _forget(self) -> None:
        self._open, self._depth = [], 0

    def _checked(self, value: dict[str, Any]) -> JsonValue:
        network_of(self._view, value)
        return value


def _object(text: str) -> dict[str, Any] | None:
    """Parse a JSON object; return None for any other text."""
    if not (text.startswith("{") and text.endswith("}")):
        return None
    try:
        value = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _refuse(constant: str) -> NoReturn:
    raise AnswerError(f"the answer contains {constant}; weights and biases must be finite numbers")
