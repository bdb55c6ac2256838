"""Bounds of stored predictions accept the truth in every format, and refuse errors beyond rounding."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator.reassembly.network.number_formats import rounded_to, spacing
from generator.reassembly.scoring.certificate import certify
from generator.reassembly.scoring.storage import StorageVerdict, fit_storage, judge_storage, storage_error
from tests.solvers.reassembly.conftest import random_network

if TYPE_CHECKING:
    from torch import Tensor

    from generator.reassembly.network.residual import ResidualNetwork

FORMATS = [
    "float32",
    "float16",
    "bfloat16",
    "7 digits",
    "6 digits",
    "4 digits",
    "2 digits",
    "5 decimals",
    "3 decimals",
    "1 decimals",
]


def data_of(network: ResidualNetwork, form: str, *, rows: int = 400, seed: int = 1) -> tuple[Tensor, Tensor]:
    inputs = torch.randn(rows, network.U.shape[2], generator=torch.Generator().manual_seed(seed))
    return inputs, torch.from_numpy(rounded_to(network(inputs).numpy(), form))


def verdict(network: ResidualNetwork, inputs: Tensor, targets: Tensor, form: str) -> StorageVerdict:
    return judge_storage(network, inputs, targets, form, fit_storage(network, inputs, targets, form))


@given(
    form=st.sampled_from(FORMATS),
    seed=st.integers(0, 50),
    outputs=st.integers(1, 3),
    activation=st.sampled_from(["relu", "tanh"]),
    scale=st.sampled_from([1e-3, 1.0, 50.0]),
    first=st.integers(0, 3),
)
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
def test_the_truth_fits_and_a_swap_that_rounding_cannot_explain_does_not(
    form: str, seed: int, outputs: int, activation: str, scale: float, first: int
) -> None:
    network = random_network(seed, outputs=outputs, activation=activation)
    network.head.mul_(scale)
    network.head_bias.mul_(scale)
    inputs, targets = data_of(network, form)
    assert fit_storage(network, inputs, targets, form).beyond == 0

    order = list(range(5))
    order[first], order[first + 1] = order[first + 1], order[first]
    swapped = network.reordered(order, order)
    change = (swapped(inputs) - network(inputs)).abs().double().numpy()
    # A change of more than a unit and the rounding errors takes at least one prediction out of its interval.
    rounding = math.sqrt(certify(swapped, inputs, targets, 1.0).rounding)
    if (change > 1.1 * spacing(targets.numpy(), form) + 100 * rounding).any():
        fit = fit_storage(swapped, inputs, targets, form)
        assert fit.beyond > 0
        found = judge_storage(swapped, inputs, targets, form, fit)
        assert not found.plausible
        assert not found.certified


@pytest.mark.parametrize("form", FORMATS[:-1])
def test_the_truth_is_certified_and_a_swap_leads_back_to_it(form: str) -> None:
    network = random_network(1)
    inputs, targets = data_of(network, form, rows=2000)
    right = verdict(network, inputs, targets, form)
    assert right.certified
    assert right.rival is None
    assert right.mse < 1.5 * storage_error(targets, form) + 1e-12
    assert f"fit to the rounding of {form}, and no neighbouring assembly fits" in right.note

    order = [0, 2, 1, 3, 4]
    wrong = verdict(network.reordered(order, order), inputs, targets, form)
    assert not wrong.settled
    assert wrong.margin < 0
    assert wrong.rival is not None
    incoming, outgoing = wrong.rival.assembly(5)
    assert [order[k] for k in incoming] == [order[k] for k in outgoing] == list(range(5))
    assert f"off by more than rounding to {form}" in wrong.note


def test_assemblies_that_fit_alike_end_a_search_but_none_is_certified() -> None:
    network = random_network(0)
    network.V[2] *= 1e-5
    network.e[2] *= 1e-5
    inputs, targets = data_of(network, "2 decimals", rows=100)
    order = [0, 1, 3, 2, 4]
    for assembly in (network, network.reordered(order, order)):
        found = verdict(assembly, inputs, targets, "2 decimals")
        assert found.settled
        assert found.alike > 0
        assert found.rival is not None
        assert not found.certified
        assert "neighbouring assemblies fit as well" in found.note
    # More digits tell them apart.
    inputs, targets = data_of(network, "6 digits", rows=2000)
    assert verdict(network, inputs, targets, "6 digits").certified
    assert not verdict(network.reordered(order, order), inputs, targets, "6 digits").settled


def test_blocks_that_are_the_same_function_are_no_rivals() -> None:
    network = random_network(0)
    network.V[2] = 0
    network.e[2] = 0
    found = verdict(network, *data_of(network, "6 digits", rows=2000), "6 digits")
    assert (found.certified, found.alike) == (True, 0)


def test_one_prediction_off_by_a_unit_refutes_an_assembly() -> None:
    network = random_network(0)
    inputs, targets = data_of(network, "3 decimals")
    targets[17] += 1e-3
    assert fit_storage(network, inputs, targets, "3 decimals").beyond == 1


def test_predictions_with_a_large_mean_certify_nothing() -> None:
    network = random_network(0)
    network.head_bias.add_(1e6)
    found = verdict(network, *data_of(network, "float32"), "float32")
    assert found.plausible
    assert not found.certified
    assert "vary too little to certify" in found.note
    network.head.zero_()
    assert not verdict(network, *data_of(network, "float32"), "float32").certified


def test_a_single_block_and_an_overflow_are_judged() -> None:
    single = random_network(0, depth=1)
    assert verdict(single, *data_of(single, "6 digits"), "6 digits").certified
    network = random_network(0)
    inputs, targets = data_of(network, "6 digits")
    network.head.fill_(math.inf)
    found = verdict(network, inputs, targets, "6 digits")
    assert (found.settled, found.mse) == (False, math.inf)
    assert found.beyond == targets.numel()


def test_storage_errors_are_what_the_formulas_say() -> None:
    targets = torch.rand(2000, 1, generator=torch.Generator().manual_seed(0)) * 0.9 + 0.1
    for form in ("3 decimals", "3 digits"):
        assert storage_error(targets, form) == pytest.approx(1e-6 / 12)
    error = np.square(targets.half().double().numpy() - targets.double().numpy()).mean()
    assert storage_error(targets, "float16") == pytest.approx(error, rel=0.1)
