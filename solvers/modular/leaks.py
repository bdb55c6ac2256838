"""A control that predicts the label from shapes, norms and spectra only: it shows what the weights' statistics leak."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from generator.errors import SpecError, TrainingError, UnsupportedPuzzleError
from generator.modular.layout.tensors import tensors_of
from generator.modular.making.fold import folded
from generator.modular.making.generate import sized
from generator.modular.making.scramble import scrambled
from generator.modular.making.source import draw_network
from generator.modular.spec import ModularSpec
from generator.puzzle.answer import Answer
from generator.puzzle.sealing import silent
from solvers.registry import register

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from generator.modular.puzzle import ModularPuzzle
    from solvers.api import Context

__all__ = ["Leaks", "spectral_features"]

LABELS = ("pizza", "clock", "hybrid")
CIRCLES = 4
"""Circles of the networks that are drawn for comparison. Hand-set."""


@register(family="modular", name="leaks", source="control")
@dataclass(frozen=True)
class Leaks:
    """Take the label of the most similar of own networks, by norms and singular values of each tensor (a control)."""

    examples: int = 6

    def solve(self, puzzle: ModularPuzzle, context: Context) -> Answer:
        """Draw networks of each label with the puzzle's modulus, container and width, and find the nearest."""
        if "label" not in puzzle.questions:
            raise UnsupportedPuzzleError("the unembedding is withheld, so no label is asked")
        own, rng = spectral_features(tensors_of(puzzle.network)), context.rng()
        rows: list[dict[str, NDArray[np.float64]]] = []
        labels: list[str] = []
        for number in range(self.examples * len(LABELS)):
            label = LABELS[number % len(LABELS)]
            drawn = _example(puzzle, label, rng)
            if drawn is not None:
                rows.append(drawn)
                labels.append(label)
            if rows:
                context.report(puzzle.answer(label=_nearest(own, rows, labels)))
        label = _nearest(own, rows, labels)
        return Answer(puzzle.answer(label=label), note=f"nearest of {len(rows)} own networks, by norms and spectra")


def spectral_features(tensors: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float64]]:
    """Compute sorted norms and singular values of each tensor by itself, after rows are centred."""
    found = {}
    for name, tensor in sorted(tensors.items()):
        matrix = tensor.astype(np.float64).reshape(-1, tensor.shape[-1]) if tensor.ndim > 1 else tensor[:, None]
        centred = matrix - matrix.mean(axis=0 if name == "unembed" else -1, keepdims=True)
        if tensor.ndim == 1:
            found[name] = np.sort(np.abs(matrix[:, 0].astype(np.float64)))
            continue
        norms = [np.sort(np.linalg.norm(centred, axis=axis)) for axis in (0, 1)]
        found[name] = np.log(1e-9 + np.concatenate([*norms, np.linalg.svd(centred, compute_uv=False)]))
    return found


def _example(puzzle: ModularPuzzle, label: str, rng: np.random.Generator) -> dict[str, NDArray[np.float64]] | None:
    """Compute the features of one drawn network; None if there is none for this puzzle."""
    public = puzzle.public
    width = puzzle.network.first.shape[1] if public.container == "mlp" else puzzle.network.blocks[0].into.shape[0]  # type: ignore[union-attr]  # the container tells the class
    recipe = {
        "modulus": public.modulus,
        "container": public.container,
        "kind": label,
        "circles": CIRCLES,
        "neurons": min(32, width // CIRCLES),
        "hidden": width,
    }
    if width < 8 * CIRCLES or public.modulus // 2 < 2 * CIRCLES:
        return None
    spec = ModularSpec.model_validate(recipe)
    try:
        network = sized(folded(draw_network(spec, rng, silent)), rng)
    except (SpecError, TrainingError):
        return None
    return spectral_features(tensors_of(scrambled(network, width, rng)))


def _nearest(
    own: Mapping[str, NDArray[np.float64]], rows: list[dict[str, NDArray[np.float64]]], labels: list[str]
) -> str:
    """Return the label of the nearest row, by the tensors of equal size; a constant guess without such tensors."""
    shared = [name for name in own if rows and name in rows[0] and rows[0][name].shape == own[name].shape]
    if not shared:
        return LABELS[-1]
    table = np.array([np.concatenate([row[name] for name in shared]) for row in rows])
    spread = table.std(axis=0) + 1e-9
    distances = (((table - np.concatenate([own[name] for name in shared])) / spread) ** 2).sum(axis=1)
    return labels[int(distances.argmin())]
