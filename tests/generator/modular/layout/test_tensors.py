"""Networks as tensors and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from generator.errors import PuzzleError
from generator.modular.layout.tensors import network_of, tensors_of
from generator.modular.making.fold import folded
from generator.modular.network.mlp import MLP
from generator.modular.spec import PublicSpec
from tests.generator.modular.random_networks import random_mlp, random_transformer

if TYPE_CHECKING:
    from generator.modular.network.transformer import Transformer


def public(network: MLP | Transformer, **changes: Any) -> PublicSpec:
    if isinstance(network, MLP):
        known: dict[str, Any] = {"container": "mlp", "layers": 1 + len(network.hidden)}
    else:
        known = {"container": "transformer", "layers": len(network.blocks), "rate": network.rate}
        known["third"] = network.third is not None
    return PublicSpec.model_validate({"modulus": 11, "activation": "relu", "names": "three", **known, **changes})


@pytest.mark.parametrize(
    "network", [random_mlp(), random_mlp(layers=3), random_transformer(), random_transformer(layers=2, third=True)]
)
def test_a_network_is_read_back_to_the_precision_of_float32(network: MLP | Transformer) -> None:
    tensors = tensors_of(folded(network))
    assert all(tensor.dtype == np.float32 for tensor in tensors.values())
    read = network_of(tensors, public(network))
    torch.testing.assert_close(read.logits(), network.logits(), rtol=0, atol=1e-3 * float(network.logits().abs().max()))
    assert read.first.dtype == torch.float64
    again = tensors_of(read)
    assert all((again[name] == tensor).all() for name, tensor in tensors.items())


@pytest.mark.parametrize("network", [random_mlp(layers=2), random_transformer()])
def test_a_withheld_unembedding_leaves_the_last_hidden_state(network: MLP | Transformer) -> None:
    tensors = tensors_of(folded(network))
    unembed = torch.from_numpy(tensors["unembed"].astype(np.float64))
    seen = {name: tensor for name, tensor in tensors.items() if not name.startswith("unembed")}
    state = network_of(seen, public(network, withheld=True)).logits()
    whole = network_of(tensors, public(network))
    offset = whole.unembed_bias if isinstance(whole, MLP) else 0
    torch.testing.assert_close(state @ unembed.T + offset, whole.logits())


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"first": None}, "'first' is missing"),
        ({"third": np.zeros(3)}, "'third' belongs to no network"),
        ({"first": np.zeros((7, 10))}, "tables have shapes"),
        ({"bias": np.zeros(6)}, "do not fit together"),
        ({"unembed": np.zeros((9, 7)), "unembed_bias": np.zeros(9)}, "9 classes; expected 11"),
    ],
)
def test_damaged_tensors_are_told(change: dict[str, Any], fault: str) -> None:
    tensors = {**tensors_of(folded(random_mlp())), **change}
    with pytest.raises(PuzzleError, match=fault):
        network_of({name: tensor for name, tensor in tensors.items() if tensor is not None}, public(random_mlp()))
