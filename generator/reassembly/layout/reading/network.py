"""Recognise a whole network: one file that holds the layers in order, where pieces are expected."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import torch

from generator.errors import LayoutError, NetjigsawError
from generator.files.state import read_state, state_in

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["NETWORK_FILES", "NO_STACK", "describe_layers", "layers_of", "refuse_network", "residual_order"]

NETWORK_FILES = (".pth", ".pt", ".bin", ".ckpt", ".safetensors")
"""Extensions of files that whole networks are saved in."""


NO_STACK = "its layers form no residual network of this family (blocks of m x d and d x m, then a head of o x d)"


def layers_of(state: Mapping[Any, Any]) -> dict[str, tuple[int, ...]]:
    """Map the name of each layer of a state dict (the key without `.weight`) to the shape of its weight."""
    return {
        str(key).removesuffix("weight").removesuffix("."): tuple(value.shape)
        for key, value in state.items()
        if (str(key) == "weight" or str(key).endswith(".weight")) and isinstance(value, torch.Tensor)
    }


def describe_layers(layers: Mapping[str, tuple[int, ...]]) -> str:
    """Describe the layers of a whole network in a few words: their number, and the first and last name and shape."""
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
    if len(layers) < 2:
        return LayoutError(f"{path} is one file; give the folder with pieces/ and historical_data.csv")
    if residual_order(layers) is None:
        return LayoutError(f"{path} holds {describe_layers(layers)}, not pieces; {NO_STACK}")
    return LayoutError(
        f"{path} holds {describe_layers(layers)}, not pieces; to make a puzzle of it, give a folder with this "
        "file alone and historical_data.csv, the table of its inputs and predictions"
    )


def residual_order(layers: Mapping[str, tuple[int, ...]]) -> list[str] | None:
    """Order the layers of a whole network as a residual stack executes them; None if they form none.

    Two layers with the same first number in their names are a block, and the blocks follow these numbers, because a
    file of safetensors does not keep the order of the layers. If names do not form such blocks, the numbers in the
    names order the layers; if a name has no number, the order in the file does.

    Args:
        layers: names and shapes of the weights.

    Returns:
        Incoming and outgoing layer of each block, then the head.
    """
    blocks: dict[int, list[str]] = {}
    for name in layers:
        number = re.search(r"[0-9]{1,9}", name)
        blocks.setdefault(int(number[0]) if number else -1, []).append(name)
    heads = [names[0] for names in blocks.values() if len(names) == 1]
    order = list(layers)
    if len(heads) == 1 and all(len(names) == 2 for names in blocks.values() if names != heads):
        order = [name for _, names in sorted(blocks.items()) if names != heads for name in names] + heads
    elif all(re.search("[0-9]", name) for name in order):
        order.sort(key=lambda name: [int(number) for number in re.findall(r"[0-9]{1,9}", name)])
    if len(order) < 3 or len(order) % 2 == 0 or any(len(shape) != 2 for shape in layers.values()):
        return None
    width = layers[order[-1]][1]
    for i in range(0, len(order) - 1, 2):
        if layers[order[i]][1] != width:
            order[i : i + 2] = reversed(order[i : i + 2])
    hidden = layers[order[0]][0]
    wanted = [(hidden, width), (width, hidden)] * (len(order) // 2)
    return order if [layers[name] for name in order[:-1]] == wanted else None
