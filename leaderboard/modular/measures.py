"""Say what was measured on a network in lines: every measure of `generator.modular.measures.summary`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.modular.measures.summary import measure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.modular.puzzle import ModularPuzzle
    from generator.puzzle.content import SealedAnswer

__all__ = ["measure_lines", "number", "record_of"]

WHOLE = {
    "accuracy": "share of the pairs answered right",
    "margin": "smallest margin of the right class",
    "gradient_symmetricity": "gradient symmetricity",
    "gradient_symmetricity_span": "gradient symmetricity, in the span of the tables",
    "distance_irrelevance": "distance irrelevance",
    "distance_irrelevance_wrong": "the same, largest wrong logit",
    "shares": "variance of the correct logit",
    "relative_spread": "spread of the correct logit over its mean",
    "circularity": "circularity of both tables",
    "embedding_frequencies": "frequencies in the tables",
    "embedded_companions": "doubled circles in the tables",
    "additivity": "additivity of the circles",
    "explained": "variance of the logits explained",
}
"""Measures of the whole network, and their names in the field."""
FREQUENCY = {
    "iso_cv": "CV alone",
    "ko_cv": "CV without companion",
    "kind": "kind",
    "amplitude": "amplitude",
    "relative": "over the largest",
    "full_cv": "CV in the network",
    "correlation": "correlation with |cos|",
    "offset": "offset of the circles",
    "retained": "amplitude kept alone",
    "iso_accuracy": "accuracy alone",
    "iso_clock": "clock form alone",
    "iso_pizza": "pizza form alone",
    "companion_strength": "companion strength",
    "neurons": "units",
    "symmetry": "phase symmetry",
}
"""Measures of a key frequency."""
NEURONS = {
    "alive": "live hidden units",
    "per_frequency": "units per frequency",
    "phase_alignment": "phase alignment",
    "phase_coherence": "phase alignment after the best rotation",
    "output_alignment": "output phases against sums of input phases",
    "share": "variance of a unit in its frequency",
    "participation": "inverse participation ratio",
    "coset_accuracy": "accuracy with units replaced by cosets",
}
"""Measures of the hidden units of the first layer."""


def record_of(view: ModularPuzzle, sealed: SealedAnswer | None) -> Mapping[str, Any] | None:
    """Return the measures of a puzzle's network: those that were sealed, or measured if the names are public.

    None if the relabelling or the unembedding is secret.
    """
    sealed_record = None if sealed is None else sealed.notes.get("measures")
    if isinstance(sealed_record, dict):
        return sealed_record
    return None if view.names is None or view.public.withheld else measure(view.network).record()


def measure_lines(record: Any) -> list[tuple[str, str]]:
    """Describe all measures of a network, as pairs of label and value."""
    if not isinstance(record, dict):
        return []
    lines = [(name, number(record.get(key))) for key, name in WHOLE.items()]
    for one in record.get("frequencies", ()):
        told = ", ".join(f"{name} {number(one.get(key))}" for key, name in FREQUENCY.items())
        lines.append((f"frequency {one['frequency']}", told))
    neurons = record.get("neurons")
    if isinstance(neurons, dict):
        lines += [(name, number(neurons.get(key))) for key, name in NEURONS.items()]
    return lines


def number(value: Any) -> str:
    """Write a measure: numbers with three decimals, several of them separated by commas; NaN as undefined."""
    if isinstance(value, dict):
        return ", ".join(f"{str(key).replace('_', ' ')}: {number(entry)}" for key, entry in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(map(number, value)) or "none"
    if isinstance(value, int | str):
        return str(value)
    return f"{value:.3f}" if isinstance(value, float) else "undefined"
