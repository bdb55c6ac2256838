"""Scores do not depend on what the pieces are called, and equivalence is what it should be."""

from __future__ import annotations

import itertools
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.puzzle.answer import Answer
from generator.puzzle.sealing import Made, seal
from generator.reassembly.making.generate import generate
from generator.reassembly.puzzle import view_puzzle
from generator.reassembly.scoring.score import normal_form, score
from generator.reassembly.spec import ReassemblySpec

DEPTH = 4
COUNT = 2 * DEPTH + 1


@cache
def a_puzzle() -> Made:
    spec = ReassemblySpec.model_validate(
        {"depth": DEPTH, "width": 4, "hidden": 5, "rows": 60, "steps": 30, "batch": 20}
    )
    return generate(spec, name="p", seed=9)


def relabelled(made: Made, names: tuple[int, ...]) -> Made:
    """Call piece i `names[i]`."""
    pieces = {}
    for name, array in made.puzzle.pieces.items():
        number, _, kind = name.partition(".")
        pieces[f"{names[int(number)]}.{kind}"] = array
    roles: Any = made.puzzle.manifest.facts["roles"]
    answer: Any = made.sealed.answer
    facts: Any = {
        "roles": {
            "incoming": sorted(names[i] for i in roles["incoming"]),
            "outgoing": sorted(names[i] for i in roles["outgoing"]),
            "head": names[roles["head"]],
        }
    }
    return seal(
        family="reassembly",
        name="q",
        seed=1,
        answer=[names[i] for i in answer],
        pieces=pieces,
        data=made.puzzle.data,
        facts=facts,
    )


@given(
    names=st.permutations(range(COUNT)),
    incoming=st.permutations(range(DEPTH)),
    outgoing=st.permutations(range(DEPTH)),
)
@settings(max_examples=60, deadline=None)
def test_metrics_do_not_depend_on_the_numbers_of_the_pieces(
    names: list[int], incoming: list[int], outgoing: list[int]
) -> None:
    made = a_puzzle()
    right: Any = made.sealed.answer
    pieces = [right[place] for i, j in zip(incoming, outgoing, strict=True) for place in (2 * i, 2 * j + 1)] + [
        right[-1]
    ]
    other = relabelled(made, tuple(names))
    one = score(view_puzzle(made.puzzle), Answer(pieces), made.sealed)
    two = score(view_puzzle(other.puzzle), Answer([names[piece] for piece in pieces]), other.sealed)
    assert one.solved == two.solved == (incoming == outgoing == list(range(DEPTH)))
    assert one.metrics == pytest.approx(two.metrics)
    assert one.metrics["pairing_accuracy"] == np.mean([a == b for a, b in zip(incoming, outgoing, strict=True)])


PAIRS = list(itertools.combinations(range(5), 2))


def reachable(start: tuple[int, ...], passing: set[frozenset[int]]) -> set[tuple[int, ...]]:
    """Find every order that exchanges of interchangeable neighbours can reach."""
    found, waiting = {start}, [start]
    while waiting:
        order = waiting.pop()
        for t in range(len(order) - 1):
            if frozenset(order[t : t + 2]) in passing:
                other = (*order[:t], order[t + 1], order[t], *order[t + 2 :])
                if other not in found:
                    found.add(other)
                    waiting.append(other)
    return found


@given(passing=st.sets(st.sampled_from(PAIRS)), start=st.permutations(range(5)))
@settings(max_examples=60, deadline=None)
def test_orders_share_a_normal_form_if_and_only_if_they_are_equivalent(
    passing: set[tuple[int, int]], start: list[int]
) -> None:
    pairs = {frozenset(pair) for pair in passing}
    equivalent = reachable(tuple(start), pairs)
    form = normal_form([(block, block) for block in start], pairs)
    assert tuple(block for block, _ in form) in equivalent
    for order in itertools.permutations(range(5)):
        other = normal_form([(block, block) for block in order], pairs)
        assert (other == form) == (order in equivalent)
