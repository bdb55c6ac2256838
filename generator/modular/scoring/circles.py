"""Scores of frequencies, kinds and companions, in the names of the residues in which the frequencies agree best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.modular.network.circle import fold
from generator.modular.scoring.alignment import units

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from generator.modular.answers import ModularAnswer
    from generator.modular.sealed import ModularTruth

__all__ = ["CircleScore", "f1", "jaccard", "score_circles"]

CLEAR = ("pizza", "clock")
"""Kinds that count; a frequency of another kind has none that an answer could hit or miss."""


@dataclass(frozen=True, order=True)
class CircleScore:
    """Scores of the circles; a larger score is better, and earlier fields decide first.

    Attributes:
        jaccard: frequencies in both sets over frequencies in either.
        points: mean over the clear key frequencies of 1 for the right kind, 0 for undecided or left out, -1 for the
            wrong one.
        kind_f1: F1 of pizzas and of clocks, averaged over the kinds that occur.
        decided: share of the clear key frequencies with a kind other than undecided.
        wrong: wrong kinds, negative.
        companion_f1: F1 of the companions' frequencies.
    """

    jaccard: float
    points: float
    kind_f1: float
    decided: float
    wrong: int
    companion_f1: float


def score_circles(answer: ModularAnswer, truth: ModularTruth, modulus: int, *, public: bool) -> CircleScore:
    """Score frequencies, kinds and companions under the best renaming of the true frequencies.

    Args:
        answer: the answer; entries that it leaves out are empty.
        truth: the true circles.
        modulus: p.
        public: whether the names of the residues are public, so that frequencies are compared as they are.
    """
    kinds = {frequency: kind for frequency, kind in (answer.kinds or {}).items() if kind in CLEAR}
    return max(
        _score(
            set(answer.frequencies or ()),
            kinds,
            set(answer.companions or ()),
            {fold(unit * circle.frequency, modulus): circle.kind for circle in truth.circles},
            {fold(unit * frequency, modulus) for frequency in truth.companions},
        )
        for unit in ((1,) if public else units(modulus))
    )


def _score(
    frequencies: set[int], kinds: Mapping[int, str], companions: set[int], true: Mapping[int, str], doubled: set[int]
) -> CircleScore:
    clear = {frequency: kind for frequency, kind in true.items() if kind in CLEAR}
    decided = {frequency: kind for frequency, kind in kinds.items() if frequency in clear}
    right = sum(kind == clear[frequency] for frequency, kind in decided.items())
    wrong = len(decided) - right
    judged = {frequency: kind for frequency, kind in kinds.items() if frequency in clear or frequency not in true}
    scores = [
        f1({key for key, found in judged.items() if found == kind}, {key for key, one in clear.items() if one == kind})
        for kind in CLEAR
        if kind in (*judged.values(), *clear.values())
    ]
    count = max(len(clear), 1)
    return CircleScore(
        jaccard=jaccard(frequencies, set(true)),
        points=(right - wrong) / count if clear else 1.0,
        kind_f1=sum(scores) / len(scores) if scores else 1.0,
        decided=len(decided) / count if clear else 1.0,
        wrong=-wrong,
        companion_f1=f1(companions, doubled),
    )


def jaccard(found: Collection[int], true: Collection[int]) -> float:
    """Compute the size of the intersection over the size of the union; 1 if both sets are empty."""
    union = {*found, *true}
    return len(set(found) & set(true)) / len(union) if union else 1.0


def f1(found: Collection[int], true: Collection[int]) -> float:
    """Compute the harmonic mean of precision and recall; 1 if both sets are empty."""
    total = len(found) + len(true)
    return 2 * len(set(found) & set(true)) / total if total else 1.0
