"""Files for programs that solve puzzles on modular addition, and the format of their answers.

    puzzle.json    modulus, container, activation, names, ..., questions, interventions, pairs, labels and kinds
    network.json   the tensors of the network as nested lists, see `generator.modular.layout.tensors`

A program with an oracle queries it by lines of JSON. It prints its answer as JSON, see `generator.modular.answers`, on
one line or on several; the last answer counts.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from generator.files.json_reader import JsonReader
from generator.modular.answers import read_answer
from generator.modular.puzzle import view_puzzle
from generator.modular.questions import KINDS, LABELS, QUESTIONS
from generator.puzzle.storage import writing_folder

if TYPE_CHECKING:
    from pathlib import Path

    from generator.puzzle.content import Puzzle

__all__ = ["answer_reader", "write_foreign"]


def write_foreign(puzzle: Puzzle, folder: Path) -> None:
    """Write the working folder of a program, completely or not at all.

    Raises:
        PuzzleError: if the puzzle is damaged.
        StorageError: if the folder exists or cannot be written.
    """
    view = view_puzzle(puzzle)
    known = {
        **view.public.model_dump(mode="json"),
        "questions": view.questions,
        "labels": LABELS,
        "kinds": KINDS,
        "interventions": [asdict(one) for one in view.interventions],
        "pairs": view.pairs.tolist(),
    }
    tensors = {name: tensor.tolist() for name, tensor in puzzle.pieces.items()}
    with writing_folder(folder) as scratch:
        (scratch / "puzzle.json").write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
        (scratch / "network.json").write_text(json.dumps(tensors) + "\n", encoding="utf-8")


def answer_reader(puzzle: Puzzle) -> JsonReader:
    """Make a reader for the output of a program: an object that answers a question is an answer."""
    public = view_puzzle(puzzle).public
    return JsonReader(lambda value: not value.keys().isdisjoint(QUESTIONS), lambda value: read_answer(public, value))
