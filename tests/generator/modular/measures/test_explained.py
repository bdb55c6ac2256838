"""Variance of the logits that formulas explain."""

from __future__ import annotations

import math

import pytest
import torch

from generator.modular.measures.amplitude import spectrum
from generator.modular.measures.circles import isolate
from generator.modular.measures.explained import FORMS, MODELS, factor, fit, fraction_explained, jointly_explained
from generator.modular.network.circle import angles
from tests.generator.modular.measures.networks import DOUBLED, engineered


def formula(form: str, frequency: int, modulus: int) -> torch.Tensor:
    """All logits of one formula, p x p x p."""
    residues = torch.arange(modulus)
    difference = (residues[:, None] - residues) % modulus
    lag = (residues[:, None, None] + residues[:, None] - residues) % modulus
    shape = factor(next(one for one in FORMS if one == form), frequency, modulus)
    return shape[difference][:, :, None] * angles(frequency, modulus)[lag].cos()


def test_the_fraction_is_that_of_the_definition() -> None:
    logits = torch.randn((11, 11, 11), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for form in FORMS:
        wave = formula(form, 3, 11)
        values = logits + 2 * wave

        def standard(cube: torch.Tensor) -> torch.Tensor:
            return (cube - cube.mean()) / cube.std(correction=0)

        expected = 1 - float((standard(values) - standard(wave)).var(correction=0))
        assert fraction_explained(values, 3, form) == pytest.approx(expected)
    assert math.isnan(fraction_explained(torch.zeros(11, 11, 11), 3, "clock"))


def test_isolated_circles_of_a_pizza_have_the_pizza_form() -> None:
    network = engineered(59, dict.fromkeys(DOUBLED, "pizza"), kappa=0.424)
    alone = isolate(network, [3]).logits()
    assert fraction_explained(alone, 3, "pizza") > 0.995
    assert fraction_explained(alone, 3, "clock") == pytest.approx(0.80, abs=0.01)
    assert fraction_explained(isolate(network, [6]).logits(), 3, "companion") > 0.999


def test_joint_fits_find_what_was_built() -> None:
    logits = engineered(59, dict.fromkeys(DOUBLED, "pizza"), kappa=0.424).logits()
    found = {name: jointly_explained(logits, dict.fromkeys(DOUBLED, forms)) for name, forms in MODELS.items()}
    assert found["pizza and companion"] > 0.995
    assert found["pizza and companion"] > found["clock"] > found["pizza"]
    amplitudes, _ = fit(spectrum(logits)[2].real, 3, ("pizza", "companion"))
    assert amplitudes.tolist() == pytest.approx([1, 0.424], abs=0.01)
    offset = torch.randn((59, 59, 1), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert jointly_explained(logits + offset, dict.fromkeys(DOUBLED, ("clock",))) == pytest.approx(found["clock"])


def test_even_moduli_and_half_frequencies_add_up() -> None:
    logits = formula("clock", 30, 60) + formula("pizza", 7, 60)
    assert jointly_explained(logits, {30: ("clock",), 7: ("pizza",)}) == pytest.approx(1)
    assert fraction_explained(formula("clock", 30, 60), 30, "clock") == pytest.approx(1)
