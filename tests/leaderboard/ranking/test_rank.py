from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from benchmark.results.trial import Limits, Row, Status
from benchmark.statistics import wilson
from generator.errors import SpecError
from generator.family import registry as family_module
from leaderboard.ranking.captions import caption
from leaderboard.ranking.frame import frame_of
from leaderboard.ranking.rank import rank, rank_frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from generator.family.record import Family
    from leaderboard.ranking.records import Ranking, Standing

    MakeRow = Callable[..., Row]

pytestmark = pytest.mark.usefixtures("toy")


def only(rows: Iterable[Row]) -> Ranking:
    (ranking,) = rank(rows)
    return ranking


def standing(ranking: Ranking, solver: str) -> Standing:
    return next(one for one in ranking.standings if one.solver == solver)


def test_a_missing_cell_is_a_failure_and_leaves_the_row_unranked(row: MakeRow) -> None:
    rows = [row("full", n, "solved" if n == 3 else "partial") for n in range(4)] + [row("half", n) for n in range(2)]
    ranking = only(rows)
    half = standing(ranking, "half")
    assert (half.solved, half.covered, half.cells, half.share) == (2, 2, 4, 0.5)
    assert half.statuses == {"solved": 2, "missing": 2}
    assert half.provisional
    assert [(one.solver, one.place) for one in ranking.standings] == [("full", 1), ("half", None)]


def test_seeds_are_cells_of_their_own(row: MakeRow) -> None:
    ranking = only([row("a", 0, seed=0), row("a", 0, "partial", seed=1), row("b", 0, seed=1)])
    assert ranking.cells == 2
    assert standing(ranking, "a").solved == 1
    assert standing(ranking, "b").provisional


def test_only_the_latest_source_counts_but_its_old_cells_stay_planned(row: MakeRow) -> None:
    rows = [row("a", n, source="old") for n in range(3)] + [row("a", 0, "partial", source="new")]
    ranking = only(rows)
    assert standing(ranking, "a").source == "new"
    assert standing(ranking, "a").statuses == {"partial": 1, "missing": 2}
    assert any("3 older rows are superseded" in note for note in ranking.notes)


def test_a_solver_without_a_live_row_in_a_table_is_listed_there(row: MakeRow) -> None:
    rows = [row("a", 0, source="old"), row("a", 1, source="new")]
    first, second = rank(rows, by="puzzle")
    assert (first.standings[0].covered, first.standings[0].source) == (0, "new")
    assert (second.standings[0].covered, second.standings[0].place) == (1, 1)


def test_of_two_rows_on_a_cell_the_later_counts(row: MakeRow) -> None:
    assert only([row("a"), row("a", status="crashed")]).standings[0].statuses == {"crashed": 1}
    assert only([row("a", status="crashed"), row("a")]).standings[0].statuses == {"solved": 1}


@pytest.mark.parametrize(("puzzles", "second"), [(5, "a"), (6, "b")])
def test_letters_differ_only_where_the_test_separates(row: MakeRow, puzzles: int, second: str) -> None:
    rows = [row("best", n) for n in range(puzzles)] + [row("none", n, "partial") for n in range(puzzles)]
    ranking = only(rows)
    assert [(one.place, one.letters) for one in ranking.standings] == [(1, "a"), (2, second)]
    assert ("With fewer than 6 puzzles, the test cannot separate two solvers." in caption(ranking)) == (puzzles == 5)


def test_seeds_of_one_puzzle_are_not_independent_evidence(row: MakeRow) -> None:
    rows = [row("best", seed=seed) for seed in range(6)] + [row("none", 0, "partial", seed=seed) for seed in range(6)]
    ranking = only(rows)
    best, none = ranking.standings
    assert (ranking.puzzles, ranking.cells, best.puzzles_solved, best.solved) == (1, 6, 1, 6)
    assert (best.place, none.place) == (1, 2)
    assert best.letters == none.letters == "a"
    assert best.interval == wilson(1, 1)
    assert none.interval == wilson(0, 1)
    assert "fewer than 6 puzzles, the test cannot separate" in caption(ranking)


@pytest.mark.parametrize(("seeds", "solved", "counts"), [(2, 1, 0), (2, 2, 1), (3, 1, 0), (3, 2, 1), (4, 2, 0)])
def test_a_puzzle_is_solved_by_more_than_half_of_its_seeds(row: MakeRow, seeds: int, solved: int, counts: int) -> None:
    rows = [row("a", 0, "solved" if seed < solved else "crashed", seed=seed) for seed in range(seeds)]
    found = only([*rows, row("a", 1, "crashed")]).standings[0]
    assert (found.puzzles, found.puzzles_solved, found.solved) == (2, counts, solved)


def test_seeds_that_are_missing_count_against_a_puzzle(row: MakeRow) -> None:
    ranking = only([row("a"), *(row("b", seed=seed) for seed in range(3))])
    assert (standing(ranking, "a").puzzles_solved, standing(ranking, "b").puzzles_solved) == (0, 1)


def test_puzzles_solved_come_before_cells_solved(row: MakeRow) -> None:
    wide = {0: (1, 1, 0), 1: (1, 1, 0), 2: (0, 0, 0)}
    deep = {0: (1, 1, 1), 1: (1, 0, 0), 2: (1, 0, 0)}
    flat = {0: (1, 1, 1), 1: (0, 0, 0), 2: (0, 0, 0)}
    rows = [
        row(solver, n, "solved" if hit else "partial", seed=seed)
        for solver, hits in (("flat", flat), ("deep", deep), ("wide", wide))
        for n, seeds in hits.items()
        for seed, hit in enumerate(seeds)
    ]
    found = [(one.solver, one.puzzles_solved, one.solved) for one in only(rows).standings]
    assert found == [("wide", 2, 4), ("deep", 1, 5), ("flat", 1, 3)]


def test_a_solver_that_was_skipped_throughout_is_in_no_table(row: MakeRow) -> None:
    own = [row("own", n, "partial" if n else "solved", wall_s=9.0) for n in range(2)]
    foreign = [row("foreign", n, "skipped", wall_s=None, seed=seed) for n in range(2) for seed in range(2)]
    ranking = only([*foreign, *own])
    assert [(one.solver, one.place) for one in ranking.standings] == [("own", 1)]
    assert ranking.cells == 2  # what was planned for the other alone is no cell
    assert ranking == only(own)


def test_a_solver_that_was_skipped_on_some_cells_stays(row: MakeRow) -> None:
    rows = [row("a", 0, "skipped"), row("a", 1)]
    assert only(rows).standings[0].statuses == {"solved": 1, "skipped": 1}
    (table,) = rank(rows, by="puzzle")
    assert table.value == f"{1:064x}"


def test_a_table_without_a_solver_leaves_the_others(row: MakeRow, toy: Family, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(family_module._FAMILIES, "other", replace(toy, name="other"))
    assert [one.family for one in rank([row("a", family="other", status="skipped"), row("a")])] == ["toy"]


def test_only_skipped_solvers_is_an_error(row: MakeRow) -> None:
    with pytest.raises(SpecError, match="no solver can be ranked because every result is 'skipped'"):
        rank([row("a", 0, "skipped"), row("b", 0, "skipped")])


def test_ranks_count_up_and_letters_overlap(row: MakeRow) -> None:
    rows = [row("a", n) for n in range(10)]
    rows += [row("b", n, "solved" if n else "partial") for n in range(10)]
    rows += [row("c", n, "partial") for n in range(10)]
    found = [(one.solver, one.place, one.letters) for one in only(rows).standings]
    assert found == [("a", 1, "a"), ("b", 2, "a"), ("c", 3, "b")]


def test_equal_shares_are_ordered_by_metrics_then_time_then_name(row: MakeRow) -> None:
    def partial(solver: str, share: float, error: float, wall_s: float) -> Row:
        return row(solver, 0, "partial", metrics={"share": share, "error": error}, wall_s=wall_s)

    rows = [
        partial("e", 0.5, 2.0, 1.0),
        partial("d", 0.5, 1.0, 3.0),
        partial("c", 0.5, 1.0, 2.0),
        partial("b", 0.5, 1.0, 2.0),
        partial("a", 0.9, 9.0, 9.0),
    ]
    assert [one.solver for one in only(rows).standings] == ["a", "b", "c", "d", "e"]


def test_only_headline_metrics_order_the_table(row: MakeRow) -> None:
    same = {"share": 0.5, "error": 1.0}
    rows = [
        row("b", 0, "partial", metrics=same | {"tau": 1.0}, wall_s=2.0),
        row("a", 0, "partial", metrics=same | {"tau": 0.0}, wall_s=1.0),
    ]
    assert [one.solver for one in only(rows).standings] == ["a", "b"]
    assert standing(only(rows), "b").metrics["tau"] == 1.0


def test_failures_enter_the_metrics_as_the_worst(row: MakeRow) -> None:
    rows = [row("a", 0, metrics={"share": 1.0, "error": 0.1})]
    rows += [row("a", n, "crashed") for n in (1, 2)]
    rows += [row("b", n, metrics={"share": 1.0, "error": 0.1}) for n in range(3)]
    found = standing(only(rows), "a").metrics
    assert found["share"] == pytest.approx(1 / 3)
    assert found["error"] == math.inf


def test_a_metric_may_say_what_a_failure_counts_as(row: MakeRow, toy: Family, monkeypatch: pytest.MonkeyPatch) -> None:
    share, error, tau = toy.metrics
    changed = replace(toy, metrics=(share, replace(error, failed=1.0), tau))
    monkeypatch.setitem(family_module._FAMILIES, "toy", changed)
    rows = [row("a", 0, "crashed"), row("b", 0, metrics={"share": 1.0, "error": 0.1})]
    assert standing(only(rows), "a").metrics["error"] == 1.0


def test_a_metric_that_no_solver_can_have_on_a_puzzle_is_left_out(row: MakeRow) -> None:
    rows = [row("a", 0, metrics={"share": 0.5}), row("b", 0, "crashed")]
    rows += [row("a", 1, metrics={"error": 1.0}), row("b", 1, metrics={"error": 2.0})]  # nobody has a share here
    rows += [row("a", 2, "crashed"), row("b", 2, "crashed")]  # here nobody answered, so all failed
    ranking = only(rows)
    assert standing(ranking, "a").metrics["share"] == 0.25
    assert standing(ranking, "b").metrics["share"] == 0.0
    assert math.isnan(standing(ranking, "a").metrics["tau"])


def test_a_puzzle_without_any_answer_is_a_failure_of_all_solvers(row: MakeRow) -> None:
    assert only([row("a", 0, "crashed"), row("b", 0, "gave-up")]).standings[0].metrics["share"] == 0.0


def test_what_one_solver_could_be_scored_on_counts_against_the_others(row: MakeRow) -> None:
    rows = [row("a", 0, metrics={"share": 1.0, "error": 0.1}), row("b", 0, metrics={"error": 0.1})]
    assert standing(only(rows), "b").metrics["share"] == 0.0


def test_a_best_so_far_answer_counts_after_a_timeout(row: MakeRow) -> None:
    rows = [row("a", 0, "timeout", metrics={"share": 0.75, "error": 0.5}, wall_s=60.0)]
    found = only(rows).standings[0]
    assert (found.metrics["share"], found.wall_s, found.solved) == (0.75, 60.0, 0)


def test_a_crash_is_not_quick(row: MakeRow) -> None:
    rows = [row("a", 0, "crashed", wall_s=0.01), row("a", 1, "crashed", wall_s=0.01), row("a", 2, wall_s=3.0)]
    assert only(rows).standings[0].wall_s == math.inf


def test_one_table_per_family(row: MakeRow, toy: Family, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(family_module._FAMILIES, "other", replace(toy, name="other"))
    rows = [row("a", 0), row("b", 1, family="other"), row("a", 2, family="other")]
    assert [(one.family, one.cells) for one in rank(rows)] == [("toy", 1), ("other", 2)]
    assert [one.heading for one in rank(rows, by="family")] == ["toy", "other"]


def test_one_solver_may_have_another_source_in_another_family(
    row: MakeRow, toy: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(family_module._FAMILIES, "other", replace(toy, name="other"))
    first, second = rank([row("a", 0, source="x"), row("a", 0, family="other", source="y")])
    assert (first.standings[0].covered, second.standings[0].covered) == (1, 1)


def test_one_table_per_puzzle_separates_puzzles_of_one_name(row: MakeRow) -> None:
    rows = [row("a", 1, puzzle_name="net"), row("a", 2, puzzle_name="net")]
    headings = [one.heading for one in rank(rows, by="puzzle")]
    assert headings == ["toy, puzzle net (000000000000)"] * 2
    assert [one.value for one in rank(rows, by="puzzle")] == [f"{n:064x}" for n in (1, 2)]
    assert any("stands for 2 different puzzles" in note for note in only(rows).notes)


def test_groups_split_in_the_order_of_their_values(row: MakeRow) -> None:
    depths = {0: 48, 1: 8, 2: 12, 3: 8}
    rows = [row("a", n, groups={"depth": depth}) for n, depth in depths.items()] + [row("a", 9)]
    tables = rank(rows, by="depth")
    assert [(one.value, one.cells) for one in tables] == [(8, 2), (12, 1), (48, 1), (None, 1)]
    assert tables[-1].heading == "toy, puzzles without depth"


def test_an_unknown_split_names_the_known_ones(row: MakeRow) -> None:
    with pytest.raises(SpecError, match="cannot be split by 'shape'; known: depth, family, puzzle"):
        rank([row("a", groups={"depth": 8})], by="shape")
    with pytest.raises(SpecError, match="did you mean depth"):
        rank([row("a", groups={"depth": 8})], by="dept")


def test_nothing_to_rank_is_an_error() -> None:
    with pytest.raises(SpecError, match="no results to rank"):
        rank([])


def test_a_family_nobody_registered_is_an_error(row: MakeRow) -> None:
    with pytest.raises(SpecError, match="no puzzle family 'ghost'"):
        rank([row("a", family="ghost")])


def test_differing_limits_are_noted(row: MakeRow) -> None:
    rows = [row("a"), row("b", limits=Limits(wall_s=5.0, memory_mib=None, threads=2))]
    (note,) = [note for note in only(rows).notes if note.startswith("Limits differ")]
    assert "1 rows under wall 5 s, output 16 MiB, 2 threads" in note
    assert not [note for note in only([row("a")]).notes if note.startswith("Limits")]


def test_budgets_of_puzzles_may_differ_but_not_limits_on_one_puzzle(row: MakeRow) -> None:
    def limited(solver: str, puzzle: int, queries: int | None) -> Row:
        return row(solver, puzzle, limits=Limits(queries=queries))

    budgets = {1: 10, 2: 99, 3: None}
    fair = [limited(solver, puzzle, budget) for solver in "ab" for puzzle, budget in budgets.items()]
    assert not [note for note in only(fair).notes if "imit" in note]
    (note,) = [note for note in only([*fair, limited("c", 2, 5)]).notes if "imit" in note]
    assert note == "Limits on queries differ between rows on net-2."


def test_a_frame_needs_its_columns_and_known_statuses(row: MakeRow) -> None:
    frame = frame_of([row("a")])
    with pytest.raises(SpecError, match="lacks the column 'seed'"):
        rank_frame(frame.drop(columns="seed"))
    with pytest.raises(SpecError, match="unknown status 'solvd'; did you mean solved"):
        rank_frame(frame.assign(status="solvd"))


def random_rows(row: MakeRow, rng: np.random.Generator, count: int) -> list[Row]:
    rows = []
    for _ in range(count):
        status = Status(rng.choice(list(map(str, Status))))
        scored = status in {Status.SOLVED, Status.PARTIAL} or rng.random() < 0.2
        rows.append(
            row(
                str(rng.choice(list("abcd"))),
                int(rng.integers(6)),
                status,
                seed=int(rng.integers(2)),
                source=str(rng.choice(["s1", "s2", "s2"])),
                metrics={name: rng.random() for name in ("share", "error", "tau")} if scored else {},
                wall_s=rng.random() if rng.random() < 0.8 else None,
            )
        )
    return rows


@pytest.mark.parametrize("seed", range(20))
def test_the_matrices_agree_with_a_plain_loop(row: MakeRow, seed: int) -> None:
    rows = random_rows(row, np.random.default_rng(seed), 60)
    latest = {one.solver: one.source for one in rows}
    cells = {(one.puzzle, one.seed) for one in rows}
    ranking = only(rows)
    seeds = {puzzle: sum(one == puzzle for one, _ in cells) for puzzle, _ in cells}
    assert {one.solver for one in ranking.standings} == set(latest)
    for found in ranking.standings:
        last = {(one.puzzle, one.seed): one for one in rows if (one.solver, one.source) == (found.solver, found.source)}
        assert found.source == latest[found.solver]
        assert found.cells == len(cells)
        assert found.covered == len(last)
        assert found.solved == sum(one.status == Status.SOLVED for one in last.values())
        wins = {puzzle: sum(last[key].status == Status.SOLVED for key in last if key[0] == puzzle) for puzzle in seeds}
        assert found.puzzles_solved == sum(2 * wins[puzzle] > seeds[puzzle] for puzzle in seeds)
        shares = [last[cell].metrics.get("share", 0.0) if cell in last else 0.0 for cell in cells]
        assert found.metrics["share"] == pytest.approx(sum(shares) / len(cells))
        errors = sorted(last[cell].metrics.get("error", math.inf) if cell in last else math.inf for cell in cells)
        middle = {errors[(len(errors) - 1) // 2], errors[len(errors) // 2]}
        assert found.metrics["error"] == pytest.approx(sum(middle) / len(middle))
        assert sum(found.statuses.values()) == len(cells)


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_solvers_in_the_store_changes_nothing(row: MakeRow, seed: int) -> None:
    rows = random_rows(row, np.random.default_rng(seed), 60)
    regrouped = sorted(rows, key=lambda one: one.solver)  # stable: each solver's rows stay in store order
    assert only(regrouped).standings == only(rows).standings


def test_plain_columns_give_the_same_ranking(row: MakeRow) -> None:
    rows = random_rows(row, np.random.default_rng(1), 60)
    frame = frame_of(rows)
    plain = frame.astype({name: object for name in frame.columns if frame[name].dtype == "category"})
    doubled = pd.concat([plain.iloc[:30], plain.iloc[30:].reset_index(drop=True)])  # index labels occur twice
    assert rank_frame(doubled) == rank_frame(frame) == rank(rows)


def test_ten_thousand_rows_take_under_a_second(row: MakeRow) -> None:
    template = row("x", metrics={"share": 0.5, "error": 0.1}, groups={"depth": 8})
    rows = [
        template.model_copy(update={"solver": f"s{n % 10}", "puzzle": str(n // 10 % 100), "seed": n // 1000})
        for n in range(10_000)
    ]
    start = time.process_time()
    (ranking,) = rank(rows)
    assert time.process_time() - start < 1.0
    assert ranking.cells == 1000
    assert [one.place for one in ranking.standings] == [1] * 10  # equal in everything
