"""Read a model of the linear family of Zhong et al. 2023 (arXiv 2306.17844, appendix E) from its checkpoint.

    embed.weight            tokens x d; model X has embed1.weight and embed2.weight
    l1.weight, l1.bias      h x d (model D: h x 2 d), h
    l2.weight, l2.bias      models B and C only
    unembed.weight          tokens x h

| model_type | paper | network |
|---|---|---|
| A | alpha | U relu(l1(E_a + E_b)) |
| B | beta | U relu(l2(relu(l1(E_a + E_b)))) |
| C | gamma | U relu(l2(relu(l1(E_a) + l1(E_b)))): the bias of l1 enters twice |
| D | delta | U relu(l1([E_a; E_b])) |
| X | alpha' | U relu(l1(E_a + F_b)) |
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from generator.errors import LayoutError
from generator.modular.layout.vocabulary import activation_of, vocabulary_of
from generator.modular.network.mlp import MLP

if TYPE_CHECKING:
    from generator.modular.layout.config import Config
    from generator.modular.layout.weights import Weights

__all__ = ["MODELS", "read_linear"]

MODELS = ("A", "B", "C", "D", "X")
"""Values of model_type."""


def read_linear(weights: Weights, config: Config, activation: str | None = None) -> tuple[MLP, tuple[str, ...]]:
    """Read a linear model, and remarks on what is not read.

    Raises:
        LayoutError: naming the first fault.
    """
    model = _model_type(weights, config)
    if model == "X" and "embed1.weight" in weights:
        table = weights.take("embed1.weight", None, None)
        other = weights.take("embed2.weight", *table.shape)
    else:
        table = other = weights.take("embed.weight", None, None)
    vocabulary = vocabulary_of(config, len(table), f"{weights.path}: the embedding")
    first, second = vocabulary.first(table), vocabulary.second(other)
    width = table.shape[1]
    into = weights.take("l1.weight", None, 2 * width if model == "D" else width)
    bias = weights.take("l1.bias", len(into))
    hidden: tuple[tuple[torch.Tensor, torch.Tensor], ...] = ()
    if model in {"B", "C"}:
        weight = weights.take("l2.weight", None, len(into))
        hidden = ((weight, weights.take("l2.bias", len(weight))),)
    last = len(hidden[0][0]) if hidden else len(into)
    unembed = weights.take("unembed.weight", None, last)
    if len(unembed) < vocabulary.modulus:
        raise LayoutError(f"{weights.path}: unembed.weight has {len(unembed)} rows; expected {vocabulary.modulus}")
    weights.refuse_others(f"a linear model of type {model}")
    network = MLP(
        first=first,
        second=second,
        into_first=into[:, :width],
        into_second=into[:, -width:],
        bias=2 * bias if model == "C" else bias,
        unembed=unembed[: vocabulary.modulus],
        unembed_bias=torch.zeros(vocabulary.modulus, dtype=torch.float64),
        activation=activation_of(config, activation) or "relu",
        hidden=hidden,
        shared=other is table and not vocabulary.apart,
    )
    return network, vocabulary.remarks()


def _model_type(weights: Weights, config: Config) -> str:
    """Return the model's letter from the configuration, or from the tensors if they tell it."""
    told = config.text("model_type")
    if told is not None:
        if told.upper() not in MODELS:
            raise LayoutError(f"{config.path}: model_type is {told!r}; known: {', '.join(MODELS)}")
        return told.upper()
    if "embed1.weight" in weights:
        return "X"
    if "l2.weight" in weights:
        raise LayoutError(f"{weights.path} may be of model_type B or C; give its CONFIG.json, which tells it")
    width = weights.take("embed.weight", None, None).shape[1]
    return "D" if weights.take("l1.weight", None, None).shape[1] == 2 * width else "A"
