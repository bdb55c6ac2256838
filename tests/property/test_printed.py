"""Every permutation of the pieces is read back from every style of printing; the figures of a log are never read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from generator.errors import AnswerError
from generator.reassembly.layout.printing.reader import PermutationReader

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import JsonValue

Order = list[int]


def commas(order: Order) -> str:
    return ",".join(map(str, order))


def pairs(order: Order) -> list[tuple[int, int]]:
    return list(zip(order[0:-1:2], order[1:-1:2], strict=True))


def wrapped(order: Order) -> str:
    rows = [" ".join(map(str, order[start : start + 7])) for start in range(0, len(order), 7)]
    return "Best order:\n" + "\n".join(rows) + "\ndone in 3 s"


STYLES: dict[str, Callable[[Order], str]] = {
    "commas": commas,
    "list": str,
    "tuple": lambda order: str(tuple(order)),
    "remark": lambda order: f"Permutation: {commas(order)} (mse=0.0)",
    "full stop": lambda order: f"Answer: {order}.",
    "log": lambda order: f"2026-01-01 12:00:00 INFO solver: {commas(order)}",
    "level": lambda order: "[INFO] " + " ".join(map(str, order)),
    "one a line": lambda order: "Solution:\n" + "\n".join(map(str, order)),
    "wrapped": wrapped,
    "quoted": lambda order: ",".join(f'"{number}"' for number in order),
    "floats": lambda order: ", ".join(f"{number}.0" for number in order),
    "numpy": lambda order: repr(np.array(order)),
    "numpy floats": lambda order: str(np.array(order, dtype=float)),
    "torch": lambda order: str(torch.tensor(order)),
    "scalars": lambda order: str(list(np.array(order))),
    "pairs": lambda order: f"{pairs(order)}, {order[-1]}",
    "pair a line": lambda order: "\n".join(f"{first} {second}" for first, second in pairs(order)) + f"\n{order[-1]}",
    "pairs and last": lambda order: json.dumps({"pairs": pairs(order), "last": order[-1]}),
    "indented": lambda order: json.dumps({"pairs": pairs(order), "last": order[-1]}, indent=1),
    "last first": lambda order: json.dumps({"last": order[-1], "pairs": pairs(order)}),
    "indented list": lambda order: json.dumps({"loss": 0.5, "solution": order}, indent=2),
    "files": lambda order: "order: " + ", ".join(f"piece_{number}.pth" for number in order),
    "arrows": lambda order: " -> ".join(map(str, order)),
    "index from 1": lambda order: "\n".join(f"{position}: {number}" for position, number in enumerate(order, 1)),
    "named table": lambda order: "\n".join(f"{position}: piece_{number}" for position, number in enumerate(order)),
    "table file": lambda order: "position,piece\n" + "\n".join(f"{at},{number}" for at, number in enumerate(order)),
    "table of pieces": lambda order: "piece,position\n" + "\n".join(f"{x},{order.index(x)}" for x in sorted(order)),
}
LISTINGS = {"index from 1", "named table", "pair a line", "table file", "table of pieces"}
"""Styles in which the order of a folder's listing is refused."""


def heard(text: str, count: int) -> list[JsonValue]:
    """Read a text; gives every answer in it."""
    reader = PermutationReader(range(count))
    found = []
    for line in [*text.splitlines(), None]:
        try:
            found.append(reader.settle(ended=True) if line is None else reader(line))
        except AnswerError:
            continue
    return [answer for answer in found if answer is not None]


def is_listing(order: Order) -> bool:
    listings = (sorted(order), sorted(order, key=str))
    return order in listings or order[::-1] in listings


orders = st.integers(1, 30).flatmap(lambda blocks: st.permutations(list(range(2 * blocks + 1))))


@pytest.mark.parametrize("style", STYLES)
@settings(max_examples=25, deadline=None)
@given(order=orders)
@example(order=[1, 0, 2])
@example(order=[4, 0, 3, 1, 2])
def test_every_order_is_read_back_exactly(style: str, order: Order) -> None:
    found = heard(STYLES[style](order), len(order))
    if style in LISTINGS and is_listing(order):
        assert found in ([], [order])
    else:
        assert found
        assert all(answer == order for answer in found)


@pytest.mark.parametrize("style", STYLES)
@settings(max_examples=25, deadline=None)
@given(order=orders.filter(lambda order: len(order) > 3), data=st.data())
def test_an_order_with_a_wrong_piece_is_never_read(style: str, order: Order, data: st.DataObject) -> None:
    at, other = data.draw(st.permutations(range(len(order))))[:2]
    wrong = [*order]
    wrong[at] = wrong[other]
    if style != "table of pieces":  # which finds the position of each piece
        assert heard(STYLES[style](wrong), len(order)) == []


small = st.integers(0, 14)
figures = st.floats(0, 9, allow_nan=False).map(lambda value: f"{value:.3f}")
noise = st.one_of(
    st.builds("epoch {} loss {}".format, small, figures),
    st.builds("step {}/{}: mse={}, lr=0.001".format, small, small, figures),
    st.builds("[{}/{}] {} s".format, small, small, figures),
    st.builds("betas=(0.9, 0.999), shape torch.Size([{}, {}])".format, small, small),
    st.builds("  {}%|###   | {}/{} [00:01<00:02, {}it/s]".format, small, small, small, figures),
    st.builds("{}\t{}".format, small, figures),
    st.builds("{}: {}".format, small, figures),
    st.builds("axes ({}, {}, {})".format, small, small, small),
    st.builds("losses [{}, {}, {}]".format, figures, figures, figures),
    st.builds("seeds: {}, {}, {}, {}, {}".format, small, small, small, small, small),
    st.builds("loading pieces/piece_{}.pth".format, small),
    st.builds("took {} h {} min {} s".format, small, small, small),
    st.builds("2026-01-01 12:00:0{} INFO epoch {} {} {}".format, st.integers(0, 9), small, small, small),
    st.builds("Namespace(order={}, lr=0.1)".format, st.permutations(range(13))),
    st.builds("python solve.py --order {}".format, st.permutations(range(5)).map(commas)),
    st.builds("{{'epoch': {}, 'correct': {}}}".format, small, small),
    small.map(str),
    st.builds("{} {}".format, small, small),
    st.just(""),
    st.text(max_size=20).filter(lambda text: not any(char.isdecimal() for char in text)),
)


@settings(deadline=None)
@given(lines=st.lists(noise, max_size=40), count=st.sampled_from([3, 5, 13, 97]))
def test_the_figures_of_a_log_are_never_read(lines: list[str], count: int) -> None:
    assert heard("\n".join(["start", *lines, "end"]), count) == []


@settings(deadline=None)
@given(lines=st.lists(noise, max_size=20), order=orders.filter(lambda order: len(order) > 3))
def test_an_order_among_figures_is_read(lines: list[str], order: Order) -> None:
    text = "\n".join(["start", *lines, f"best order so far: {order}", *lines, "end"])
    assert heard(text, len(order)) == [order]


@settings(deadline=None)
@given(st.lists(st.text(alphabet="0123 ,[]().:-\n'xe", max_size=60), max_size=10))
def test_no_text_makes_the_reader_fail_or_answer_wrongly(lines: list[str]) -> None:
    for answer in heard("\n".join(lines), 3):
        assert isinstance(answer, list)
        assert sorted(map(int, map(str, answer))) == [0, 1, 2]
