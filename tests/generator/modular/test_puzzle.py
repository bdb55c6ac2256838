"""The view of a puzzle, and one clear error for each fault of an answer."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from generator.errors import AnswerError, PuzzleError
from generator.modular.network.model import accuracy
from generator.modular.puzzle import check_answer, view_puzzle
from generator.modular.questions import INTERVENTIONS, PAIRS, correct_logits, intervene
from generator.modular.relabelling import in_residues, without_offset
from generator.modular.sealed import truth_of
from generator.puzzle.answer import Answer, plain
from tests.generator.modular.made import a_puzzle, right_answer


def test_the_network_adds_in_the_true_residues_and_not_in_the_symbols() -> None:
    made = a_puzzle()
    network = view_puzzle(made.puzzle).network
    assert accuracy(in_residues(network, truth_of(made.sealed).relabelling).logits()) == 1
    assert accuracy(network.logits()) < 0.3


def test_public_names_are_the_residues() -> None:
    view = view_puzzle(a_puzzle(names="public").puzzle)
    assert view.names is not None
    assert accuracy(view.network.logits()) == 1
    assert "relabelling" not in view.questions


def test_outcomes_can_be_computed_from_the_public_weights_and_the_truth() -> None:
    made = a_puzzle()
    view, truth = view_puzzle(made.puzzle), truth_of(made.sealed)
    network = without_offset(in_residues(view.network, truth.relabelling))
    names = truth.relabelling
    pairs = torch.stack(
        [torch.from_numpy(names.first)[view.pairs[:, 0]], torch.from_numpy(names.second)[view.pairs[:, 1]]], dim=1
    )
    checked = 0
    for one, outcome in zip(view.interventions, truth.outcomes, strict=True):
        if outcome is not None:
            changed = intervene(network, one.action, truth.circles[one.rank - 1].frequency)
            np.testing.assert_allclose(correct_logits(changed, pairs).numpy(), outcome, atol=1e-9)
            checked += 1
    assert checked >= 3


def test_a_withheld_unembedding_is_not_in_the_puzzle() -> None:
    made = a_puzzle(withhold_unembedding=True)
    assert not any(name.startswith("unembed") for name in made.puzzle.pieces)
    view = view_puzzle(made.puzzle)
    assert view.network.logits().shape == (23, 23, 80)
    assert view.interventions == ()
    assert len(view.pairs) == 0


def test_the_right_answer_has_the_right_form() -> None:
    made = a_puzzle()
    check_answer(view_puzzle(made.puzzle), Answer(plain(right_answer(made))))


def a_view() -> Any:
    return view_puzzle(a_puzzle().puzzle)


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ([], "is not an object"),
        ({}, "is empty; this puzzle asks for label, frequencies"),
        ({"labels": "pizza"}, "an entry 'labels', which this puzzle does not ask for; did you mean label"),
        ({"label": "Pizza"}, "label is 'Pizza'; did you mean pizza"),
        ({"label": 3}, "label is 3; known: clock, hybrid, other, pizza"),
        ({"frequencies": 3}, "frequencies is not a list"),
        ({"frequencies": [0]}, "frequencies holds 0; a frequency is a whole number from 1 to 11"),
        ({"frequencies": [12]}, "k and 23 - k are the same circle"),
        ({"frequencies": [1.0]}, r"frequencies holds 1\.0"),
        ({"frequencies": [True]}, "frequencies holds True"),
        ({"frequencies": [2, 2]}, "frequencies holds a frequency twice"),
        ({"companions": [[1]]}, r"companions holds \[1\]"),
        ({"kinds": ["pizza"]}, "kinds is not an object"),
        ({"kinds": {"3": "pizza"}}, "kinds holds '3', which is not in frequencies"),
        ({"frequencies": [3], "kinds": {"3": "clocks"}}, "kind of 3 is 'clocks'; did you mean clock"),
        ({"frequencies": [3], "kinds": {"03": "clock"}}, "kinds holds '03'"),
        ({"relabelling": [0, 1]}, "relabelling is not an object with the entries first, second, out"),
        ({"relabelling": {"first": [], "second": []}}, "with the entries first, second, out"),
        ({"interventions": {}}, "interventions has no list; expected one list, or null, for each of 6"),
        ({"interventions": [None]}, "interventions has 1 entries"),
        ({"interventions": [[0.0]] * 6}, "intervention 1 has 1 values; expected one for each of 128"),
        ({"interventions": [None] * 5 + [["x"] * 128]}, "intervention 6 holds 'x'"),
        ({"interventions": [None] * 5 + [[1e10] * 128]}, "at most 1e[+]09 in size"),
        ({"explanation": {}}, "explanation is not a list"),
        ({"explanation": [3]}, "term 1 of the explanation is not an object with a frequency"),
        ({"explanation": [{"frequency": 3}]}, "term 1 of the explanation has the frequency 3, which is not in"),
        ({"frequencies": [3], "explanation": [{"frequency": [3]}]}, "has the frequency"),
        ({"frequencies": [3], "explanation": [{"frequency": 3, "clocks": 1}]}, "'clocks'; did you mean clock"),
        ({"frequencies": [3], "explanation": [{"frequency": 3, "clock": "1"}]}, "explanation holds '1'"),
        ({"frequencies": [3], "explanation": [{"frequency": 3}] * 2}, "two terms of one frequency"),
    ],
)
def test_each_fault_gets_one_clear_error(value: Any, fault: str) -> None:
    with pytest.raises(AnswerError, match=fault):
        check_answer(a_view(), Answer(value))


@pytest.mark.parametrize("part", ["first", "second", "out"])
@pytest.mark.parametrize("change", [lambda r: r[:-1], lambda r: [*r[:-1], r[0]], lambda r: [*r[:-1], 99], lambda _: 1])
def test_a_relabelling_holds_each_residue_once(part: str, change: Any) -> None:
    residues: Any = {name: list(range(23)) for name in ("first", "second", "out")}
    residues[part] = change(residues[part])
    with pytest.raises(AnswerError, match=rf"relabelling\.{part} does not hold each residue from 0 to 22 once"):
        check_answer(a_view(), Answer({"relabelling": residues}))


def test_what_a_puzzle_does_not_ask_for_is_refused() -> None:
    public = view_puzzle(a_puzzle(names="public").puzzle)
    with pytest.raises(AnswerError, match="'relabelling', which this puzzle does not ask for"):
        check_answer(public, Answer({"relabelling": {}}))
    withheld = view_puzzle(a_puzzle(withhold_unembedding=True).puzzle)
    with pytest.raises(AnswerError, match="'label', which this puzzle does not ask for"):
        check_answer(withheld, Answer({"label": "pizza"}))
    with pytest.raises(AnswerError, match=r"with the entries first, second$"):
        check_answer(withheld, Answer({"relabelling": {"first": [], "second": [], "out": []}}))


def test_entries_that_are_not_asked_for_are_left_out_by_the_helper() -> None:
    view = view_puzzle(a_puzzle(withhold_unembedding=True).puzzle)
    assert view.answer(label="pizza", frequencies=[3], kinds={3: "pizza"}) == {"frequencies": [3]}
    assert a_view().answer(frequencies=[3], kinds={3: "pizza"}) == {"frequencies": [3], "kinds": {"3": "pizza"}}


def test_a_damaged_puzzle_is_told() -> None:
    puzzle = a_puzzle().puzzle
    for change, fault in (
        ({"data": {}}, "the data hold nothing"),
        ({"data": {"pairs": np.zeros((3, 3), dtype=np.int64)}}, "pairs are not n x 2 symbols"),
        ({"data": {"pairs": np.full((3, 2), 23)}}, "from 0 to 22"),
        ({"pieces": {}}, "is missing"),
    ):
        with pytest.raises(PuzzleError, match=fault):
            view_puzzle(replace(puzzle, **change))
    manifest = puzzle.manifest.model_copy(update={"spec": {**puzzle.manifest.spec, "modulus": 3}})
    with pytest.raises(PuzzleError, match="modulus"):
        view_puzzle(replace(puzzle, manifest=manifest))


def test_a_damaged_answer_is_told() -> None:
    made = a_puzzle()
    value: Any = copy.deepcopy(made.sealed.answer)
    value["label"] = None
    with pytest.raises(PuzzleError, match="label"):
        truth_of(made.sealed.model_copy(update={"answer": value}))


def test_interventions_do_not_depend_on_the_network() -> None:
    assert a_view().interventions == INTERVENTIONS
    assert a_view().pairs.shape == (PAIRS, 2)
