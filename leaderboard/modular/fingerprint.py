"""Describe a puzzle on modular addition in lines: what a solver sees, and with the answer what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.modular.network.mlp import MLP
from generator.modular.questions import INTERVENTIONS
from generator.modular.sealed import WITHHELD, truth_of
from leaderboard.modular.measures import measure_lines

if TYPE_CHECKING:
    from generator.modular.puzzle import ModularPuzzle
    from generator.modular.sealed import ModularTruth
    from generator.puzzle.content import SealedAnswer

__all__ = ["facts", "sizes"]

NAMES = {
    "public": "symbol x is the residue x",
    "one": "one secret permutation for inputs and classes",
    "three": "secret permutations for first input, second input and classes",
}


def facts(view: ModularPuzzle, sealed: SealedAnswer | None = None) -> list[tuple[str, str]]:
    """Describe a puzzle as pairs of label and value.

    Raises:
        PuzzleError: if the sealed answer is damaged.
    """
    lines = [
        ("network", sizes(view)),
        ("symbols", NAMES[view.public.names]),
        ("questions", ", ".join(view.questions)),
    ]
    if view.public.lookups:
        lines.append(("oracle", f"tells the class of {view.public.lookups} pairs"))
    if sealed is None:
        return [*lines, ("label", "not known")]
    return [*lines, *_truth(truth_of(sealed), _reason(sealed)), *measure_lines(sealed.notes.get("measures"))]


def sizes(view: ModularPuzzle) -> str:
    """Describe what a solver knows of the network."""
    network, public = view.network, view.public
    if isinstance(network, MLP):
        widths = "-".join(str(len(bias)) for bias in (network.bias, *(bias for _, bias in network.hidden)))
        kind = f"{public.activation} units {widths}"
    else:
        heads, size, width = network.blocks[0].value.shape
        tokens = 3 if public.third else 2
        kind = (
            f"transformer of {len(network.blocks)} layers, width {width}, {heads} heads of size {size}, "
            f"{len(network.blocks[0].into)} {public.activation} units, {tokens} tokens, attention rate {network.rate:g}"
        )
    withheld = ", unembedding withheld" if public.withheld else ""
    return f"addition modulo {view.modulus}, {kind}{withheld}"


def _reason(sealed: SealedAnswer) -> str:
    """Say why a label is withheld."""
    record = sealed.notes.get("measures")
    return str(record.get("withheld", "")) if isinstance(record, dict) else ""


def _truth(truth: ModularTruth, reason: str) -> list[tuple[str, str]]:
    """Describe the sealed answer."""
    circles = "; ".join(f"{one.frequency} {one.kind} {one.amplitude:.2f}" for one in truth.circles)
    lines = [
        ("label", f"{truth.label}: {reason}" if truth.label == WITHHELD else truth.label),
        ("key frequencies", f"{circles} (frequency, kind, amplitude in the logits)" if circles else "none"),
        ("companions", ", ".join(map(str, truth.companions)) or "none"),
        ("scored", ", ".join(truth.scored) or "nothing"),
    ]
    for one, outcome in zip(INTERVENTIONS, truth.outcomes, strict=False):
        told = "rank not clear, not scored"
        if outcome is not None:
            told = f"correct logit {outcome.mean():.2f} above the mean, standard deviation {outcome.std():.2f}"
        lines.append((f"{one.action} {one.rank}", told))
    return lines
