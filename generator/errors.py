"""The errors that a user may meet.

    NetjigsawError
    ├── SpecError       a setting that makes no sense, or an unknown one
    ├── PuzzleError     a puzzle whose content is damaged or contradicts itself
    │   └── LayoutError the same for the published layout (pieces/, historical_data.csv)
    ├── AnswerError     an answer that does not have the family's form
    ├── QueryError      a query that an oracle refuses; it costs nothing
    ├── TrainingError   a training run that did not end in a usable network
    ├── StorageError    a file or folder that cannot be read or written
    ├── PluginError     a solver or family that cannot be found or loaded
    └── HarnessError    the harness itself failed; says nothing about any solver

The command line prints the message of any of them as one line and exits with a
non-zero code, so a message names what is wrong, where, and what to do.
"""

from __future__ import annotations

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
]


class NetjigsawError(Exception):
    """Root of every error this suite raises for its users."""


class SpecError(NetjigsawError):
    """A setting is unknown, out of range, or contradicts another one."""


class PuzzleError(NetjigsawError):
    """A puzzle's content is damaged or contradicts itself."""


class LayoutError(PuzzleError):
    """A folder in the published layout is damaged or contradicts itself."""


class AnswerError(NetjigsawError):
    """An answer does not have the form that its family asks for."""


class QueryError(NetjigsawError):
    """An oracle refuses a query: budget spent, wrong shape, too many rows, not finite, outside the box."""


class TrainingError(NetjigsawError):
    """Training diverged or left a network that no puzzle can be made of."""


class StorageError(NetjigsawError):
    """A file or folder cannot be read or written."""


class PluginError(NetjigsawError):
    """A solver or family cannot be found, loaded or called."""


class HarnessError(NetjigsawError):
    """The harness failed for a reason that no solver can be blamed for."""
