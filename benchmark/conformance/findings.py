"""Judge the trials of a solver against the contract, and advise on each breach. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from benchmark.conformance.advice import Fixes, fixes_for
from benchmark.conformance.errands import Purpose
from benchmark.results.trial import Status
from generator.errors import AnswerError
from generator.family.registry import find_family

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmark.conformance.errands import Tried
    from benchmark.results.outcome import Report

__all__ = ["CHECKS", "ConformanceFinding", "judge"]

CHECKS = ("loads", "answers", "repeats", "shapes", "time", "reports", "writes", "output")
"""The checks, in the order of the report."""

_VALID = frozenset({Status.SOLVED, Status.SCORED, Status.PARTIAL})
"""Statuses of a valid answer."""
_LOUD_BYTES = 16_000
"""Bytes of output in one trial above which a note is made; the harness keeps about this much. Hand-set."""
_USED_UP = 0.8
"""Share of the time limit above which an answer may depend on the clock. Hand-set."""


@dataclass(frozen=True)
class ConformanceFinding:
    """The result of one check.

    Attributes:
        check: one of `CHECKS`.
        subject: object of the check, for example the name of a puzzle.
        verdict: `wrong` for a breach of the contract; a `note` is no breach.
        found: result of the trial.
        fix: advice for the solver's author.
    """

    check: str
    subject: str
    verdict: Literal["ok", "note", "wrong"]
    found: str
    fix: str = ""

    def __str__(self) -> str:
        """Write the finding in one line."""
        return f"{self.check} ({self.subject}): {self.found}" + (f". Fix: {self.fix}" if self.fix else "")


def judge(tried: Sequence[Tried], written: Sequence[str] = ()) -> list[ConformanceFinding]:
    """Judge the trials of one solver.

    Args:
        tried: results in the order of `errands`; only the first result if the solver cannot be used.
        written: files outside the solver's folder that changed during the trials.
    """
    first = tried[0]
    cell = first.errand.cell
    family = find_family(cell.loaded.puzzle.manifest.family)
    fixes = fixes_for(family.advice, for_program=cell.reference.command is not None)
    loading = _loads(first, fixes)
    if loading.verdict == "wrong":
        return [loading]
    by = {purpose: [one for one in tried if one.errand.purpose == purpose] for purpose in Purpose}
    return [
        loading,
        _answers(first, fixes, "answers"),
        _repeats(first, by[Purpose.AGAIN], fixes),
        *(_answers(one, fixes, "shapes") for one in by[Purpose.SHAPE]),
        *(_time(one, fixes) for one in by[Purpose.SHORT]),
        _reports(tried, fixes),
        _writes(tried, written, fixes),
        _output(tried, fixes),
    ]


def _loads(first: Tried, fixes: Fixes) -> ConformanceFinding:
    status, reason = first.verdict.status, first.verdict.reason
    if status is Status.UNAVAILABLE:
        return ConformanceFinding("loads", "import", "wrong", reason, fixes.of_loading(reason))
    if status is Status.SKIPPED:
        return ConformanceFinding("loads", "family", "wrong", reason, fixes.family)
    taken = first.outcome.load_s
    return ConformanceFinding("loads", "import", "ok", "made" if taken is None else f"made within {taken:.2f} s")


def _answers(one: Tried, fixes: Fixes, check: str) -> ConformanceFinding:
    """Judge one trial. Every valid answer keeps to the contract, whatever its score."""
    verdict, wall = one.verdict, one.outcome.wall_s or 0.0
    if verdict.status in _VALID and not verdict.from_report:
        remark = f"; {verdict.reason}" if one.errand.cell.reference.command is not None and verdict.reason else ""
        return ConformanceFinding(check, one.probe, "ok", f"{verdict.status} in {wall:.2f} s{remark}")
    if verdict.from_report:
        ending = one.outcome.status or verdict.status  # where a metric ranks, a report makes a timeout `scored`
        found = f"{ending}: {verdict.reason}; its last report was scored"
        kind: Literal["note", "wrong"] = "note" if ending is Status.TIMEOUT else "wrong"
        return ConformanceFinding(check, one.probe, kind, found, "" if kind == "note" else fixes.of_ending(verdict))
    if verdict.status is Status.GAVE_UP:
        found = f"gave up{': ' if verdict.reason else ''}{verdict.reason}"
        return ConformanceFinding(check, one.probe, "note" if check == "shapes" else "wrong", found, fixes.gave_up)
    return ConformanceFinding(
        check, one.probe, "wrong", f"{verdict.status}: {verdict.reason}", fixes.of_ending(verdict)
    )


def _repeats(first: Tried, again: Sequence[Tried], fixes: Fixes) -> ConformanceFinding:
    """Compare the answers of two trials of one puzzle and seed."""
    subject = f"{first.probe}, seed {first.errand.cell.trial.seed}, twice"
    both = [first, *again]
    values = [one.outcome.answer.value for one in both if one.outcome.answer is not None]
    if len(values) < len(both):
        return ConformanceFinding("repeats", subject, "note", "not judged: a trial ended without a final answer")
    if all(value == values[0] for value in values):
        return ConformanceFinding("repeats", subject, "ok", "equal answers")
    limit = first.errand.cell.trial.limits.wall_s or float("inf")
    if any((one.outcome.wall_s or 0.0) > _USED_UP * limit for one in both):
        return ConformanceFinding(
            "repeats", subject, "note", "different answers, but the solver searched until the time limit"
        )
    return ConformanceFinding("repeats", subject, "wrong", "different answers", fixes.repeats)


def _time(one: Tried, fixes: Fixes) -> ConformanceFinding:
    """Judge a trial with too little time: the solver must end by itself, or report a valid answer before the limit."""
    limit = one.errand.cell.trial.limits.wall_s
    subject, wall = f"{one.probe}, {limit:g} s", one.outcome.wall_s or 0.0
    if one.outcome.status is not Status.TIMEOUT:
        found = _answers(one, fixes, "time")
        return ConformanceFinding("time", subject, found.verdict, found.found, found.fix)
    if one.verdict.from_report:
        last = one.outcome.reports[-1].time_s
        found_text = f"stopped after {wall:.2f} s; its report of {last:.2f} s was scored"
        return ConformanceFinding("time", subject, "ok", found_text)
    return ConformanceFinding("time", subject, "wrong", f"stopped after {wall:.2f} s without any answer", fixes.time)


def _reports(tried: Sequence[Tried], fixes: Fixes) -> ConformanceFinding:
    """Check the format of every report that was kept."""
    count = 0
    for one in tried:
        for report in one.outcome.reports:
            count += 1
            fault = _fault(one, report)
            if fault:
                found = f"a report after {report.time_s:.2f} s is no answer: {fault}"
                return ConformanceFinding("reports", one.probe, "wrong", found, fixes.bad_report)
    if not count:
        return ConformanceFinding("reports", "all trials", "note", "none", fixes.no_report)
    return ConformanceFinding("reports", "all trials", "ok", f"{count}, each an answer")


def _fault(one: Tried, report: Report) -> str:
    puzzle = one.errand.cell.loaded.puzzle
    family = find_family(puzzle.manifest.family)
    try:
        family.check(family.view(puzzle), report.answer)
    except AnswerError as error:
        return str(error)
    return ""


def _writes(tried: Sequence[Tried], written: Sequence[str], fixes: Fixes) -> ConformanceFinding:
    if written:
        return ConformanceFinding("writes", "all trials", "wrong", f"changed {', '.join(written[:3])}", fixes.writes)
    for one in tried:
        if any(sign in one.verdict.reason for sign in ("Read-only file system", "Errno 30")):
            return ConformanceFinding("writes", one.probe, "wrong", one.verdict.reason, fixes.writes)
    return ConformanceFinding("writes", "all trials", "ok", "nothing seen outside its folder")


def _output(tried: Sequence[Tried], fixes: Fixes) -> ConformanceFinding:
    flood = next((one for one in tried if "printed more than" in one.verdict.reason), None)
    if flood is not None:
        return ConformanceFinding("output", flood.probe, "wrong", flood.verdict.reason, fixes.output)
    loud = Counter({one.probe: len(one.outcome.output.encode()) for one in tried}).most_common(1)[0]
    if loud[1] >= _LOUD_BYTES:
        return ConformanceFinding(
            "output", loud[0], "note", "prints more than 16 KiB, of which the end is kept", fixes.output
        )
    return ConformanceFinding("output", "all trials", "ok", f"at most {loud[1]} bytes in a trial")
