"""A comparison in words and tables, for people."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING

from tabulate import tabulate

from benchmark.comparison.gate import GATE_ALPHA
from benchmark.comparison.report import Exit
from benchmark.comparison.unmatched import MOST_NAMES, apart_in_words, one_sided
from benchmark.statistics import ALPHA, mcnemar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmark.comparison.findings import Finding, Swing
    from benchmark.comparison.gate import Judgement
    from benchmark.comparison.measures import Measure
    from benchmark.comparison.report import Report, Result

__all__ = ["STYLES", "render_report", "verdict"]

STYLES = {"plain": "simple", "github": "pipe"}
WIDTH = 100

CAPTION = (
    "NEW - BASE on the same puzzles, seeds and limits (pp: percentage points); of times the ratio on trials that both "
    "solved. Seeds of a "
    f"puzzle are summed up first, so puzzles are the unit. Interval: {100 * (1 - ALPHA):g} %, of solved and of what "
    "counts puzzles (+higher -lower) by Bonett and Price, else by a paired BCa bootstrap. p: two-sided sign flips "
    "over puzzles, which for solved with one seed is the exact McNemar test. q: p adjusted for all measures of this "
    f"comparison (Benjamini and Hochberg); a difference is called better or worse where q is at most {ALPHA:g}."
)


def render_report(report: Report, style: str = "plain") -> str:
    """Write a comparison; the last line is the verdict.

    Args:
        report: what came of it; something in it is comparable.
        style: a key of `STYLES`.
    """
    blocks = [block for result in report.results for block in _result(result, style)]
    blocks += [f"{contest.label}: not comparable: {apart_in_words(contest)}" for contest in report.apart]
    blocks.append(CAPTION if style == "github" else textwrap.fill(CAPTION, WIDTH))
    if report.judgements:
        blocks.append("\n".join(_gate(report)))
    if report.obstacles and report.gated:
        blocks.append("\n".join(f"cannot judge: {obstacle}" for obstacle in report.obstacles))
    return "\n\n".join([*blocks, verdict(report)]) + "\n"


def verdict(report: Report) -> str:
    """Say in one line what came of a comparison."""
    match report.exit:
        case Exit.NOTHING_COMPARABLE:
            return "nothing comparable"
        case Exit.REGRESSION:
            words = "; ".join(_regression(one, report) for one in report.regressions)
            return f"verdict: REGRESSION: {words}"
        case Exit.INFRASTRUCTURE:
            first, more = (report.obstacles or ("no trial can be judged",))[0], len(report.obstacles) - 1
            return f"verdict: not judged: {first}" + (f", and {more} more" if more > 0 else "")
    changed = [f for result in report.results for f in result.findings if f.verdict]
    words = f"{len(changed)} of {sum(len(r.findings) for r in report.results)} measures differ"
    return f"verdict: {'no regression; ' if report.gated else ''}{words}"


def _regression(one: Judgement, report: Report) -> str:
    words = f"{one.label}: {one.measure.name} {_loss(one, strict=report.strict)}"
    if one.measure.name != "solved":
        return words
    mine = [result for result in report.results if result.contest.label == one.label]
    lost = [swing.name for result in mine for swing in result.lost]
    won = [swing.name for result in mine for swing in result.won]
    named = [
        f"{word} {', '.join(names[:MOST_NAMES])}{f' and {len(names) - MOST_NAMES} more' * (len(names) > MOST_NAMES)}"
        for word, names in (("lost", lost), ("won", won))
        if names
    ]
    return f"{words} ({'; '.join(named)})" if named else words


def _result(result: Result, style: str) -> Iterator[str]:
    contest = result.contest
    puzzles = len({pair.puzzle for pair in contest.pairs})
    heading = f"{contest.label}, {contest.family}: {_count(puzzles, 'puzzle')}, {_count(len(contest.pairs), 'trial')}"
    yield f"### {heading}" if style == "github" else heading
    if result.findings:
        yield _table(result.findings, style)
    for finding in result.findings:
        if finding.unjudged:
            yield f"{finding.measure.name} not judged: {finding.unjudged}"
    yield "\n".join(_swings(result))
    if contest.only_base or contest.only_new:
        yield one_sided(contest)


def _table(findings: Sequence[Finding], style: str) -> str:
    rows = [
        (
            finding.measure.label,
            _value(finding.base, finding.measure),
            _value(finding.new, finding.measure),
            _difference(finding),
            _interval(finding),
            str(finding.puzzles),
            _chance(finding.p),
            _chance(finding.q),
            finding.verdict,
        )
        for finding in findings
    ]
    headers = ("measure", "BASE", "NEW", "difference", "95 % interval", "puzzles", "p", "q", "")
    align = ("left", *["right"] * 7, "left")
    return tabulate(rows, headers=headers, tablefmt=STYLES[style], colalign=align, disable_numparse=True)


def _value(value: float, measure: Measure) -> str:
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if measure.kind == "ratio":
        return f"{value:.3g} s"
    if measure.kind == "share":
        return f"{100 * value:.1f} %"
    metric = measure.metric
    shown, digits = (metric.shown, metric.digits) if metric else ("fixed", 3)
    if shown == "percent":
        return f"{100 * value:.{digits}f} %"
    return f"{value:.{digits}{'e' if shown == 'scientific' else 'f'}}"


def _difference(finding: Finding) -> str:
    measure = finding.measure
    if measure.kind == "ratio":
        return f"×{finding.difference:.3g}"
    if measure.kind == "rank":
        return f"+{finding.higher} −{finding.lower}"
    return _signed(finding.difference, measure)


def _signed(value: float, measure: Measure) -> str:
    text = _amount(abs(value), measure)
    return text if value == 0 else f"{'+' if value > 0 else '−'}{text}"


def _amount(value: float, measure: Measure) -> str:
    """Write a difference; of percentages in percentage points."""
    return _value(value, measure).replace("%", "pp")


def _interval(finding: Finding) -> str:
    if finding.interval is None:
        return "–"
    low, high = finding.interval
    if finding.measure.kind == "ratio":
        return f"×{low:.3g} to ×{high:.3g}"
    if finding.measure.kind == "rank":
        return f"{100 * low:+.0f} to {100 * high:+.0f} %".replace("-", "−")
    return f"{_signed(low, finding.measure)} to {_signed(high, finding.measure)}"


def _chance(p: float) -> str:
    if math.isnan(p):
        return "–"
    return f"{p:.3f}" if p >= 0.001 else "<0.001"


def _p(p: float) -> str:
    return f"p = {_chance(p)}".replace("= <", "< ")


def _swings(result: Result) -> Iterator[str]:
    won, lost = len(result.won), len(result.lost)
    yield f"puzzles lost: {lost}, won: {won} (exact McNemar test: {_p(mcnemar(won, lost))})"
    for word, swings in (("lost", result.lost), ("won", result.won)):
        for swing in swings[:MOST_NAMES]:
            yield f"  {word:<4} {_swing(swing)}"
        if len(swings) > MOST_NAMES:
            yield f"  {word:<4} and {len(swings) - MOST_NAMES} more"


def _swing(swing: Swing) -> str:
    ending = f"  {swing.ending}" if swing.new < swing.base else ""
    return f"{swing.name}  {swing.base}/{swing.trials} → {swing.new}/{swing.trials}{ending}"


def _gate(report: Report) -> Iterator[str]:
    if report.strict:
        yield "gate, strict: any loss beyond the tolerance is a regression"
    else:
        yield (
            "gate: a loss beyond the tolerance is a regression if chance explains it in at most "
            f"{100 * GATE_ALPHA:g} % of cases (adjusted for all rules)"
        )
    for one in report.judgements:
        if not one.unjudged:
            yield f"  {one.label}: {one.rule}: {_loss(one, strict=report.strict)}, {_reason(one, report)}"


def _loss(one: Judgement, *, strict: bool) -> str:
    """Say how much worse a measure is, in its own terms; where gains set no loss off, how much better besides."""
    measure = one.measure
    if measure.kind == "ratio":
        return f"×{1 + one.loss:.3g} slower" if one.loss > 0 else f"×{1 / (1 + one.loss):.3g} faster"
    if measure.kind == "rank":
        if one.gain:
            return f"worse on {100 * one.loss:.0f} % of the puzzles, better on {100 * one.gain:.0f} % (not set off)"
        return f"worse on {100 * one.loss:.0f} % of the puzzles{'' if strict else ', net'}"
    fell, rose, fall = ("fell", "rose", "fall") if measure.better == "high" else ("rose", "fell", "rise")
    if not one.loss > 0:
        return f"did not {fall}"
    words = f"{fell} by {_amount(one.loss, measure)}"
    return (
        f"{words} on some puzzles, {rose} by {_amount(one.gain, measure)} on others (not set off)"
        if one.gain
        else words
    )


def _reason(one: Judgement, report: Report) -> str:
    if not one.exceeds:
        return "tolerated"
    if report.strict:
        return "REGRESSION"
    found = f"{_p(one.p)}, adjusted {_chance(one.q)}"
    if one.regression:
        return f"REGRESSION, more than chance explains ({found})"
    return f"but chance may explain it ({found}); more seeds can tell (--seeds), --strict fails without asking"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
