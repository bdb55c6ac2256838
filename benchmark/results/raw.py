"""A trial's outcome on disk: a JSON file and a tensor file, enough to score the trial again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, JsonValue

from benchmark.results.outcome import Outcome, Report
from benchmark.results.trial import Status  # noqa: TC001 - pydantic reads it at run time
from generator.family.oracle import Usage
from generator.puzzle.answer import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from benchmark.results.trial import Row

__all__ = ["Raw", "RawAnswer", "outcome_of", "raw_of", "usage_of"]


class RawAnswer(BaseModel):
    """An unscored answer; `arrays` names its tensors, which are stored in the tensor file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: JsonValue
    certified: bool = False
    note: str = ""
    arrays: tuple[str, ...] = ()
    time_s: float | None = None
    """For a report: seconds after go."""
    queries: int = 0
    """For a report: rows that the oracle had answered by then."""


class Raw(BaseModel):
    """Answers, log and output of a trial; enough to score it again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    trial: str
    session: str
    status: Status | None
    """None if the answer's score decides the status."""
    reason: str
    answer: RawAnswer | None
    reports: tuple[RawAnswer, ...]
    log: tuple[str, ...]
    output: str


def raw_of(outcome: Outcome, trial: str, session: str) -> tuple[Raw, dict[str, np.ndarray]]:
    """Split an outcome into JSON data and tensors by name."""
    tensors: dict[str, np.ndarray] = {}
    answer = None if outcome.answer is None else _raw(outcome.answer, tensors, "answer")
    reports = [
        _raw(report.answer, tensors, f"report{index}").model_copy(
            update={"time_s": report.time_s, "queries": report.queries}
        )
        for index, report in enumerate(outcome.reports)
    ]
    raw = Raw(
        trial=trial,
        session=session,
        status=outcome.status,
        reason=outcome.reason,
        answer=answer,
        reports=tuple(reports),
        log=outcome.log,
        output=outcome.output,
    )
    return raw, tensors


def outcome_of(raw: Raw, tensors: Mapping[str, np.ndarray], row: Row) -> Outcome:
    """Rebuild an outcome from its JSON data and tensors; times and memory come from the row."""
    return Outcome(
        status=raw.status,
        reason=raw.reason,
        answer=None if raw.answer is None else _answer(raw.answer, tensors, "answer"),
        reports=tuple(
            Report(report.time_s or 0.0, _answer(report, tensors, f"report{index}"), report.queries)
            for index, report in enumerate(raw.reports)
        ),
        wall_s=row.wall_s,
        load_s=row.load_s,
        cpu_s=row.cpu_s,
        peak_mib=row.peak_mib,
        log=raw.log,
        output=raw.output,
        usage=usage_of(row),
    )


def usage_of(row: Row) -> Usage | None:
    """Return the oracle usage that a row records; None for a trial without an oracle."""
    return None if row.queries is None else Usage(row.queries, row.query_calls or 0, row.query_s or 0.0)


def _raw(answer: Answer, tensors: dict[str, np.ndarray], prefix: str) -> RawAnswer:
    tensors |= {f"{prefix}/{name}": array for name, array in answer.arrays.items()}
    return RawAnswer(
        value=answer.value, certified=answer.certified, note=answer.note, arrays=tuple(sorted(answer.arrays))
    )


def _answer(raw: RawAnswer, tensors: Mapping[str, np.ndarray], prefix: str) -> Answer:
    arrays = {name: tensors[f"{prefix}/{name}"] for name in raw.arrays}
    return Answer(raw.value, raw.certified, arrays, raw.note)
