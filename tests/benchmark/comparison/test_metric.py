"""Comparisons of a family that ranks by a metric."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pydantic import BaseModel

from benchmark.comparison.measures import measures_of
from benchmark.comparison.output.export import to_json
from benchmark.comparison.output.text import render_comparison, verdict
from benchmark.comparison.report import Comparison, Exit, compare_sides
from benchmark.comparison.rules import default_rules, parse_rules
from benchmark.results.trial import Row
from generator.errors import SpecError
from generator.family import registry as family_module
from generator.family.metric import Metric
from generator.family.record import Family

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmark.comparison.matching import Side

Make = Callable[..., Row]
Gate = Callable[..., Comparison]
LOSSES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65)


class _Spec(BaseModel):
    pass


def _unused(*_: Any, **__: Any) -> Any:
    raise NotImplementedError


@pytest.fixture
def family(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Family]:
    """Register the family `made-up`, whose metric `loss` ranks."""

    def register(**changes: Any) -> Family:
        loss = Metric("loss", "loss over par", **{"better": "low", "scale": "log", "failed": 1.0, **changes})
        record = Family(
            name="made-up",
            summary="",
            spec=_Spec,
            presets={},
            generate=_unused,
            score=_unused,
            metrics=(Metric("share", "share", "high"), loss),
            rank_by="loss",
        )
        monkeypatch.setitem(family_module._FAMILIES, "made-up", record)
        return record

    register()
    return register


@pytest.fixture
def gate(side: Callable[..., Side], family: Callable[..., Family]) -> Gate:  # noqa: ARG001 - registers the family
    """Compare two lists of rows by the default rules, or by rules as typed."""

    def compare(base: Iterable[Row], new: Iterable[Row], fail_on: str | None = None, **options: Any) -> Comparison:
        rules = None if fail_on is None else parse_rules(fail_on)
        return compare_sides(side(base, "BASE"), side(new, "NEW"), {"mine": "mine"}, rules, **options)

    return compare


@pytest.fixture
def scored(row: Make) -> Callable[..., list[Row]]:
    def make(losses: Sequence[float], seed: int = 0) -> list[Row]:
        return [
            row(n, "scored", seed, family="made-up", metrics={"loss": float(loss)}) for n, loss in enumerate(losses)
        ]

    return make


Scored = Callable[..., list[Row]]


def test_the_ranking_metric_comes_first_and_solved_is_no_measure(family: Callable[..., Family]) -> None:
    measures = measures_of("made-up")
    assert [(one.name, one.kind, one.ranks) for one in measures] == [
        ("loss", "ratio", True),
        ("share", "mean", False),
        ("time", "ratio", False),
    ]
    assert [rule.text for rule in default_rules(measures)] == ["loss:+0"]
    assert [rule.text for rule in default_rules(measures_of("reassembly"))] == ["solved:-0"]
    family(better="high", scale="linear", failed=0.0)
    assert measures_of("made-up")[0].kind == "mean"
    assert [rule.text for rule in default_rules(measures_of("made-up"))] == ["loss:-0"]


def test_a_loss_on_every_puzzle_fails_the_gate(scored: Scored, gate: Gate) -> None:
    noise = np.exp(np.random.default_rng(0).normal(0, 0.01, len(LOSSES)))
    new = scored(np.array(LOSSES) * noise * 1.05)
    found = gate(scored(LOSSES), new)
    assert found.exit == Exit.REGRESSION
    assert verdict(found).startswith("verdict: REGRESSION: mine: loss rose by ")
    assert "(worse on net-0, net-1, net-10" in verdict(found)
    (judgement,) = found.judgements
    assert judgement.loss == pytest.approx(float(np.exp(np.log(noise * 1.05).mean())) - 1)
    assert gate(scored(LOSSES), new, "loss:+2%").exit == Exit.REGRESSION
    assert gate(scored(LOSSES), new, "loss:+10%").exit == Exit.FINE
    assert gate(new, scored(LOSSES)).exit == Exit.FINE
    assert gate(scored(LOSSES), scored(LOSSES)).exit == Exit.FINE


def test_the_contrast_is_a_ratio_of_geometric_means(scored: Scored, gate: Gate) -> None:
    contrast = gate(scored([0.1, 0.4]), scored([0.2, 0.4])).results[0].contrasts[0]
    assert contrast.measure.name == "loss"
    assert (contrast.base, contrast.new) == pytest.approx((0.2, math.sqrt(0.08)))
    assert contrast.difference == pytest.approx(math.sqrt(2))
    assert (contrast.higher, contrast.lower) == (1, 0)


def test_a_linear_scale_is_relative_to_the_mean(scored: Scored, gate: Gate, family: Callable[..., Family]) -> None:
    family(scale="linear")
    new = scored([loss + 0.04 for loss in LOSSES])
    mean = sum(LOSSES) / len(LOSSES)
    assert gate(scored(LOSSES), new, f"loss:+{100 * 0.039 / mean}%").exit == Exit.REGRESSION
    assert gate(scored(LOSSES), new, f"loss:+{100 * 0.041 / mean}%").exit == Exit.FINE
    assert gate(scored(LOSSES), new, "loss:+0.039").exit == Exit.REGRESSION
    assert gate(scored(LOSSES), new, "loss:+0.041").exit == Exit.FINE


def test_where_high_is_better_a_fall_is_the_loss(scored: Scored, gate: Gate, family: Callable[..., Family]) -> None:
    family(better="high")
    found = gate(scored(LOSSES), scored([0.9 * loss for loss in LOSSES]), "loss:-2%")
    assert found.exit == Exit.REGRESSION
    assert found.judgements[0].loss == pytest.approx(0.1)
    assert "loss fell by 10 %" in verdict(found)
    assert gate(scored(LOSSES), scored([1.1 * loss for loss in LOSSES]), "loss:-2%").exit == Exit.FINE


def test_a_failed_trial_counts_as_the_record_says(scored: Scored, gate: Gate, row: Make) -> None:
    failed = [row(n, "crashed", family="made-up", reason="boom", metrics={"loss": 1e-9}) for n in range(12)]
    found = gate(scored(LOSSES), failed)
    assert found.exit == Exit.REGRESSION
    assert found.results[0].contrasts[0].new == pytest.approx(1.0)
    assert "worse  net-0  0.100 → 1.000  crashed: boom" in render_comparison(found)
    assert gate(failed, failed).exit == Exit.FINE
    assert gate(failed, scored(LOSSES)).exit == Exit.FINE


def test_swings_are_the_puzzles_that_got_worse_and_better(scored: Scored, gate: Gate) -> None:
    found = gate(scored([0.1, 0.2, 0.3]), scored([0.2, 0.2, 0.1]))
    (result,) = found.results
    (worse,) = result.lost
    assert worse.name == "net-0"
    assert (worse.base, worse.new) == pytest.approx((0.1, 0.2))
    assert [one.name for one in result.won] == ["net-2"]
    text = render_comparison(found)
    assert "puzzles worse: 1, better: 1 (exact sign test: p = 1.000)" in text
    assert "  worse  net-0  0.100 → 0.200" in text
    assert "McNemar test: p" not in text


def test_strict_fails_on_any_puzzle(scored: Scored, gate: Gate) -> None:
    base, new = scored([0.1, 0.2, 0.3]), scored([0.11, 0.1, 0.1])
    assert gate(base, new).exit == Exit.FINE
    found = gate(base, new, strict=True)
    assert found.exit == Exit.REGRESSION
    assert found.judgements[0].loss == pytest.approx(1.1 ** (1 / 3) - 1)
    assert "on some puzzles, fell by" in verdict(found)
    assert "(worse on net-0; better on net-1, net-2)" in verdict(found)
    assert gate(base, base, strict=True).exit == Exit.FINE
    assert gate(base, scored([0.1, 0.1, 0.1]), strict=True).exit == Exit.FINE


def test_seeds_tell_a_loss_from_chance(scored: Scored, gate: Gate) -> None:
    def run(losses: Sequence[float]) -> list[Row]:
        return [one for seed in range(4) for one in scored([loss * (1 + 0.001 * seed) for loss in losses], seed)]

    assert gate(run([0.1, 0.2]), run([0.2, 0.4])).exit == Exit.REGRESSION
    assert gate(scored([0.1, 0.2]), scored([0.2, 0.4])).exit == Exit.FINE


def test_time_is_that_of_trials_that_both_have_a_score_of(scored: Scored, gate: Gate, row: Make) -> None:
    base = scored(LOSSES)
    new = [one.model_copy(update={"wall_s": 2.0}) for one in base]
    assert gate(base, new, "time:+20%").exit == Exit.REGRESSION
    failed = [row(n, "timeout", family="made-up") for n in range(12)]
    assert "no trial was scored on both sides" in verdict(gate(base, failed, "time:+20%"))


@pytest.mark.parametrize(
    ("fail_on", "complaint"),
    [
        ("solved:-0", "no measure 'solved'"),
        ("loss:-0", "wrong sign: more is worse; write loss:\\+0"),
        ("loss:+0.1", "loss is compared as a ratio; write e.g. loss:\\+2%"),
    ],
)
def test_rules_that_make_no_sense_here_are_refused(scored: Scored, gate: Gate, fail_on: str, complaint: str) -> None:
    with pytest.raises(SpecError, match=complaint):
        gate(scored([0.1]), scored([0.1]), fail_on)


def test_each_family_has_its_own_default(scored: Scored, row: Make, gate: Gate) -> None:
    base = [*scored(LOSSES), *(row(n) for n in range(12))]
    new = [*scored(LOSSES), *(row(n, "partial") for n in range(12))]
    found = gate(base, new)
    assert [(one.rule, one.regression) for one in found.judgements] == [("loss:+0", False), ("solved:-0", True)]
    assert "lost net-0" in verdict(found)


def test_the_order_of_rows_changes_nothing_and_json_says_what_ranks(scored: Scored, gate: Gate) -> None:
    rng = np.random.default_rng(0)
    base, new = ([one for seed in range(3) for one in scored(rng.random(20), seed)] for _ in range(2))
    text = to_json(gate(base, new))
    assert to_json(gate([base[n] for n in rng.permutation(60)], [new[n] for n in rng.permutation(60)])) == text
    (solver,) = json.loads(text)["solvers"]
    assert solver["rank_by"] == "loss"
    assert solver["rules"][0]["rule"] == "loss:+0"
    assert "sign_test_p" in solver
    assert "mcnemar_p" not in solver
    assert solver["measures"][0]["measure"] == "loss"


def test_few_false_alarms(scored: Scored, gate: Gate) -> None:
    rng = np.random.default_rng(1)
    runs = [(np.exp(rng.normal(-1, 0.3, 12)), np.exp(rng.normal(0, 0.05, (2, 12)))) for _ in range(60)]
    alarms = sum(gate(scored(h * noise[0]), scored(h * noise[1])).exit == Exit.REGRESSION for h, noise in runs)
    assert alarms <= 4  # expected 1.5; more than 4 has a chance of 1 in 60


def test_a_value_below_the_floor_is_the_floor(scored: Scored, gate: Gate, family: Callable[..., Family]) -> None:
    record = family(floor=0.01)
    assert replace(record).ranking_metric.floor == 0.01
    contrast = gate(scored([0.0, 1e-9]), scored([0.01, 0.001])).results[0].contrasts[0]
    assert contrast.difference == pytest.approx(1.0)
