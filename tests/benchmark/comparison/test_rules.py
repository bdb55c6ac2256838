from __future__ import annotations

import pytest

from benchmark.comparison.measures import measures_of
from benchmark.comparison.rules import check_rules, measure_of, parse_rules
from generator.errors import SpecError

MEASURES = measures_of("reassembly")


def test_rules_are_read() -> None:
    one, two, three = parse_rules(" exact:-0.02, time:+20%,mse_ratio: +1e-3 ")
    assert (one.metric, one.sign, one.number, one.relative) == ("exact", "-", 0.02, False)
    assert (two.metric, two.sign, two.number, two.relative) == ("time", "+", 0.2, True)
    assert (three.metric, three.number) == ("mse_ratio", 1e-3)
    assert parse_rules("none") == ()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "cannot read the rule ''"),
        ("exact", "cannot read the rule 'exact'"),
        ("exact:-", "cannot read"),
        ("exact:-x", "cannot read"),
        ("exact:-0.02,,time:+20%", "cannot read the rule ''"),
        ("exact:-0.02%%", "cannot read"),
        ("exact:--1", "cannot read"),
        ("exact:-nan", "cannot read"),
        ("exact:0.02", "lacks a sign"),
        ("exact:-1e999", "too large"),
        ("exact:-0.02,Exact:-0.1", "names 'exact' twice"),
    ],
)
def test_what_is_no_rule_is_refused_in_one_line(text: str, complaint: str) -> None:
    with pytest.raises(SpecError, match="--fail-on") as caught:
        parse_rules(text)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("exact:-0", "exact_order"),
        ("exact:-100%", "exact_order"),
        ("kendall:-1.5", "kendall_tau"),
        ("pairing:-1%", "pairing_accuracy"),
        ("mse:+1%", "mse"),
        ("solved:-0", "solved"),
        ("time:+5%", "time"),
    ],
)
def test_a_name_may_be_cut_short(text: str, name: str) -> None:
    measure = measure_of(parse_rules(text)[0], MEASURES)
    assert measure is not None
    assert measure.name == name


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("exact:+0.02", "wrong sign: less is worse; write exact:-0.02"),
        ("time:-20%", "wrong sign: more is worse; write time:+20%"),
        ("mse:-1", "write mse:+1"),
        ("time:+5", "compared as a ratio"),
        ("exakt:-0", "did you mean exact_order"),
        ("solved:-2", "tolerates more than the largest possible loss; write e.g. solved:-0.02"),
        ("exact:-200%", "tolerates more than the largest possible loss"),
        ("p:-0", "it may be pairing_accuracy or position_accuracy"),
    ],
)
def test_a_rule_that_makes_no_sense_here_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(SpecError) as caught:
        check_rules(parse_rules(text), [MEASURES])
    assert complaint in str(caught.value)


def test_a_measure_of_one_of_two_families_is_enough() -> None:
    check_rules(parse_rules("exact:-0"), [measures_of("reassembly")[:1], MEASURES])
