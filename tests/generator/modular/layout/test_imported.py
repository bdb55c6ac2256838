"""Imported networks become puzzles as they are: public names, the same logits, measured labels."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from generator.errors import SpecError
from generator.family.oracle import Usage
from generator.modular.engineered.build import build
from generator.modular.engineered.plan import CirclePlan, Plan
from generator.modular.layout.imported import import_networks
from generator.modular.measures.symmetricity import gradient_symmetricity
from generator.modular.network.mlp import MLP
from generator.modular.puzzle import view_puzzle
from generator.modular.scoring.score import score
from generator.modular.sealed import WITHHELD, answer_of, truth_of
from generator.modular.training.recipe import Recipe
from generator.modular.training.train import train
from generator.puzzle.answer import Answer
from generator.puzzle.sealing import Made
from tests.generator.modular.layout.checkpoints import config_of, linear_logits, linear_state, pairs
from tests.generator.modular.made import right_answer

if TYPE_CHECKING:
    from pathlib import Path

P = 23


@cache
def delta() -> MLP:
    """A clock by construction, as model D; tables are one-hot circles."""
    plan = Plan(P, tuple(CirclePlan(k, "clock", gain, 25, 0.0) for k, gain in ((2, 1.0), (5, 1.3), (9, 1.7))))
    return build(plan, np.random.default_rng(0))


def checkpoint(path: Path, *, turned: bool = False) -> Path:
    """Write the clock as a checkpoint of model D; `turned` exchanges two classes, so that pairs are answered wrong."""
    network = delta()
    unembed = network.unembed.clone()
    if turned:
        unembed[[3, 4]] = unembed[[4, 3]]
    width = max(network.first.shape[1], network.second.shape[1])
    assert network.first.shape == network.second.shape == (P, width)
    assert torch.equal(network.first, network.second)
    state = {
        "embed.weight": network.first,
        "l1.weight": torch.cat([network.into_first, network.into_second], dim=1),
        "l1.bias": network.bias,
        "unembed.weight": unembed,
    }
    torch.save({name: tensor.float() for name, tensor in state.items()}, path)
    return path


def one(path: Path, *, activation: str | None = None, label: str = "") -> Made:
    made = import_networks(path, name="mine", activation=activation, label=label)
    assert isinstance(made, Made)
    return made


def measures_of(made: Made) -> dict[str, Any]:
    record = made.sealed.notes["measures"]
    assert isinstance(record, dict)
    return record


def test_the_network_is_public_and_its_label_is_sealed(tmp_path: Path) -> None:
    path = checkpoint(tmp_path / "m.pt")
    made = one(path, label="published")
    made.puzzle.verify()
    made.puzzle.opens(made.sealed)
    view, truth = view_puzzle(made.puzzle), truth_of(made.sealed)
    assert made.puzzle.manifest.name == "mine"
    assert (view.public.names, view.public.label, view.modulus) == ("public", "published", P)
    plain = linear_logits("D", torch.load(path, weights_only=True), pairs(P)).reshape(P, P, P)
    torch.testing.assert_close(view.network.logits(), plain, rtol=1e-5, atol=1e-5)
    assert truth.label == "clock"
    assert truth.scored == view.questions
    assert {circle.frequency for circle in truth.circles} == {2, 5, 9}
    assert "clock" not in made.puzzle.manifest.model_dump_json()
    assert made.warnings == ()
    found = score(view, Answer(right_answer(made)), made.sealed, Usage())
    assert found.solved, found


def test_measures_are_those_of_the_network_before_it_is_folded(tmp_path: Path) -> None:
    made = one(checkpoint(tmp_path / "m.pt"))
    record = measures_of(made)
    assert record["gradient_symmetricity"] == pytest.approx(gradient_symmetricity(delta()), abs=1e-4)
    assert gradient_symmetricity(view_puzzle(made.puzzle).network) == pytest.approx(1)  # of contributions, always 1


def test_a_network_that_errs_is_measured_and_not_labelled(tmp_path: Path) -> None:
    made = one(checkpoint(tmp_path / "m.pt", turned=True))
    truth, record = truth_of(made.sealed), measures_of(made)
    right = 1 - 2 / P
    assert truth.label == "withheld"
    assert truth.scored == ("frequencies", "interventions")
    (warning,) = made.warnings
    assert warning.startswith(f"the label is withheld: {right:.2%} of the pairs are answered right; only a network ")
    assert record["accuracy"] == pytest.approx(right)
    view = view_puzzle(made.puzzle)
    assert "label" not in score(view, Answer({"label": "clock"}), made.sealed, Usage()).metrics


def test_a_network_without_a_scored_question_is_never_solved(tmp_path: Path) -> None:
    made = one(checkpoint(tmp_path / "m.pt"))
    nothing = replace(truth_of(made.sealed), scored=(), label=WITHHELD)
    sealed = made.sealed.model_copy(update={"answer": answer_of(nothing)})
    found = score(view_puzzle(made.puzzle), Answer(right_answer(made)), sealed, Usage())
    assert not found.solved
    assert found.reason.startswith("no question about this network is scored")


def test_a_random_network_has_no_label(tmp_path: Path) -> None:
    torch.save(linear_state("D", tokens=11), tmp_path / "m.pt")
    truth = truth_of(one(tmp_path / "m.pt").sealed)
    assert truth.label == WITHHELD
    assert set(truth.scored) <= {"frequencies", "interventions"}


def test_a_trained_network_has_the_same_label_after_the_import(tmp_path: Path) -> None:
    network = train(Recipe("alpha", modulus=P, width=48, steps=300, train_share=0.9), 0).network
    assert isinstance(network, MLP)
    state = {
        "embed.weight": network.first,
        "l1.weight": network.into_first,
        "l1.bias": network.bias,
        "unembed.weight": network.unembed,
    }
    torch.save({name: tensor.float() for name, tensor in state.items()}, tmp_path / "m.pt")
    config_of(tmp_path / "c.json", model_type="A", n_vocab=P, C=P)
    made = import_networks(tmp_path / "m.pt", tmp_path / "c.json", name="p")
    assert isinstance(made, Made)
    torch.testing.assert_close(view_puzzle(made.puzzle).network.logits(), network.logits(), rtol=1e-4, atol=1e-4)
    record = measures_of(made)
    assert {one["kind"] for one in record["frequencies"][:3]} == {"pizza"}


def test_a_folder_becomes_one_puzzle_per_checkpoint(tmp_path: Path) -> None:
    for step in (40, 200, 1000):
        checkpoint(tmp_path / f"{step}.pt", turned=step < 1000)
    (tmp_path / "final.pt").write_bytes((tmp_path / "1000.pt").read_bytes())
    made = import_networks(tmp_path, name="run", checkpoints="2")
    assert isinstance(made, tuple)
    assert [one.puzzle.manifest.name for one in made] == ["step-40", "step-1000"]
    assert [one.puzzle.manifest.facts for one in made] == [{"step": 40}, {"step": 1000}]
    assert [truth_of(one.sealed).label for one in made] == ["withheld", "clock"]
    assert made[0].warnings[0] == "no step in the name, so not read: final.pt"
    assert made[1].warnings == ()


def test_options_are_checked(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="--checkpoints is 'no'; expected a number from 1"):
        import_networks(tmp_path, name="p", checkpoints="no")
    torch.save(linear_state("A"), tmp_path / "m.pt")
    with pytest.raises(SpecError, match="--activation: no activation 'nothing'; known: abs, gelu, quad, relu, square"):
        one(tmp_path / "m.pt", activation="nothing")
