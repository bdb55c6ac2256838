"""Import a trained network as a recovery puzzle: the network becomes the hidden network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import numpy as np
from pydantic import ValidationError

from generator.errors import LayoutError, SpecError, first_fault
from generator.puzzle.canonical import sha256_json, sha256_tensors
from generator.puzzle.content import make_puzzle
from generator.puzzle.sealing import seal_imported
from generator.recovery.layout.network import read_layers
from generator.recovery.making.generate import difficulty
from generator.recovery.network.mlp import MLP
from generator.recovery.oracle import rounded
from generator.recovery.sealed import answer_of, arrays_of
from generator.recovery.spec import ActivationName, RecoverySpec
from generator.recovery.units.reduce import reduced
from generator.suggest import did_you_mean

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from pydantic import JsonValue

    from generator.puzzle.sealing import Made

__all__ = ["import_network"]

IMPORTED: dict[str, Any] = {"box": 1000.0, "budget": None}
"""Defaults that differ from those of made puzzles: published attacks query without these limits."""
ROWS_JUDGED = 2000
"""Inputs on which condition number and tolerance are computed, as for made puzzles."""


def import_network(path: Path, *, name: str, activation: str = "relu", **options: str | None) -> Made:
    """Read a network and hide it.

    Units that no allowed query shows are removed and copies of units are merged, so the answer has the fewest units.
    The table of a passive puzzle is drawn from a seed that the weights determine: equal imports give equal puzzles.

    Args:
        path: a safetensors file or a torch state dict.
        name: of the puzzle.
        activation: of the hidden layers.
        **options: fields of the recipe as text: box, budget, precision, input_scale, tolerance, label; and rows, which
            makes the puzzle passive. The text `none` means no bound or no limit.

    Raises:
        StorageError: if the file is missing or cannot be read.
        LayoutError: if it is no network of linear layers, or too large.
        SpecError: for an unknown activation or a wrong option.
        PuzzleError: if the network is constant within the solver's reach.
        TrainingError: if the outputs are too coarse to tell the weights.
    """
    if activation not in get_args(ActivationName):
        raise SpecError(f"no activation {activation!r}{did_you_mean(activation, get_args(ActivationName))}")
    network = MLP.of(read_layers(path), activation)
    spec = _spec(network, path, options)
    rng = np.random.default_rng(int(sha256_json(sha256_tensors(arrays_of(network))), 16))
    table: NDArray[np.float64] | None = None
    if spec.mode == "passive":
        table = spec.input_scale * rng.standard_normal((spec.rows, spec.inputs))
    found = reduced(network, box=spec.public.box, rows=table)
    public = spec.public
    data = {} if table is None else {"inputs": table, "outputs": rounded(found.network.exact(table), public)}
    judged = spec.input_scale * rng.standard_normal((ROWS_JUDGED, spec.inputs))
    condition, tolerance = difficulty(found.network, judged, spec)
    facts: dict[str, JsonValue] = {"tolerance": tolerance}
    if condition is not None:
        facts["condition"] = condition
    puzzle = make_puzzle(
        family="recovery",
        name=name,
        spec=public.model_dump(mode="json", exclude_defaults=True),
        facts=facts,
        generator="imported network",
        pieces={},
        data=data,
    )
    answer = answer_of(found.network, found.fixed)
    arrays = arrays_of(found.network)
    return seal_imported(puzzle, answer, found.warnings, arrays=arrays, notes={"units": found.record()})


def _spec(network: MLP, path: Path, options: dict[str, str | None]) -> RecoverySpec:
    """Combine the sizes of a network with the options, whose text the fields of the recipe parse."""
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
