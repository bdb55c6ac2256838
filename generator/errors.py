"""The errors that netjigsaw raises for its users.

    NetjigsawError
    ├── SpecError       a setting that is unknown, out of range or contradictory
    ├── PuzzleError     a puzzle whose content is damaged or contradicts itself
    │   └── LayoutError the same for the published layout (pieces/, historical_data.csv)
    ├── AnswerError     an answer that does not have the family's format
    ├── QueryError      a query that an oracle refuses; it does not count against the budget
    ├── UnsupportedPuzzleError  a kind of puzzle that a solver does not solve; its trial ends as `gave-up`
    ├── TrainingError   a training run that gave no usable network
    ├── StorageError    a file or folder that cannot be read or written
    ├── PluginError     a solver or family that cannot be found or loaded
    └── HarnessError    the harness itself failed; no solver is at fault

The command line prints the message as one line and exits with a non-zero code. A message must
name what is wrong, where, and what to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError

__all__ = [
    "AnswerError",
    "HarnessError",
    "LayoutError",
    "NetjigsawError",
    "PluginError",
    "PuzzleError",
    "QueryError",
    "SpecError",
    "StorageError",
    "TrainingError",
    "UnsupportedPuzzleError",
    "first_fault",
]


class NetjigsawError(Exception):
    """Base class of every error that netjigsaw raises for its users."""


class SpecError(NetjigsawError):
    """A setting is unknown, out of range, or contradicts another one."""


class PuzzleError(NetjigsawError):
    """A puzzle's content is damaged or contradicts itself."""


class LayoutError(PuzzleError):
    """A folder in the published layout is damaged or contradicts itself."""


class AnswerError(NetjigsawError):
    """An answer does not have the format that its family requires."""


class QueryError(NetjigsawError):
    """An oracle refuses a query: budget spent, wrong shape, too many rows, not finite, out of bounds."""


class UnsupportedPuzzleError(NetjigsawError):
    """A solver uses what this kind of puzzle does not have; its trial ends as `gave-up`, with this error as reason."""


class TrainingError(NetjigsawError):
    """Training diverged, or the trained network cannot be made into a puzzle."""


class StorageError(NetjigsawError):
    """A file or folder cannot be read or written."""


class PluginError(NetjigsawError):
    """A solver or family cannot be found, loaded or called."""


class HarnessError(NetjigsawError):
    """The harness failed; no solver is at fault."""


def first_fault(error: ValidationError) -> str:
    """Describe the first fault of a validation error in one line."""
    fault = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(step) for step in fault["loc"])
    if fault["type"] == "extra_forbidden":
        return f"unknown field {where!r}"
    text = fault["msg"].removeprefix("Value error, ")
    return f"{where}: {text}" if fault["loc"] else text
