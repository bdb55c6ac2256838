from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from generator.errors import AnswerError
from leaderboard.reassembly.fingerprint import blocks_of, facts, statistics_of, tau_with_depth

if TYPE_CHECKING:
    from collections.abc import Callable

    Plant = Callable[..., Any]


def test_the_numbers_are_those_of_a_plain_loop(plant: Plant) -> None:
    planted = plant()
    found = statistics_of(planted.view, planted.sealed)
    U, V = planted.U.astype(float), planted.V.astype(float)
    products = np.einsum("jdh,ihe->ijde", V, U)
    traces = np.trace(products, axis1=2, axis2=3)
    ratios = np.abs(traces) / np.linalg.norm(products, axis=(2, 3))
    others = ~np.eye(5, dtype=bool)
    assert found.trace == pytest.approx((traces.diagonal().min(), traces.diagonal().max()), rel=1e-4)
    assert found.least_matched == pytest.approx(ratios.diagonal().min(), rel=1e-4)
    assert found.greatest_unmatched == pytest.approx(ratios[others].max(), rel=1e-4)
    norms = np.linalg.norm(V, axis=(1, 2))
    assert found.outgoing_norm == pytest.approx((norms.min(), norms.max()), rel=1e-5)
    units = [np.corrcoef(np.linalg.norm(u, axis=1), np.linalg.norm(v, axis=0))[0, 1] for u, v in zip(U, V, strict=True)]
    assert found.norm_correlation == pytest.approx(np.mean(units), rel=1e-3)


def test_a_planted_signal_is_seen(plant: Plant) -> None:
    planted = plant()
    found = statistics_of(planted.view, planted.sealed)
    assert (found.known, found.depth, found.negative_traces, found.pairing_accuracy) == (True, 5, 5, 1.0)
    assert found.tau is not None
    assert (found.tau["|V|_F"], found.tau["|V|₁"]) == pytest.approx((1.0, 1.0))
    assert found.label_mse == pytest.approx(0.25, rel=1e-5)


def test_without_a_signal_pairing_fails(plant: Plant) -> None:
    planted = plant(depth=12, signal=0.0)
    accuracy = statistics_of(planted.view, planted.sealed).pairing_accuracy
    assert accuracy is not None
    assert accuracy < 0.5


def test_states_are_those_of_the_true_order(plant: Plant) -> None:
    planted = plant()
    found = statistics_of(planted.view, planted.sealed)
    h = planted.puzzle.data["inputs"].astype(float)
    first = np.linalg.norm(h, axis=1).mean()
    for U, V in zip(planted.U, planted.V, strict=True):
        h = h + np.maximum(h @ U.T, 0) @ V.T
    assert found.state_norm == pytest.approx((first, np.linalg.norm(h, axis=1).mean()), rel=1e-4)


def test_without_the_answer_only_facts_of_the_public_files_are_shown(plant: Plant) -> None:
    planted = plant()
    found, true = statistics_of(planted.view), statistics_of(planted.view, planted.sealed)
    assert (found.known, found.pairing_accuracy, found.state_norm, found.tau) == (False, None, None, None)
    assert found.least_matched == true.least_matched  # the planted pairs are the matched ones
    assert found.trace == true.trace
    text = dict(facts(planted.view))
    assert "not known" in text["order"]
    assert not {"pairing", "tau with depth", "state norm"} & text.keys()


def test_blocks_lie_in_the_true_order(plant: Plant) -> None:
    planted = plant()
    blocks = blocks_of(planted.view, planted.sealed)
    assert planted.view.answer(blocks.incoming, blocks.outgoing) == planted.sealed.answer
    assert blocks.matched == [0, 1, 2, 3, 4]
    assert torch.equal(planted.view.network.V[blocks.outgoing], torch.from_numpy(planted.V))


def test_one_block_has_no_others(plant: Plant) -> None:
    planted = plant(depth=1)
    found = statistics_of(planted.view, planted.sealed)
    assert found.greatest_unmatched is None
    assert found.tau is not None
    assert math.isnan(found.tau["|V|_F"])
    assert "others" not in dict(facts(planted.view, planted.sealed))["|tr M| / |M|_F"]


def test_class_numbers_are_not_compared_with_logits(plant: Plant) -> None:
    planted = plant(outputs=3, classes=True)
    assert statistics_of(planted.view, planted.sealed).label_mse is None


def test_facts_say_the_numbers(plant: Plant) -> None:
    planted = plant()
    text = dict(facts(planted.view, planted.sealed))
    assert text["network"] == "5 blocks, width 6, hidden 10, relu"
    assert text["pairing"] == "100.0 % right by diagonal dominance"
    assert "negative for 5 of 5 true pairs" in text["tr(V U)"]
    assert "|V|_F +1.000" in text["tau with depth"]
    assert text["MSE(pred, true)"] == "0.25"


def test_an_answer_of_another_form_is_refused(plant: Plant) -> None:
    planted = plant()
    with pytest.raises(AnswerError):
        statistics_of(planted.view, planted.sealed.model_copy(update={"answer": [1, 2, 3]}))


def test_tau_is_signed() -> None:
    assert tau_with_depth(torch.tensor([3.0, 2.0, 1.0])) == pytest.approx(-1.0)
