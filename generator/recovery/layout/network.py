"""Read a network of linear layers from a safetensors file or a torch state dict.

The file holds a matrix `<layer>.weight`, out x in, per layer, and may hold a vector `<layer>.bias`. If every layer's
name has a number (`0.weight`, `net.2.weight`, `fc3.weight`), layers are ordered by these numbers, otherwise by their
order in the file. Every float format is converted to float64. A missing bias counts as zero.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch

from generator.errors import LayoutError
from generator.files.state import read_state, state_in
from generator.recovery.puzzle import MOST_UNITS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from numpy.typing import NDArray

    Layer = tuple[NDArray[np.float64], NDArray[np.float64]]

__all__ = ["read_layers"]

_NORM = {"running_mean", "running_var", "num_batches_tracked"}
"""Names of tensors that only normalisation layers have."""


def read_layers(path: Path) -> list[Layer]:
    """Read pairs of weight (out x in) and bias in float64, from input to output.

    Raises:
        StorageError: if the file is missing or cannot be read.
        LayoutError: if the file is not a network of at least two linear layers; the message names the first fault.
    """
    state, _ = state_in(read_state(path, "a network"), path)
    tensors = _by_layer(state, path)
    names = list(tensors)
    if all(re.search(r"\d", name) for name in names):
        names.sort(key=_natural)
    layers = [_layer(tensors[name], name, path) for name in names]
    if len(layers) < 2:
        raise LayoutError(f"{path} holds {len(layers) or 'no'} linear layer; a network needs a hidden layer before it")
    _check_chain(layers, names, path)
    return layers


def _by_layer(state: Mapping[Any, Any], path: Path) -> dict[str, dict[str, torch.Tensor]]:
    """Group the tensors of a state dict by layer."""
    tensors: dict[str, dict[str, torch.Tensor]] = {}
    for key, value in state.items():
        layer, _, kind = str(key).rpartition(".")
        if kind in _NORM:
            raise LayoutError(f"{path}: {key!r} belongs to a normalisation layer; only linear layers are read")
        if kind not in {"weight", "bias"} or not isinstance(value, torch.Tensor):
            what = "" if isinstance(value, torch.Tensor) else f", a {type(value).__name__}"
            raise LayoutError(
                f"{path}: {key!r}{what} is no weight or bias of a linear layer; only linear layers are read"
            )
        tensors.setdefault(layer, {})[kind] = value
    return tensors


def _layer(tensors: Mapping[str, torch.Tensor], name: str, path: Path) -> Layer:
    """Check the tensors of a layer, and convert them to float64."""
    where = f"{path}: layer {name!r}" if name else str(path)
    for kind, tensor in tensors.items():
        if not tensor.dtype.is_floating_point or tensor.layout != torch.strided:
            raise LayoutError(f"{where}: {kind} is {tensor.dtype}, {tensor.layout}; expected dense float16, 32 or 64")
        if not torch.isfinite(tensor).all():
            raise LayoutError(f"{where}: {kind} holds NaN or infinity; train the network again")
    if "weight" not in tensors:
        raise LayoutError(f"{where} has a bias, but no weight")
    weight = tensors["weight"].detach().to(torch.float64).numpy()
    if weight.ndim != 2 or not weight.size:
        kinds = {1: ", like that of a normalisation layer", 3: ", like that of a convolution"}
        kinds |= {4: kinds[3], 5: kinds[3]}
        raise LayoutError(
            f"{where}: weight has shape {weight.shape}{kinds.get(weight.ndim, '')}; a linear layer has out x in"
        )
    if "bias" not in tensors:
        return weight, np.zeros(len(weight))
    bias = tensors["bias"].detach().to(torch.float64).numpy()
    if bias.shape != weight.shape[:1]:
        raise LayoutError(f"{where}: bias has shape {bias.shape}; a weight of shape {weight.shape} needs {len(weight)}")
    return weight, bias


def _check_chain(layers: list[Layer], names: list[str], path: Path) -> None:
    """Check that each layer takes as many inputs as the layer before has outputs, and that no layer is too wide."""
    for ((before, _), (after, _)), (first, second) in zip(pairwise(layers), pairwise(names), strict=True):
        if after.shape[1] != len(before):
            turned = all(len(b) == a.shape[1] for (a, _), (b, _) in pairwise(layers))
            hint = "; the weights are in x out, so transpose them" if turned else ""
            raise LayoutError(
                f"{path}: layer {second!r} takes {after.shape[1]} inputs, but layer {first!r} before it gives "
                f"{len(before)} outputs{hint}"
            )
    for (weight, _), name in zip(layers, names, strict=True):
        if len(weight) > MOST_UNITS:
            raise LayoutError(f"{path}: layer {name!r} has {len(weight)} units; at most {MOST_UNITS} are scored")


def _natural(name: str) -> list[tuple[int, str]]:
    """Return a sort key that puts fc10 after fc9."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]
