"""Programs get exact numbers, and their answers are read from one line or from several."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from generator.errors import AnswerError
from generator.recovery.layout.foreign import network_reader, write_foreign
from generator.recovery.making.generate import generate
from generator.recovery.puzzle import view_puzzle
from generator.recovery.sealed import truth_of
from generator.recovery.spec import RecoverySpec

if TYPE_CHECKING:
    from pathlib import Path

    from generator.puzzle.sealing import Made


def a_puzzle(**recipe: Any) -> Made:
    spec = RecoverySpec.model_validate({"inputs": 2, "hidden": (3,), "outputs": 2, "rows": 40, **recipe})
    return generate(spec, name="p", seed=1)


def true_answer(made: Made) -> dict[str, Any]:
    return view_puzzle(made.puzzle).answer(truth_of(made.sealed).network)


def test_a_table_is_written_to_the_last_bit(tmp_path: Path) -> None:
    made = a_puzzle(mode="passive")
    write_foreign(made.puzzle, tmp_path / "p")
    for name, header in (("inputs", "x1,x2"), ("outputs", "y1,y2")):
        path = tmp_path / "p" / f"{name}.csv"
        assert path.read_text("utf-8").splitlines()[0] == header
        np.testing.assert_array_equal(np.loadtxt(path, delimiter=",", skiprows=1), made.puzzle.data[name])


def test_what_is_known_is_written_and_the_widths_are_not(tmp_path: Path) -> None:
    made = a_puzzle(activation="relu", budget=77)
    write_foreign(made.puzzle, tmp_path / "p")
    assert [path.name for path in (tmp_path / "p").iterdir()] == ["puzzle.json"]
    known = json.loads((tmp_path / "p" / "puzzle.json").read_text("utf-8"))
    expected = {"inputs": 2, "outputs": 2, "hidden_layers": 1, "activation": "relu", "mode": "active", "budget": 77}
    assert known.items() >= {**expected, "box": 10.0, "tolerance": 1e-6}.items()
    assert "hidden" not in known


@pytest.mark.parametrize("indent", [None, 0, 1, 4])
def test_an_answer_is_read_from_one_line_or_several(indent: int | None) -> None:
    made = a_puzzle()
    answer, read = true_answer(made), network_reader(made.puzzle)
    lines = ["starting {unfinished", "loss 0.1", *json.dumps(answer, indent=indent).splitlines(), "done {}"]
    found = [value for value in map(read, lines) if value is not None]
    assert found == [answer]


def test_later_answers_are_read_too_and_other_objects_are_not_answers() -> None:
    made = a_puzzle()
    answer, read = true_answer(made), network_reader(made.puzzle)
    line = json.dumps(answer)
    assert [read(text) is not None for text in (line, '{"step": 3}', "{", line, line)] == [
        True,
        False,
        False,
        True,
        True,
    ]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"layers": []}, "0 layers; the network has 2"),
        ({"layers": [{"weight": [[1.0, 2.0]], "bias": [0.0]}] * 2}, "the last layer has 1 outputs"),
        ({"extra": 1}, "unknown entry 'extra'"),
        ({"activation": "relu"}, "the puzzle's is 'tanh'"),
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_an_invalid_answer_is_refused(change: dict[str, Any], fault: str, indent: int | None) -> None:
    made = a_puzzle()
    read = network_reader(made.puzzle)
    *first, last = json.dumps({**true_answer(made), **change}, indent=indent).splitlines()
    assert [value for value in map(read, first) if value is not None] == []
    with pytest.raises(AnswerError, match=fault):
        read(last)


def test_numbers_that_are_not_finite_are_refused() -> None:
    read = network_reader(a_puzzle().puzzle)
    with pytest.raises(AnswerError, match="NaN"):
        read('{"layers": [{"weight": [[NaN, 1.0]], "bias": [0.0]}]}')
