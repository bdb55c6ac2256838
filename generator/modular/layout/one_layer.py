"""Read a one-layer network as trained by He et al. (arXiv 2602.16849): logits W_out act(W_in (e_a + e_b)).

    mlp.W_in        m x p, or m x d with embed.W_E
    mlp.W_out       p x m
    embed.W_E       d x p, optional
    mlp.b_in, mlp.b_out     m, p, optional
    mlp.basis       a constant that the network does not use

Some scripts save an embedding of p x p that the network does not use either: it reads one-hot tokens. The setting
embed_type tells; without it the reading that answers more pairs right is taken.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from generator.errors import LayoutError
from generator.modular.layout.vocabulary import activation_of, vocabulary_of
from generator.modular.network.mlp import MLP
from generator.modular.network.model import accuracy

if TYPE_CHECKING:
    from generator.modular.layout.config import Config
    from generator.modular.layout.weights import Weights

__all__ = ["read_one_layer"]

ONE_HOT = ("one_hot", "onehot", "one-hot")
"""Values of embed_type of a network without an embedding."""


def read_one_layer(weights: Weights, config: Config, activation: str | None = None) -> tuple[MLP, tuple[str, ...]]:
    """Read a one-layer network, and remarks on what was assumed or is not read.

    Raises:
        LayoutError: naming the first fault.
    """
    into = weights.take("mlp.W_in", None, None)
    out = weights.take("mlp.W_out", None, len(into))
    embedding = weights.take("embed.W_E", into.shape[1], None) if "embed.W_E" in weights else None
    tokens = into.shape[1] if embedding is None else embedding.shape[1]
    vocabulary = vocabulary_of(config, tokens, f"{weights.path}: the input")
    p = vocabulary.modulus
    if len(out) < p:
        raise LayoutError(f"{weights.path}: mlp.W_out has {len(out)} rows; expected {p} classes")
    bias = weights.take("mlp.b_in", len(into)) if "mlp.b_in" in weights else torch.zeros(len(into), dtype=out.dtype)
    above = weights.take("mlp.b_out", len(out)) if "mlp.b_out" in weights else torch.zeros(len(out), dtype=out.dtype)
    weights.refuse_others("a one-layer network")
    told = activation_of(config, activation)
    same = torch.eye(len(into), dtype=out.dtype)
    one_hot = MLP(  # the contributions of the tokens are their embeddings
        first=vocabulary.first(into.T),
        second=vocabulary.second(into.T),
        into_first=same,
        into_second=same,
        bias=bias,
        unembed=out[:p],
        unembed_bias=above[:p],
        activation=told or "relu",
        shared=not vocabulary.apart,
    )
    remarks = vocabulary.remarks()
    if told is None:
        remarks += ("no activation is named, so relu is assumed; --activation quad reads units x^2",)
    if embedding is None:
        return one_hot, remarks
    table = embedding.T
    embedded = replace(
        one_hot, first=vocabulary.first(table), second=vocabulary.second(table), into_first=into, into_second=into
    )
    kind = (config.text("embed_type") or "").lower()
    if into.shape[1] != tokens or (kind and kind not in ONE_HOT):
        return embedded, remarks
    if kind:
        return one_hot, (*remarks, "embed_type is one_hot, so embed.W_E is not used")
    if accuracy(one_hot.logits()) <= accuracy(embedded.logits()):
        return embedded, remarks
    return one_hot, (*remarks, "embed.W_E is not used: the network answers more pairs right on one-hot tokens")
