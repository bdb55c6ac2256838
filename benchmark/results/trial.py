"""The records of a measurement: what is asked for, what came of it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, SerializerFunctionWrapHandler, model_serializer

from generator.puzzle.canonical import sha256_json

__all__ = ["PROTOCOL", "Limits", "Row", "Status", "Trial"]

PROTOCOL = 2
"""Version of how a trial is run and timed; part of every trial's id. Since 2, reading the puzzle is on the clock."""


class Status(enum.StrEnum):
    """How a trial ended. Every planned cell ends in exactly one of these.

    `scored` is a valid answer to a puzzle of a family that ranks by a metric; such puzzles are not solved or partial.
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
    """What a solver may use up. None says that there is no limit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    wall_s: float | None = Field(default=60.0, gt=0)
    """Seconds between go, when the puzzle is handed over, and answer."""
    cpu_s: float | None = Field(default=None, gt=0)
    """Processor seconds, those of loading included."""
    memory_mib: float | None = Field(default=4096.0, gt=0)
    """Memory beyond what the libraries take."""
    output_mib: float = Field(default=16.0, gt=0)
    """What a solver may print, and the size of any file that it writes."""
    threads: int = Field(default=1, ge=1)
    """Threads that numerical libraries are pinned to."""
    queries: int | None = Field(default=None, ge=0)
    """Rows that may be asked of the oracle: the smaller of the user's limit and the puzzle's budget. None where there
    is no oracle, or no limit."""

    @model_serializer(mode="wrap")
    def _without_oracle(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave the queries out where they are not limited, so that trials without an oracle keep their ids."""
        written: dict[str, Any] = handler(self)
        if self.queries is None:
            written.pop("queries", None)
        return written


@dataclass(frozen=True)
class Trial:
    """One cell of the plan: one solver on one puzzle with one seed under given limits.

    Attributes:
        puzzle: digest.
        family: name of the puzzle's family.
        solver: name as typed, without parameters.
        source: digest of the solver's source, so that a changed solver is run again.
        parameters: what was set, by name.
        seed: handed to the solver.
        limits: enforced from outside.
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
        """SHA-256 of the cell alone: neither order, jobs nor machine can change it."""
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
    """One result: a line of the store."""

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
    """Labels of the puzzle that tables can be split by, e.g. depth and regime."""
    solver: str
    """Name with parameters, as tables show it."""
    source: str
    """Digest of the solver's source."""
    seed: int
    limits: Limits
    status: Status
    reason: str = ""
    """One line on why the status is what it is."""
    certified: bool = False
    """What the solver claimed of its answer; the score does not rest on it."""
    from_report: bool = False
    """The metrics are those of a best-so-far answer, because the trial ended without a final one."""
    metrics: dict[str, float] = {}
    """What scoring yields, by metric name; truth values as 0 and 1."""
    wall_s: float | None = None
    """Seconds between go, when the puzzle is handed over, and answer, by the parent's clock; at a limit, until it was
    enforced."""
    load_s: float | None = None
    """Seconds for importing and making the solver, before go."""
    cpu_s: float | None = None
    """Processor seconds of the child, user and system."""
    peak_mib: float | None = None
    """Peak resident memory of the child, the libraries included."""
    queries: int | None = None
    """Rows that the oracle answered; None where the puzzle has no oracle."""
    query_calls: int | None = None
    """Calls that the oracle answered."""
    query_s: float | None = None
    """Seconds that answering took, part of `wall_s`: what the oracle itself costs."""
    load_average: float | None = None
    """One-minute load average of the machine when the trial was over, so that times can be told from a busy machine."""
