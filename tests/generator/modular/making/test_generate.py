"""Puzzles from recipes: the kinds that are asked for, what stays secret, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from generator.errors import QueryError, SpecError, TrainingError
from generator.family.oracle import checked_inputs
from generator.modular.making.generate import generate
from generator.modular.oracle import open_oracle, terms
from generator.modular.puzzle import view_puzzle
from generator.modular.record import FAMILY
from generator.modular.sealed import truth_of
from generator.modular.spec import PRESETS, ModularSpec
from tests.generator.modular.made import SMALL, a_puzzle


def test_a_seed_determines_a_puzzle() -> None:
    spec = ModularSpec.model_validate(SMALL)
    assert generate(spec, name="p", seed=1).puzzle.digest == a_puzzle().puzzle.digest
    assert a_puzzle(seed=2).puzzle.digest != a_puzzle().puzzle.digest


@pytest.mark.parametrize(
    ("kind", "label", "kinds"),
    [
        ("pizza", "pizza", {"pizza"}),
        ("clock", "clock", {"clock"}),
        ("hybrid", "hybrid", {"pizza", "clock"}),
        ("square", "other", {"square"}),
        ("trap", "other", {"mixed"}),
    ],
)
def test_circles_are_of_the_kind_that_is_asked_for(kind: str, label: str, kinds: set[str]) -> None:
    truth = truth_of(a_puzzle(kind=kind, modulus=31, neurons=32).sealed)
    assert truth.label == label
    assert len(truth.circles) == 3
    assert {one.kind for one in truth.circles} == kinds
    assert [one.amplitude for one in truth.circles] == sorted((one.amplitude for one in truth.circles), reverse=True)


@pytest.mark.parametrize("kind", ["table", "carry", "random-features"])
def test_networks_without_circles_are_other(kind: str) -> None:
    truth = truth_of(a_puzzle(kind=kind, hidden=80, modulus=13).sealed)
    assert truth.label == "other"
    assert truth.scored == ("label", "relabelling")


@pytest.mark.parametrize("kind", ["pizza", "clock", "trap"])
def test_transformers_of_all_kinds_have_the_same_shapes(kind: str) -> None:
    made = a_puzzle(kind=kind, container="transformer", modulus=31, neurons=32, hidden=120)
    assert truth_of(made.sealed).label == ("other" if kind == "trap" else kind)
    assert made.puzzle.pieces["into.1"].shape == (120, 30)
    assert made.puzzle.pieces["key.1"].shape[0] == 6
    assert made.puzzle.manifest.spec["rate"] == 1.0


def test_companions_are_those_of_the_recipe() -> None:
    made = a_puzzle(kind="pizza", companions=1.0, modulus=31)
    truth = truth_of(made.sealed)
    doubled = {min(2 * one.frequency % 31, -2 * one.frequency % 31) for one in truth.circles}
    assert set(truth.companions) == doubled
    assert truth_of(a_puzzle(kind="pizza", modulus=31).sealed).companions == ()


def test_the_label_and_its_recipe_are_secret() -> None:
    pizza, clock = (a_puzzle(kind=kind, modulus=31).puzzle for kind in ("pizza", "clock"))
    public = json.dumps(pizza.manifest.model_dump(mode="json"))
    assert not any(word in public for word in ("pizza", "kind", "source", "circles", "seed", "neurons"))
    assert pizza.manifest.spec == clock.manifest.spec
    assert pizza.manifest.facts == clock.manifest.facts == {}
    for part in ("pieces", "data"):
        shapes = [{name: array.shape for name, array in getattr(one, part).items()} for one in (pizza, clock)]
        assert shapes[0] == shapes[1]


def test_the_permutations_are_those_of_the_recipe() -> None:
    public = truth_of(a_puzzle(names="public").sealed).relabelling
    assert (public.first == np.arange(23)).all()
    one = truth_of(a_puzzle(names="one").sealed).relabelling
    assert (one.first == one.out).all()
    three = truth_of(a_puzzle().sealed).relabelling
    assert (three.first != three.second).any()
    assert (three.first != three.out).any()


def test_an_oracle_tells_the_class_of_pairs() -> None:
    made = a_puzzle(withhold_unembedding=True, lookups=7)
    limits = terms(made.puzzle)
    assert limits is not None
    assert (limits.inputs, limits.outputs, limits.budget, limits.low, limits.high) == (2, 1, 7, 0, 22)
    names = truth_of(made.sealed).relabelling
    ask = open_oracle(view_puzzle(made.puzzle), made.sealed)
    pairs = np.array([[0.0, 0.0], [3.0, 22.0], [11.0, 5.0]])
    for (first, second), (symbol,) in zip(pairs.astype(int), ask(pairs), strict=True):
        assert names.out[int(symbol)] == (names.first[first] + names.second[second]) % 23
    with pytest.raises(QueryError, match="outside the box"):
        checked_inputs([[0.0, 23.0]], limits)
    assert terms(a_puzzle().puzzle) is None


def test_a_kind_that_no_draw_gives_is_told() -> None:
    with pytest.raises(TrainingError, match="none of 2 networks fits; the last: "):
        generate(ModularSpec.model_validate({**SMALL, "noise": 0.5, "tries": 2}), name="p", seed=1)


@pytest.mark.parametrize(
    ("recipe", "fault"),
    [
        ({"lookups": 5}, "lookups need withhold_unembedding"),
        ({"withhold_unembedding": True, "names": "public"}, "names must be one or three"),
        ({"withhold_unembedding": True, "kind": "carry"}, "keep its unembedding"),
        ({"circles": 12, "modulus": 23}, "12 circles do not exist modulo 23; at most 11"),
        ({"kind": "memorised"}, "a memorised network is trained"),
        ({"kind": "square", "source": "pizza-beta"}, "no recipe trains a network of kind square"),
        ({"modulus": 3}, "modulus"),
    ],
)
def test_bad_recipes_are_refused(recipe: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        ModularSpec.model_validate(recipe)


def test_an_unknown_training_recipe_is_told() -> None:
    with pytest.raises(SpecError, match="did you mean pizza-beta"):
        generate(ModularSpec.model_validate({"source": "pizza-betta", "kind": "pizza"}), name="p", seed=1)


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_are_valid(preset: str) -> None:
    assert ModularSpec.model_validate(PRESETS[preset]).modulus == 59


def test_groups_tell_what_a_solver_knows() -> None:
    assert FAMILY.groups(a_puzzle(label="easy", withhold_unembedding=True).puzzle) == {
        "modulus": 23,
        "container": "mlp",
        "activation": "relu",
        "names": "three",
        "unembedding": "withheld",
        "level": "easy",
    }
