"""Files for programs that solve recovery puzzles, and the format of their answers.

    puzzle.json   what is known of the network: inputs, outputs, hidden layers, activation, precision, ..., tolerance
    inputs.csv    passive puzzles: a header x1,...,xd, and a row of numbers per input
    outputs.csv   passive puzzles: a header y1,...,yo, and a row of numbers per output

A program with an oracle queries it by lines of JSON, see docs/solvers.md. It prints its answer as JSON,
`{"layers": [{"weight": [[...], ...], "bias": [...]}, ...]}`, on one line or on several; the last answer counts.
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
"""Seventeen significant digits restore every float64 exactly."""
MOST_TEXT = 1 << 28
"""Most characters of an answer over several lines. Longer texts are dropped. Hand-set."""


def write_foreign(puzzle: Puzzle, folder: Path) -> None:
    """Write the working folder of a program, completely or not at all.

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
    """Make a reader for the output of a program that was given this puzzle."""
    return NetworkReader(view_puzzle(puzzle))


class NetworkReader:
    """Reads output line by line; keeps the lines of an object that has not ended.

    Args:
        view: the puzzle, which answers must fit.
    """

    def __init__(self, view: RecoveryPuzzle) -> None:
        self._view = view
        self._open: list[str] = []
        self._depth = 0

    def __call__(self, line: str) -> JsonValue:
        """Read one line. Returns the answer that the line completes, or None.

        Raises:
            AnswerError: if an object with layers is no network that fits the puzzle.
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
        """Add a line to the open object, and read the object if it has ended."""
        self._open.append(text)
        self._depth += text.count("{") - text.count("}")  # no text of an answer holds a brace
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
    """Read a JSON object; None for any other text."""
    if not (text.startswith("{") and text.endswith("}")):
        return None
    try:
        value = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _refuse(constant: str) -> NoReturn:
    raise AnswerError(f"the answer holds {constant}")
