"""The whole-grid logits and gradients are those of the networks, on all pairs and on half of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from generator.modular.network.model import sums
from generator.modular.training.loss import cross_entropy
from generator.modular.training.mlp import build_mlp
from generator.modular.training.pairs import lay_out
from generator.modular.training.parameters import draw, unpack
from generator.modular.training.recipe import Architecture, Recipe
from generator.modular.training.train import build, grid_logits, layout_of
from generator.modular.training.transformer import build_transformer

MLPS: tuple[Architecture, ...] = ("alpha", "alpha-two-tables", "beta", "gamma", "delta")
CASES = [
    *(Recipe(name, modulus, 8) for name in MLPS for modulus in (7, 6)),
    Recipe("delta", 7, 8, different_tables=True, activation="square"),
    Recipe("gamma", 7, 8, different_tables=True, activation="gelu"),
    *(
        Recipe("transformer", 7, width, layers=layers, rate=rate, third_token=more, different_tables=more)
        for width in (6, 8)  # below and above the modulus
        for layers in (1, 3)
        for rate in (0.0, 0.3, 1.0)
        for more in (False, True)
    ),
]
NAMES = ("architecture", "modulus", "width", "layers", "rate", "third_token")
cases = pytest.mark.parametrize("recipe", CASES, ids=lambda recipe: "-".join(str(vars(recipe)[k]) for k in NAMES))


def generic(recipe: Recipe) -> torch.Tensor:
    """Draw parameters, none of them 0, in float64."""
    generator = torch.Generator().manual_seed(1)
    flat = draw(layout_of(recipe), generator).double()
    return flat + 0.1 * torch.randn(len(flat), generator=generator)


def half_trained(modulus: int) -> torch.Tensor:
    return torch.rand(modulus, modulus, generator=torch.Generator().manual_seed(2)) < 0.5


@cases
def test_logits_are_those_of_the_network(recipe: Recipe) -> None:
    flat = generic(recipe)
    pairs = lay_out(half_trained(recipe.modulus), half=recipe.symmetric)
    expected = build(flat, recipe).logits()[pairs.first, pairs.second]
    exact = grid_logits(unpack(flat, layout_of(recipe)), recipe, pairs, everything=True)
    fast = grid_logits(unpack(flat.float(), layout_of(recipe)), recipe, pairs, everything=True)
    assert torch.allclose(exact, expected, rtol=0, atol=1e-11)
    assert float((fast - expected).abs().max() / expected.abs().max()) < 1e-6


@cases
def test_gradients_are_those_of_the_mean_cross_entropy_over_the_training_pairs(recipe: Recipe) -> None:
    flat, trained = generic(recipe), half_trained(recipe.modulus)
    pairs = lay_out(trained, half=recipe.symmetric)
    rows = slice(None) if pairs.chosen is None else pairs.chosen
    ours = flat.clone().requires_grad_()
    logits = grid_logits(unpack(ours, layout_of(recipe)), recipe, pairs, everything=False)
    weight = pairs.trained[rows].double() / pairs.trained.double().sum()
    target = pairs.target[rows] + recipe.modulus * torch.arange(len(weight))
    loss, pull = cross_entropy(logits.detach(), target, weight)
    logits.backward(pull)  # type: ignore[no-untyped-call]

    theirs = flat.clone().requires_grad_()
    build = build_transformer if recipe.architecture == "transformer" else build_mlp
    network = build(unpack(theirs, layout_of(recipe)), recipe)
    expected = functional.cross_entropy(network.logits()[trained], sums(recipe.modulus)[trained])
    expected.backward()  # type: ignore[no-untyped-call]
    assert float(loss) == pytest.approx(expected.item(), rel=1e-10)
    assert ours.grad is not None
    assert theirs.grad is not None
    assert torch.allclose(ours.grad, theirs.grad, rtol=1e-8, atol=1e-11)


def test_symmetric_networks_need_half_of_the_pairs() -> None:
    trained = half_trained(9)
    for modulus, rows in ((9, 45), (8, 40)):
        pairs = lay_out(trained[:modulus, :modulus], half=True)
        assert len(pairs.first) == rows
        assert float(pairs.count.sum()) == modulus**2
        assert float(pairs.trained.sum()) == int(trained[:modulus, :modulus].sum())


def test_only_networks_that_cannot_tell_the_order_are_symmetric() -> None:
    for recipe in CASES:
        logits = build(generic(replace(recipe, width=8)), replace(recipe, width=8)).logits()
        assert torch.allclose(logits, logits.transpose(0, 1)) == recipe.symmetric
