"""A discrepancy between a bundle and the verification here: trial, field, claimed value, recomputed value."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.results.outcome import one_line

if TYPE_CHECKING:
    from pydantic import JsonValue

__all__ = ["Discrepancy"]

SHOWN = 160
"""Longest value, in characters, that a line shows in full. Hand-set."""


@dataclass(frozen=True)
class Discrepancy:
    """One fault of a bundle.

    Attributes:
        place: trial, file or part of the bundle that has the fault.
        field: field that has the fault; empty for a fault of the whole part.
        problem: fault in words; empty if two values differ.
        claimed: value in the bundle, if two values differ.
        verified: value found here, if two values differ.
    """

    place: str
    field: str = ""
    problem: str = ""
    claimed: JsonValue = None
    verified: JsonValue = None

    @property
    def line(self) -> str:
        """Describe the fault in one line that is safe to print for every bundle."""
        where = f"{self.place}: {self.field}" if self.field else self.place
        if self.problem:
            return one_line(f"{where}{'' if self.field else ':'} {self.problem}")
        return one_line(f"{where} is {_short(self.claimed)} in the bundle, {_short(self.verified)} verified")

    @property
    def record(self) -> dict[str, JsonValue]:
        """Return the fault as plain data for JSON."""
        both = {} if self.problem else {"bundle": self.claimed, "verified": self.verified}
        return {"place": self.place, "field": self.field, "problem": self.problem or "differs", **both}


def _short(value: JsonValue) -> str:
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
