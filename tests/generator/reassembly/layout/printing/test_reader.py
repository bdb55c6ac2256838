"""Answers are found in what programs print, whatever their style."""

from __future__ import annotations

import contextlib
import json
import time
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

from generator.errors import AnswerError
from generator.reassembly.layout.printing.reader import PermutationReader

ORDER = [int(number) for number in np.random.default_rng(0).permutation(97)]
NUMPY = np.array(ORDER)
COMMAS = ",".join(map(str, ORDER))
PAIRS = [(ORDER[at], ORDER[at + 1]) for at in range(0, 96, 2)]
SMALL = [2, 0, 1]


def read(text: str, numbers: Any = range(97)) -> list[Any]:
    """Read a text line by line; gives every answer in it, and raises the last reason if there is none."""
    reader = PermutationReader(numbers)
    found, faults = [], []
    steps = [partial(reader, line) for line in text.splitlines()]
    for step in [*steps, partial(reader.settle, ended=True)]:
        try:
            answer = step()
        except AnswerError as error:
            faults.append(error)
            continue
        found += [] if answer is None else [answer]
    if faults and not found:
        raise faults[-1]
    return found


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
        f"Permutation: {COMMAS} (mse=0.0)",
        f"Error: 0.0, order: {ORDER}",
        f"Error 0.0 --- Solution --- {ORDER}",
        f"----Best: {COMMAS}----",
        f"{ORDER}.",
        COMMAS + ".",
        f"2026-01-01 12:00:00 INFO solver: {COMMAS}",
        f"2026-01-01 12:00:00,123 - solver - INFO - {COMMAS}",
        "[INFO] " + " ".join(map(str, ORDER)),
        "\n".join(map(str, ORDER)),
        "order\n" + "\n\n".join(map(str, ORDER)) + "\nbye",
        "\n".join(" ".join(map(str, ORDER[start : start + 20])) for start in range(0, 97, 20)),
        "\n".join(",".join(map(str, ORDER[start : start + 9])) + "," for start in range(0, 97, 9)),
        ",".join(f'"{number}"' for number in ORDER),
        ", ".join(f"{number}.0" for number in ORDER),
        str(NUMPY.astype(float)),
        repr(torch.tensor(ORDER, dtype=torch.float32)),
        f"{PAIRS}, {ORDER[-1]}",
        "\n".join(f"{first} {second}" for first, second in PAIRS) + f"\n{ORDER[-1]}",
        "\n".join(f"({first}, {second})," for first, second in PAIRS) + f"\n{ORDER[-1]}",
        json.dumps({"pairs": PAIRS, "last": ORDER[-1]}),
        json.dumps({"last": ORDER[-1], "pairs": PAIRS}),
        json.dumps({"pairs": PAIRS, "last": ORDER[-1]}, indent=2),
        json.dumps({"order": ORDER, "loss": 0.0}, indent=2),
        f"Pairs: {PAIRS}\nlast piece: {ORDER[-1]}",
        ", ".join(f"piece_{number}.pth" for number in ORDER),
        "\n".join(f"pieces/piece_{number}.pth" for number in ORDER),
        str([f"piece_{number}" for number in ORDER]),
        " -> ".join(map(str, ORDER)),
        " → ".join(map(str, ORDER)),
        "piece\n" + "\n".join(map(str, ORDER)),
        "\n".join(f"{position}: {number}" for position, number in enumerate(ORDER, 1)),
        "\n".join(f"{position}: piece_{number}.pth" for position, number in enumerate(ORDER)),
        "\n".join(f"position {position} -> {number}" for position, number in enumerate(ORDER)),
        "position,piece\n" + "\n".join(f"{position},{number}" for position, number in enumerate(ORDER)),
        "piece,position\n" + "\n".join(f"{number},{ORDER.index(number)}" for number in range(97)),
        "| step | piece |\n|---|---|\n" + "\n".join(f"| {step} | {number} |" for step, number in enumerate(ORDER)),
        json.dumps({str(position): number for position, number in enumerate(ORDER, 1)}),
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
        "0: 10",
        "took 1 h 2 min 3 s",
        str(["solve.py", "--init", COMMAS]),
        "\n".join(map(str, [5, 9, 5])),
        "epoch 3 loss 0.5\n" * 97,
    ],
)
def test_lines_without_an_answer_are_skipped(text: str) -> None:
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
        ([number + 1 for number in ORDER], "line 1 holds 97 numbers from 1 to 97; the files count from 0"),
        (ORDER[:-1], f"line 1 holds only 96 of the 97 pieces; piece {ORDER[-1]} is missing"),
        ([*ORDER, ORDER[3]], f"line 1 holds all 97 pieces, but piece {ORDER[3]} twice"),
        ([*ORDER[:-1], ORDER[0]], f"97 numbers, but piece {ORDER[0]} twice and piece {ORDER[-1]} never"),
        ([*ORDER[:-1], 97], "no piece is number 97; the pieces are 0 to 96"),
        ([*ORDER[:-1], -1], "no piece is number -1"),
        ([number for number in ORDER if number < 48], "48 numbers; an order of blocks is no answer"),
        ([number for number in ORDER if 0 < number <= 48], "48 numbers; an order of blocks is no answer"),
    ],
)
def test_a_list_that_is_nearly_an_answer_is_explained(values: list[int], complaint: str) -> None:
    with pytest.raises(AnswerError, match=complaint):
        read(str(values))
    if len(values) <= 97:  # the first 97 of more lines are an answer
        with pytest.raises(AnswerError, match=complaint.replace("line 1 holds", f"lines 2 to {len(values) + 1} hold")):
            read("go\n" + "\n".join(map(str, values)))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (json.dumps({"first": ORDER, "second": ORDER[::-1]}), "line 1 holds 2 different permutations"),
        (f"old {ORDER} new {ORDER[::-1]}", "line 1 holds 2 different permutations"),
        ("\n".join(f"{position}: {number}" for position, number in enumerate(ORDER)), "lines 1 to 97 hold a table"),
        ("\n".join(f"{position} {number}" for position, number in enumerate(ORDER)), "either number may be the piece"),
        (str(dict(enumerate(ORDER))), "line 1 holds a table of 97 rows"),
        (" ".join(f"{number:e}" for number in ORDER), "scientific notation"),
        ("\n".join(f"{number:.18e}" for number in ORDER), "scientific notation"),
        (f"Namespace(order={ORDER}, lr=0.1)", "arguments"),
        (f"python solve.py --init {COMMAS}", "arguments"),
        (" ".join(map(str, [float(ORDER[0]), *ORDER[1:]])) + " 0.5 s", "decimals in some numbers only"),
        (f"ValueError: {ORDER} is bad", "error message"),
        (f"positions: {ORDER}", "as positions"),
        (f"worst order: {ORDER}", "as worst order"),
        (f"expected: {ORDER}", "as expected"),
        (f"loaded pieces {list(range(97))}", "order of a folder's listing"),
        (str(sorted(f"piece_{number}.pth" for number in ORDER)), "order of a folder's listing"),
        ("\n".join(map(str, range(97))), "order of a folder's listing"),
        ("\n".join(map(str, range(120))), "order of a folder's listing"),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused_with_the_reason(text: str, complaint: str) -> None:
    with pytest.raises(AnswerError, match=complaint):
        read(text)


def test_a_reason_that_weighs_more_is_kept() -> None:
    reader = PermutationReader(range(97))
    with pytest.raises(AnswerError, match="only 96"):
        reader(str(ORDER[:-1]))
    assert reader(str(list(range(48)))) is None


def test_a_line_with_the_same_answer_twice_is_read() -> None:
    assert read(json.dumps({"first": ORDER, "again": ORDER})) == [ORDER]


def test_a_table_that_is_its_own_inverse_is_read() -> None:
    swapped = [1, 0, *range(2, 97)]
    assert read("\n".join(f"{position}: {number}" for position, number in enumerate(swapped))) == [swapped]


def test_lists_that_follow_each_other_one_number_a_line_are_all_read() -> None:
    assert read("\n".join(map(str, [*ORDER, *ORDER[::-1], 7]))) == [ORDER, ORDER[::-1]]


def test_a_pause_settles_a_complete_list_and_keeps_an_incomplete_one() -> None:
    reader = PermutationReader(range(97))
    for number in ORDER[:-1]:
        assert reader(str(number)) is None
        assert reader.settle(ended=False) is None
    assert reader(str(ORDER[-1])) is None
    assert reader.settle(ended=False) == ORDER
    assert reader.settle(ended=True) is None


@pytest.mark.parametrize(
    "text",
    [
        "2 0 1",
        "[2. 0. 1.]",
        "Permutation: 2,0,1 (mse=0.0)",
        "mse 0.5 order: 2 0 1",
        "[INFO] 2 0 1",
        "2\n0\n1",
        "2 0\n1",
        "loss 0.1\nBest order:\n2\n0\n1\nbye",
        '{"pairs": [[2, 0]], "last": 1}',
    ],
)
def test_three_pieces_are_read_where_they_are_meant(text: str) -> None:
    assert read(text, range(3))[-1] == SMALL


@pytest.mark.parametrize(
    "text",
    [
        "axes (0, 2, 1)",
        "best loss (2, 0, 1)",
        "epoch 2 0 1",
        "epoch 2: 0, 1 of 1",
        "hello\n2\n0\n1",
        "2\n0\n1\nloss 0.5",
        "2\n0\n1\n1",
        "x\n1: 2\n2: 0\n3: 1\ny",
        "shape (2, 0)\noutput 1",
        "2 0.0 1",
        "12:02:00 1",
        "2/0/1",
        "2.0.1",
        "2%, 0%, 1%",
        "[0, 1, 2",
    ],
)
def test_three_pieces_are_not_read_among_other_figures(text: str) -> None:
    with contextlib.suppress(AnswerError):
        assert read(text, range(3)) == []


@pytest.mark.parametrize(
    "line",
    ["[" * (1 << 18), "(1" * (1 << 17), "1" * (1 << 18), "1." * (1 << 17), " " * (1 << 18) + "1x", "\x1b[" * (1 << 17)],
)
def test_a_long_line_is_read_in_linear_time(line: str) -> None:
    began = time.process_time()
    assert read(f"{line}\n\n{ORDER}") == [ORDER]
    assert time.process_time() - began < 20  # it takes under 1 s; quadratic reading would take hours


def test_an_open_bracket_does_not_gather_numbers_without_end() -> None:
    reader = PermutationReader(range(97))
    for _ in range(20_000):
        assert reader("[1, 2,") is None
    assert reader(str(ORDER)) == ORDER
