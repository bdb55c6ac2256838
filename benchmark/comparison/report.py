"""Compare two sides: contrasts of measures, puzzles lost and won, judgements of rules, exit code."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from benchmark.comparison.conditions import why_times_differ
from benchmark.comparison.contrasts import Contrast, Swing, contrasts_of, swings
from benchmark.comparison.gate import Judgement, judge, with_adjusted
from benchmark.comparison.matching import match, why_unjudged
from benchmark.comparison.measures import measures_of
from benchmark.comparison.rules import check_rules, default_rules
from benchmark.statistics import adjust

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmark.comparison.matching import Contest, Side
    from benchmark.comparison.measures import Measure
    from benchmark.comparison.rules import Rule
    from benchmark.results.session import Session

__all__ = ["Comparison", "Exit", "Result", "compare_sides"]


class Exit(enum.IntEnum):
    """Exit codes of a comparison."""

    FINE = 0
    REGRESSION = 1
    USAGE = 2
    NOTHING_COMPARABLE = 3
    INFRASTRUCTURE = 4


@dataclass(frozen=True)
class Result:
    """The result of one contest.

    Attributes:
        contest: paired results of one solver.
        ranking: ranking measure of the family.
        contrasts: contrasts of all measures.
        lost: puzzles on which NEW is worse by the ranking measure.
        won: puzzles on which NEW is better by the ranking measure.
        judgements: one judgement per rule.
    """

    contest: Contest
    ranking: Measure
    contrasts: tuple[Contrast, ...]
    lost: tuple[Swing, ...]
    won: tuple[Swing, ...]
    judgements: tuple[Judgement, ...]


@dataclass(frozen=True)
class Comparison:
    """A whole comparison.

    Attributes:
        base: name of the side BASE.
        new: name of the side NEW.
        results: one result per solver with comparable trials.
        unmatched: contests without comparable trials.
        strict: whether every loss beyond the tolerance is a regression, without a test.
        gated: whether there were rules.
        obstacles: reasons why the gate cannot judge.
    """

    base: str
    new: str
    results: tuple[Result, ...]
    unmatched: tuple[Contest, ...]
    strict: bool
    gated: bool
    obstacles: tuple[str, ...]

    @property
    def judgements(self) -> list[Judgement]:
        """All judgements of the comparison."""
        return [judgement for result in self.results for judgement in result.judgements]

    @property
    def regressions(self) -> list[Judgement]:
        """The judgements that fail the gate."""
        return [judgement for judgement in self.judgements if judgement.regression]

    @property
    def exit(self) -> Exit:
        """The exit code. A regression takes precedence over rules that could not be judged."""
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
    rules: Sequence[Rule] | None = (),
    *,
    strict: bool = False,
    allow_missing: bool = False,
) -> Comparison:
    """Compare two sides.

    Args:
        base: the side BASE, the reference.
        new: the side NEW, which is judged.
        solvers: label on BASE to label on NEW.
        rules: tolerated losses; with an empty list nothing is a regression. None means the default of each family: no
            loss of the ranking measure.
        strict: whether any loss beyond the tolerance is a regression, without a test.
        allow_missing: whether the gate may judge although NEW lacks trials of BASE.

    Raises:
        SpecError: if a rule names no measure of these families, or a family is unknown.
    """
    contests = match(base, new, solvers)
    measures = {family: measures_of(family) for family in {contest.family for contest in contests}}
    if contests and rules:
        check_rules(rules, list(measures.values()))
    sessions = {**base.sessions, **new.sessions}
    results = []
    for contest in contests:
        if not contest.pairs and not contest.unjudged:
            continue
        timing = _why_not_timed(contest, sessions)

        def obstacle(measure: Measure, timing: str = timing) -> str:
            return timing if measure.is_time else ""

        mine = measures[contest.family]
        ranking = next(measure for measure in mine if measure.ranks)
        judged = judge(contest, mine, default_rules(mine) if rules is None else rules, obstacle, strict=strict)
        found = contrasts_of(contest, mine, obstacle)
        results.append(Result(contest, ranking, tuple(found), *swings(contest, ranking), tuple(judged)))
    unmatched = tuple(contest for contest in contests if not contest.pairs and not contest.unjudged)
    results = _adjusted(results, strict=strict)
    obstacles = _obstacles(results, unmatched, allow_missing=allow_missing)
    return Comparison(
        base.name, new.name, tuple(results), unmatched, strict, rules is None or bool(rules), tuple(obstacles)
    )


def _why_not_timed(contest: Contest, sessions: Mapping[str, Session]) -> str:
    base = [row for pair in contest.pairs for row in pair.base]
    new = [row for pair in contest.pairs for row in pair.new]
    return why_times_differ(base, new, sessions) if base else ""


def _adjusted(results: Sequence[Result], *, strict: bool) -> list[Result]:
    """Adjust p-values over the whole comparison: p-values of measures and p-values of rules separately."""
    tested = [one.p for result in results for one in result.contrasts if not math.isnan(one.p)]
    adjusted = iter(adjust(tested))
    judged = iter(with_adjusted([one for result in results for one in result.judgements], strict=strict))
    return [
        replace(
            result,
            contrasts=tuple(c if math.isnan(c.p) else replace(c, q=next(adjusted)) for c in result.contrasts),
            judgements=tuple(next(judged) for _ in result.judgements),
        )
        for result in results
    ]


def _obstacles(results: Sequence[Result], unmatched: Sequence[Contest], *, allow_missing: bool) -> list[str]:
    found = []
    for result in results:
        contest = result.contest
        if contest.unjudged:
            reason = next(
                filter(None, (why_unjudged(row) for pair in contest.unjudged for row in (*pair.new, *pair.base)))
            )
            found.append(f"{contest.label}: {len(contest.unjudged)} trials are no evidence about the solver ({reason})")
        found += [f"{one.label}: {one.rule} not judged: {one.unjudged}" for one in result.judgements if one.unjudged]
    missing = sum(len(contest.only_base) for contest in (*(result.contest for result in results), *unmatched))
    if missing and not allow_missing:
        found.append(
            f"NEW lacks {missing} trials of BASE, so a loss may be hidden; run them, name solvers with --solver, "
            "or give --allow-missing"
        )
    return found
