"""Tables of a family that ranks by a metric."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pytest

from benchmark.statistics import adjust, bootstrap_interval, mcnemar, sign_flips
from generator.family import registry as family_module
from leaderboard.ranking.captions import caption
from leaderboard.ranking.rank import rank
from leaderboard.tables.exports import to_csv, to_json
from leaderboard.tables.render import render

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from benchmark.results.trial import Row
    from generator.family.record import Family
    from leaderboard.ranking.records import Ranking, Standing

    MakeRow = Callable[..., Row]
    Scored = Callable[..., list[Row]]


def only(rows: Iterable[Row]) -> Ranking:
    (ranking,) = rank(rows)
    return ranking


def drawn(
    scored: Scored, factors: Sequence[float], puzzles: int = 12, seeds: int = 1, noise: float = 0.02
) -> list[Row]:
    """Draw solvers s0, s1, ... whose losses differ by the given factors."""
    rng = np.random.default_rng(0)
    hardness = np.exp(rng.normal(-1, 0.5, puzzles))
    return [
        row
        for s, factor in enumerate(factors)
        for seed in range(seeds)
        for row in scored(f"s{s}", hardness * factor * np.exp(rng.normal(0, noise, puzzles)), seed=seed)
    ]


pytestmark = pytest.mark.usefixtures("loss")


def test_the_order_is_the_geometric_mean_over_puzzles(scored: Scored) -> None:
    ranking = only([*scored("a", [0.1, 0.4]), *scored("b", [0.01, 0.9])])
    first, second = ranking.standings
    assert [(one.solver, one.place) for one in ranking.standings] == [("b", 1), ("a", 2)]
    assert (first.ranking_value, second.ranking_value) == pytest.approx((math.sqrt(0.009), 0.2))
    assert first.metrics["loss"] == first.ranking_value
    assert (first.scored, first.solved, first.statuses) == (2, 0, {"scored": 2})


def test_a_linear_scale_takes_the_mean(scored: Scored, loss: Family, monkeypatch: pytest.MonkeyPatch) -> None:
    metrics = (loss.metrics[0], replace(loss.metrics[1], scale="linear"))
    monkeypatch.setitem(family_module._FAMILIES, "toy", replace(loss, metrics=metrics))
    ranking = only([*scored("a", [0.1, 0.4]), *scored("b", [0.01, 0.9])])
    assert [(one.solver, one.ranking_value) for one in ranking.standings] == [("a", 0.25), ("b", 0.455)]


def test_where_high_is_better_the_highest_is_first(
    scored: Scored, loss: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    metrics = (loss.metrics[0], replace(loss.metrics[1], better="high", scale="linear", failed=0.0))
    monkeypatch.setitem(family_module._FAMILIES, "toy", replace(loss, metrics=metrics))
    ranking = only([*scored("a", [0.1, 0.4]), *scored("b", [0.01, 0.9])])
    assert [one.solver for one in ranking.standings] == ["b", "a"]
    assert "loss over par over puzzles, then" in caption(ranking)


def test_seeds_of_a_puzzle_are_averaged_first(row: MakeRow) -> None:
    losses = {(0, 0): 0.1, (0, 1): 0.1, (0, 2): 0.8, (1, 0): 0.2}
    rows = [row("a", n, "scored", seed=seed, metrics={"loss": value}) for (n, seed), value in losses.items()]
    found = only(rows).standings[0].ranking_value
    assert found == pytest.approx(math.sqrt((0.1 * 0.1 * 0.8) ** (1 / 3) * 0.2))


@pytest.mark.parametrize("status", ["crashed", "timeout", "wrong-format", "memory", "gave-up"])
def test_a_failed_cell_counts_as_the_record_says(row: MakeRow, status: str) -> None:
    metrics = {"loss": 1e-9} if status in {"crashed", "memory"} else {}  # a report before the end is no score
    rows = [row("a", 0, "scored", metrics={"loss": 0.25}), row("a", 1, status, metrics=metrics)]
    (found,) = only(rows).standings
    assert found.place == 1
    assert found.ranking_value == pytest.approx(0.5)


def test_a_missing_cell_counts_as_the_record_says(scored: Scored) -> None:
    ranking = only([*scored("full", [0.5, 0.5]), *scored("half", [0.25])])
    half = ranking.standings[1]
    assert (half.solver, half.place, half.letters) == ("half", None, "")
    assert half.ranking_value == pytest.approx(0.5)


@pytest.mark.parametrize("value", [1e308, math.inf, 0.0, -1.0, math.nan])
def test_a_value_outside_the_scale_counts_as_a_failure(scored: Scored, value: float) -> None:
    (found,) = only(scored("a", [0.25, value])).standings
    assert found.ranking_value == pytest.approx(0.5)


def test_nobody_without_a_score_has_a_rank(row: MakeRow, scored: Scored) -> None:
    ranking = only([*scored("a", [2.0, 2.0]), *(row("bad", n, "crashed") for n in range(2))])
    assert [(one.solver, one.place) for one in ranking.standings] == [("a", 1), ("bad", None)]
    assert "A solver without a score has no rank." in caption(ranking)
    nobody = only([row("bad", n, "crashed") for n in range(2)])
    assert nobody.standings[0].place is None
    assert "No solver has a rank: no solver has a score." in caption(nobody)


def test_equal_solvers_share_a_rank_and_the_next_rank_counts_them(scored: Scored) -> None:
    rows = [*scored("a", [0.1] * 3), *scored("b", [0.1] * 3), *scored("c", [0.2] * 3)]
    assert [(one.solver, one.place) for one in only(rows).standings] == [("a", 1), ("b", 1), ("c", 3)]


def test_two_equal_solvers_share_a_letter_and_a_better_one_does_not(scored: Scored) -> None:
    ranking = only(drawn(scored, [1.0, 1.0, 0.9]))
    assert [(one.place, one.letters) for one in ranking.standings] == [(1, "a"), (2, "b"), (3, "b")]
    assert ranking.standings[0].solver == "s2"


@pytest.mark.parametrize("puzzles", [4, 8, 40])
def test_letters_agree_with_the_pairwise_tests(scored: Scored, puzzles: int) -> None:
    rows = drawn(scored, [1.0, 1.01, 1.03, 1.06, 1.1, 1.3], puzzles, noise=0.05)
    ranking = only(rows)
    values = {
        one.solver: np.log([row.metrics["loss"] for row in rows if row.solver == one.solver])
        for one in ranking.standings
    }
    pairs = list(combinations(ranking.standings, 2))
    adjusted = adjust([sign_flips(values[a.solver] - values[b.solver]) for a, b in pairs])
    assert ranking.pairs == 15
    for (a, b), p in zip(pairs, adjusted, strict=True):
        assert bool(set(a.letters) & set(b.letters)) == (p > ranking.alpha), (a.solver, b.solver, p)


@pytest.mark.parametrize("seed", range(5))
def test_letters_of_solved_puzzles_agree_with_mcnemar(
    row: MakeRow, toy: Family, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setitem(family_module._FAMILIES, "toy", toy)
    rng = np.random.default_rng(seed)
    hits = {f"s{s}": rng.random(25) < chance for s, chance in enumerate((0.95, 0.8, 0.6, 0.3, 0.05))}
    rows = [row(s, n, "solved" if hit else "partial") for s, own in hits.items() for n, hit in enumerate(own)]
    ranking = only(rows)
    pairs = list(combinations(ranking.standings, 2))

    def chance(a: Standing, b: Standing) -> float:
        ours, theirs = hits[a.solver], hits[b.solver]
        return mcnemar(int((ours & ~theirs).sum()), int((theirs & ~ours).sum()))

    for (a, b), p in zip(pairs, adjust([chance(a, b) for a, b in pairs]), strict=True):
        assert bool(set(a.letters) & set(b.letters)) == (p > ranking.alpha)
    assert [one.place for one in ranking.standings][:1] == [1]


def test_with_nothing_solved_nobody_is_first(row: MakeRow, toy: Family, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(family_module._FAMILIES, "toy", toy)
    rows = [row(solver, n, "partial") for solver in ("random", "other") for n in range(6)]
    ranking = only(rows)
    assert [(one.place, one.letters) for one in ranking.standings] == [(None, ""), (None, "")]
    assert "No solver has a rank: no solver solved a puzzle." in caption(ranking)
    assert "Not separated" not in caption(ranking)
    text = render([ranking])
    assert "**" not in text.splitlines()[4]
    found = only([*rows, row("new", 0)])
    assert "No solver has a rank: no solver that ran on every cell solved a puzzle." in caption(found)


@pytest.mark.parametrize("puzzles", [5, 40])
def test_the_order_of_rows_changes_no_digit(scored: Scored, puzzles: int) -> None:
    rows = drawn(scored, [1.0, 1.0, 0.95, 1.2], puzzles, seeds=3, noise=0.3)
    mixed = [rows[n] for n in np.random.default_rng(1).permutation(len(rows))]
    assert to_json(rank(mixed)) == to_json(rank(rows))
    assert render(rank(mixed)) == render(rank(rows))


def test_the_interval_is_the_bootstrap_over_puzzles(scored: Scored) -> None:
    rows = drawn(scored, [1.0])
    (found,) = only(rows).standings
    bounds = bootstrap_interval(np.log([row.metrics["loss"] for row in rows]))
    assert bounds is not None
    assert found.interval == pytest.approx((math.exp(bounds[0]), math.exp(bounds[1])))
    assert found.interval is not None
    assert found.interval[0] < found.ranking_value < found.interval[1]
    assert only(scored("one", [0.5])).standings[0].interval is None


def test_the_table_and_its_caption(scored: Scored, row: MakeRow) -> None:
    rows = [*scored("a", [0.1, 0.2]), *scored("b", [0.3, 0.4]), row("c", 0, "crashed"), row("c", 1, "timeout")]
    text = render(rank(rows))
    head, _, first, *_, last = [line for line in text.splitlines() if line.startswith("|")]
    assert [cell.strip() for cell in head.strip("|").split("|")] == [
        "rank",
        "not separated",
        "solver",
        "geometric mean loss over par",
        "95 % interval",
        "share found (%)",
        "median wall (s)",
        "not scored",
    ]
    assert "**0.141**" in first
    assert [cell.strip() for cell in last.strip("|").split("|")][:4] == ["–", "–", "`c`", "1.000"]
    assert "1 timeout, 1 crashed" in last
    for sentence in (
        "Order: geometric mean of loss over par over puzzles (lowest first), then share found, then median wall time.",
        "solvers share a letter when a paired sign-flip test over puzzles does not separate them",
        "Puzzles: 2; the seeds of a puzzle are averaged first.",
        "A cell that is missing or has no score counts as loss over par 1.",
        "Interval: 95 %, BCa bootstrap over puzzles, of the geometric mean of loss over par.",
    ):
        assert sentence in text
    assert "solved" not in text


def test_exports_name_what_ranks(scored: Scored) -> None:
    rankings = rank([*scored("a", [0.1, 0.2]), *scored("b", [0.3, 0.4])])
    first, second = csv.DictReader(io.StringIO(to_csv(rankings)))
    found = rankings[0].standings[0]
    assert (first["rank_by"], first["place"], first["letters"], second["place"]) == ("loss", "1", "a", "2")
    assert float(first["ranking_value"]) == found.ranking_value
    assert found.interval is not None
    assert (float(first["ranking_low"]), float(first["ranking_high"])) == found.interval
    assert (first["puzzles_solved"], first["solved"], first["scored"], first["status.scored"]) == ("", "", "2", "2")
    (table,) = json.loads(to_json(rankings))["tables"]
    assert (table["rank_by"], table["pairs"], table["rows"][0]["place"]) == ("loss", 1, 1)
    assert table["rows"][0]["puzzles_solved"] is None
