"""Answers in JSON are read from one line or several, and other lines are ignored."""

from __future__ import annotations

import json
from typing import Any

import pytest

from generator.errors import AnswerError
from generator.files.json_reader import JsonReader

ANSWER: dict[str, Any] = {"label": "pizza", "kinds": {"3": "pizza"}, "terms": [{"frequency": 3}, {"frequency": 4}]}


def check(value: dict[str, Any]) -> None:
    if value["label"] != "pizza":
        raise AnswerError("wrong label")


def reader() -> JsonReader:
    return JsonReader(lambda value: "label" in value, check)


@pytest.mark.parametrize("indent", [None, 0, 1, 4])
def test_an_answer_is_read_from_one_line_or_several(indent: int | None) -> None:
    read = reader()
    lines = ["starting {unfinished", "loss 0.1", *json.dumps(ANSWER, indent=indent).splitlines(), "done {}"]
    assert [value for value in map(read, lines) if value is not None] == [ANSWER]


def test_nested_objects_on_their_own_lines_do_not_end_an_answer() -> None:
    read = reader()
    lines = ['{"label": "pizza",', '"terms": [', '{"frequency": 3},', '{"frequency": 4}', "]}"]
    assert [value for value in map(read, lines) if value is not None] == [
        {"label": "pizza", "terms": [{"frequency": 3}, {"frequency": 4}]}
    ]


def test_other_objects_are_ignored_and_bad_answers_are_told() -> None:
    read = reader()
    assert read('{"step": 3}') is None
    with pytest.raises(AnswerError, match="wrong label"):
        read('{"label": "clock"}')
    with pytest.raises(AnswerError, match="the answer holds NaN"):
        read('{"label": NaN}')
