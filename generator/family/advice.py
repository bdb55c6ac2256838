"""Advice that `netjigsaw check` prints if answers of a family are invalid."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Advice"]


@dataclass(frozen=True)
class Advice:
    """The family's part of the advice; the harness adds the advice that holds for every family.

    Attributes:
        answer: how a solver in Python returns a valid answer.
        printed: how a program prints a valid answer.
    """

    answer: str = "return the answer in the format that the family documents"
    printed: str = "print the answer on one line, in the format that the family documents"
