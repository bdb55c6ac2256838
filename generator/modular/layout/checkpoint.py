"""Find out which layout a checkpoint has, and read its network. The names of the tensors decide."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from generator.errors import LayoutError
from generator.modular.layout.linear import read_linear
from generator.modular.layout.one_layer import read_one_layer
from generator.modular.layout.transformer import read_transformer
from generator.modular.layout.weights import read_weights

if TYPE_CHECKING:
    from pathlib import Path

    from generator.modular.layout.config import Config
    from generator.modular.network.mlp import MLP
    from generator.modular.network.transformer import Transformer

__all__ = ["SUFFIXES", "checkpoints_in", "read_checkpoint"]

SUFFIXES = (".pt", ".pth", ".ckpt", ".bin", ".safetensors")
"""Endings of the files in a folder that are taken for checkpoints."""


def read_checkpoint(
    path: Path, config: Config, activation: str | None = None
) -> tuple[MLP | Transformer, tuple[str, ...]]:
    """Read the network in a checkpoint, in float64, and remarks on what was assumed or is not read.

    Args:
        path: a file of torch.save or safetensors.
        config: settings of the run.
        activation: name of the activation; None: as the configuration says, or relu.

    Raises:
        StorageError: if the file is missing or cannot be read.
        LayoutError: naming the first fault.
    """
    weights = read_weights(path)
    if any(name.startswith("blocks.") and ".attn." in name for name in weights.names):
        return read_transformer(weights, config, activation)
    if "mlp.W_in" in weights:
        return read_one_layer(weights, config, activation)
    if "l1.weight" in weights:
        return read_linear(weights, config, activation)
    raise LayoutError(
        f"{path} has no layout that is read: a transformer has blocks.0.attn.W_K, a linear model l1.weight, a "
        f"one-layer network mlp.W_in; it holds {', '.join(weights.names[:6]) or 'nothing'}"
    )


def checkpoints_in(folder: Path, most: int) -> tuple[dict[int, Path], tuple[str, ...]]:
    """Find the checkpoints of one run, whose names end in their step: 200.pth, model_0400.pt.

    Args:
        folder: the folder of the run.
        most: most checkpoints to take; they are spread evenly over those that there are, first and last included.

    Returns:
        The files by step, ascending, and remarks on files that are left out.

    Raises:
        LayoutError: if no file's name has a step, or two have the same.
    """
    files = sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES and path.is_file())
    steps: dict[int, Path] = {}
    for path in files:
        numbers = re.findall(r"\d+", path.stem)
        if not numbers:
            continue
        step = int(numbers[-1])
        if step in steps:
            raise LayoutError(f"{folder}: {steps[step].name} and {path.name} are both of step {step}; remove one")
        steps[step] = path
    if not steps:
        raise LayoutError(f"{folder} has no checkpoint whose name ends in its step, such as 200.pth; name them so")
    remarks = []
    unnamed = [path.name for path in files if path not in steps.values()]
    if unnamed:
        remarks.append(f"no step in the name, so not read: {', '.join(unnamed)}")
    chosen = _spread(sorted(steps), most)
    if len(chosen) < len(steps):
        remarks.append(f"{len(chosen)} of {len(steps)} checkpoints are read; --checkpoints reads more")
    return {step: steps[step] for step in chosen}, tuple(remarks)


def _spread(steps: list[int], most: int) -> list[int]:
    """Choose steps evenly, first and last included."""
    if len(steps) <= most:
        return steps
    last = len(steps) - 1
    return [steps[round(number * last / max(most - 1, 1))] for number in range(most)] if most > 1 else steps[-1:]
