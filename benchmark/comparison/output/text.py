"""Write a comparison in words and tables for people."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING

from tabulate import tabulate

from benchmark.comparison.gate import GATE_ALPHA
from benchmark.comparison.output.unmatched import MOST_NAMES, one_sided, uncovered_in_words, unmatched_in_words
from benchmark.comparison.report import Exit
from benchmark.results.trial import Status
from benchmark.statistics import ALPHA, mcnemar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmark.comparison.contrasts import Contrast, Swing
    from benchmark.comparison.gate import Judgement
    from benchmark.comparison.measures import Measure
    from benchmark.comparison.report import Comparison, Result

__all__ = ["STYLES", "render_comparison", "verdict"]

STYLES = {"plain": "simple", "github": "pipe"}
WIDTH = 100

CAPTION = (
    "Difference: NEW - BASE on the same puzzles, seeds and limits (pp: percentage points). Times, and a ranking "
    "metric on a logarithmic scale, are compared by the ratio of geometric means. Times are compared on "
    "trials that both sides solved or scored. Seeds of a puzzle are averaged first, so puzzles are the unit. "
    f"Interval: {100 * (1 - ALPHA):g} %; Bonett and Price for solved and for counts of puzzles (+higher -lower), "
    "otherwise a paired BCa bootstrap. p: two-sided sign-flip test over puzzles; for solved with one seed it is the "
    "exact McNemar test. q: p adjusted for all measures of this comparison (Benjamini and Hochberg). A difference is "
    f"called better or worse if q is at most {ALPHA:g}."
)


def render_comparison(comparison: Comparison, style: str = "plain") -> str:
    """Write a comparison as text; the last line is the verdict.

    Args:
        comparison: comparison with at least one comparable trial.
        style: a key of `STYLES`.
    """
    blocks = [block for result in comparison.results for block in _result(result, style)]
    blocks += [f"{contest.label}: not comparable: {unmatched_in_words(contest)}" for contest in comparison.unmatched]
    blocks.append(CAPTION if style == "github" else textwrap.fill(CAPTION, WIDTH))
    if comparison.judgements:
        blocks.append("\n".join(_gate(comparison)))
    if comparison.obstacles and comparison.gated:
        blocks.append("\n".join(f"cannot judge: {obstacle}" for obstacle in comparison.obstacles))
    return "\n\n".join([*blocks, verdict(comparison)]) + "\n"


def verdict(comparison: Comparison) -> str:
    """Write the verdict of a comparison in one line."""
    match comparison.exit:
        case Exit.NOTHING_COMPARABLE:
            return "nothing comparable"
        case Exit.REGRESSION:
            words = "; ".join(_regression(one, comparison) for one in comparison.regressions)
            return f"verdict: REGRESSION: {words}"
        case Exit.INFRASTRUCTURE:
            first, more = (comparison.obstacles or ("no trial can be judged",))[0], len(comparison.obstacles) - 1
            return f"verdict: not judged: {first}" + (f", and {more} more" if more > 0 else "")
    changed = [f for result in comparison.results for f in result.contrasts if f.verdict]
    words = f"{len(changed)} of {sum(len(r.contrasts) for r in comparison.results)} measures differ"
    return f"verdict: {'no regression; ' if comparison.gated else ''}{words}"


def _regression(one: Judgement, comparison: Comparison) -> str:
    words = f"{one.label}: {one.measure.name} {_loss(one, strict=comparison.strict)}"
    if not one.measure.ranks:
        return words
    mine = [result for result in comparison.results if result.contest.label == one.label]
    mine = [result for result in mine if result.ranking == one.measure]
    worse, better = _swing_words(one.measure)
    lost = [swing.name for result in mine for swing in result.lost]
    won = [swing.name for result in mine for swing in result.won]
    named = [
        f"{word} {', '.join(names[:MOST_NAMES])}{f' and {len(names) - MOST_NAMES} more' * (len(names) > MOST_NAMES)}"
        for word, names in ((worse, lost), (better, won))
        if names
    ]
    return f"{words} ({'; '.join(named)})" if named else words


def _swing_words(ranking: Measure) -> tuple[str, str]:
    """Name the puzzles that got worse and the puzzles that got better."""
    return ("lost", "won") if ranking.metric is None else ("worse on", "better on")


def _result(result: Result, style: str) -> Iterator[str]:
    contest = result.contest
    puzzles = len({pair.puzzle for pair in contest.pairs})
    heading = f"{contest.label}, {contest.family}: {_count(puzzles, 'puzzle')}, {_count(len(contest.pairs), 'trial')}"
    yield f"### {heading}" if style == "github" else heading
    if result.contrasts:
        yield _table(result.contrasts, style)
    for one in result.contrasts:
        if one.unjudged:
            yield f"{one.measure.name} not judged: {one.unjudged}"
    yield "\n".join(_swings(result))
    if contest.only_base or contest.only_new:
        yield one_sided(contest)
    yield from uncovered_in_words(contest)


def _table(contrasts: Sequence[Contrast], style: str) -> str:
    rows = [
        (
            one.measure.label,
            _value(one.base, one.measure),
            _value(one.new, one.measure),
            _difference(one),
            _interval(one),
            str(one.puzzles),
            _chance(one.p),
            _chance(one.q),
            one.verdict,
        )
        for one in contrasts
    ]
    headers = ("measure", "BASE", "NEW", "difference", "95 % interval", "puzzles", "p", "q", "")
    align = ("left", *["right"] * 7, "left")
    return tabulate(rows, headers=headers, tablefmt=STYLES[style], colalign=align, disable_numparse=True)


def _value(value: float, measure: Measure) -> str:
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if measure.is_time:
        return f"{value:.3g} s"
    if measure.kind == "share":
        return f"{100 * value:.1f} %"
    metric = measure.metric
    shown, digits = (metric.shown, metric.digits) if metric else ("fixed", 3)
    if shown == "percent":
        return f"{100 * value:.{digits}f} %"
    return f"{value:.{digits}{'e' if shown == 'scientific' else 'f'}}"


def _difference(one: Contrast) -> str:
    measure = one.measure
    if measure.kind == "ratio":
        return f"×{one.difference:.3g}"
    if measure.kind == "rank":
        return f"+{one.higher} −{one.lower}"
    return _signed(one.difference, measure)


def _signed(value: float, measure: Measure) -> str:
    text = _amount(abs(value), measure)
    return text if value == 0 else f"{'+' if value > 0 else '−'}{text}"


def _amount(value: float, measure: Measure) -> str:
    """Write a difference; a difference of percentages is in percentage points."""
    return _value(value, measure).replace("%", "pp")


def _interval(one: Contrast) -> str:
    if one.interval is None:
        return "–"
    low, high = one.interval
    if one.measure.kind == "ratio":
        return f"×{low:.3g} to ×{high:.3g}"
    if one.measure.kind == "rank":
        return f"{100 * low:+.0f} to {100 * high:+.0f} %".replace("-", "−")
    return f"{_signed(low, one.measure)} to {_signed(high, one.measure)}"


def _chance(p: float) -> str:
    if math.isnan(p):
        return "–"
    return f"{p:.3f}" if p >= 0.001 else "<0.001"


def _p(p: float) -> str:
    return f"p = {_chance(p)}".replace("= <", "< ")


def _swings(result: Result) -> Iterator[str]:
    won, lost = len(result.won), len(result.lost)
    solved = result.ranking.metric is None
    worse, better, test = ("lost", "won", "McNemar") if solved else ("worse", "better", "sign")
    yield f"puzzles {worse}: {lost}, {better}: {won} (exact {test} test: {_p(mcnemar(won, lost))})"
    width = max(map(len, (worse, better))) if not solved else 4
    for word, swings in ((worse, result.lost), (better, result.won)):
        for swing in swings[:MOST_NAMES]:
            yield f"  {word:<{width}} {_swing(swing, result.ranking)}"
        if len(swings) > MOST_NAMES:
            yield f"  {word:<{width}} and {len(swings) - MOST_NAMES} more"


def _swing(swing: Swing, ranking: Measure) -> str:
    if ranking.metric is None:
        ending = f"  {swing.ending}" if swing.new < swing.base else ""
        return f"{swing.name}  {swing.base}/{swing.trials} → {swing.new}/{swing.trials}{ending}"
    failed = "" if swing.ending.startswith(Status.SCORED) else f"  {swing.ending}"
    return f"{swing.name}  {_value(swing.base, ranking)} → {_value(swing.new, ranking)}{failed}"


def _gate(comparison: Comparison) -> Iterator[str]:
    if comparison.strict:
        yield "gate, strict: any loss beyond the tolerance is a regression"
    else:
        yield (
            "gate: a loss beyond the tolerance is a regression if chance alone gives such a loss in at most "
            f"{100 * GATE_ALPHA:g} % of cases (adjusted for all rules)"
        )
    for one in comparison.judgements:
        if not one.unjudged:
            yield f"  {one.label}: {one.rule}: {_loss(one, strict=comparison.strict)}, {_reason(one, comparison)}"


def _loss(one: Judgement, *, strict: bool) -> str:
    """Write the loss of a measure; with `strict`, also the gain that does not offset the loss."""
    measure = one.measure
    if measure.is_time:
        return f"×{1 + one.loss:.3g} slower" if one.loss > 0 else f"×{1 / (1 + one.loss):.3g} faster"
    if measure.kind == "rank":
        if one.gain:
            return f"worse on {100 * one.loss:.0f} % of the puzzles, better on {100 * one.gain:.0f} % (does not offset)"
        return f"worse on {100 * one.loss:.0f} % of the puzzles{'' if strict else ', net'}"
    fell, rose, fall = ("fell", "rose", "fall") if measure.better == "high" else ("rose", "fell", "rise")
    if not one.loss > 0:
        return f"did not {fall}"

    def amount(value: float) -> str:
        return f"{100 * value:.3g} %" if measure.kind == "ratio" else _amount(value, measure)

    words = f"{fell} by {amount(one.loss)}"
    return f"{words} on some puzzles, {rose} by {amount(one.gain)} on others (does not offset)" if one.gain else words


def _reason(one: Judgement, comparison: Comparison) -> str:
    if not one.exceeds:
        return "tolerated"
    if comparison.strict:
        return "REGRESSION"
    found = f"{_p(one.p)}, adjusted {_chance(one.q)}"
    if one.regression:
        return f"REGRESSION, more than chance explains ({found})"
    return f"but chance may explain it ({found}); run more seeds (--seeds), or fail without a test (--strict)"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
