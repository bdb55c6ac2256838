"""Baselines answer what their method can tell, and refuse the rest."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from generator.errors import UnsupportedPuzzleError
from generator.family.oracle import Usage
from generator.modular.layout.tensors import tensors_of
from generator.modular.measures.symmetricity import gradient_symmetricity
from generator.modular.oracle import open_oracle
from generator.modular.puzzle import view_puzzle
from generator.modular.scoring.score import score
from generator.puzzle.answer import Answer, plain
from solvers.api import Context, with_oracle
from solvers.modular.circles import ordered
from solvers.modular.leaks import Leaks, spectral_features
from solvers.modular.published import Fourier, FrequencyCV, Thresholds, read_through
from solvers.modular.relabellers import Components, TwoUnits, Walk, Weights
from solvers.modular.relabelling.naming import name_symbols
from solvers.modular.relabelling.published import by_components, by_two_units
from tests.generator.modular.made import a_puzzle
from tests.solvers.modular.test_relabelling import affine_share, shuffled_layer


def metrics(solver: Any, seed: int = 1, **recipe: Any) -> dict[str, float]:
    """Solve a small puzzle and score the answer."""
    made = a_puzzle(seed, **recipe)
    view = view_puzzle(made.puzzle)
    if view.public.lookups:
        oracle: Any = open_oracle(view, made.sealed)
        view = with_oracle(view, oracle)
    answer = solver.solve(view, Context())
    return dict(score(view, Answer(plain(answer.value)), made.sealed, Usage()).metrics)


@pytest.mark.parametrize("kind", ["pizza", "clock"])
def test_the_published_thresholds_tell_plain_pizzas_from_clocks(kind: str) -> None:
    assert metrics(Thresholds(), kind=kind)["label"] == 1


@pytest.mark.parametrize("kind", ["pizza", "clock", "hybrid"])
def test_the_cv_of_each_frequency_tells_kinds_and_label(kind: str) -> None:
    found = metrics(FrequencyCV(), kind=kind)
    assert found["label"] == found["kind_f1"] == found["frequency_jaccard"] == 1
    assert found["intervention_r2"] == 0


def test_gradients_are_taken_at_the_residues_and_not_at_the_contributions() -> None:
    view = view_puzzle(a_puzzle(kind="clock").puzzle)
    named = name_symbols(view)
    assert named is not None
    network = ordered(view, named.relabelling)
    assert gradient_symmetricity(network, 200) == pytest.approx(1)
    assert gradient_symmetricity(read_through(network), 200, span=True) < 0.5


def test_a_fourier_transform_finds_public_frequencies_and_refuses_secret_names() -> None:
    assert metrics(Fourier(), names="public", kind="clock")["frequency_jaccard"] == 1
    with pytest.raises(UnsupportedPuzzleError, match="names are secret"):
        metrics(Fourier())


def test_the_walk_needs_enough_look_ups() -> None:
    recipe: dict[str, Any] = {"withhold_unembedding": True, "kind": "clock"}
    assert metrics(Walk(), **recipe, lookups=100)["relabelling"] == 1
    with pytest.raises(UnsupportedPuzzleError, match="67 look-ups"):
        metrics(Walk(), **recipe, lookups=20)
    assert metrics(Walk())["relabelling"] == 1


def test_all_circles_together_name_at_least_as_many_symbols_as_one_plane() -> None:
    recipe: dict[str, Any] = {"modulus": 59, "circles": 4, "kind": "pizza", "withhold_unembedding": True}
    ours = metrics(Weights(), **recipe)["relabelling"]
    assert ours == 1
    assert metrics(Components(), **recipe)["relabelling"] <= ours
    assert metrics(TwoUnits(), **recipe)["relabelling"] <= ours


@pytest.mark.parametrize("namer", [by_components, by_two_units])
def test_one_clean_circle_is_named_by_every_way(namer: Any) -> None:
    table, _, residues = shuffled_layer(31, [4], 0.0, 0)
    names = namer(table)
    assert affine_share(names, residues) == 1


def test_the_leak_control_sees_no_order_of_symbols() -> None:
    view = view_puzzle(a_puzzle(hidden=96).puzzle)
    order = np.random.default_rng(0).permutation(view.modulus)
    shuffled = replace(view.network, first=view.network.first[order.tolist()])
    one, other = (spectral_features(tensors_of(network)) for network in (view.network, shuffled))
    assert all(np.allclose(one[name], other[name], atol=1e-4) for name in one)
    assert metrics(Leaks(examples=1), hidden=96)["label"] in {0, 1}


def test_the_leak_control_leaves_out_labels_that_a_modulus_does_not_allow() -> None:
    assert metrics(Leaks(examples=1), modulus=30, hidden=96)["label"] in {0, 1}
