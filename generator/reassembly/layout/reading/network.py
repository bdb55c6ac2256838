"""Recognise a whole network, whose layers still lie in order in one file, where pieces are expected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from generator.errors import LayoutError, NetjigsawError
from generator.reassembly.layout.reading.state import read_state, state_in

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["NETWORK_FILES", "describe_layers", "layers_of", "refuse_network"]

NETWORK_FILES = (".pth", ".pt", ".bin", ".ckpt", ".safetensors")
"""Extensions of files that whole networks are saved in."""

TAKE_APART = (
    "import takes shuffled layers: save each layer as pieces/piece_<i>.pth, numbered at random, with "
    "torch.save({'weight': weight, 'bias': bias}, path), and the table as historical_data.csv"
)


def layers_of(state: Mapping[Any, Any]) -> dict[str, tuple[int, ...]]:
    """Map the name of each layer of a state dict, what precedes `.weight`, to the shape of its weight."""
    return {
        str(key).removesuffix("weight").removesuffix("."): tuple(value.shape)
        for key, value in state.items()
        if (str(key) == "weight" or str(key).endswith(".weight")) and isinstance(value, torch.Tensor)
    }


def describe_layers(layers: Mapping[str, tuple[int, ...]]) -> str:
    """Describe the layers of a whole network in some words: their number, and the first and last name and shape."""
    shown = [f"{name} {'x'.join(map(str, shape))}" for name, shape in layers.items()]
    listed = ", ".join(shown) if len(shown) <= 3 else f"{shown[0]}, {shown[1]}, ..., {shown[-1]}"
    return f"a whole network of {len(layers)} layers ({listed})"


def refuse_network(path: Path) -> LayoutError:
    """Make the error for a file that was given instead of pieces: it says what the file holds.

    The error is returned, so that the caller can raise it where it looked for pieces.
    """
    try:
        state, _ = state_in(read_state(path, "a folder of pieces and table"), path)
    except NetjigsawError as error:
        return LayoutError(str(error))
    layers = layers_of(state)
    if len(layers) > 1:
        return LayoutError(f"{path} holds {describe_layers(layers)}, not pieces; {TAKE_APART}")
    return LayoutError(f"{path} is one file; give the folder with pieces/ and historical_data.csv")
