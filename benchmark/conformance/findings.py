"""From trials to findings: what keeps to the contract, what does not, and what to do about it. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from benchmark.conformance.advice import Advice, advice_for
from benchmark.conformance.errands import Purpose
from benchmark.results.trial import Status
from generator.errors import AnswerError
from generator.family.registry import find_family

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmark.conformance.errands import Tried
    from benchmark.results.outcome import Report

__all__ = ["CHECKS", "Finding", "judge"]

CHECKS = ("loads", "answers", "repeats", "shapes", "time", "reports", "writes", "output")
"""What is looked at, in the order in which it is told."""

_LOUD_BYTES = 16_000
"""Of output in one trial: as much as is kept of it."""
_USED_UP = 0.8
"""Share of the time limit from which an answer may depend on the clock."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        check: one of `CHECKS`.
        subject: what it was looked at on, a puzzle's name say.
        verdict: `wrong` breaks the contract, a `note` does not.
        found: what was seen.
        fix: what to do about it.
    """

    check: str
    subject: str
    verdict: Literal["ok", "note", "wrong"]
    found: str
    fix: str = ""

    def __str__(self) -> str:
        """Write it in a line."""
        return f"{self.check} ({self.subject}): {self.found}" + (f". Fix: {self.fix}" if self.fix else "")


def judge(tried: Sequence[Tried], written: Sequence[str] = ()) -> list[Finding]:
    """Say what the trials of one solver show.

    Args:
        tried: in the order of `errands`; only the first if the solver cannot be used.
        written: files outside its folder that changed meanwhile.
    """
    first = tried[0]
    advice = advice_for(for_program=first.errand.cell.reference.command is not None)
    loading = _loads(first, advice)
    if loading.verdict == "wrong":
        return [loading]
    by = {purpose: [one for one in tried if one.errand.purpose == purpose] for purpose in Purpose}
    return [
        loading,
        _answers(first, advice, "answers"),
        _repeats(first, by[Purpose.AGAIN], advice),
        *(_answers(one, advice, "shapes") for one in by[Purpose.SHAPE]),
        *(_time(one, advice) for one in by[Purpose.SHORT]),
        _reports(tried, advice),
        _writes(tried, written, advice),
        _output(tried, advice),
    ]


def _loads(first: Tried, advice: Advice) -> Finding:
    status, reason = first.verdict.status, first.verdict.reason
    if status is Status.UNAVAILABLE:
        return Finding("loads", "import", "wrong", reason, advice.of_loading(reason))
    if status is Status.SKIPPED:
        return Finding("loads", "family", "wrong", reason, advice.family)
    taken = first.outcome.load_s
    return Finding("loads", "import", "ok", "made" if taken is None else f"made within {taken:.2f} s")


def _answers(one: Tried, advice: Advice, check: str) -> Finding:
    """Judge what came of a puzzle: any answer of the right form will do, and so does giving up."""
    verdict, wall = one.verdict, one.outcome.wall_s or 0.0
    if verdict.status in {Status.SOLVED, Status.PARTIAL}:
        return Finding(check, one.probe, "ok", f"{verdict.status} in {wall:.2f} s")
    if verdict.from_report:
        found = f"{verdict.status}: {verdict.reason}; its last report was scored"
        kind: Literal["note", "wrong"] = "note" if verdict.status is Status.TIMEOUT else "wrong"
        return Finding(check, one.probe, kind, found, "" if kind == "note" else advice.of_ending(verdict))
    if verdict.status is Status.GAVE_UP:
        found = f"gave up{': ' if verdict.reason else ''}{verdict.reason}"
        return Finding(check, one.probe, "note" if check == "shapes" else "wrong", found, advice.gave_up)
    return Finding(check, one.probe, "wrong", f"{verdict.status}: {verdict.reason}", advice.of_ending(verdict))


def _repeats(first: Tried, again: Sequence[Tried], advice: Advice) -> Finding:
    """Hold two trials of one puzzle and seed against each other."""
    subject = f"{first.probe}, seed {first.errand.cell.trial.seed}, twice"
    both = [first, *again]
    values = [one.outcome.answer.value for one in both if one.outcome.answer is not None]
    if len(values) < len(both):
        return Finding("repeats", subject, "note", "not judged: a trial ended without a final answer")
    if all(value == values[0] for value in values):
        return Finding("repeats", subject, "ok", "equal answers")
    limit = first.errand.cell.trial.limits.wall_s or float("inf")
    if any((one.outcome.wall_s or 0.0) > _USED_UP * limit for one in both):
        return Finding("repeats", subject, "note", "different answers, but it searched until time was up")
    return Finding("repeats", subject, "wrong", "different answers", advice.repeats)


def _time(one: Tried, advice: Advice) -> Finding:
    """Judge how it ends when time is too short: by itself, or stopped with a report to show."""
    limit = one.errand.cell.trial.limits.wall_s
    subject, wall = f"{one.probe}, {limit:g} s", one.outcome.wall_s or 0.0
    if one.verdict.status is not Status.TIMEOUT:
        found = _answers(one, advice, "time")
        return Finding("time", subject, found.verdict, found.found, found.fix)
    if one.verdict.from_report:
        last = one.outcome.reports[-1].time_s
        found_text = f"stopped after {wall:.2f} s; its report of {last:.2f} s was scored"
        return Finding("time", subject, "ok", found_text)
    return Finding("time", subject, "wrong", f"stopped after {wall:.2f} s with nothing to show", advice.time)


def _reports(tried: Sequence[Tried], advice: Advice) -> Finding:
    """Look at every report that was kept."""
    count = 0
    for one in tried:
        for report in one.outcome.reports:
            count += 1
            fault = _fault(one, report)
            if fault:
                found = f"a report after {report.time_s:.2f} s is no answer: {fault}"
                return Finding("reports", one.probe, "wrong", found, advice.bad_report)
    if not count:
        return Finding("reports", "all trials", "note", "none", advice.no_report)
    return Finding("reports", "all trials", "ok", f"{count}, each an answer")


def _fault(one: Tried, report: Report) -> str:
    puzzle = one.errand.cell.loaded.puzzle
    family = find_family(puzzle.manifest.family)
    try:
        family.check(family.view(puzzle), report.answer)
    except AnswerError as error:
        return str(error)
    return ""


def _writes(tried: Sequence[Tried], written: Sequence[str], advice: Advice) -> Finding:
    if written:
        return Finding("writes", "all trials", "wrong", f"changed {', '.join(written[:3])}", advice.writes)
    for one in tried:
        if any(sign in one.verdict.reason for sign in ("Read-only file system", "Errno 30")):
            return Finding("writes", one.probe, "wrong", one.verdict.reason, advice.writes)
    return Finding("writes", "all trials", "ok", "nothing seen outside its folder")


def _output(tried: Sequence[Tried], advice: Advice) -> Finding:
    flood = next((one for one in tried if one.verdict.reason.startswith("printed more than")), None)
    if flood is not None:
        return Finding("output", flood.probe, "wrong", flood.verdict.reason, advice.output)
    loud = Counter({one.probe: len(one.outcome.output.encode()) for one in tried}).most_common(1)[0]
    if loud[1] >= _LOUD_BYTES:
        return Finding("output", loud[0], "note", "prints more than 16 KiB, of which the end is kept", advice.output)
    return Finding("output", "all trials", "ok", f"at most {loud[1]} bytes in a trial")
