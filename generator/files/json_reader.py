"""Read answers in JSON from the output of a program: an object on one line, or on several."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from generator.errors import AnswerError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from pydantic import JsonValue

__all__ = ["JsonReader"]

MOST_TEXT = 1 << 28
"""Most characters of an answer over several lines. Longer texts are dropped. Hand-set."""


class JsonReader:
    """Reads output line by line; keeps the lines of an object that has not ended.

    Args:
        belongs: tells whether an object is an answer; other objects are ignored.
        check: raises AnswerError if an answer is invalid.
    """

    def __init__(self, belongs: Callable[[dict[str, Any]], bool], check: Callable[[dict[str, Any]], object]) -> None:
        self._belongs, self._check = belongs, check
        self._open: list[str] = []
        self._depth = 0

    def __call__(self, line: str) -> JsonValue:
        """Read one line. Returns the answer that the line completes, or None.

        Raises:
            AnswerError: if an object that is an answer is invalid.
        """
        text = line.strip()
        whole = _object(text)
        if whole is not None and self._belongs(whole):
            self._forget()
            return self._checked(whole)
        if self._depth or (whole is None and text.startswith("{")):
            return self._continue(text)
        return None

    def _continue(self, text: str) -> JsonValue:
        """Add a line to the open object, and read the object if it has ended."""
        self._open.append(text)
        self._depth += text.count("{") - text.count("}")  # no text of an answer holds a brace
        if self._depth > 0 and sum(map(len, self._open)) <= MOST_TEXT:
            return None
        whole = _object("\n".join(self._open)) if self._depth <= 0 else None
        self._forget()
        return self._checked(whole) if whole is not None and self._belongs(whole) else None

    def _forget(self) -> None:
        self._open, self._depth = [], 0

    def _checked(self, value: dict[str, Any]) -> JsonValue:
        self._check(value)
        return value


def _object(text: str) -> dict[str, Any] | None:
    """Read a JSON object; None for any other text."""
    if not (text.startswith("{") and text.endswith("}")):
        return None
    try:
        value = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _refuse(constant: str) -> NoReturn:
    raise AnswerError(f"the answer holds {constant}")
