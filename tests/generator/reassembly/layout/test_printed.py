"""Answers are found in what programs print, whatever their style."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch

from generator.errors import AnswerError
from generator.reassembly.layout.printed import PermutationReader

ORDER = [int(number) for number in np.random.default_rng(0).permutation(97)]
NUMPY = np.array(ORDER)


def read(text: str, numbers: Any = range(97)) -> list[Any]:
    """Read a text line by line; gives every answer in it."""
    reader = PermutationReader(numbers)
    return [found for found in map(reader, text.splitlines()) if found is not None]


@pytest.mark.parametrize(
    "text",
    [
        ",".join(map(str, ORDER)),
        ", ".join(map(str, ORDER)) + ",",
        " ".join(map(str, ORDER)),
        str(ORDER),
        str(tuple(ORDER)),
        str(NUMPY),
        repr(NUMPY),
        repr(NUMPY.astype(np.int32)),
        str(torch.tensor(ORDER)),
        str(list(NUMPY)),
        str([torch.tensor(number) for number in ORDER]),
        f"Solution: {ORDER}",
        "best order = " + ",".join(map(str, ORDER)),
        f"2026-01-31 12:30:05,123 INFO [main] best so far {ORDER} with mse 0.1",
        json.dumps({"loss": 0.5, "solution": ORDER}),
        json.dumps({"solution": ORDER}, indent=2),
        f"\x1b[32m{ORDER}\x1b[0m",
        f"{{'solution': {ORDER}, 'sizes': [48, 96]}}",
    ],
)
def test_every_style_is_read(text: str) -> None:
    assert read(text) == [ORDER]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "loss 0.3",
        "[1, 2, 3]",
        "shape (97, 48)",
        "[0.1, 0.2]",
        "nan",
        "{",
        "[" * 1000,
        "step 5: 3,1,2",
        "(((",
        "9" * 50,
    ],
)
def test_other_lines_are_passed_over(text: str) -> None:
    assert read(text) == []


def test_a_list_that_never_ends_does_not_swallow_what_follows() -> None:
    assert read(f"sizes [1, 2,\nreading\n{ORDER}") == [ORDER]
    assert read(f"sizes [1, 2,\n{ORDER}") == [ORDER]


def test_with_three_pieces_only_the_three_are_an_answer() -> None:
    assert read("[1, 2]\n1 2 3\n2 0 1\n[0, 1, 1]\n", range(3)) == [[2, 0, 1]]


def test_the_numbers_are_those_of_the_puzzle() -> None:
    assert read("3,9,5,7", (9, 7, 5, 3)) == [[3, 9, 5, 7]]


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ([number + 1 for number in ORDER], "numbered 0 to 96, from 1"),
        (ORDER[:-1], f"piece {ORDER[-1]} is missing"),
        ([*ORDER[:-1], ORDER[0]], f"piece {ORDER[0]} 2 times"),
        ([*ORDER[:-1], 97], "names 97"),
    ],
)
def test_what_is_nearly_an_answer_is_explained(values: list[int], complaint: str) -> None:
    with pytest.raises(AnswerError, match=complaint):
        read(str(values))


def test_a_line_with_two_answers_is_none() -> None:
    with pytest.raises(AnswerError, match="several"):
        read(json.dumps({"first": ORDER, "second": ORDER[::-1]}))
    assert read(json.dumps({"first": ORDER, "again": ORDER})) == [ORDER]
