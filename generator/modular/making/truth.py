"""The truth about a network, measured on the weights that the solver gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from generator.errors import TrainingError
from generator.modular.measures.explained import FORMS, jointly_explained
from generator.modular.measures.frequencies import logit_amplitudes
from generator.modular.measures.summary import measure
from generator.modular.network.circle import companion
from generator.modular.questions import INTERVENTIONS, correct_logits, intervene
from generator.modular.relabelling import in_residues, without_offset
from generator.modular.sealed import Circle, ModularTruth
from generator.modular.spec import WITHOUT_CIRCLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from generator.modular.measures.summary import Measures
    from generator.modular.network.mlp import MLP
    from generator.modular.network.transformer import Transformer
    from generator.modular.relabelling import Relabelling
    from generator.modular.spec import ModularSpec

__all__ = ["CLEAR_RANK", "measure_truth", "truth_from"]

CLEAR_RANK = 0.03
"""Smallest relative difference of a circle's amplitude from its neighbours' for its rank to be clear. A larger value
leaves more interventions unscored. Hand-set."""


@torch.no_grad()
def measure_truth(
    network: MLP | Transformer, names: Relabelling, pairs: NDArray[np.int64], spec: ModularSpec, asked: Sequence[str]
) -> tuple[ModularTruth, Measures]:
    """Measure a network, and check that it is of the kind that the recipe asks for.

    Args:
        network: the network of the puzzle, unembedding included; rows in the order of the symbols.
        names: residue of each symbol.
        pairs: n x 2 symbols at which the outcomes of the interventions are computed.
        spec: the recipe.
        asked: the questions of the puzzle.

    Raises:
        TrainingError: if the network is of another kind.
    """
    ordered = without_offset(in_residues(network, names))
    measures = measure(ordered)
    label = _label(measures, spec)
    scored = _scored(label, measures, spec, asked)
    return truth_from(ordered, names, pairs, measures, label=label, scored=scored), measures


@torch.no_grad()
def truth_from(
    ordered: MLP | Transformer,
    names: Relabelling,
    pairs: NDArray[np.int64],
    measures: Measures,
    *,
    label: str,
    scored: tuple[str, ...],
) -> ModularTruth:
    """Write what was measured as the truth about a network.

    Args:
        ordered: the network, rows in the order of the residues.
        names: residue of each symbol.
        pairs: n x 2 symbols at which the outcomes of the interventions are computed.
        measures: its measures.
        label: its label.
        scored: the questions that are scored.
    """
    logits = ordered.logits()
    amplitudes = logit_amplitudes(logits)
    kinds = {record.frequency: record.kind for record in measures.frequencies}
    circles = tuple(
        Circle(frequency=k, kind=kinds.get(k, "mixed"), amplitude=float(amplitudes[k - 1]))
        for k in measures.key_frequencies
    )
    doubled = {companion(record.frequency, ordered.modulus) for record in measures.frequencies if record.companion}
    residues = np.stack([names.first[pairs[:, 0]], names.second[pairs[:, 1]]], axis=1)
    outcomes = _outcomes(ordered, torch.from_numpy(residues), circles) if "interventions" in scored else ()
    offsets = {record.frequency: record.offset for record in measures.frequencies}
    explainable = jointly_explained(logits, dict.fromkeys(measures.key_frequencies, FORMS), offsets)
    return ModularTruth(label, scored, circles, tuple(sorted(doubled)), names, outcomes, explainable)


def _label(measures: Measures, spec: ModularSpec) -> str:
    """Return the label, if it is the one that the recipe asks for.

    A network that does not add, or that shows no algorithm, is accepted only if it was made to be so.
    """
    wanted = spec.kind if spec.kind in {"pizza", "clock", "hybrid"} else "other"
    found = measures.label
    if found is None and wanted == "other" and (measures.accuracy < 1 or spec.kind in WITHOUT_CIRCLES):
        found = "other"
    if found != wanted:
        told = f"its label is {found}" if found else f"it has no label: {measures.withheld}"
        raise TrainingError(f"the network is no {spec.kind}: {told}")
    return wanted


def _scored(label: str, measures: Measures, spec: ModularSpec, asked: Sequence[str]) -> tuple[str, ...]:
    """List the questions that have an answer for this network."""
    if label != "other":
        return tuple(asked)
    answerable = {"label"}
    if measures.accuracy == 1:
        answerable.add("relabelling")
        if spec.kind not in WITHOUT_CIRCLES:
            answerable |= {"frequencies", "interventions"}
    return tuple(question for question in asked if question in answerable)


def _outcomes(
    network: MLP | Transformer, pairs: torch.Tensor, circles: Sequence[Circle]
) -> tuple[NDArray[np.float64] | None, ...]:
    """Compute the outcomes of the interventions on circles whose rank is clear."""
    amplitudes = [circle.amplitude for circle in circles]
    outcomes: list[NDArray[np.float64] | None] = []
    for one in INTERVENTIONS:
        changed = None
        if _clear(amplitudes, one.rank):
            changed = intervene(network, one.action, circles[one.rank - 1].frequency)
        outcomes.append(None if changed is None else correct_logits(changed, pairs).numpy())
    return tuple(outcomes)


def _clear(amplitudes: Sequence[float], rank: int) -> bool:
    """Tell whether a rank exists and differs from its neighbours."""
    if rank > len(amplitudes):
        return False
    own = amplitudes[rank - 1]
    return all(
        abs(other - own) >= CLEAR_RANK * own for other in (*amplitudes[: rank - 1][-1:], *amplitudes[rank : rank + 1])
    )
