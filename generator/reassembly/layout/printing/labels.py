"""Judge a list of numbers by the words before it: a label that announces an answer, or a line that quotes a list."""

from __future__ import annotations

import re

__all__ = ["OTHERS", "POSITIONS", "is_answer", "names_arguments", "quoted"]

# Words of the label right before a list. A label with a word of `_ANSWER` and none of `_FIGURE` announces an answer.
_ANSWER = frozenset(
    {
        "permutation",
        "perm",
        "order",
        "ordering",
        "solution",
        "answer",
        "result",
        "best",
        "final",
        "sequence",
        "arrangement",
        "assembly",
        "optimal",
    }
)
_FIGURE = frozenset(
    {
        "shape",
        "size",
        "sizes",
        "dim",
        "dims",
        "axes",
        "axis",
        "loss",
        "losses",
        "mse",
        "error",
        "seed",
        "seeds",
        "epoch",
        "epochs",
        "batch",
        "time",
        "times",
        "score",
        "scores",
        "depth",
        "width",
        "count",
        "counts",
        "label",
        "labels",
        "config",
        "options",
        "settings",
        "parameters",
        "initial",
        "default",
    }
)
_ARGUMENTS = frozenset(
    {
        "args",
        "argv",
        "arguments",
        "config",
        "options",
        "settings",
        "parameters",
        "usage",
        "command",
    }
)
OTHERS = frozenset({"worst", "rejected", "previous", "expected", "wrong", "truth"})
"""Words of a label that announces an order, but not the answer."""
POSITIONS = frozenset({"position", "positions", "rank", "ranks", "inverse"})
_ECHO = re.compile(
    r"Namespace\(|\bargv\b|\bargs\b|\barguments\b|^[$+>]?\s?(?:\S*/)?python[\d.]*\s"
    r"|(?<![-\w])--[a-z][\w-]*(?=[=\s\"',])"
)
_ERROR = re.compile(r"(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Warning):")
"""The start of the last line of a traceback: `ValueError:`."""


def is_answer(label: tuple[str, ...]) -> bool:
    """Whether a label announces an answer, such as `best order`."""
    words = set(label)
    return bool(words & _ANSWER) and not words & _FIGURE


def names_arguments(label: tuple[str, ...]) -> bool:
    """Whether a label announces settings of a program."""
    return not _ARGUMENTS.isdisjoint(label)


def quoted(text: str) -> str:
    """Say where a line quotes lists that are no answer; an empty text if it does not."""
    if _ECHO.search(text):
        return "among a program's arguments"
    return "in an error message" if _ERROR.match(text) else ""
