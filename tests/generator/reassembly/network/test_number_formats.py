"""Number formats agree with numpy and torch, and draws of imprecise arithmetic have the law of its errors."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.reassembly.network.number_formats import (
    imprecise_draws,
    on_grid,
    rounded_to,
    rounded_weights,
    spacing,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.reassembly.network.residual import ResidualNetwork

numbers = st.floats(-60_000, 60_000, width=32).filter(lambda value: value == 0 or abs(value) > 1e-30)
FORMS = ["float32", "float16", "bfloat16", "tf32", "3 digits", "6 digits", "0 decimals", "4 decimals"]


@given(value=numbers)
@settings(deadline=None)
def test_rounding_is_what_numpy_torch_and_printf_do(value: float) -> None:
    values = np.array([value], np.float32)
    assert rounded_to(values, "float16") == values.astype(np.float16).astype(np.float32)
    assert rounded_to(values, "bfloat16") == torch.from_numpy(values).bfloat16().float().numpy()
    for form in FORMS:
        again = rounded_to(values, form)
        assert on_grid(again, form).all()
        slack = np.spacing(np.abs(again)) / 2  # that of keeping the result as float32
        assert np.abs(again.astype(np.float64) - values) <= spacing(values, form) / 2 + slack
    assert abs(np.float64(f"{value:.5e}") - rounded_to(values, "6 digits")[0]) <= spacing(values, "6 digits") * 1.001


def test_spacings_at_powers_of_ten_and_at_zero() -> None:
    values = np.array([1.0, 0.01, 1e-5, 123.0, 0.0], np.float32)
    assert spacing(values, "3 digits") == pytest.approx([0.01, 1e-4, 1e-7, 1.0, 0.0])
    assert spacing(values, "3 decimals") == pytest.approx([1e-3] * 5)
    assert spacing(np.array([1.0, 1e-7], np.float32), "float16") == pytest.approx([2**-10, 2**-24])


def test_tf32_leaves_biases_alone(make_network: Callable[..., ResidualNetwork]) -> None:
    network = make_network(0)
    lower = rounded_weights(network, "tf32")
    assert rounded_weights(network, "float32") is network
    assert torch.equal(lower.c, network.c)
    assert not torch.equal(lower.U, network.U)
    assert float((lower.U - network.U).abs().max() / network.U.abs().max()) < 2**-11
    assert torch.equal(rounded_weights(network, "float16").e, network.e.half().float())


def in_tf32(network: ResidualNetwork, x: torch.Tensor) -> torch.Tensor:
    """Round every operand of a product to the nearest TF32."""

    def tf32(values: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(rounded_to(values.numpy(), "tf32"))

    h = x
    for k in range(network.depth):
        a = torch.relu(torch.addmm(network.c[k], tf32(h), tf32(network.U[k]).T))
        h = h + torch.addmm(network.e[k], tf32(a), tf32(network.V[k]).T)
    return torch.addmm(network.head_bias, tf32(h), tf32(network.head).T)


def in_half(network: ResidualNetwork, x: torch.Tensor, kind: torch.dtype) -> torch.Tensor:
    return network.to(kind)(x.to(kind)).float()


@pytest.mark.parametrize("computed", ["tf32", "bfloat16", "float16"])
def test_drawn_errors_are_of_the_size_of_real_ones(computed: str, make_network: Callable[..., ResidualNetwork]) -> None:
    network = make_network(0, depth=8)
    x = torch.randn(1000, 12, generator=torch.Generator().manual_seed(1))
    kinds = {"bfloat16": torch.bfloat16, "float16": torch.float16}
    real = in_tf32(network, x) if computed == "tf32" else in_half(network, x, kinds[computed])
    lower = rounded_weights(network, computed)
    error = float((real - lower(x)).square().mean())
    drawn = imprecise_draws(lower, x, np.random.default_rng(0), draws=20, computed=computed)
    law = float(np.square(drawn - lower(x).numpy().ravel()).mean())
    assert error / 1.2 < law < error * (1.2 if computed == "tf32" else 2.0)


def test_rounded_inputs_and_predictions_are_drawn(make_network: Callable[..., ResidualNetwork]) -> None:
    network = make_network(0)
    x = torch.randn(500, 12, generator=torch.Generator().manual_seed(1))
    coarse = torch.from_numpy(rounded_to(x.numpy(), "2 decimals"))
    real = float((network(x) - network(coarse)).square().mean())
    drawn = imprecise_draws(network, coarse, np.random.default_rng(0), draws=20, inputs_stored="2 decimals")
    assert real / 1.3 < float(np.square(drawn - network(coarse).numpy().ravel()).mean()) < 1.3 * real
    stored = imprecise_draws(network, x, np.random.default_rng(0), draws=3, predictions_stored="3 decimals")
    assert np.square(stored - network(x).numpy().ravel()).mean() == pytest.approx(1e-6 / 12, rel=0.2)
    assert (stored[0] == stored[1]).all()  # nothing random is left


def test_zeros_stay_zeros_in_every_arithmetic(make_network: Callable[..., ResidualNetwork]) -> None:
    network = dataclasses.replace(make_network(0), c=torch.full((5, 24), -1e3))  # dead units
    x = torch.zeros(3, 12)
    for computed in ("tf32", "bfloat16", "float16"):
        drawn = imprecise_draws(
            rounded_weights(network, computed), x, np.random.default_rng(0), draws=2, computed=computed
        )
        assert np.isfinite(drawn).all()
