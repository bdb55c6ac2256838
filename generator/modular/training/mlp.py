"""The linear family alpha, beta, gamma, delta and alpha' on raw parameters (arXiv 2306.17844, appendix E).

Initial values follow the paper's code at width 256: embeddings of variance 2 / width, unembeddings of variance
1 / width, torch's default for linear layers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from generator.modular.network.activations import activate
from generator.modular.network.mlp import MLP
from generator.modular.training.loss import read_out
from generator.modular.training.pairs import Pairs, pair_sum, pick
from generator.modular.training.parameters import Parameter, normal, uniform

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.modular.training.recipe import Recipe

__all__ = ["build_mlp", "mlp_layout", "mlp_logits"]

DEEP = ("beta", "gamma")
"""Architectures with a second hidden layer."""


def mlp_layout(recipe: Recipe) -> tuple[Parameter, ...]:
    """List the parameters."""
    p, width = recipe.modulus, recipe.width
    columns = width // 2 if recipe.architecture == "delta" else width
    layout = [normal("embed", p, columns, variance=2 / width)]
    if recipe.two_tables:
        layout.append(normal("embed_second", p, columns, variance=2 / width))
    layout.append(uniform("into", width, columns, inputs=width))
    if recipe.architecture == "delta":
        layout.append(uniform("into_second", width, columns, inputs=width))
    layout.append(uniform("bias", width, inputs=width))
    if recipe.architecture in DEEP:
        layout += [uniform("hidden", width, width, inputs=width), uniform("hidden_bias", width, inputs=width)]
    return (*layout, normal("unembed", p, width, variance=1 / width))


def mlp_logits(weights: Mapping[str, torch.Tensor], recipe: Recipe, pairs: Pairs, *, everything: bool) -> torch.Tensor:
    """Compute the logits of all rows, or of the rows that a training step needs, n x p."""
    right = functional.linear(
        weights.get("embed_second", weights["embed"]), weights.get("into_second", weights["into"])
    )
    left = right if recipe.symmetric else functional.linear(weights["embed"], weights["into"])
    left = left + weights["bias"]
    if recipe.architecture == "gamma":
        left, right = activate(recipe.activation, left), activate(recipe.activation, right + weights["bias"])
        state = pick(pair_sum(left, right, pairs), pairs, everything=everything)
    else:
        state = activate(recipe.activation, pick(pair_sum(left, right, pairs), pairs, everything=everything))
    if recipe.architecture in DEEP:
        state = activate(recipe.activation, functional.linear(state, weights["hidden"], weights["hidden_bias"]))
    return read_out(state, weights["unembed"])


def build_mlp(weights: Mapping[str, torch.Tensor], recipe: Recipe) -> MLP:
    """Build the network of float64 parameters."""
    deep = recipe.architecture in DEEP
    return MLP(
        first=weights["embed"],
        second=weights.get("embed_second", weights["embed"]),
        into_first=weights["into"],
        into_second=weights.get("into_second", weights["into"]),
        bias=weights["bias"],
        unembed=weights["unembed"],
        unembed_bias=torch.zeros(recipe.modulus, dtype=torch.float64),
        activation=recipe.activation,
        hidden=((weights["hidden"], weights["hidden_bias"]),) if deep else (),
        separate=recipe.architecture == "gamma",
        shared=not recipe.two_tables,
    )
