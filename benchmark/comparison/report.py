"""Compare two sides: findings, puzzles lost and won, judgements, and what all of it ends with."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from benchmark.comparison.conditions import why_times_differ
from benchmark.comparison.findings import Finding, Swing, find_all, swings
from benchmark.comparison.gate import Judgement, judge, with_adjusted
from benchmark.comparison.inference import adjust
from benchmark.comparison.matching import match, why_unjudged
from benchmark.comparison.measures import TIME, measures_of
from benchmark.comparison.rules import check_rules

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmark.comparison.matching import Contest, Side
    from benchmark.comparison.measures import Measure
    from benchmark.comparison.rules import Rule
    from benchmark.results.session import Session

__all__ = ["Exit", "Report", "Result", "compare_sides"]


class Exit(enum.IntEnum):
    """What a comparison ends with."""

    FINE = 0
    REGRESSION = 1
    USAGE = 2
    NOTHING_COMPARABLE = 3
    INFRASTRUCTURE = 4


@dataclass(frozen=True)
class Result:
    """What a contest came to."""

    contest: Contest
    findings: tuple[Finding, ...]
    lost: tuple[Swing, ...]
    won: tuple[Swing, ...]
    judgements: tuple[Judgement, ...]


@dataclass(frozen=True)
class Report:
    """A whole comparison.

    Attributes:
        base: name of one side.
        new: name of the other.
        results: one for each solver with comparable trials.
        apart: contests without any.
        strict: whether losses counted without a test.
        gated: whether there were rules.
        obstacles: what keeps the gate from a judgement.
    """

    base: str
    new: str
    results: tuple[Result, ...]
    apart: tuple[Contest, ...]
    strict: bool
    gated: bool
    obstacles: tuple[str, ...]

    @property
    def judgements(self) -> list[Judgement]:
        """Every judgement."""
        return [judgement for result in self.results for judgement in result.judgements]

    @property
    def regressions(self) -> list[Judgement]:
        """The judgements that close the gate."""
        return [judgement for judgement in self.judgements if judgement.regression]

    @property
    def exit(self) -> Exit:
        """What the comparison ends with: a regression that is shown counts, whatever else could not be judged."""
        if not any(result.contest.pairs or result.contest.unjudged for result in self.results):
            return Exit.NOTHING_COMPARABLE
        if self.regressions:
            return Exit.REGRESSION
        blind = not any(result.contest.pairs for result in self.results)
        return Exit.INFRASTRUCTURE if blind or (self.gated and self.obstacles) else Exit.FINE


def compare_sides(
    base: Side,
    new: Side,
    solvers: Mapping[str, str],
    rules: Sequence[Rule] = (),
    *,
    strict: bool = False,
    allow_missing: bool = False,
) -> Report:
    """Compare two sides.

    Args:
        base: what NEW is measured by.
        new: what is judged.
        solvers: label on BASE to label on NEW.
        rules: what is tolerated; nothing can be a regression without any.
        strict: whether any loss beyond the tolerance counts, without a test.
        allow_missing: whether the gate may judge although NEW lacks trials of BASE.

    Raises:
        SpecError: for a rule that means nothing here, or a family that is not known.
    """
    contests = match(base, new, solvers)
    measures = {family: measures_of(family) for family in {contest.family for contest in contests}}
    if contests:
        check_rules(rules, list(measures.values()))
    sessions = {**base.sessions, **new.sessions}
    results = []
    for contest in contests:
        if not contest.pairs and not contest.unjudged:
            continue
        timing = _why_not_timed(contest, sessions)

        def obstacle(measure: Measure, timing: str = timing) -> str:
            return timing if measure == TIME else ""

        mine = measures[contest.family]
        judged = judge(contest, mine, rules, obstacle, strict=strict)
        found = find_all(contest, mine, obstacle)
        results.append(Result(contest, tuple(found), *swings(contest), tuple(judged)))
    apart = tuple(contest for contest in contests if not contest.pairs and not contest.unjudged)
    results = _adjusted(results, strict=strict)
    obstacles = _obstacles(results, apart, allow_missing=allow_missing)
    return Report(base.name, new.name, tuple(results), apart, strict, bool(rules), tuple(obstacles))


def _why_not_timed(contest: Contest, sessions: Mapping[str, Session]) -> str:
    base = [row for pair in contest.pairs for row in pair.base]
    new = [row for pair in contest.pairs for row in pair.new]
    return why_times_differ(base, new, sessions) if base else ""


def _adjusted(results: Sequence[Result], *, strict: bool) -> list[Result]:
    """Adjust the p-values of the whole comparison: those of findings together, those of rules together."""
    tested = [finding.p for result in results for finding in result.findings if not math.isnan(finding.p)]
    adjusted = iter(adjust(tested))
    judged = iter(with_adjusted([one for result in results for one in result.judgements], strict=strict))
    return [
        replace(
            result,
            findings=tuple(f if math.isnan(f.p) else replace(f, q=next(adjusted)) for f in result.findings),
            judgements=tuple(next(judged) for _ in result.judgements),
        )
        for result in results
    ]


def _obstacles(results: Sequence[Result], apart: Sequence[Contest], *, allow_missing: bool) -> list[str]:
    found = []
    for result in results:
        contest = result.contest
        if contest.unjudged:
            reason = next(
                filter(None, (why_unjudged(row) for pair in contest.unjudged for row in (*pair.new, *pair.base)))
            )
            found.append(f"{contest.label}: {len(contest.unjudged)} trials say nothing of the solver ({reason})")
        found += [f"{one.label}: {one.rule} not judged: {one.unjudged}" for one in result.judgements if one.unjudged]
    missing = sum(len(contest.only_base) for contest in (*(result.contest for result in results), *apart))
    if missing and not allow_missing:
        found.append(
            f"NEW lacks {missing} trials of BASE, so a loss may be hidden; run them, name solvers with --solver, "
            "or give --allow-missing"
        )
    return found
