"""Take a whole network apart into shuffled pieces in the published layout.

Names and order of the layers in a file suggest the network, but do not prove it. So the network is assembled first. It
must reproduce the predictions of the table; otherwise nothing is imported.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from generator.errors import LayoutError, NetjigsawError
from generator.files.state import read_state, state_in
from generator.reassembly.layout.reading.folder import CSV, find_table, folders_of_pieces, saved_files
from generator.reassembly.layout.reading.network import NO_STACK, describe_layers, layers_of, residual_order
from generator.reassembly.layout.reading.numbering import PIECES
from generator.reassembly.layout.reading.piece import plain_array
from generator.reassembly.layout.roles import ROLES_FILE
from generator.reassembly.layout.table import read_table
from generator.reassembly.network.residual import ACTIVATIONS, ResidualNetwork

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path


__all__ = ["WholeNetwork", "find_network", "write_apart"]

MOST_UNEXPLAINED = 1e-4
"""Largest MSE between the network and the table, over the variance of the predictions. Half precision stays below
1e-5; two neighbouring blocks of the published network exchanged give 3e-3. A larger value accepts more
networks. Hand-set between the two errors."""


@dataclass(frozen=True)
class WholeNetwork:
    """A file with all layers of a network, and the table of its predictions.

    Attributes:
        path: the file.
        state: its tensors by name.
        table: the table.
    """

    path: Path
    state: Mapping[Any, Any]
    table: Path


def find_network(folder: Path, remark: Callable[[str], None]) -> WholeNetwork | None:
    """Find a whole network beside a table in a folder without pieces; None if there is none.

    `remark` is called if the table has another name than the published one.
    """
    if not folder.is_dir() or (folder / PIECES).is_dir() or folders_of_pieces(folder):
        return None
    saved = saved_files(folder)
    try:
        table = find_table(folder, (), remark)
        state, _ = state_in(read_state(saved[0], "a network"), saved[0]) if len(saved) == 1 else ({}, "")
    except NetjigsawError:  # the search for pieces then says what these files are
        return None
    return WholeNetwork(saved[0], state, table) if len(layers_of(state)) > 1 else None


def write_apart(
    network: WholeNetwork,
    folder: Path,
    *,
    activation: str,
    rng: np.random.Generator,
    remark: Callable[[str], None],
) -> list[int]:
    """Write the layers of a network in the published layout, numbered at random.

    Args:
        network: the network and its table.
        folder: an empty folder.
        activation: of the blocks.
        rng: draws the numbers.
        remark: is called with each deviation of the table, and once about the network.

    Returns:
        The answer: numbers of the pieces in execution order.

    Raises:
        StorageError: if the table cannot be read.
        LayoutError: if the layers form no residual network, or do not reproduce the predictions of the table.
    """
    layers = _in_order(network)
    data = read_table(network.table, remark=remark)
    _check_predictions(network, layers, data, activation)
    answer = [int(number) for number in rng.permutation(len(layers))]
    (folder / PIECES).mkdir(parents=True)
    for number, layer in zip(answer, layers, strict=True):
        torch.save(
            {kind: torch.from_numpy(array) for kind, array in layer.items()}, folder / PIECES / f"piece_{number}.pth"
        )
    roles = {"incoming": sorted(answer[:-1:2]), "outgoing": sorted(answer[1:-1:2]), "head": answer[-1]}
    (folder / ROLES_FILE).write_text(json.dumps(roles), encoding="utf-8")
    shutil.copyfile(network.table, folder / CSV)
    described = describe_layers(layers_of(network.state))
    remark(f"{network.path.name} holds {described}; its layers were shuffled, and the answer was sealed in answers/")
    return answer


def _in_order(network: WholeNetwork) -> list[dict[str, np.ndarray]]:
    """List weight and bias of each layer in the order in which a residual network executes them."""
    path, state = network.path, {str(key): value for key, value in network.state.items()}
    shapes = layers_of(state)
    order = residual_order(shapes)
    if order is None:
        raise LayoutError(f"{path} holds {describe_layers(shapes)}, not pieces; {NO_STACK}")
    layers = []
    for name in order:
        keys = {kind: f"{name}.{kind}" if name else kind for kind in ("weight", "bias")}
        layers.append(
            {kind: plain_array(state.pop(key), f"{path} {key}") for kind, key in keys.items() if key in state}
        )
    for key in state:
        raise LayoutError(f"{path} has an unknown entry {key!r}; a network of this family has weights and biases only")
    return layers


def _check_predictions(
    network: WholeNetwork, layers: list[dict[str, np.ndarray]], data: Mapping[str, np.ndarray], activation: str
) -> None:
    """Check that the network reproduces the predictions, which proves that the order of its layers is the answer."""
    (hidden, width), (outputs, _) = layers[0]["weight"].shape, layers[-1]["weight"].shape
    if data["inputs"].shape[1] != width or data["predictions"].shape[1] != outputs:
        raise LayoutError(
            f"{network.path} takes {width} inputs and gives {outputs} outputs, but {network.table} has "
            f"{data['inputs'].shape[1]} inputs and {data['predictions'].shape[1]} predictions"
        )

    def unexplained(sigma: str) -> float:
        def stack(part: Sequence[dict[str, np.ndarray]], kind: str, size: int) -> torch.Tensor:
            return torch.from_numpy(np.stack([layer.get(kind, np.zeros(size, np.float32)) for layer in part]))

        assembled = ResidualNetwork(
            U=stack(layers[:-1:2], "weight", hidden),
            c=stack(layers[:-1:2], "bias", hidden),
            V=stack(layers[1::2], "weight", width),
            e=stack(layers[1::2], "bias", width),
            head=torch.from_numpy(layers[-1]["weight"]),
            head_bias=stack(layers[-1:], "bias", outputs)[0],
            activation=sigma,
        )
        found = assembled(torch.from_numpy(data["inputs"])).double().numpy()
        wanted = data["predictions"].astype(np.float64)
        return float(np.mean((found - wanted) ** 2) / max(wanted.var(axis=0).mean(), np.finfo(float).tiny))

    if unexplained(activation) <= MOST_UNEXPLAINED:
        return
    fitting = [sigma for sigma in ACTIVATIONS if unexplained(sigma) <= MOST_UNEXPLAINED]
    advice = (
        f"it does with --activation {fitting[0]}" if fitting else "another network made them, or its structure differs"
    )
    raise LayoutError(
        f"{network.path}, assembled as residual blocks with {activation}, does not give the predictions in "
        f"{network.table} (MSE / variance {unexplained(activation):.2g}); {advice}"
    )
