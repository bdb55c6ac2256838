"""Programs get the exact tensors, and their answers are read from one line or from several."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from generator.errors import AnswerError
from generator.modular.layout.foreign import answer_reader, write_foreign
from generator.modular.puzzle import view_puzzle
from generator.puzzle.answer import plain
from tests.generator.modular.made import a_puzzle, right_answer

if TYPE_CHECKING:
    from pathlib import Path


def test_tensors_and_questions_are_written(tmp_path: Path) -> None:
    made = a_puzzle()
    write_foreign(made.puzzle, tmp_path / "p")
    assert {path.name for path in (tmp_path / "p").iterdir()} == {"puzzle.json", "network.json"}
    tensors = json.loads((tmp_path / "p" / "network.json").read_text("utf-8"))
    assert tensors.keys() == made.puzzle.pieces.keys()
    for name, tensor in made.puzzle.pieces.items():
        np.testing.assert_array_equal(np.array(tensors[name], dtype=np.float32), tensor)
    known = json.loads((tmp_path / "p" / "puzzle.json").read_text("utf-8"))
    assert known["questions"] == list(view_puzzle(made.puzzle).questions)
    assert known["pairs"] == made.puzzle.data["pairs"].tolist()
    assert known["interventions"][2] == {"action": "delete companion", "rank": 1}
    assert (known["modulus"], known["container"], known["names"]) == (23, "mlp", "three")
    assert "kind" not in known


@pytest.mark.parametrize("indent", [None, 2])
def test_an_answer_is_read_and_checked(indent: int | None) -> None:
    made = a_puzzle()
    value = plain(right_answer(made))
    read = answer_reader(made.puzzle)
    lines = ['{"step": 1}', *json.dumps(value, indent=indent).splitlines(), "done"]
    assert [found for found in map(read, lines) if found is not None] == [value]
    with pytest.raises(AnswerError, match="did you mean hybrid"):
        read('{"label": "hybrit"}')
