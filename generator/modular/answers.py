"""Answers: their format in JSON, and one clear error for each fault.

    {"label": "hybrid",
     "frequencies": [3, 17],
     "kinds": {"3": "pizza", "17": "clock"},
     "companions": [6],
     "relabelling": {"first": [...], "second": [...], "out": [...]},
     "interventions": [[...], null, ...],
     "explanation": [{"frequency": 3, "offset": 0, "pizza": 1.5}, {"frequency": 17, "clock": 2.0}]}

An answer holds only entries that its puzzle asks for, and may leave any of them out. Frequencies are those of the
residues that the answer's own relabelling gives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from generator.errors import AnswerError
from generator.modular.questions import INTERVENTIONS, KINDS, LABELS, PAIRS
from generator.modular.relabelling import Relabelling
from generator.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from numpy.typing import NDArray

    from generator.modular.spec import PublicSpec

__all__ = ["FORMS", "LARGEST", "ModularAnswer", "Term", "read_answer"]

Entry = TypeVar("Entry")

FORMS = ("clock", "pizza", "companion", "square")
"""Forms of a term of an explanation, with x = w_k (d - offset) / 2: 1, |cos x|, cos 2x and cos^2 x."""
LARGEST = 1e9
"""Largest number in an answer, far above every logit, so that squares stay finite. Hand-set."""


@dataclass(frozen=True)
class Term:
    """A term of an explanation: (clock + pizza |cos x| + companion cos 2x + square cos^2 x) cos(w_k (a + b - c)).

    Here w_k = 2 pi k / p and x = w_k (a - b - offset) / 2, of residues a and b and a class c.
    """

    frequency: int
    offset: float = 0.0
    clock: float = 0.0
    pizza: float = 0.0
    companion: float = 0.0
    square: float = 0.0


@dataclass(frozen=True, eq=False)
class ModularAnswer:
    """An answer whose format is valid; None stands for an entry that was left out.

    Attributes:
        label: pizza, clock, hybrid or other.
        frequencies: key frequencies, folded.
        kinds: kind by key frequency.
        companions: frequencies of companion circles, folded.
        relabelling: residue of each symbol. Where the unembedding is withheld, the classes have the identity.
        interventions: predicted outcomes, each of n values or None.
        explanation: terms of different frequencies.
    """

    label: str | None = None
    frequencies: tuple[int, ...] | None = None
    kinds: dict[int, str] | None = None
    companions: tuple[int, ...] | None = None
    relabelling: Relabelling | None = None
    interventions: tuple[NDArray[np.float64] | None, ...] | None = None
    explanation: tuple[Term, ...] | None = None


def read_answer(public: PublicSpec, value: Any) -> ModularAnswer:
    """Read an answer.

    Raises:
        AnswerError: naming the first fault.
    """
    if not isinstance(value, dict):
        raise AnswerError('the answer is not an object such as {"label": "pizza", "frequencies": [3, 17]}')
    for name in value:
        if name not in public.questions:
            hint = did_you_mean(name, public.questions)
            raise AnswerError(f"the answer has an entry {name!r}, which this puzzle does not ask for{hint}")
    if not value:
        raise AnswerError(f"the answer is empty; this puzzle asks for {', '.join(public.questions)}")
    frequencies = _entry(value, "frequencies", lambda entry: _frequencies(entry, "frequencies", public.modulus))
    listed = frequencies or ()
    return ModularAnswer(
        label=_entry(value, "label", _label),
        frequencies=frequencies,
        kinds=_entry(value, "kinds", lambda entry: _kinds(entry, listed)),
        companions=_entry(value, "companions", lambda entry: _frequencies(entry, "companions", public.modulus)),
        relabelling=_entry(value, "relabelling", lambda entry: _relabelling(entry, public)),
        interventions=_entry(value, "interventions", _interventions),
        explanation=_entry(value, "explanation", lambda entry: _explanation(entry, listed)),
    )


def _entry(value: Mapping[str, Any], name: str, read: Callable[[Any], Entry]) -> Entry | None:
    """Read an entry of the answer; None if it was left out."""
    return read(value[name]) if name in value else None


def _label(value: Any) -> str:
    if not isinstance(value, str) or value not in LABELS:
        raise AnswerError(f"the label is {value!r}{_hint(value, LABELS)}")
    return value


def _frequencies(value: Any, what: str, modulus: int) -> tuple[int, ...]:
    if not isinstance(value, list):
        raise AnswerError(f"{what} is not a list of whole numbers")
    for frequency in value:
        if type(frequency) is not int or not 1 <= frequency <= modulus // 2:
            raise AnswerError(
                f"{what} holds {frequency!r}; a frequency is a whole number from 1 to {modulus // 2}, "
                f"since k and {modulus} - k are the same circle"
            )
    if len(set(value)) != len(value):
        raise AnswerError(f"{what} holds a frequency twice")
    return tuple(value)


def _kinds(value: Any, listed: Iterable[int]) -> dict[int, str]:
    if not isinstance(value, dict):
        raise AnswerError('kinds is not an object such as {"3": "pizza", "17": "clock"}')
    named = {str(frequency): frequency for frequency in listed}
    for name, kind in value.items():
        if name not in named:
            raise AnswerError(f"kinds holds {name!r}, which is not in frequencies; add it there or leave it out here")
        if not isinstance(kind, str) or kind not in KINDS:
            raise AnswerError(f"the kind of {name} is {kind!r}{_hint(kind, KINDS)}")
    return {named[name]: kind for name, kind in value.items()}


def _relabelling(value: Any, public: PublicSpec) -> Relabelling:
    parts = ("first", "second") if public.withheld else ("first", "second", "out")
    if not isinstance(value, dict) or value.keys() != set(parts):
        raise AnswerError(f"relabelling is not an object with the entries {', '.join(parts)}")
    residues = {part: _permutation(value[part], part, public.modulus) for part in parts}
    return Relabelling(residues["first"], residues["second"], residues.get("out", np.arange(public.modulus)))


def _permutation(value: Any, part: str, modulus: int) -> NDArray[np.int64]:
    whole = isinstance(value, list) and all(type(residue) is int for residue in value)
    if not whole or sorted(value) != list(range(modulus)):
        raise AnswerError(
            f"relabelling.{part} does not hold each residue from 0 to {modulus - 1} once: entry s is the residue of "
            "symbol s"
        )
    return np.array(value, dtype=np.int64)


def _interventions(value: Any) -> tuple[NDArray[np.float64] | None, ...]:
    if not isinstance(value, list) or len(value) != len(INTERVENTIONS):
        count = f"{len(value)} entries" if isinstance(value, list) else "no list"
        raise AnswerError(f"interventions has {count}; expected one list, or null, for each of {len(INTERVENTIONS)}")
    return tuple(_outcome(one, number) for number, one in enumerate(value, start=1))


def _outcome(value: Any, number: int) -> NDArray[np.float64] | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != PAIRS:
        count = f"{len(value)} values" if isinstance(value, list) else "no list"
        raise AnswerError(f"intervention {number} has {count}; expected one for each of {PAIRS} pairs, or null")
    return np.array([_number(one, f"intervention {number}") for one in value])


def _explanation(value: Any, listed: Iterable[int]) -> tuple[Term, ...]:
    if not isinstance(value, list):
        raise AnswerError('explanation is not a list of terms such as {"frequency": 3, "pizza": 1.5}')
    terms = tuple(_term(one, number, listed) for number, one in enumerate(value, start=1))
    if len({term.frequency for term in terms}) != len(terms):
        raise AnswerError("explanation has two terms of one frequency; join their amplitudes in one term")
    return terms


def _term(value: Any, number: int, listed: Iterable[int]) -> Term:
    where = f"term {number} of the explanation"
    if not isinstance(value, dict) or "frequency" not in value:
        raise AnswerError(f"{where} is not an object with a frequency and amplitudes: {', '.join(FORMS)}")
    known = ("frequency", "offset", *FORMS)
    for name in value:
        if name not in known:
            raise AnswerError(f"{where} has an unknown entry {name!r}{did_you_mean(name, known)}")
    frequency = value["frequency"]
    if type(frequency) is not int or frequency not in listed:
        raise AnswerError(f"{where} has the frequency {frequency!r}, which is not in frequencies; add it there")
    return Term(frequency, **{name: _number(one, where) for name, one in value.items() if name != "frequency"})


def _number(value: Any, where: str) -> float:
    if type(value) not in (int, float) or not abs(value) <= LARGEST:
        raise AnswerError(f"{where} holds {str(value)[:40]!r}; expected a number of at most {LARGEST:g} in size")
    return float(value)


def _hint(value: Any, known: Iterable[str]) -> str:
    return did_you_mean(value if isinstance(value, str) else "", known)
