"""The label of a network, from its key frequencies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generator.modular.measures.records import FrequencyRecord

__all__ = ["ADDITIVE", "MAIN_AMPLITUDE", "Label", "label_of"]

Label = Literal["pizza", "clock", "hybrid", "other"]

MAIN_AMPLITUDE = 0.20
"""Amplitude, relative to the largest, from which a key frequency decides the label. Brief, 5.4."""

ADDITIVE = 0.45
"""Additivity of the circles (see `records.measure_frequencies`) from which they compute the answers. Trained and
engineered networks had .58 and more, networks that memorise (random features, training on all pairs without weight
decay) .35 and less. Hand-set between them.
"""


def label_of(share_right: float, additivity: float, records: Sequence[FrequencyRecord]) -> tuple[Label | None, str]:
    """Label a network.

    Args:
        share_right: share of all pairs that the network answers right.
        additivity: of the circles of its key frequencies.
        records: its key frequencies.

    Returns:
        The label and an empty text, or None and the reason why the label is withheld.

        `pizza` or `clock`: all key frequencies of at least 20 % of the largest amplitude are of this kind. `hybrid`:
        there are both. `other`: there is neither, or the circles do not compute the answers independently, as in
        networks that memorise. Without a label: some pairs are answered wrong, or frequencies of no clear kind stand
        beside pizzas or beside clocks.
    """
    if share_right < 1:
        return (
            None,
            f"{share_right:.2%} of the pairs are answered right; only a network that is always right is labelled",
        )
    main = [record for record in records if record.relative >= MAIN_AMPLITUDE]
    kinds = {record.kind for record in main}
    if not additivity >= ADDITIVE or kinds.isdisjoint({"pizza", "clock"}):  # an additivity of NaN is none
        return "other", ""
    if {"pizza", "clock"} <= kinds:
        return "hybrid", ""
    if kinds == {"pizza"}:
        return "pizza", ""
    if kinds == {"clock"}:
        return "clock", ""
    unclear = ", ".join(str(record.frequency) for record in main if record.kind not in {"pizza", "clock"})
    beside = "pizzas" if "pizza" in kinds else "clocks"
    return None, f"neither pizza nor clock at frequency {unclear}, beside {beside} at others"
