"""Import a trained network as the hidden network of a recovery puzzle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import numpy as np
from pydantic import ValidationError

from generator.errors import LayoutError, SpecError, first_fault
from generator.puzzle.canonical import sha256_json, sha256_tensors
from generator.puzzle.content import make_puzzle
from generator.puzzle.sealing import seal_imported
from generator.recovery.layout.network import read_layers
from generator.recovery.making.hiding import hide
from generator.recovery.network.mlp import MLP
from generator.recovery.sealed import answer_of, arrays_of
from generator.recovery.spec import ActivationName, RecoverySpec
from generator.suggest import did_you_mean

if TYPE_CHECKING:
    from pathlib import Path

    from generator.puzzle.sealing import Made

__all__ = ["import_network"]

IMPORTED: dict[str, Any] = {"box": 1000.0, "budget": None}
"""Defaults that differ from those of `RecoverySpec`, because published attacks assume no budget and no tight box."""


def import_network(path: Path, *, name: str, activation: str = "relu", **options: str | None) -> Made:
    """Read a network and make it the hidden network of a puzzle.

    Units that no allowed query shows are removed, and units that compute the same function are merged. The weights
    determine the seed of the table, so equal imports give equal tables.

    Args:
        path: a safetensors file or a torch state dict.
        name: name of the puzzle for display.
        activation: name of the activation of the hidden layers.
        **options: fields of the recipe as text: box, budget, precision, input_scale, tolerance, label; and rows, which
            makes the puzzle passive. The text `none` means no bound or no limit.

    Raises:
        StorageError: if the file is missing or cannot be read.
        LayoutError: if the file is not a network of linear layers, or the network is too large.
        SpecError: if the activation is unknown or an option is wrong.
        PuzzleError: if the network is constant within the solver's reach.
        TrainingError: if the outputs are too coarse to determine the weights.
    """
    if activation not in get_args(ActivationName):
        raise SpecError(f"no activation {activation!r}{did_you_mean(activation, get_args(ActivationName))}")
    network = MLP.of(read_layers(path), activation)
    spec = _spec(network, path, options)
    rng = np.random.default_rng(int(sha256_json(sha256_tensors(arrays_of(network))), 16))
    hidden = hide(network, spec, rng, rng)
    puzzle = make_puzzle(
        family="recovery",
        name=name,
        spec=spec.public.model_dump(mode="json", exclude_defaults=True),
        facts=hidden.facts,
        generator="imported network",
        pieces={},
        data=hidden.data,
    )
    found = hidden.reduced
    answer = answer_of(found.network, found.fixed)
    arrays = arrays_of(found.network)
    return seal_imported(puzzle, answer, found.warnings, arrays=arrays, notes={"units": found.record()})


def _spec(network: MLP, path: Path, options: dict[str, str | None]) -> RecoverySpec:
    """Make a recipe from the sizes of a network and the options."""
    given: dict[str, Any] = {
        key: None if value.lower() == "none" else value for key, value in options.items() if value is not None
    }
    sizes = {"inputs": network.widths[0], "hidden": network.widths[1:-1], "outputs": network.widths[-1]}
    try:
        return RecoverySpec.model_validate(
            {
                **IMPORTED,
                **given,
                **sizes,
                "activation": network.activation,
                "mode": "passive" if "rows" in given else "active",
            }
        )
    except ValidationError as error:
        if error.errors()[0]["loc"][:1] in {(size,) for size in sizes}:
            raise LayoutError(f"{path}: the network is too large: {first_fault(error)}") from None
        raise SpecError(f"--{first_fault(error).replace('_', '-', 1)}") from None
