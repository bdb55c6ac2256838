"""What `netjigsaw check` recommends where answers of a family are wrong."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Advice"]


@dataclass(frozen=True)
class Advice:
    """The family's part of the advice; what holds for every solver is the harness's.

    Attributes:
        answer: how a solver in Python returns a valid answer.
        printed: how a program prints a valid answer.
    """

    answer: str = "return the answer in the form that the family documents"
    printed: str = "print the answer on one line, in the form that the family documents"
