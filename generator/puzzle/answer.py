"""The answer of a solver, as plain data that can be sent between processes and stored."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from generator.errors import AnswerError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue

__all__ = ["Answer", "as_answer", "plain"]

INTEGER_BITS = 1024
"""Longest integer in an answer, in bits. A larger value accepts longer integers; Python cannot print integers beyond
4300 decimal digits. Hand-set."""


@dataclass(frozen=True)
class Answer:
    """An answer to a puzzle; a solver may also return the bare `value`.

    Attributes:
        value: JSON data in the family's format, e.g. piece numbers in execution order.
        certified: whether the solver checked on held-out rows that it cannot improve the answer.
        arrays: named tensors, for families whose answers hold weights.
        note: one line for the reader of the results.
    """

    value: JsonValue
    certified: bool = False
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    note: str = ""


def as_answer(returned: object) -> Answer:
    """Convert what a solver returned to an `Answer`: an `Answer`, any object with a `value`, or the bare value.

    Any object with the right attributes is accepted, so that a solver need not import netjigsaw.

    Raises:
        AnswerError: if the value cannot be written as JSON, or the other attributes cannot be read.
    """
    if not hasattr(returned, "value"):
        return Answer(plain(returned))
    value = plain(returned.value)
    try:
        return Answer(
            value=value,
            certified=bool(getattr(returned, "certified", False)),
            arrays={str(key): _array(array) for key, array in dict(getattr(returned, "arrays", None) or {}).items()},
            note=str(getattr(returned, "note", "")),
        )
    except (TypeError, ValueError, RuntimeError) as error:
        raise AnswerError(f"the answer's arrays or remarks cannot be read ({' '.join(str(error).split())})") from None


def _array(array: Any) -> np.ndarray:
    return np.asarray(array.detach().cpu() if hasattr(array, "detach") else array)


def plain(value: Any) -> JsonValue:
    """Convert arrays, tensors, numpy scalars and tuples to JSON data.

    Raises:
        AnswerError: for values of another type, and for NaN or infinity.
    """
    try:
        return _plain(value)
    except RecursionError:
        raise AnswerError("the answer is nested too deeply, or contains itself") from None


def _plain(value: Any) -> JsonValue:
    if hasattr(value, "tolist"):  # numpy arrays and scalars, torch tensors
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return _scalar(value)


def _scalar(value: Any) -> JsonValue:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if value.bit_length() > INTEGER_BITS:
            raise AnswerError(f"the answer holds an integer of {value.bit_length()} bits; at most {INTEGER_BITS}")
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise AnswerError("the answer holds NaN or infinity")
        return float(value)
    if isinstance(value, str):
        if any("\ud800" <= letter <= "\udfff" for letter in value):
            raise AnswerError("the answer holds text that is not Unicode")
        return str(value)
    raise AnswerError(f"the answer holds a {type(value).__name__}, which is not plain data")
