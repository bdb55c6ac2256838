"""The sealed answer: label, circles, relabelling, and the outcomes of the interventions, measured on the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from generator.errors import PuzzleError, first_fault
from generator.modular.relabelling import Relabelling

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydantic import JsonValue

    from generator.puzzle.content import SealedAnswer

__all__ = ["WITHHELD", "Circle", "ModularTruth", "answer_of", "truth_of"]


WITHHELD = "withheld"
"""Label of a network that is not labelled, because it answers pairs wrong or its circles are unclear; not scored."""


class Circle(BaseModel):
    """A key frequency of the network."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    frequency: int
    """k, folded, in the names of the true residues."""
    kind: str
    """pizza, clock, or mixed where the measurement does not decide."""
    amplitude: float
    """Amplitude in the logits; circles are ranked by it."""


class _Answer(BaseModel):
    """The JSON of the sealed answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: str
    scored: tuple[str, ...]
    circles: tuple[Circle, ...]
    companions: tuple[int, ...]
    relabelling: tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]
    outcomes: tuple[tuple[float, ...] | None, ...]
    explainable: float


@dataclass(frozen=True, eq=False)
class ModularTruth:
    """What is true of a network.

    Attributes:
        label: pizza, clock, hybrid or other; `WITHHELD` for an imported network without a label.
        scored: the questions that are scored. A question that has no answer for this network is asked and not scored.
        circles: the key frequencies, largest amplitude first.
        companions: frequencies of companion circles, folded.
        relabelling: residue of each symbol.
        outcomes: for each intervention the correct logit minus the mean over the classes at each pair; None where the
            rank of the circle is not clear, so that the intervention is not scored.
        explainable: R2 of the logits that the forms of an explanation reach on the key frequencies, by least squares.
    """

    label: str
    scored: tuple[str, ...]
    circles: tuple[Circle, ...]
    companions: tuple[int, ...]
    relabelling: Relabelling
    outcomes: tuple[NDArray[np.float64] | None, ...]
    explainable: float = 1.0


def answer_of(truth: ModularTruth) -> JsonValue:
    """Write the JSON of the sealed answer."""
    names = truth.relabelling
    answer = _Answer(
        label=truth.label,
        scored=truth.scored,
        circles=truth.circles,
        companions=truth.companions,
        relabelling=(tuple(names.first.tolist()), tuple(names.second.tolist()), tuple(names.out.tolist())),
        outcomes=tuple(None if one is None else tuple(one.tolist()) for one in truth.outcomes),
        explainable=truth.explainable,
    )
    return answer.model_dump(mode="json")


def truth_of(sealed: SealedAnswer) -> ModularTruth:
    """Read the sealed answer.

    Raises:
        PuzzleError: if it is damaged.
    """
    try:
        answer = _Answer.model_validate(sealed.answer)
    except ValidationError as error:
        raise PuzzleError(f"the sealed answer: {first_fault(error)}") from None
    return ModularTruth(
        label=answer.label,
        scored=answer.scored,
        circles=answer.circles,
        companions=answer.companions,
        relabelling=Relabelling(*(np.array(residues, dtype=np.int64) for residues in answer.relabelling)),
        outcomes=tuple(None if one is None else np.array(one) for one in answer.outcomes),
        explainable=answer.explainable,
    )
