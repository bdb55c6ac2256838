"""Whole answers: the truth solves a puzzle under any equivalent names, and no single wrong entry does."""

from __future__ import annotations

import copy
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from generator.errors import AnswerError
from generator.family.oracle import Usage
from generator.modular.layout.tensors import network_of, tensors_of
from generator.modular.making.fold import folded
from generator.modular.making.scramble import scrambled
from generator.modular.puzzle import ModularPuzzle, view_puzzle
from generator.modular.questions import INTERVENTIONS, PAIRS
from generator.modular.record import FAMILY
from generator.modular.relabelling import Relabelling
from generator.modular.scoring.score import score
from generator.modular.sealed import Circle, ModularTruth, answer_of
from generator.modular.spec import PublicSpec
from generator.puzzle.answer import Answer, plain
from generator.puzzle.content import SealedAnswer
from tests.generator.modular.made import a_puzzle, right_answer
from tests.generator.modular.random_networks import random_mlp

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.family.metric import Score
    from generator.puzzle.sealing import Made

HYBRID: dict[str, Any] = {"circles": 4, "modulus": 31, "companions": 0.5, "pizza_share": 0.75}


def scored(made: Made, value: dict[str, Any], *, sealed: bool = True) -> Score:
    return score(view_puzzle(made.puzzle), Answer(plain(value)), made.sealed if sealed else None, Usage(queries=3))


@pytest.mark.parametrize("moved", [(1, 0, 0), (1, 5, 7), (3, 0, 0), (30, 2, 30), (11, 4, 9)])
def test_the_truth_is_solved_in_all_equivalent_names(moved: tuple[int, int, int]) -> None:
    made = a_puzzle(**HYBRID)
    found = scored(made, right_answer(made, *moved))
    assert found.solved, found.reason
    assert found.reason == ""
    exact = ("label", "frequency_jaccard", "kind_f1", "kind_points", "companion_f1", "relabelling", "intervention_r2")
    assert {name: found.metrics[name] for name in exact} == dict.fromkeys(exact, 1.0)
    assert found.metrics["explanation_accuracy"] == 1
    assert found.metrics["explanation_r2"] > 0.97
    assert set(found.metrics) < {metric.name for metric in FAMILY.metrics}


def _swapped(value: dict[str, Any]) -> None:
    residues = value["relabelling"]["first"]
    residues[0], residues[1] = residues[1], residues[0]


def _other_kind(value: dict[str, Any]) -> None:
    name = next(iter(value["kinds"]))
    value["kinds"][name] = "clock" if value["kinds"][name] == "pizza" else "pizza"


def _undecided(value: dict[str, Any]) -> None:
    for name in list(value["kinds"])[:2]:
        value["kinds"][name] = "undecided"


def _missing_frequency(value: dict[str, Any]) -> None:
    gone = value["frequencies"].pop()
    value["kinds"].pop(str(gone))
    value["explanation"] = [term for term in value["explanation"] if term["frequency"] != gone]


WRONG: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "label": (lambda value: value.update(label="clock"), "label"),
    "no label": (lambda value: value.pop("label"), "label"),
    "a frequency is missing": (_missing_frequency, "frequencies"),
    "a kind": (_other_kind, "kinds"),
    "half of the kinds undecided": (_undecided, "kinds"),
    "no kinds": (lambda value: value.pop("kinds"), "kinds"),
    "two residues swapped": (_swapped, "relabelling"),
    "an outcome is missing": (lambda value: value["interventions"].__setitem__(0, None), "interventions"),
    "no outcomes": (lambda value: value.pop("interventions"), "interventions"),
    "outcomes of another intervention": (lambda value: value["interventions"].reverse(), "interventions"),
    "no explanation": (lambda value: value.pop("explanation"), "explanation"),
    "an explanation of one circle": (lambda value: value.update(explanation=value["explanation"][:1]), "explanation"),
}


@pytest.mark.parametrize("change", WRONG)
def test_no_single_wrong_entry_is_solved(change: str) -> None:
    made = a_puzzle(**HYBRID)
    value = copy.deepcopy(plain(right_answer(made)))
    assert isinstance(value, dict)
    WRONG[change][0](value)
    found = scored(made, value)
    assert not found.solved
    assert WRONG[change][1] in found.reason.removeprefix("below the bar: ").split(", ")


def test_one_kind_of_four_may_stay_undecided() -> None:
    made = a_puzzle(**HYBRID)
    value: Any = plain(right_answer(made))
    value["kinds"][next(iter(value["kinds"]))] = "undecided"
    assert scored(made, value).solved


def test_public_names_ask_for_no_relabelling_and_fix_the_frequencies() -> None:
    made = a_puzzle(names="public")
    found = scored(made, right_answer(made))
    assert found.solved
    assert "relabelling" not in found.metrics
    assert not scored(made, right_answer(made, 2)).solved


def test_one_permutation_is_scored_like_three() -> None:
    made = a_puzzle(names="one")
    assert scored(made, right_answer(made, 5)).solved


@pytest.mark.parametrize("kind", ["square", "carry"])
def test_an_other_network_is_solved_by_what_it_has(kind: str) -> None:
    made = a_puzzle(kind=kind)
    found = scored(made, right_answer(made))
    assert found.solved
    assert not {"kind_f1", "companion_f1", "explanation_accuracy"} & set(found.metrics)
    assert ("frequency_jaccard" in found.metrics) == (kind == "square")
    assert not scored(made, {**right_answer(made), "label": "clock"}).solved


def test_a_withheld_unembedding_asks_for_names_and_frequencies_only() -> None:
    made = a_puzzle(withhold_unembedding=True, lookups=9)
    value = right_answer(made, 3, 1, 2)
    assert value.keys() == {"frequencies", "relabelling"}
    found = scored(made, value)
    assert found.solved
    assert found.metrics == {"frequency_jaccard": 1, "relabelling": 1, "queries": 3}


def test_without_the_answer_the_explanation_is_checked() -> None:
    made = a_puzzle(**HYBRID)
    found = scored(made, right_answer(made, 3), sealed=False)
    assert not found.solved
    assert found.metrics["explanation_accuracy"] == 1
    assert "sealed answer is not here" in found.reason


def test_an_explanation_needs_the_names_of_its_residues() -> None:
    made = a_puzzle(**HYBRID)
    value = {name: entry for name, entry in right_answer(made).items() if name != "relabelling"}
    assert scored(made, value).metrics["explanation_accuracy"] == 0


def test_a_bad_format_is_told_by_scoring_too() -> None:
    with pytest.raises(AnswerError, match="did you mean pizza"):
        scored(a_puzzle(), {"label": "pizzas"})


def test_scoring_is_fast_and_pure() -> None:
    public = PublicSpec.model_validate({"modulus": 113, "container": "mlp", "activation": "relu", "names": "three"})
    network = scrambled(folded(random_mlp(113)), 256, np.random.default_rng(0))
    view = ModularPuzzle(public, network_of(tensors_of(network), public), torch.zeros(PAIRS, 2, dtype=torch.int64))
    circles = tuple(Circle(frequency=k, kind="clock", amplitude=1 / k) for k in range(1, 8))
    names = Relabelling.drawn(113, np.random.default_rng(1), same=False)
    outcome = np.random.default_rng(2).standard_normal(PAIRS)
    truth = ModularTruth("clock", public.questions, circles, (), names, (outcome,) * len(INTERVENTIONS))
    sealed = SealedAnswer(digest="", family="modular", name="p", answer=answer_of(truth), salt="")
    value = view.answer(
        label="clock",
        frequencies=list(range(2, 9)),
        kinds=dict.fromkeys(range(2, 9), "clock"),
        relabelling=names.moved(5, 1, 2),
        interventions=[outcome.tolist()] * len(INTERVENTIONS),
        explanation=[{"frequency": k, "clock": 1.0} for k in range(2, 9)],
    )
    began = time.process_time()
    first = score(view, Answer(plain(value)), sealed, Usage())
    assert time.process_time() - began < 1
    assert first.metrics["relabelling"] == first.metrics["intervention_r2"] == 1
    assert score(view, Answer(plain(value)), sealed, Usage()) == first


def test_a_guess_of_everything_scores_little() -> None:
    made = a_puzzle(**HYBRID)
    rng = np.random.default_rng(0)
    value = view_puzzle(made.puzzle).answer(
        label="clock",
        frequencies=[1, 2, 3, 4],
        kinds=dict.fromkeys((1, 2, 3, 4), "clock"),
        companions=[],
        relabelling=Relabelling.drawn(31, rng, same=False),
        interventions=[[1.0] * 128] * 6,
        explanation=[{"frequency": 1, "clock": 1.0}],
    )
    found = scored(made, value)
    assert found.metrics["relabelling"] < 0.2
    assert found.metrics["explanation_accuracy"] < 0.2
    assert found.metrics["intervention_r2"] < 0.3
