"""The records of a measurement: the trial that was planned, and the row with its result."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, SerializerFunctionWrapHandler, model_serializer

from generator.puzzle.canonical import sha256_json

__all__ = ["PROTOCOL", "Limits", "Row", "Status", "Trial"]

PROTOCOL = 2
"""Version of how trials are run and timed; part of every trial's id. Raise it when either changes. Version 2 counts
the time of reading the puzzle."""


class Status(enum.StrEnum):
    """How a trial ended. Every planned cell ends in exactly one of these.

    `scored` is a valid answer in a family that ranks solvers by a metric. Trials of that family are never `solved` or
    `partial`.
    """

    SOLVED = "solved"
    SCORED = "scored"
    PARTIAL = "partial"
    WRONG_FORMAT = "wrong-format"
    GAVE_UP = "gave-up"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    CRASHED = "crashed"
    UNAVAILABLE = "unavailable"
    SKIPPED = "skipped"


class Limits(BaseModel):
    """Limits on the resources of one trial. None means no limit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    wall_s: float | None = Field(default=60.0, gt=0)
    """Seconds from go, when the solver gets the puzzle, to its answer. Default hand-set."""
    cpu_s: float | None = Field(default=None, gt=0)
    """Processor seconds, including the time of loading the solver."""
    memory_mib: float | None = Field(default=4096.0, gt=0)
    """Memory in MiB beyond the memory of the imported libraries. Default hand-set."""
    output_mib: float = Field(default=16.0, gt=0)
    """MiB that a solver may print, and largest size of a file it writes. Default hand-set."""
    threads: int = Field(default=1, ge=1)
    """Threads of the numerical libraries."""
    queries: int | None = Field(default=None, ge=0)
    """Rows that a solver may ask the oracle: the smaller of the user's limit and the puzzle's budget. None without an
    oracle or without a limit."""

    @model_serializer(mode="wrap")
    def _without_oracle(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out `queries` if it is None, so that trials without an oracle keep their ids."""
        written: dict[str, Any] = handler(self)
        if self.queries is None:
            written.pop("queries", None)
        return written


@dataclass(frozen=True)
class Trial:
    """One cell of the plan: one solver on one puzzle with one seed under given limits.

    Attributes:
        puzzle: digest of the puzzle.
        family: name of the puzzle's family.
        solver: name as typed, without parameters.
        source: digest of the solver's source, so that a changed solver runs again.
        parameters: values that the user set, by name.
        seed: seed that the solver gets.
        limits: limits that the harness enforces.
    """

    puzzle: str
    family: str
    solver: str
    source: str
    parameters: dict[str, JsonValue]
    seed: int
    limits: Limits

    @property
    def id(self) -> str:
        """SHA-256 of the cell and the protocol; does not depend on the order of trials, the jobs or the machine."""
        cell: dict[str, Any] = {
            "protocol": PROTOCOL,
            "puzzle": self.puzzle,
            "family": self.family,
            "solver": self.solver,
            "source": self.source,
            "parameters": self.parameters,
            "seed": self.seed,
            "limits": self.limits.model_dump(mode="json"),
        }
        return sha256_json(cell)


class Row(BaseModel):
    """The result of one trial: one line of the store."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    trial: str
    """Id of the trial."""
    session: str
    """Id of the run that measured it; `session-<id>.json` describes machine and settings."""
    puzzle: str
    """Digest of the puzzle."""
    puzzle_name: str
    family: str
    groups: dict[str, str | int] = {}
    """Labels of the puzzle by which tables can be split, e.g. depth and regime."""
    solver: str
    """Name with parameters, as tables show it."""
    source: str
    """Digest of the solver's source."""
    origin: str = ""
    """Where the run found the solver: a file relative to the folder that holds the store, a package, or the digest of a
    command and its first file. Empty for a built-in solver, in a bundle, and where it is not known. It is not part of
    the trial's id."""
    seed: int
    limits: Limits
    status: Status
    reason: str = ""
    """One line that explains the status."""
    certified: bool = False
    """Whether the solver marked its answer as certified. The score does not use it."""
    from_report: bool = False
    """The metrics are those of a best-so-far answer, because the trial ended without a final one."""
    metrics: dict[str, float] = {}
    """Value by metric name; truth values are 0 and 1."""
    wall_s: float | None = None
    """Seconds from go, when the solver gets the puzzle, to its answer, by the parent's clock. If a limit stopped the
    trial, seconds from go to the stop."""
    load_s: float | None = None
    """Seconds for importing and building the solver, before go."""
    cpu_s: float | None = None
    """Processor seconds of the child, user and system."""
    peak_mib: float | None = None
    """Peak resident memory of the largest single process of the trial in MiB, including the libraries. The limit of
    memory bounds another figure: the sum over the processes, beyond the libraries."""
    queries: int | None = None
    """Rows that the oracle answered; None for a puzzle without an oracle."""
    query_calls: int | None = None
    """Calls that the oracle answered."""
    query_s: float | None = None
    """Seconds that the oracle took to answer; part of `wall_s`."""
    load_average: float | None = None
    """One-minute load average of the machine at the end of the trial; shows whether times come from a busy machine."""
    uncovered: str = ""
    """Why `source` does not cover all of the solver's source; empty if it does. A later run runs the trial again."""
    beside: str = ""
    """Files of the puzzle that lie beside the program's script as well: the program may have read another puzzle."""

    @model_serializer(mode="wrap")
    def _omit_empty(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out `origin`, `uncovered` and `beside` if empty, so that earlier versions of netjigsaw read the row."""
        written: dict[str, Any] = handler(self)
        for name in ("origin", "uncovered", "beside"):
            if not getattr(self, name):
                written.pop(name, None)
        return written
