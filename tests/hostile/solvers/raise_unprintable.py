"""Raises an exception that cannot be printed."""

from __future__ import annotations

from typing import Any


class UnprintableError(BaseException):
    def __str__(self) -> str:
        raise RuntimeError("no")

    __repr__ = __str__


def attack(puzzle: Any, context: Any) -> Any:
    raise UnprintableError
