"""What a gate tolerates, as people type it: `exact:-0.02,time:+20%`."""

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

__all__ = ["DEFAULT_RULES", "Rule", "check_rules", "measure_of", "parse_rules"]

DEFAULT_RULES = "solved:-0"
_NUMBER = r"\d+(?:\.\d*)?(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?"
_FORM = re.compile(rf"(?P<metric>[^:]*[^:\s])\s*:\s*(?P<sign>[+-]?)(?P<number>{_NUMBER})(?P<percent>%?)", re.IGNORECASE)


@dataclass(frozen=True)
class Rule:
    """How much worse a measure may be.

    Attributes:
        text: as typed.
        metric: name of the measure, or the beginning of it.
        sign: `-` where less is worse, `+` where more is.
        number: the tolerated loss; 0.2 for 20 %.
        relative: whether it is a share of BASE's value.
    """

    text: str
    metric: str
    sign: str
    number: float
    relative: bool


def parse_rules(text: str) -> tuple[Rule, ...]:
    """Read rules; `none` is no rule.

    >>> [(rule.metric, rule.sign, rule.number, rule.relative) for rule in parse_rules("exact:-0.02,time:+20%")]
    [('exact', '-', 0.02, False), ('time', '+', 0.2, True)]

    Raises:
        SpecError: for text that does not follow `metric:(+|-)number[%]`, or a measure named twice.
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
        raise SpecError(f"the rule {text!r} of --fail-on lacks a sign: - where less is worse, + where more is")
    number = float(found["number"]) / (100 if found["percent"] else 1)
    if not math.isfinite(number):
        raise SpecError(f"the rule {text!r} of --fail-on has too large a number")
    return Rule(text, found["metric"].lower(), found["sign"], number, bool(found["percent"]))


def measure_of(rule: Rule, measures: Sequence[Measure]) -> Measure | None:
    """Find the measure that a rule means: by its name, or by a beginning that only one has; else None.

    Raises:
        SpecError: if the sign is the wrong way round, or a time is not relative.
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
    if measure.kind == "ratio" and not rule.relative:
        raise SpecError(f"the rule {rule.text!r} of --fail-on: times are compared as a ratio; write e.g. time:+20%")
    _check_can_fail(rule, measure)
    return measure


def _check_can_fail(rule: Rule, measure: Measure) -> None:
    """Refuse a gate that could never close, such as `solved:-2` where `-2%` was meant.

    Raises:
        SpecError: if the rule tolerates a loss of more than the whole.
    """
    share = measure.kind == "share" or (measure.metric is not None and measure.metric.shown == "percent")
    if share and measure.better == "high" and rule.number > 1:
        raise SpecError(
            f"the rule {rule.text!r} of --fail-on tolerates more than there is; write e.g. {rule.metric}:-0.02"
        )


def check_rules(rules: Sequence[Rule], measures: Sequence[Sequence[Measure]]) -> None:
    """Check that every rule means a measure of at least one of several families.

    Raises:
        SpecError: if one does not.
    """
    for rule in rules:
        if all(measure_of(rule, family) is None for family in measures):
            known = {measure.name for family in measures for measure in family}
            some = [name for name in known if name.lower().startswith(rule.metric)]
            hint = f"; it may be {' or '.join(sorted(some))}" if some else did_you_mean(rule.metric, known)
            raise SpecError(f"no measure {rule.metric!r} for --fail-on{hint}")
