"""Networks as the tensors of a puzzle. Names tell the position in the network and nothing else.

Feed-forward networks:
    first, second       h x p: what each symbol adds to the inputs of the first hidden layer
    bias                h
    2.weight, 2.bias    the second hidden layer, out x in, and so on
    unembed             p x units; unembed_bias: p

Transformers, positions added to the tables:
    first, second       p x d: embedding of each symbol; third: d, of the third token
    key.1, query.1, value.1     heads x dh x d of layer 1, and so on
    output.1            d x (heads dh)
    into.1, into_bias.1, out.1, out_bias.1      the hidden units
    unembed             p x d
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from generator.errors import PuzzleError
from generator.modular.network.mlp import MLP
from generator.modular.network.transformer import Block, Transformer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from generator.modular.spec import PublicSpec

__all__ = ["network_of", "tensors_of"]

BLOCK = ("key", "query", "value", "output", "into", "into_bias", "out", "out_bias")
"""Fields of a layer of a transformer, and the first part of their tensors' names."""


def tensors_of(network: MLP | Transformer) -> dict[str, NDArray[np.float32]]:
    """Write a network, whose contributions or positions are folded into its tables, as float32 tensors."""
    tensors = _of_mlp(network) if isinstance(network, MLP) else _of_transformer(network)
    return {name: tensor.numpy().astype(np.float32) for name, tensor in tensors.items()}


def _of_mlp(network: MLP) -> dict[str, torch.Tensor]:
    tensors = {"first": network.first.T, "second": network.second.T, "bias": network.bias}
    for number, (weight, bias) in enumerate(network.hidden, start=2):
        tensors |= {f"{number}.weight": weight, f"{number}.bias": bias}
    return {**tensors, "unembed": network.unembed, "unembed_bias": network.unembed_bias}


def _of_transformer(network: Transformer) -> dict[str, torch.Tensor]:
    tensors = {"first": network.first, "second": network.second, "unembed": network.unembed}
    if network.third is not None:
        tensors["third"] = network.third
    for number, block in enumerate(network.blocks, start=1):
        tensors |= {f"{name}.{number}": getattr(block, name) for name in BLOCK}
    return tensors


def network_of(tensors: Mapping[str, np.ndarray], public: PublicSpec) -> MLP | Transformer:
    """Read a network in float64. Where the unembedding is withheld, it is the identity.

    Raises:
        PuzzleError: if tensors are missing, unknown, or do not fit together.
    """
    known = _names(public)
    if known != tensors.keys():
        name = min(known ^ tensors.keys())
        raise PuzzleError(f"the tensor {name!r} {'is missing' if name in known else 'belongs to no network'}")
    arrays = {name: torch.from_numpy(array.astype(np.float64)) for name, array in tensors.items()}
    network = _mlp(arrays, public) if public.container == "mlp" else _transformer(arrays, public)
    if len(network.first) != public.modulus or network.first.shape != network.second.shape:
        raise PuzzleError(
            f"the tables have shapes {tuple(tensors['first'].shape)} and {tuple(tensors['second'].shape)}; "
            f"expected one row or column for each of {public.modulus} symbols"
        )
    try:
        logits = network(network.first[:1], network.second[:1])
    except (RuntimeError, IndexError) as error:
        raise PuzzleError(f"the tensors do not fit together: {' '.join(str(error).split())}") from None
    if not public.withheld and logits.shape != (1, public.modulus):
        raise PuzzleError(f"the network has {logits.shape[-1]} classes; expected {public.modulus}")
    return network


def _names(public: PublicSpec) -> set[str]:
    """List the names of a puzzle's tensors."""
    names = {"first", "second"} | (set() if public.withheld else {"unembed"})
    if public.container == "mlp":
        names |= {"bias"} | (set() if public.withheld else {"unembed_bias"})
        return names | {f"{number}.{kind}" for number in range(2, public.layers + 1) for kind in ("weight", "bias")}
    names |= {f"{name}.{number}" for number in range(1, public.layers + 1) for name in BLOCK}
    return names | ({"third"} if public.third else set())


def _mlp(arrays: Mapping[str, torch.Tensor], public: PublicSpec) -> MLP:
    hidden = tuple((arrays[f"{number}.weight"], arrays[f"{number}.bias"]) for number in range(2, public.layers + 1))
    width, last = len(arrays["first"]), len(hidden[-1][0]) if hidden else len(arrays["first"])
    same = torch.eye(width, dtype=torch.float64)
    return MLP(
        first=arrays["first"].T.contiguous(),
        second=arrays["second"].T.contiguous(),
        into_first=same,
        into_second=same,
        bias=arrays["bias"],
        unembed=torch.eye(last, dtype=torch.float64) if public.withheld else arrays["unembed"],
        unembed_bias=torch.zeros(last, dtype=torch.float64) if public.withheld else arrays["unembed_bias"],
        activation=public.activation,
        hidden=hidden,
    )


def _transformer(arrays: Mapping[str, torch.Tensor], public: PublicSpec) -> Transformer:
    width = arrays["first"].shape[1]
    return Transformer(
        first=arrays["first"],
        second=arrays["second"],
        positions=torch.zeros(3 if public.third else 2, width, dtype=torch.float64),
        blocks=tuple(
            Block(**{name: arrays[f"{name}.{number}"] for name in BLOCK}) for number in range(1, public.layers + 1)
        ),
        unembed=torch.eye(width, dtype=torch.float64) if public.withheld else arrays["unembed"],
        rate=public.rate if public.rate is not None else 1.0,
        third=arrays.get("third"),
        activation=public.activation,
        shared=False,
    )
