"""The measures of several networks over their steps, in a table and a picture."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from generator.errors import PuzzleError
from generator.family.pictures import Shown
from generator.modular.puzzle import view_puzzle
from leaderboard.modular.measures import measure_lines, number, record_of
from leaderboard.modular.series import draw_series, row, steps_of
from tests.generator.modular.made import a_puzzle


def shown(name: str, *, names: str = "three", sealed: bool = True) -> Shown:
    made = a_puzzle(names=names)
    return Shown(name, view_puzzle(made.puzzle), made.sealed if sealed else None)


def sealed_record() -> dict[str, Any]:
    record = a_puzzle().sealed.notes["measures"]
    assert isinstance(record, dict)
    return record


def test_steps_are_the_last_numbers_of_the_names() -> None:
    assert steps_of(["run1-step-200", "run1-step-40"]) == [200, 40]
    assert steps_of(["a", "b3"]) == [0, 1]


def test_a_row_tells_accuracy_label_and_variation() -> None:
    told = row(shown("a"))
    assert (told["right"], told["label"]) == ("100.00%", "hybrid")
    first = sealed_record()["frequencies"][0]
    assert told["frequencies, CV alone"].startswith(f"{first['frequency']}: {first['iso_cv']:.3f} {first['kind']}, ")
    assert row(shown("a", sealed=False)) == {"label": "not known"}


def test_measures_of_public_names_need_no_answer() -> None:
    one = shown("a", names="public", sealed=False)
    record = record_of(one.view, one.sealed)
    assert record is not None
    assert record["label"] == "hybrid"


def test_every_measure_is_told() -> None:
    record = sealed_record()
    told = dict(measure_lines(record))
    said = "; ".join(told.values())
    numbers = [value for value in record.values() if isinstance(value, float)]
    numbers += [value for one in record["frequencies"] for value in one.values() if isinstance(value, float)]
    numbers += [value for value in record["neurons"].values() if isinstance(value, float)]
    assert len(numbers) > 30
    assert all(number(value) in said for value in numbers)
    assert measure_lines(None) == []
    assert number({"a_b": None, "c": [1, 2.0]}) == "a b: undefined, c: 1, 2.000"


def test_the_picture_draws_the_measures_over_the_steps() -> None:
    figure = draw_series([shown("step-400"), shown("step-50")], "run")
    accuracy, scores, amplitudes, variations = figure.axes
    assert np.array_equal(accuracy.lines[0].get_xdata(), [50, 400])
    assert len(scores.lines) == 5
    assert len(amplitudes.lines) == 3  # one per circle
    assert len(variations.lines) == 5  # and the two references
    with pytest.raises(PuzzleError, match="the measures of step-50 are secret; give its sealed answer"):
        draw_series([shown("step-400"), shown("step-50", sealed=False)], "run")
