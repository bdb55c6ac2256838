from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmark.comparison.output.export import to_json
from benchmark.comparison.output.text import render_comparison, verdict
from benchmark.comparison.output.unmatched import unmatched_in_words
from benchmark.comparison.report import Comparison, Exit
from benchmark.results.trial import Limits, Row
from generator.errors import SpecError

if TYPE_CHECKING:
    from benchmark.comparison.contrasts import Contrast

Compare = Callable[..., Comparison]
Make = Callable[..., Row]


def measure(report: Comparison, name: str) -> Contrast:
    return next(one for one in report.results[0].contrasts if one.measure.name == name)


def outcome(row: Make, puzzle: int, share: float, **changes: Any) -> Row:
    metrics = {
        "pairing_accuracy": share,
        "exact_order": float(share == 1),
        "mse_ratio": 0.0 if share == 1 else 1 - share,
    }
    return row(puzzle, "solved" if share == 1 else "partial", **{"metrics": metrics, **changes})


def test_the_same_twice_differs_in_nothing(row: Make, compared: Compare) -> None:
    rows = [outcome(row, n, 1.0 if n % 3 else 0.5) for n in range(9)]
    report = compared(rows, rows, "solved:-0,exact:-0,mse_ratio:+0,time:+0%", strict=True)
    assert report.exit == Exit.FINE
    assert [one.verdict for one in report.results[0].contrasts] == [""] * 5
    assert measure(report, "solved").difference == 0
    assert measure(report, "time").difference == 1
    assert verdict(report) == "verdict: no regression; 0 of 5 measures differ"


def test_a_source_that_is_not_covered_is_told(row: Make, compared: Compare) -> None:
    base = [outcome(row, n, 1.0) for n in range(9)]
    new = [outcome(row, n, 1.0, session="s", uncovered="the command runs docker") for n in range(9)]
    text = render_comparison(compared(base, new))
    assert "NEW: the source of mine is not covered by its digest (the command runs docker); rows of one run" in text
    assert "BASE: the source" not in text
    assert "not covered" not in render_comparison(compared(base, base))


def test_values_by_hand(row: Make, compared: Compare) -> None:
    base = [outcome(row, n, 1.0, wall_s=1.0) for n in range(8)]
    new = [outcome(row, n, 1.0 if n > 2 else 0.5, wall_s=2.0 if n % 2 else 0.5) for n in range(8)]
    report = compared(base, new)
    solved, pairing, ratio, time = (measure(report, n) for n in ("solved", "pairing_accuracy", "mse_ratio", "time"))
    assert (solved.base, solved.new, solved.difference) == (1, 5 / 8, -3 / 8)
    assert solved.p == 0.25
    assert pairing.difference == pytest.approx(-1.5 / 8)
    assert (ratio.base, ratio.new, ratio.higher, ratio.lower) == (0, 0, 3, 0)
    assert time.puzzles == 5
    assert time.difference == pytest.approx(2 ** (1 / 5))  # net-3 to net-7: slow on 3, 5, 7
    assert time.interval is not None
    assert time.interval[0] < time.difference < time.interval[1]
    assert [swing.name for swing in report.results[0].lost] == ["net-0", "net-1", "net-2"]


def test_a_loss_that_chance_explains_does_not_close_the_gate(row: Make, compared: Compare) -> None:
    base = [outcome(row, n, 1.0) for n in range(12)]
    new = [outcome(row, n, 0.5 if n < 3 else 1.0) for n in range(12)]
    report = compared(base, new)
    assert report.exit == Exit.FINE
    text = render_comparison(report)
    assert "fell by 25.0 pp, but chance may explain it (p = 0.125" in text
    assert "lost net-2  1/1 → 0/1  partial" in text
    assert compared(base, new, strict=True).exit == Exit.REGRESSION


@pytest.mark.parametrize(
    ("lost", "seeds", "code"), [(5, 1, 0), (6, 1, 1), (2, 2, 0), (3, 2, 1), (1, 3, 0), (2, 3, 1), (1, 4, 1)]
)
def test_seeds_tell_a_lost_puzzle_from_chance(lost: int, seeds: int, code: int, row: Make, compared: Compare) -> None:
    base = [outcome(row, n, 1.0, seed=seed) for n in range(12) for seed in range(seeds)]
    new = [outcome(row, n, 0.5 if n < lost else 1.0, seed=seed) for n in range(12) for seed in range(seeds)]
    report = compared(base, new)
    assert report.exit == code
    if code:
        assert verdict(report).startswith("verdict: REGRESSION: mine: solved fell by")
        assert "(lost net-0" in verdict(report)


def test_a_tolerated_loss_is_none(row: Make, compared: Compare) -> None:
    base = [outcome(row, n, 1.0) for n in range(20)]
    new = [outcome(row, n, 0.5 if n < 6 else 1.0) for n in range(20)]
    assert compared(base, new, "solved:-0.29").exit == Exit.REGRESSION
    assert compared(base, new, "solved:-0.3").exit == Exit.FINE
    assert compared(base, new, "solved:-30%", strict=True).exit == Exit.FINE
    assert compared(base, new, "none").exit == Exit.FINE


def test_strict_lets_no_gain_make_up_for_a_loss(row: Make, compared: Compare) -> None:
    base = [outcome(row, n, float(n != 0)) for n in range(4)]
    new = [outcome(row, n, float(n != 1)) for n in range(4)]
    assert compared(base, new).exit == Exit.FINE
    report = compared(base, new, strict=True)
    assert report.exit == Exit.REGRESSION
    assert (report.regressions[0].loss, report.regressions[0].gain) == (0.25, 0.25)
    words = "solved fell by 25.0 pp on some puzzles, rose by 25.0 pp on others (does not offset)"
    assert verdict(report) == f"verdict: REGRESSION: mine: {words} (lost net-1; won net-0)"
    assert "mine: solved:-0: fell by 25.0 pp on some puzzles, rose by 25.0 pp on others" in render_comparison(report)
    one_way = compared([outcome(row, n, 1.0) for n in range(4)], new, strict=True)
    assert verdict(one_way) == "verdict: REGRESSION: mine: solved fell by 25.0 pp (lost net-1)"


def test_ranked_measures_tolerate_by_puzzle(row: Make, compared: Compare) -> None:
    base = [row(n, "partial", metrics={"mse_ratio": 0.1}) for n in range(10)]
    new = [row(n, "partial", metrics={"mse_ratio": 0.14 if n < 8 else 0.1}) for n in range(10)]
    assert compared(base, new, "mse_ratio:+50%").exit == Exit.FINE
    report = compared(base, new, "mse_ratio:+30%")
    assert report.exit == Exit.REGRESSION
    assert report.regressions[0].p == pytest.approx(0.5**8)
    assert "worse on 80 % of the puzzles, net" in verdict(report)
    mixed = [row(n, "partial", metrics={"mse_ratio": 0.14 if n < 8 else 0.01}) for n in range(10)]
    strict = compared(base, mixed, "mse_ratio:+30%", strict=True)
    assert "worse on 80 % of the puzzles, better on 20 % (does not offset)" in verdict(strict)


def test_rounding_and_two_failures_are_equal(row: Make, compared: Compare) -> None:
    base = [row(0, metrics={"mse_ratio": 1e-14}), row(1, "timeout"), row(2, "partial", metrics={"mse_ratio": 0.5})]
    new = [row(0, metrics={"mse_ratio": 9e-13}), row(1, "crashed"), row(2, "timeout")]
    ratio = measure(compared(base, new, "mse_ratio:+0"), "mse_ratio")
    assert (ratio.higher, ratio.lower) == (1, 0)
    assert (ratio.base, ratio.new) == (0.5, math.inf)


def test_time_is_judged_on_what_both_solved(row: Make, compared: Compare) -> None:
    base = [row(n, wall_s=1.0 + 0.01 * n) for n in range(12)]
    new = [row(n, wall_s=1.5 + 0.02 * n) for n in range(12)]
    report = compared(base, new, "time:+20%")
    assert report.exit == Exit.REGRESSION
    assert "slower" in verdict(report)
    assert compared(base, new, "time:+70%").exit == Exit.FINE
    assert compared(new, base, "time:+0%").exit == Exit.FINE
    unsolved = [row(n, "partial", wall_s=9.0) for n in range(12)]
    report = compared(base, unsolved, "time:+20%")
    assert report.exit == Exit.INFRASTRUCTURE
    assert "no trial was solved by both" in verdict(report)


def test_time_under_other_loads_is_not_judged(row: Make, compared: Compare) -> None:
    base = [row(n) for n in range(6)]
    new = [row(n, session="t", load_average=0.1) for n in range(6)]
    report = compared(base, new, "time:+20%")
    assert report.exit == Exit.INFRASTRUCTURE
    assert "time not judged: the machine of session t is not known" in render_comparison(report)
    calm = compared(base, new)
    assert calm.exit == Exit.FINE
    assert math.isnan(measure(calm, "time").p)


def test_trials_that_new_lacks_are_no_pass(row: Make, compared: Compare) -> None:
    base, new = [row(n) for n in range(8)], [row(n) for n in range(7)]
    report = compared(base, new)
    assert report.exit == Exit.INFRASTRUCTURE
    assert "NEW lacks 1 trials of BASE" in verdict(report)
    assert "not comparable, on BASE only: 1 trial on net-7" in render_comparison(report)
    assert compared(base, new, allow_missing=True).exit == Exit.FINE
    assert compared(new, base).exit == Exit.FINE
    assert compared(base, new, "none").exit == Exit.FINE
    assert compared([*base, row(0, solver="gone")], base).exit == Exit.INFRASTRUCTURE


def test_infrastructure_is_no_pass_but_hides_no_regression(row: Make, compared: Compare) -> None:
    base = [row(n) for n in range(8)]
    broken = [row(n, "unavailable", reason="no module named x") for n in range(8)]
    report = compared(base, broken)
    assert report.exit == Exit.INFRASTRUCTURE
    assert "8 trials are no evidence about the solver (unavailable: no module named x)" in verdict(report)
    assert compared(base, broken, "none").exit == Exit.INFRASTRUCTURE
    half = [*broken[:1], *(row(n) for n in range(1, 8))]
    assert compared(base, half).exit == Exit.INFRASTRUCTURE
    assert compared(base, half, "none").exit == Exit.FINE
    worse = [*broken[:1], *(row(n, "partial") for n in range(1, 8))]
    assert compared(base, worse).exit == Exit.REGRESSION


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"puzzle": 1, "puzzle_name": "net-0"}, "no puzzle in common; different puzzles share the name net-0"),
        ({"seed": 1}, "no seed in common"),
        ({"limits": Limits(wall_s=1)}, "no set of limits in common"),
        ({"solver": "other"}, "NEW has no results of mine"),
    ],
)
def test_nothing_comparable_says_why(changes: dict[str, Any], words: str, row: Make, compared: Compare) -> None:
    report = compared([row(0)], [row(**{"puzzle": 0, **changes})])
    assert report.exit == Exit.NOTHING_COMPARABLE
    assert words in "; ".join(map(unmatched_in_words, report.unmatched))


def test_a_rule_that_no_family_knows_is_refused(row: Make, compared: Compare) -> None:
    with pytest.raises(SpecError, match="did you mean"):
        compared([row(0)], [row(0)], "exakt:-0")


def test_rules_of_several_solvers_are_adjusted_together(row: Make, compared: Compare) -> None:
    base = [row(n, solver=f"s{k}") for n in range(5) for k in range(4)]
    new = [row(n, "partial" if k == 0 else "solved", solver=f"s{k}") for n in range(5) for k in range(4)]
    report = compared(base, new)
    assert [one.p for one in report.judgements] == pytest.approx([1 / 32, 1, 1, 1])
    assert report.judgements[0].q == pytest.approx(4 / 32)
    assert report.exit == Exit.FINE


shares = st.lists(
    st.tuples(*[st.sampled_from([0.0, 0.25, 0.5, 1.0])] * 2, *[st.floats(0.1, 10)] * 2), min_size=1, max_size=8
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(results=shares)
def test_swapping_sides_turns_differences_round(
    results: list[tuple[float, float, float, float]], row: Make, compared: Compare
) -> None:
    base = [outcome(row, n, share, wall_s=wall) for n, (share, _, wall, _) in enumerate(results)]
    new = [outcome(row, n, share, wall_s=wall) for n, (_, share, _, wall) in enumerate(results)]
    there, back = compared(base, new, "none").results[0], compared(new, base, "none").results[0]
    assert len(there.contrasts) == len(back.contrasts)
    for one, other in zip(there.contrasts, back.contrasts, strict=True):
        turned = 1 / one.difference if one.measure.kind == "ratio" else -one.difference
        assert other.difference == pytest.approx(turned, abs=1e-12)
        assert (other.base, other.new) == pytest.approx((one.new, one.base))
        assert (other.higher, other.lower) == (one.lower, one.higher)
        assert other.p == pytest.approx(one.p, abs=0.02)
        if one.measure.kind in {"share", "rank"}:
            assert one.interval is not None
            assert other.interval == pytest.approx((-one.interval[1], -one.interval[0]))
    assert [swing.puzzle for swing in there.lost] == [swing.puzzle for swing in back.won]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(results=shares, seed=st.integers(0, 2**32))
def test_the_order_of_rows_changes_nothing(
    results: list[tuple[float, float, float, float]], seed: int, row: Make, compared: Compare
) -> None:
    base = [outcome(row, n, share, wall_s=wall) for n, (share, _, wall, _) in enumerate(results)]
    new = [outcome(row, n, share, wall_s=wall) for n, (_, share, _, wall) in enumerate(results)]
    rng = np.random.default_rng(seed)
    one = compared(base, new)
    other = compared([base[n] for n in rng.permutation(len(base))], [new[n] for n in rng.permutation(len(new))])
    assert to_json(one) == to_json(other)


def test_json_holds_everything_and_no_infinity(row: Make, compared: Compare) -> None:
    base = [outcome(row, n, 1.0) for n in range(6)]
    new = [row(n, "timeout", reason="too long") for n in range(6)]
    record = json.loads(to_json(compared(base, new, "solved:-0,time:+20%")))
    assert (record["format"], record["exit"]) == (1, 1)
    (solver,) = record["solvers"]
    assert [swing["name"] for swing in solver["lost"]] == [f"net-{n}" for n in range(6)]
    assert solver["lost"][0]["ending"] == "timeout: too long"
    ratio = next(one for one in solver["measures"] if one["measure"] == "mse_ratio")
    assert ratio["new"] is None
    assert [rule["regression"] for rule in solver["rules"]] == [True, False]
    assert solver["rules"][1]["unjudged"] == "no trial was solved by both"


def test_markdown_tables_can_be_had(row: Make, compared: Compare) -> None:
    text = render_comparison(compared([row(0)], [row(0)]), "github")
    assert text.startswith("### mine, reassembly: 1 puzzle, 1 trial\n\n| measure")
