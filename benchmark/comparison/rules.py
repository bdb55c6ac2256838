"""Parse the rules of a gate, such as `exact:-0.02,time:+20%`."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.errors import SpecError
from generator.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmark.comparison.measures import Measure

__all__ = ["Rule", "check_rules", "default_rules", "measure_of", "parse_rules"]

_NUMBER = r"\d+(?:\.\d*)?(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?"
_FORM = re.compile(rf"(?P<metric>[^:]*[^:\s])\s*:\s*(?P<sign>[+-]?)(?P<number>{_NUMBER})(?P<percent>%?)", re.IGNORECASE)


@dataclass(frozen=True)
class Rule:
    """The tolerated loss of one measure.

    Attributes:
        text: rule as the user typed it.
        metric: name of the measure, or a prefix of the name.
        sign: `-` if lower is worse, `+` if higher is worse.
        number: tolerated loss; 0.2 for 20 %.
        relative: whether the number is relative to BASE's value.
    """

    text: str
    metric: str
    sign: str
    number: float
    relative: bool


def default_rules(measures: Sequence[Measure]) -> tuple[Rule, ...]:
    """Return the rule that tolerates no loss of a family's ranking measure, such as `solved:-0` or `loss:+0`."""
    ranking = next(measure for measure in measures if measure.ranks)
    return parse_rules(f"{ranking.name}:{'-' if ranking.better == 'high' else '+'}0")


def parse_rules(text: str) -> tuple[Rule, ...]:
    """Parse rules; `none` means no rule.

    >>> [(rule.metric, rule.sign, rule.number, rule.relative) for rule in parse_rules("exact:-0.02,time:+20%")]
    [('exact', '-', 0.02, False), ('time', '+', 0.2, True)]

    Raises:
        SpecError: if the text does not follow `metric:(+|-)number[%]`, or names a measure twice.
    """
    if text.strip().lower() == "none":
        return ()
    rules = tuple(_parse(part.strip()) for part in text.split(","))
    names = [rule.metric for rule in rules]
    for name in names:
        if names.count(name) > 1:
            raise SpecError(f"--fail-on {text!r} names {name!r} twice")
    return rules


def _parse(text: str) -> Rule:
    found = _FORM.fullmatch(text)
    if found is None:
        raise SpecError(
            f"cannot read the rule {text!r} of --fail-on; write metric:-number, metric:+number or either with %, "
            "e.g. exact:-0.02,time:+20%, or none"
        )
    if not found["sign"]:
        raise SpecError(f"the rule {text!r} of --fail-on lacks a sign; write - if lower is worse, + if higher is worse")
    number = float(found["number"]) / (100 if found["percent"] else 1)
    if not math.isfinite(number):
        raise SpecError(f"the rule {text!r} of --fail-on has a number that is too large; write a smaller one")
    return Rule(text, found["metric"].lower(), found["sign"], number, bool(found["percent"]))


def measure_of(rule: Rule, measures: Sequence[Measure]) -> Measure | None:
    """Find the measure of a rule by its name or by a unique prefix of the name; return None if there is none.

    Raises:
        SpecError: if the sign is wrong, or the number is absolute and the measure is compared as a ratio.
    """
    exact = [measure for measure in measures if measure.name.lower() == rule.metric]
    found = exact or [measure for measure in measures if measure.name.lower().startswith(rule.metric)]
    if len(found) != 1:
        return None
    measure = found[0]
    worse, way = ("-", "less") if measure.better == "high" else ("+", "more")
    if rule.sign != worse:
        fixed = rule.text.replace(f":{rule.sign}", f":{worse}")
        raise SpecError(f"the rule {rule.text!r} of --fail-on has the wrong sign: {way} is worse; write {fixed}")
    if measure.kind == "ratio" and rule.number and not rule.relative:
        what = "times are" if measure.is_time else f"{measure.name} is"
        example = f"{measure.name}:{worse}{20 if measure.is_time else 2}%"
        raise SpecError(f"the rule {rule.text!r} of --fail-on: {what} compared as a ratio; write e.g. {example}")
    _check_can_fail(rule, measure)
    return measure


def _check_can_fail(rule: Rule, measure: Measure) -> None:
    """Refuse a rule that can never fail, such as `solved:-2` instead of `solved:-2%`.

    Raises:
        SpecError: if the tolerance exceeds the largest possible loss.
    """
    share = measure.kind == "share" or (measure.metric is not None and measure.metric.shown == "percent")
    if share and measure.better == "high" and rule.number > 1:
        raise SpecError(
            f"the rule {rule.text!r} of --fail-on tolerates more than the largest possible loss; "
            f"write e.g. {rule.metric}:-0.02"
        )


def check_rules(rules: Sequence[Rule], measures: Sequence[Sequence[Measure]]) -> None:
    """Check that every rule names a measure of at least one of the families.

    Raises:
        SpecError: if a rule names no such measure.
    """
    for rule in rules:
        if all(measure_of(rule, family) is None for family in measures):
            known = {measure.name for family in measures for measure in family}
            some = [name for name in known if name.lower().startswith(rule.metric)]
            hint = f"; it may be {' or '.join(sorted(some))}" if some else did_you_mean(rule.metric, known)
            raise SpecError(f"no measure {rule.metric!r} for --fail-on{hint}")
